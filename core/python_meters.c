#include "python_meters.h"

#include <stdlib.h>

static bool grow(void *array_address, Py_ssize_t count)
{
    void **array = array_address;
    if (count & (count - 1))
        return true; /* room is made at each power of two */
    void *roomier = realloc(*array, (count ? 2 * (size_t)count : 1) * sizeof(void *));
    if (!roomier) {
        PyErr_NoMemory();
        return false;
    }
    *array = roomier;
    return true;
}

struct meter *simulation_meter(PyObject *object, Py_ssize_t number)
{
    struct simulation *self = (struct simulation *)object;
    if (number >= 0 && number < self->meter_count && self->meters[number])
        return self->meters[number];
    PyErr_Format(PyExc_ValueError, "there is no meter %zd", number);
    return NULL;
}

static struct runnable *runnable_at(PyObject *object, Py_ssize_t number)
{
    struct simulation *self = (struct simulation *)object;
    if (number >= 0 && number < self->runnable_count && self->runnables[number])
        return &self->runnables[number]->runnable;
    PyErr_Format(PyExc_ValueError, "there is no runnable %zd", number);
    return NULL;
}

/* The same, if it is running, or is not. */
static struct runnable *runnable_that(PyObject *object, Py_ssize_t number, bool running)
{
    struct runnable *runnable = runnable_at(object, number);
    if (!runnable || (runnable->contender.running > 0) == running)
        return runnable;
    PyErr_Format(python_errors.bad_state, "runnable %zd is %srunning", number, running ? "not " : "");
    return NULL;
}

static PyObject *create(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"workers", NULL};
    unsigned workers = 1;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|I:MeterSimulation", names, &workers))
        return NULL;
    if (!workers)
        return PyErr_Format(PyExc_ValueError, "a scheduler has at least one worker");
    struct simulation *self = (struct simulation *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    if (grow(&self->meters, 0)) {
        self->meters[0] = meter_create(NULL);
        if (self->meters[0]) {
            self->meter_count = 1;
            meters_set_workers(self->meters[0], workers);
            return (PyObject *)self;
        }
        PyErr_NoMemory();
    }
    Py_DECREF(self);
    return NULL;
}

/* A runnable that is running at the end has no scheduler any more to stop it. */
static void destroy(PyObject *object)
{
    struct simulation *self = (struct simulation *)object;
    for (Py_ssize_t i = 0; i < self->runnable_count; i++) {
        if (!self->runnables[i])
            continue;
        struct runnable *runnable = &self->runnables[i]->runnable;
        if (runnable->contender.running)
            meters_stop(runnable, runnable->started, 0, false);
        runnable_detach(runnable, 0);
        free(self->runnables[i]);
    }
    for (Py_ssize_t i = self->meter_count; i-- > 0;)
        if (self->meters[i])
            meter_release(self->meters[i]);
    free(self->runnables);
    free(self->meters);
    Py_TYPE(object)->tp_free(object);
}

static PyObject *unsigned_or_none(uint64_t value)
{
    if (value == UINT64_MAX)
        Py_RETURN_NONE;
    return PyLong_FromUnsignedLongLong(value);
}

static PyObject *add_meter(PyObject *object, PyObject *arguments)
{
    struct simulation *self = (struct simulation *)object;
    Py_ssize_t parent_number;
    if (!PyArg_ParseTuple(arguments, "n:add_meter", &parent_number))
        return NULL;
    struct meter *parent = simulation_meter(object, parent_number);
    if (!parent || !grow(&self->meters, self->meter_count))
        return NULL;
    struct meter *meter = meter_create(parent);
    if (!meter) {
        int depth = 0;
        for (; parent; parent = meter_parent(parent))
            depth++;
        return depth > METER_DEPTH_LIMIT
                   ? PyErr_Format(python_errors.limit_reached, "meters nest %d deep at most", METER_DEPTH_LIMIT)
                   : PyErr_NoMemory();
    }
    meter_set_identity(meter, (uint64_t)self->meter_count);
    self->meters[self->meter_count] = meter;
    return PyLong_FromSsize_t(self->meter_count++);
}

static PyObject *close_meter(PyObject *object, PyObject *arguments)
{
    Py_ssize_t number;
    if (!PyArg_ParseTuple(arguments, "n:close_meter", &number))
        return NULL;
    struct meter *meter = simulation_meter(object, number);
    if (!meter)
        return NULL;
    if (!number)
        return PyErr_Format(PyExc_ValueError, "the root stays open");
    ((struct simulation *)object)->meters[number] = NULL;
    meter_release(meter);
    Py_RETURN_NONE;
}

