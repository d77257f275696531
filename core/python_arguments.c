#include "python_arguments.h"

#include <string.h>

struct range {
    char code;
    const char *name;
    int64_t least;
    uint64_t most;
};

static const struct range ranges[] = {
    {'b', "int8", INT8_MIN, INT8_MAX},
    {'B', "uint8", 0, UINT8_MAX},
    {'h', "int16", INT16_MIN, INT16_MAX},
    {'H', "uint16", 0, UINT16_MAX},
    {'i', "int32", INT32_MIN, INT32_MAX},
    {'I', "uint32", 0, UINT32_MAX},
    {'k', "32 bits", INT32_MIN, UINT32_MAX},
    {'q', "int64", INT64_MIN, INT64_MAX},
    {'Q', "uint64", 0, UINT64_MAX},
    {'K', "64 bits", INT64_MIN, UINT64_MAX},
    {'P', "an address of 32 bits", 0, UINT32_MAX},
};

static const struct range *range_of(char code)
{
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (ranges[i].code == code)
            return &ranges[i];
    return NULL;
}

bool python_is_code(char code, bool is_result)
{
    return range_of(code) || code == '?' || python_is_vector(code) || (is_result && code == 'v');
}

static bool out_of_range(PyObject *value, const struct range *range, const struct python_parameter *parameter,
                         PyObject *function)
{
    PyErr_Format(PyExc_OverflowError, "%U: %U: %R does not fit into %s", function, parameter->name, value, range->name);
    return false;
}

static bool wrong_type(PyObject *value, const char *wanted, const struct python_parameter *parameter, PyObject *function)
{
    PyErr_Format(PyExc_TypeError, "%U: %U: expected %s, got %s", function, parameter->name, wanted,
                 Py_TYPE(value)->tp_name);
    return false;
}

/* An int. */
static bool integer_to_word(PyObject *value, const struct python_parameter *parameter, PyObject *function, uint64_t *word)
{
    const struct range *range = range_of(parameter->code);
    int overflow;
    long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    *word = (uint64_t)number;
    if (overflow == 0 && number >= 0 && (uint64_t)number <= range->most)
        return true;
    if (overflow == 0 && number < 0 && number >= range->least)
        return true;
    if (overflow > 0 && range->most == UINT64_MAX) {
        *word = PyLong_AsUnsignedLongLong(value);
        if (!PyErr_Occurred())
            return true;
        PyErr_Clear();
    }
    return out_of_range(value, range, parameter, function);
}

static bool number_to_word(PyObject *value, const struct python_parameter *parameter, PyObject *function, uint64_t *word)
{
    double number = PyFloat_AsDouble(value);
    if (number == -1.0 && PyErr_Occurred())
        return PyErr_ExceptionMatches(PyExc_TypeError) ? wrong_type(value, "a number", parameter, function) : false;
    float single = (float)number;
    *word = 0;
    if (parameter->code == 'f')
        memcpy(word, &single, sizeof single);
    else
        memcpy(word, &number, sizeof number);
    return true;
}

bool python_to_word(PyObject *value, const struct python_parameter *parameter, PyObject *function, uint64_t *word)
{
    if (python_is_vector(parameter->code))
        return number_to_word(value, parameter, function, word);
    if (parameter->code == '?') {
        int truth = PyObject_IsTrue(value);
        *word = (uint64_t)truth;
        return truth >= 0;
    }
    if (PyLong_Check(value))
        return integer_to_word(value, parameter, function, word);
    if (parameter->code == 'P' && value == Py_None) {
        *word = 0;
        return true;
    }
    if (!PyIndex_Check(value))
        return wrong_type(value, parameter->code == 'P' ? "an address, None or a buffer" : "an integer", parameter, function);
    PyObject *index = PyNumber_Index(value);
    bool converted = index && integer_to_word(index, parameter, function, word);
    Py_XDECREF(index);
    return converted;
}

PyObject *python_from_word(char code, uint64_t word)
{
    float single;
    double number;
    switch (code) {
    case 'v':
        Py_RETURN_NONE;
    case '?':
        return PyBool_FromLong(word & 1);
    case 'b':
        return PyLong_FromLong((int8_t)word);
    case 'h':
        return PyLong_FromLong((int16_t)word);
    case 'i':
    case 'k':
        return PyLong_FromLong((int32_t)word);
    case 'q':
    case 'K':
        return PyLong_FromLongLong((int64_t)word);
    case 'B':
        return PyLong_FromLong((uint8_t)word);
    case 'H':
        return PyLong_FromLong((uint16_t)word);
    case 'f':
        memcpy(&single, &word, sizeof single);
        return PyFloat_FromDouble(single);
    case 'd':
        memcpy(&number, &word, sizeof number);
        return PyFloat_FromDouble(number);
    case 'Q':
        return PyLong_FromUnsignedLongLong(word);
    default: /* I P: what the guest's own accesses use of an address */
        return PyLong_FromUnsignedLong((uint32_t)word);
    }
}
