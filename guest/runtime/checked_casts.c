/*
 * What checked casts remember of the process's memory: stretches of mapped pages,
 * so that most tests need no kernel call.  The compiler's tests read them; the
 * host fills one in when it has answered a test, and clears all when pages are
 * unmapped.  Initially nothing is remembered.
 */

#include <stdint.h>

struct mapped_run {
    uint64_t start, size;
};

/* Of the image, of the data stack with the heap, of mappings. */
struct mapped_run __motte_mapped_runs[3];
