#include "python_meters.h"

int simulation_to_ticks(PyObject *object, void *address)
{
    long long value = object == Py_None ? METER_UNLIMITED : PyLong_AsLongLong(object);
    if (PyErr_Occurred())
        return 0;
    if (value < 0) {
        PyErr_SetString(PyExc_ValueError, "ticks are not negative");
        return 0;
    }
    *(int64_t *)address = value;
    return 1;
}

PyObject *simulation_from_ticks(int64_t ticks)
{
    if (ticks == METER_UNLIMITED)
        Py_RETURN_NONE;
    return PyLong_FromLongLong(ticks);
}

PyObject *simulation_set_budget(PyObject *self, PyObject *arguments)
{
    Py_ssize_t number;
    int64_t ticks;
    uint64_t now;
    if (!PyArg_ParseTuple(arguments, "nO&O&:set_budget", &number, simulation_to_ticks, &ticks, python_to_u64, &now))
        return NULL;
    struct meter *meter = simulation_meter(self, number);
    if (!meter)
        return NULL;
    meter_set_budget(meter, ticks, now);
    Py_RETURN_NONE;
}

PyObject *simulation_refill(PyObject *self, PyObject *arguments)
{
    Py_ssize_t number;
    int64_t ticks;
    uint64_t now;
    if (!PyArg_ParseTuple(arguments, "nO&O&:refill", &number, simulation_to_ticks, &ticks, python_to_u64, &now))
        return NULL;
    struct meter *meter = simulation_meter(self, number);
    if (!meter)
        return NULL;
    meter_refill(meter, ticks, now);
    Py_RETURN_NONE;
}

PyObject *simulation_set_rate(PyObject *self, PyObject *arguments)
{
    Py_ssize_t number;
    int64_t ticks;
    uint64_t period, now;
    if (!PyArg_ParseTuple(arguments, "nO&O&O&:set_rate", &number, simulation_to_ticks, &ticks, python_to_u64, &period,
                          python_to_u64, &now))
        return NULL;
    struct meter *meter = simulation_meter(self, number);
    if (!meter)
        return NULL;
    if (period && (!ticks || ticks == METER_UNLIMITED))
        return PyErr_Format(PyExc_ValueError, "a rate has a budget of at least one tick");
    meter_set_rate(meter, ticks, period, now);
    Py_RETURN_NONE;
}

PyObject *simulation_set_weight(PyObject *self, PyObject *arguments)
{
    Py_ssize_t number;
    unsigned weight;
    uint64_t now;
    if (!PyArg_ParseTuple(arguments, "nIO&:set_weight", &number, &weight, python_to_u64, &now))
        return NULL;
    struct meter *meter = simulation_meter(self, number);
    if (!meter)
        return NULL;
    if (!weight || weight > METER_WEIGHT_LIMIT)
        return PyErr_Format(PyExc_ValueError, "a weight is 1 to %d", METER_WEIGHT_LIMIT);
    meter_set_weight(meter, weight, now);
    Py_RETURN_NONE;
}

PyObject *simulation_set_slice(PyObject *self, PyObject *arguments)
{
    Py_ssize_t number;
    uint64_t ticks;
    if (!PyArg_ParseTuple(arguments, "nO&:set_slice", &number, python_to_u64, &ticks))
        return NULL;
    struct meter *meter = simulation_meter(self, number);
    if (!meter)
        return NULL;
    if (!ticks)
        return PyErr_Format(PyExc_ValueError, "a slice has at least one tick");
    meter_set_slice(meter, ticks);
    Py_RETURN_NONE;
}

PyObject *simulation_set_on(PyObject *self, PyObject *arguments)
{
    Py_ssize_t number;
    int on;
    uint64_t now;
    if (!PyArg_ParseTuple(arguments, "npO&:set_on", &number, &on, python_to_u64, &now))
        return NULL;
    struct meter *meter = simulation_meter(self, number);
    if (!meter)
        return NULL;
    meter_set_on(meter, on, now);
    Py_RETURN_NONE;
}

PyObject *simulation_look_at_meter(PyObject *self, PyObject *arguments)
{
    Py_ssize_t number;
    if (!PyArg_ParseTuple(arguments, "n:look_at_meter", &number))
        return NULL;
    const struct meter *meter = simulation_meter(self, number);
    if (!meter)
        return NULL;
    return Py_BuildValue("KNNNN", (unsigned long long)meter_used(meter), simulation_from_ticks(meter_left(meter)),
                         simulation_from_ticks(meter_rate_left(meter)), PyBool_FromLong(meter_is_dry(meter)),
                         PyBool_FromLong(meter_is_on(meter)));
}