static PyObject *attach(PyObject *object, PyObject *arguments)
{
    struct simulation *self = (struct simulation *)object;
    Py_ssize_t number;
    int64_t budget;
    if (!PyArg_ParseTuple(arguments, "nO&:attach", &number, simulation_to_ticks, &budget))
        return NULL;
    struct meter *meter = simulation_meter(object, number);
    if (!meter || !grow(&self->runnables, self->runnable_count))
        return NULL;
    struct numbered *numbered = calloc(1, sizeof *numbered);
    if (!numbered || !runnable_attach(&numbered->runnable, meter, budget)) {
        free(numbered);
        return PyErr_NoMemory();
    }
    numbered->number = self->runnable_count;
    self->runnables[self->runnable_count] = numbered;
    return PyLong_FromSsize_t(self->runnable_count++);
}

static PyObject *detach(PyObject *object, PyObject *arguments)
{
    Py_ssize_t number;
    uint64_t now;
    if (!PyArg_ParseTuple(arguments, "nO&:detach", &number, python_to_u64, &now))
        return NULL;
    struct runnable *runnable = runnable_that(object, number, false);
    if (!runnable)
        return NULL;
    struct numbered **place = &((struct simulation *)object)->runnables[number];
    runnable_detach(runnable, now);
    free(*place);
    *place = NULL;
    Py_RETURN_NONE;
}

static PyObject *wake(PyObject *self, PyObject *arguments)
{
    Py_ssize_t number;
    uint64_t now;
    if (!PyArg_ParseTuple(arguments, "nO&:wake", &number, python_to_u64, &now))
        return NULL;
    struct runnable *runnable = runnable_at(self, number);
    return runnable ? PyBool_FromLong(runnable_wake(runnable, now) == RUNNABLE_MAY_RUN) : NULL;
}

static PyObject *cancel(PyObject *self, PyObject *arguments)
{
    Py_ssize_t number;
    uint64_t now;
    if (!PyArg_ParseTuple(arguments, "nO&:cancel", &number, python_to_u64, &now))
        return NULL;
    struct runnable *runnable = runnable_at(self, number);
    if (!runnable)
        return NULL;
    runnable_cancel(runnable, now);
    Py_RETURN_NONE;
}

static PyObject *refill_runnable(PyObject *self, PyObject *arguments)
{
    Py_ssize_t number;
    int64_t ticks;
    if (!PyArg_ParseTuple(arguments, "nO&:refill_runnable", &number, simulation_to_ticks, &ticks))
        return NULL;
    struct runnable *runnable = runnable_at(self, number);
    if (!runnable)
        return NULL;
    runnable_refill(runnable, ticks);
    Py_RETURN_NONE;
}

static PyObject *look_at_runnable(PyObject *self, PyObject *arguments)
{
    Py_ssize_t number;
    if (!PyArg_ParseTuple(arguments, "n:look_at_runnable", &number))
        return NULL;
    const struct runnable *runnable = runnable_at(self, number);
    if (!runnable)
        return NULL;
    return Py_BuildValue("KNN", (unsigned long long)runnable->used, simulation_from_ticks(runnable_left(runnable)),
                         PyBool_FromLong(runnable_queued(runnable)));
}

static PyObject *pick(PyObject *object, PyObject *arguments)
{
    struct simulation *self = (struct simulation *)object;
    uint64_t now, credit, slice;
    if (!PyArg_ParseTuple(arguments, "O&:pick", python_to_u64, &now))
        return NULL;
    struct runnable *runnable = meters_pick(self->meters[0], now, &credit, &slice);
    if (!runnable)
        Py_RETURN_NONE;
    Py_ssize_t number = ((struct numbered *)(void *)runnable)->number;
    return Py_BuildValue("nNK", number, unsigned_or_none(credit), (unsigned long long)slice);
}

static PyObject *stop(PyObject *self, PyObject *arguments)
{
    Py_ssize_t number;
    uint64_t now;
    int64_t used;
    int ready;
    if (!PyArg_ParseTuple(arguments, "nO&O&p:stop", &number, python_to_u64, &now, simulation_to_ticks, &used, &ready))
        return NULL;
    struct runnable *runnable = runnable_that(self, number, true);
    return runnable ? PyBool_FromLong(meters_stop(runnable, now, (uint64_t)used, ready) == RUNNABLE_MAY_RUN) : NULL;
}

