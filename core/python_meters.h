/* The Python face of core/meters for tests and models: what the scheduler does, step by step, without a thread.
 *
 * Meters and runnables are numbers, counted from 0 in the order of their making; meter 0 is the root.  The library
 * aborts where its caller errs; here that is an exception.
 */
#ifndef MOTTE_PYTHON_METERS_H
#define MOTTE_PYTHON_METERS_H

#include "python_core.h"

#include "meters/meters.h"

struct numbered {
    struct runnable runnable; /* first, so that one is found from the other */
    Py_ssize_t number;
};

struct simulation {
    PyObject_HEAD
    struct meter **meters;       /* NULL once closed */
    struct numbered **runnables; /* NULL once detached; each apart, since they must not move */
    Py_ssize_t meter_count, runnable_count;
};

/* The meter of that number, or NULL with an exception. */
struct meter *simulation_meter(PyObject *object, Py_ssize_t number);

/* "O&" converter: ticks, or None for METER_UNLIMITED; and back. */
int simulation_to_ticks(PyObject *object, void *address);
PyObject *simulation_from_ticks(int64_t ticks);

/* Methods that change limits or only look (python_meter_settings.c). */
PyObject *simulation_set_budget(PyObject *self, PyObject *arguments);
PyObject *simulation_refill(PyObject *self, PyObject *arguments);
PyObject *simulation_set_rate(PyObject *self, PyObject *arguments);
PyObject *simulation_set_weight(PyObject *self, PyObject *arguments);
PyObject *simulation_set_slice(PyObject *self, PyObject *arguments);
PyObject *simulation_set_on(PyObject *self, PyObject *arguments);
PyObject *simulation_look_at_meter(PyObject *self, PyObject *arguments);

#endif
