/* Python objects that are passed to a guest by pointer: each is copied into the guest's memory for the length of the call.
 *
 *     str             its UTF-8, and a NUL
 *     a buffer        its bytes (bytes, bytearray, memoryview, array, ctypes, NumPy), and a NUL; what the guest writes there is
 *                     lost, also if the buffer could be written to
 *     InOut(buffer)   the same, and copied back when the function has returned
 *     Out(buffer)     zeroes, and copied back
 *
 * Buffers are contiguous, and what is copied back to can be written to.
 */
#ifndef MOTTE_PYTHON_PASSED_H
#define MOTTE_PYTHON_PASSED_H

#include "call_memory.h"
#include "python_core.h"

enum { PASSED_LIMIT = 16 };

struct passed {
    Py_buffer view; /* of a str, only what follows is meaningful */
    const void *bytes;
    uint64_t size, offset;
    bool is_buffer, copies_in, copies_back, ends_with_nul;
    uint64_t *word; /* that gets its address */
};

struct passed_objects {
    unsigned count;
    uint64_t size;
    bool placed;
    struct call_memory memory;
    struct passed objects[PASSED_LIMIT];
};

/* 1; 0 if it is nothing that is passed by pointer; -1 with an exception.  The object must live until the release. */
int passed_add(struct passed_objects *passed, PyObject *object, uint64_t *word);

/* Into the guest, and back; false with an exception. The process is the calling thread's. */
bool passed_copy_in(struct passed_objects *passed, struct process *process);
bool passed_copy_back(struct passed_objects *passed, struct process *process);

/* The guest's memory is given back, where the process is still the calling thread's. */
void passed_leave(struct passed_objects *passed, struct process *process);
void passed_release(struct passed_objects *passed);

#endif