static PyObject *extend(PyObject *self, PyObject *arguments)
{
    Py_ssize_t number;
    uint64_t now, credit, slice;
    int64_t used;
    if (!PyArg_ParseTuple(arguments, "nO&O&:extend", &number, python_to_u64, &now, simulation_to_ticks, &used))
        return NULL;
    struct runnable *runnable = runnable_that(self, number, true);
    if (!runnable)
        return NULL;
    if (!meters_extend(runnable, now, (uint64_t)used, &credit, &slice))
        Py_RETURN_NONE;
    return Py_BuildValue("NK", unsigned_or_none(credit), (unsigned long long)slice);
}

static PyObject *anyone_waits(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyBool_FromLong(meters_anyone_waits(((struct simulation *)self)->meters[0]));
}

static PyObject *next_event(PyObject *self, PyObject *unused)
{
    (void)unused;
    return unsigned_or_none(meters_next_event(((struct simulation *)self)->meters[0]));
}

static PyObject *advance(PyObject *self, PyObject *arguments)
{
    uint64_t now;
    if (!PyArg_ParseTuple(arguments, "O&:advance", python_to_u64, &now))
        return NULL;
    meters_advance(((struct simulation *)self)->meters[0], now);
    Py_RETURN_NONE;
}

static PyObject *next_dry(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct meter *meter = meters_next_dry(((struct simulation *)self)->meters[0]);
    if (!meter)
        Py_RETURN_NONE;
    PyObject *number = PyLong_FromUnsignedLongLong(meter_identity(meter));
    meter_release(meter);
    return number;
}

static PyMethodDef methods[] = {
    {"add_meter", add_meter, METH_VARARGS, PyDoc_STR("(parent): its number.")},
    {"close_meter", close_meter, METH_VARARGS, PyDoc_STR("(meter): it lives on while anything is below it.")},
    {"set_budget", simulation_set_budget, METH_VARARGS, PyDoc_STR("(meter, ticks or None, now).")},
    {"refill", simulation_refill, METH_VARARGS, PyDoc_STR("(meter, ticks, now).")},
    {"set_rate", simulation_set_rate, METH_VARARGS,
     PyDoc_STR("(meter, ticks, period, now); a period of 0 removes the rate.")},
    {"set_weight", simulation_set_weight, METH_VARARGS, PyDoc_STR("(meter, weight, now).")},
    {"set_slice", simulation_set_slice, METH_VARARGS, PyDoc_STR("(meter, ticks).")},
    {"set_on", simulation_set_on, METH_VARARGS, PyDoc_STR("(meter, on, now).")},
    {"look_at_meter", simulation_look_at_meter, METH_VARARGS,
     PyDoc_STR("(meter): (used, left or None, left of the rate or None, is dry, is on).")},
    {"attach", attach, METH_VARARGS, PyDoc_STR("(meter, budget or None): the number of a new runnable.")},
    {"detach", detach, METH_VARARGS, PyDoc_STR("(runnable, now).")},
    {"wake", wake, METH_VARARGS, PyDoc_STR("(runnable, now): False if its own budget is used up.")},
    {"cancel", cancel, METH_VARARGS, PyDoc_STR("(runnable, now).")},
    {"refill_runnable", refill_runnable, METH_VARARGS, PyDoc_STR("(runnable, ticks).")},
    {"look_at_runnable", look_at_runnable, METH_VARARGS, PyDoc_STR("(runnable): (used, left or None, is queued).")},
    {"pick", pick, METH_VARARGS, PyDoc_STR("(now): (runnable, credit or None, slice), or None.")},
    {"stop", stop, METH_VARARGS, PyDoc_STR("(runnable, now, used, ready): False if its own budget is used up.")},
    {"extend", extend, METH_VARARGS, PyDoc_STR("(runnable, now, used): (credit or None, slice), or None: stopped.")},
    {"anyone_waits", anyone_waits, METH_NOARGS, PyDoc_STR("Whether pick would find somebody.")},
    {"next_event", next_event, METH_NOARGS, PyDoc_STR("The time to call advance, or None.")},
    {"advance", advance, METH_VARARGS, PyDoc_STR("(now).")},
    {"next_dry", next_dry, METH_NOARGS, PyDoc_STR("A meter that has become dry, once; or None.")},
    {NULL, NULL, 0, NULL},
};

PyTypeObject python_meter_simulation_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.MeterSimulation",
    .tp_doc = PyDoc_STR("The core's tree of meters, with a clock that the caller sets; see motte.testing.meters."),
    .tp_basicsize = sizeof(struct simulation),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = create,
    .tp_dealloc = destroy,
    .tp_methods = methods,
};
