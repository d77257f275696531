/* What functions of guests take and return, as Python gives and gets it: one letter each. */
#ifndef MOTTE_PYTHON_ARGUMENTS_H
#define MOTTE_PYTHON_ARGUMENTS_H

#include "python_core.h"

/* b h i q  signed integers of 8, 16, 32 and 64 bits;  B H I Q  unsigned ones;
 * k K      32 and 64 bits of unknown signedness: what fits either, and comes back signed;
 * ?        a truth value;  f d  numbers;  P  an address in the guest's memory;  v  nothing */
struct python_parameter {
    char code;
    PyObject *name; /* str */
};

/* Whether there is such a letter, for a parameter or a result. */
bool python_is_code(char code, bool is_result);

static inline bool python_is_vector(char code)
{
    return code == 'f' || code == 'd';
}

/* The word that carries this value; false with an exception, which names function and parameter. */
bool python_to_word(PyObject *value, const struct python_parameter *parameter, PyObject *function, uint64_t *word);

/* What came back in a word: of rax, or for a number of the vector register. */
PyObject *python_from_word(char code, uint64_t word);

#endif
