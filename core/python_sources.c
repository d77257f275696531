/* Clocks and random numbers, as Python grants them. */
#include "python_ipc.h"

#include "ipc/sources.h"
#include "scheduler.h"

/* (rights to the clock, rights to random numbers, seed or None) */
bool python_take_sources(PyObject *given, struct source_terms *terms)
{
    PyObject *seed;
    if (!PyTuple_Check(given))
        return PyErr_Format(PyExc_TypeError, "expected rights and a seed; got %s", Py_TYPE(given)->tp_name) != NULL;
    if (!PyArg_ParseTuple(given, "IIO", &terms->rights[SOURCE_CLOCK], &terms->rights[SOURCE_RANDOM], &seed))
        return false;
    terms->rights[SOURCE_CLOCK] &= MOTTE_CLOCK_READ | MOTTE_CLOCK_EXACT;
    terms->rights[SOURCE_RANDOM] &= MOTTE_RANDOM_DRAW;
    terms->is_seeded = seed != Py_None;
    return !terms->is_seeded || python_to_u64(seed, &terms->seed);
}

/* (scheduler, those terms): a capability to the one of both that they are about. */
PyObject *python_source(PyObject *module, PyObject *arguments)
{
    (void)module;
    struct python_scheduler *owner;
    PyObject *given;
    struct source_terms terms = {.is_seeded = false};
    if (!PyArg_ParseTuple(arguments, "O!O:source", &python_scheduler_type, &owner, &given)
        || !python_take_sources(given, &terms))
        return NULL;
    struct scheduler *scheduler = owner->scheduler;
    if (!terms.rights[SOURCE_CLOCK] == !terms.rights[SOURCE_RANDOM])
        return PyErr_Format(PyExc_ValueError, "a capability leads to a clock or to random numbers");
    if (!scheduler_is_here(scheduler))
        return PyErr_Format(python_errors.bad_state, "this scheduler belongs to the parent of a fork");
    enum source source = terms.rights[SOURCE_CLOCK] ? SOURCE_CLOCK : SOURCE_RANDOM;
    pthread_mutex_lock(&scheduler->lock);
    struct capability made = source_capability(scheduler, source, &terms);
    pthread_mutex_unlock(&scheduler->lock);
    return python_capability_wrap(scheduler, made);
}
