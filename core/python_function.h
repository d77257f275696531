/* A guest's function, bound once and called like any other: the type `Function` (python_function.c), how its arguments become
 * words (python_function_call.c), how it runs (python_invocation.c), and how it does when nobody waits (python_awaited_call.c).
 */
#ifndef MOTTE_PYTHON_FUNCTION_H
#define MOTTE_PYTHON_FUNCTION_H

#include "python_arguments.h"

struct python_function {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    struct python_process *owner;
    uintptr_t address;
    uint32_t stack_words;
    uint64_t usual_ticks; /* that a call takes, of late */
    uint64_t long_ticks;  /* one that takes so many is called without the interpreter's lock */
    PyObject *name, *document, *signature; /* str, str, any */
    PyObject *awaited; /* called with (self, arguments, keywords): a coroutine */
    PyObject *ended; /* called with (name, whether in this call): raises what the process's end means */
    char result;
    Py_ssize_t count;
    struct python_parameter *parameters;
};

/* One call; a vectorcallfunc. */
PyObject *python_function_call(PyObject *object, PyObject *const *arguments, size_t flags, PyObject *keywords);

/* Function.begin_call(completions, ...): an AwaitedCall; its type. */
PyObject *python_function_begin_call(PyObject *object, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords);
bool python_awaited_call_prepare(void);

#endif
