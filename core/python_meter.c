#include "python_core.h"

#include <errno.h>

#include "metering.h"
#include "meters/meters.h"
#include "scheduler.h"

static struct python_meter *meter_of(PyObject *self)
{
    return (struct python_meter *)self;
}

/* NULL with an exception in a child of fork, where the scheduler's lock may be held for ever. */
static struct python_meter *usable(PyObject *self)
{
    if (scheduler_is_here(meter_of(self)->scheduler))
        return meter_of(self);
    PyErr_SetString(python_errors.bad_state, "this meter belongs to the parent of a fork");
    return NULL;
}

PyObject *python_meter_wrap(struct scheduler *scheduler, struct meter *meter)
{
    struct python_meter *self = (struct python_meter *)python_meter_type.tp_alloc(&python_meter_type, 0);
    if (!self) {
        metering_release(scheduler, meter);
        return NULL;
    }
    scheduler_retain(scheduler);
    self->scheduler = scheduler;
    self->meter = meter;
    return (PyObject *)self;
}

static void destroy(PyObject *object)
{
    struct python_meter *self = meter_of(object);
    if (self->meter) {
        if (scheduler_is_here(self->scheduler))
            metering_release(self->scheduler, self->meter);
        scheduler_release(self->scheduler);
    }
    Py_TYPE(object)->tp_free(object);
}

static PyObject *sub(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct python_meter *self = usable(object);
    if (!self)
        return NULL;
    struct meter *meter = metering_create(self->scheduler, self->meter);
    if (!meter)
        return PyErr_Format(python_errors.too_deep, "meters nest %d deep at most", METER_DEPTH_LIMIT);
    return python_meter_wrap(self->scheduler, meter);
}

static PyObject *set_budget(PyObject *self, PyObject *argument)
{
    uint64_t ns;
    if (!usable(self) || !python_to_limit(argument, &ns))
        return NULL;
    metering_set_budget(meter_of(self)->scheduler, meter_of(self)->meter, ns);
    Py_RETURN_NONE;
}

static PyObject *refill(PyObject *self, PyObject *argument)
{
    uint64_t ns;
    if (!usable(self) || !python_to_u64(argument, &ns))
        return NULL;
    metering_refill(meter_of(self)->scheduler, meter_of(self)->meter, ns);
    Py_RETURN_NONE;
}

static PyObject *set_rate(PyObject *self, PyObject *arguments)
{
    uint64_t budget, period;
    if (!usable(self)
        || !PyArg_ParseTuple(arguments, "O&O&:set_rate", python_to_u64, &budget, python_to_u64, &period))
        return NULL;
    if (metering_set_rate(meter_of(self)->scheduler, meter_of(self)->meter, budget, period))
        Py_RETURN_NONE;
    errno = EAGAIN;
    return PyErr_SetFromErrno(PyExc_OSError);
}

static PyObject *set_weight(PyObject *self, PyObject *argument)
{
    uint64_t weight;
    if (!usable(self) || !python_to_u64(argument, &weight))
        return NULL;
    if (weight < 1 || weight > METER_WEIGHT_LIMIT)
        return PyErr_Format(PyExc_ValueError, "a weight is from 1 to %d", METER_WEIGHT_LIMIT);
    metering_set_weight(meter_of(self)->scheduler, meter_of(self)->meter, (uint32_t)weight);
    Py_RETURN_NONE;
}

static PyObject *set_slice(PyObject *self, PyObject *argument)
{
    const uint64_t least = 10000;
    uint64_t ns;
    if (!usable(self) || !python_to_u64(argument, &ns))
        return NULL;
    if (ns < least)
        return PyErr_Format(PyExc_ValueError, "a slice is at least %llu ns", (unsigned long long)least);
    metering_set_slice(meter_of(self)->scheduler, meter_of(self)->meter, ns);
    Py_RETURN_NONE;
}

static PyObject *set_on(PyObject *self, PyObject *argument)
{
    int on = PyObject_IsTrue(argument);
    if (on < 0 || !usable(self))
        return NULL;
    metering_set_on(meter_of(self)->scheduler, meter_of(self)->meter, on);
    Py_RETURN_NONE;
}

static PyObject *state_fields(PyObject *self, PyObject *unused)
{
    (void)unused;
    if (!usable(self))
        return NULL;
    struct metering_state state = metering_look(meter_of(self)->scheduler, meter_of(self)->meter);
    PyObject *left = state.left_ns == UINT64_MAX ? Py_NewRef(Py_None) : PyLong_FromUnsignedLongLong(state.left_ns);
    return left ? Py_BuildValue("KNKKINN", (unsigned long long)state.used_ns, left,
                                (unsigned long long)state.used_ticks, (unsigned long long)state.slice_ns,
                                (unsigned)state.weight, PyBool_FromLong(state.on), PyBool_FromLong(state.dry))
                : NULL;
}

/* The same meter has one identity, whatever objects stand for it. */
static PyObject *get_identity(PyObject *self, void *closure)
{
    (void)closure;
    return PyLong_FromUnsignedLongLong(meter_identity(meter_of(self)->meter));
}

static PyMethodDef methods[] = {
    {"sub", sub, METH_NOARGS, PyDoc_STR("A new meter below this one.")},
    {"set_budget", set_budget, METH_O, PyDoc_STR("A total of so many ns from now on (None: no limit).")},
    {"refill", refill, METH_O, PyDoc_STR("So many ns more.")},
    {"set_rate", set_rate, METH_VARARGS, PyDoc_STR("At most so many ns in any period of so many ns; 0: no rate.")},
    {"set_weight", set_weight, METH_O, PyDoc_STR("Its share among its siblings.")},
    {"set_slice", set_slice, METH_O, PyDoc_STR("Longest turn, in ns, of what is below while others wait.")},
    {"set_on", set_on, METH_O, PyDoc_STR("Off: all below it stand still.")},
    {"state_fields", state_fields, METH_NOARGS, PyDoc_STR("For motte.core.meter_state.")},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef attributes[] = {
    {"identity", get_identity, NULL, PyDoc_STR("A number that no other meter of this host process ever had."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject python_meter_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.Meter",
    .tp_doc = PyDoc_STR("An account of CPU time; see Scheduler.root."),
    .tp_basicsize = sizeof(struct python_meter),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = destroy,
    .tp_methods = methods,
    .tp_getset = attributes,
};
