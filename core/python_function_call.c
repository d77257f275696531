#include "python_function.h"

#include <math.h>
#include <stddef.h>

#include "python_invocation.h"

/* --- by position ------------------------------------------------------------------------------------------------------- */

static uint64_t *next_word(struct guest_call *call, char code, unsigned used[3])
{
    if (python_is_vector(code) && used[0] < CALL_VECTORS)
        return &call->vectors[used[0]++];
    if (!python_is_vector(code) && used[1] < CALL_GENERAL)
        return &call->general[used[1]++];
    return &call->stack[used[2]++];
}

static bool place_arguments(struct python_function *self, PyObject *const *arguments, struct invocation *invocation)
{
    unsigned used[3] = {0};
    for (Py_ssize_t i = 0; i < self->count; i++) {
        const struct python_parameter *parameter = &self->parameters[i];
        uint64_t *word = next_word(&invocation->call, parameter->code, used);
        int passed = 0;
        if (parameter->code == 'P' && arguments[i] != Py_None && !PyLong_CheckExact(arguments[i]))
            passed = passed_add(&invocation->passed, arguments[i], word);
        if (passed < 0 || (passed == 0 && !python_to_word(arguments[i], parameter, self->name, word)))
            return false;
    }
    return true;
}

static bool wrong_count(const struct python_function *self, Py_ssize_t given)
{
    PyErr_Format(PyExc_TypeError, "%U takes %zd argument%s, and %zd %s given", self->name, self->count,
                 self->count == 1 ? "" : "s", given, given == 1 ? "was" : "were");
    return false;
}

/* --- by name ------------------------------------------------------------------------------------------------------------- */

static bool to_deadline(PyObject *value, struct deadline *deadline)
{
    double seconds = value == Py_None ? INFINITY : PyFloat_AsDouble(value);
    if (PyErr_Occurred())
        return false;
    if (!(seconds > 0)) {
        PyErr_SetString(PyExc_ValueError, "timeout: more than 0 seconds, or None");
        return false;
    }
    *deadline = deadline_after(seconds < 1e9 ? (uint64_t)(seconds * 1e9) : UINT64_MAX);
    return true;
}

static Py_ssize_t find_parameter(const struct python_function *self, PyObject *name)
{
    for (Py_ssize_t i = 0; i < self->count; i++)
        if (PyUnicode_Compare(self->parameters[i].name, name) == 0)
            return i;
    return -1;
}

/* By name: `ordered` has room for all parameters, and begins with those that were given by position. */
static bool place_keywords(struct python_function *self, PyObject *const *values, PyObject *names, PyObject **ordered,
                           struct deadline *deadline)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
        PyObject *name = PyTuple_GET_ITEM(names, i);
        Py_ssize_t place = find_parameter(self, name);
        if (place < 0 && PyUnicode_CompareWithASCIIString(name, "timeout") == 0) {
            if (!to_deadline(values[i], deadline))
                return false;
        } else if (place < 0 || ordered[place]) {
            PyErr_Format(PyExc_TypeError, place < 0 ? "%U has no parameter %R" : "%U: %R is given twice", self->name, name);
            return false;
        } else {
            ordered[place] = values[i];
        }
    }
    return true;
}

static bool place_with_keywords(struct python_function *self, PyObject *const *arguments, Py_ssize_t given, PyObject *names,
                                struct invocation *invocation)
{
    PyObject *ordered[CALL_GENERAL + CALL_VECTORS + CALL_STACK_WORDS] = {NULL};
    if (given > self->count)
        return wrong_count(self, given);
    for (Py_ssize_t i = 0; i < given; i++)
        ordered[i] = arguments[i];
    if (!place_keywords(self, arguments + given, names, ordered, &invocation->deadline))
        return false;
    for (Py_ssize_t i = given; i < self->count; i++) {
        if (!ordered[i]) {
            PyErr_Format(PyExc_TypeError, "%U: %U is missing", self->name, self->parameters[i].name);
            return false;
        }
    }
    return place_arguments(self, ordered, invocation);
}

/* --- either -------------------------------------------------------------------------------------------------------------- */

bool python_function_place(struct python_function *self, PyObject *const *arguments, Py_ssize_t given, PyObject *keywords,
                           struct invocation *invocation)
{
    struct process *process = python_open_process((PyObject *)self->owner);
    memset(&invocation->call, 0, offsetof(struct guest_call, stack));
    invocation->call.process = process;
    invocation->call.address = self->address;
    invocation->call.stack_words = self->stack_words;
    invocation->deadline.exists = false;
    invocation->passed.count = 0;
    invocation->passed.size = 0;
    invocation->passed.placed = false;
    if (!process)
        return false;
    if (keywords && PyTuple_GET_SIZE(keywords))
        return place_with_keywords(self, arguments, given, keywords, invocation);
    return given == self->count ? place_arguments(self, arguments, invocation) : wrong_count(self, given);
}

PyObject *python_function_result(const struct python_function *self, const struct guest_call *call)
{
    return python_from_word(self->result, python_is_vector(self->result) ? call->vector_result : call->result);
}

PyObject *python_function_call(PyObject *object, PyObject *const *arguments, size_t flags, PyObject *keywords)
{
    struct python_function *self = (struct python_function *)object;
    struct invocation invocation;
    bool fine = python_function_place(self, arguments, PyVectorcall_NARGS(flags), keywords, &invocation)
             && invocation_run(self, &invocation);
    if (invocation.passed.count)
        passed_release(&invocation.passed);
    return fine ? python_function_result(self, &invocation.call) : NULL;
}
