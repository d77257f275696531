#include "python_core.h"

#include <errno.h>

#include "personality.h"
#include "process.h"

static PyObject *create(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    if (!python_require_host())
        return NULL;
    struct process *process = python_spawn(arguments, keywords);
    if (!process)
        return NULL;
    struct python_process *self = (struct python_process *)type->tp_alloc(type, 0);
    if (!self) {
        process_close(process);
        process_release(process);
        return NULL;
    }
    self->process = process;
    return (PyObject *)self;
}

static void close_without_gil(struct python_process *self)
{
    struct process *process = self->process;
    self->closed = true;
    process_retain(process);
    Py_BEGIN_ALLOW_THREADS
    process_close(process);
    Py_END_ALLOW_THREADS
    process_release(process);
}

static void finalize(PyObject *object)
{
    struct python_process *self = (struct python_process *)object;
    if (!self->process || self->closed || !process_is_here(self->process))
        return;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    if (PyErr_ResourceWarning(object, 1, "unclosed process %R", object) < 0)
        PyErr_WriteUnraisable(object);
    close_without_gil(self);
    PyErr_Restore(type, value, traceback);
}

static void destroy(PyObject *object)
{
    if (PyObject_CallFinalizerFromDealloc(object) < 0)
        return;
    struct python_process *self = (struct python_process *)object;
    if (self->process)
        process_release(self->process);
    Py_TYPE(object)->tp_free(object);
}

/* The process behind `object`, if it is open and of this OS process; else NULL with an exception. */
static struct process *open_process(PyObject *object)
{
    struct python_process *self = (struct python_process *)object;
    if (self->closed) {
        PyErr_SetString(python_errors.closed, "this process was closed");
        return NULL;
    }
    if (!process_is_here(self->process)) {
        PyErr_SetString(python_errors.bad_state, "this process belongs to the parent of a fork");
        return NULL;
    }
    return self->process;
}

static PyObject *start(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct process *process = open_process(self);
    if (!process)
        return NULL;
    int result = process_start(process);
    if (result == -EBUSY)
        return PyErr_Format(python_errors.bad_state, "this process was started before");
    if (result < 0) {
        errno = -result;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    Py_RETURN_NONE;
}

/* Python's signal handlers run between two waits; one that raises ends the waiting. */
static PyObject *wait_stopped(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"timeout_ns", NULL};
    uint64_t timeout_ns;
    struct process *process = open_process(self);
    if (!process || !PyArg_ParseTupleAndKeywords(arguments, keywords, "O&:wait", names, python_to_limit, &timeout_ns))
        return NULL;
    process_retain(process);
    struct deadline deadline = deadline_after(timeout_ns);
    int result;
    do {
        Py_BEGIN_ALLOW_THREADS
        result = process_wait(process, deadline);
        Py_END_ALLOW_THREADS
    } while (result == -EINTR && PyErr_CheckSignals() == 0);
    process_release(process);
    return result < 0 ? NULL : PyBool_FromLong(result);
}

static PyObject *kill_process(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct process *process = open_process(self);
    if (!process)
        return NULL;
    process_kill(process);
    Py_RETURN_NONE;
}

static PyObject *get_state(PyObject *self, PyObject *unused)
{
    static const char *const names[] = {
        [PROCESS_CREATED] = "created",
        [PROCESS_RUNNING] = "running",
        [PROCESS_STOPPED] = "stopped",
    };
    (void)unused;
    if (((struct python_process *)self)->closed)
        return PyUnicode_FromString("closed");
    struct process *process = open_process(self);
    return process ? PyUnicode_FromString(names[atomic_load(&process->state)]) : NULL;
}

static PyObject *access_tuple(const struct stop_place *place)
{
    if (!place->has_access)
        Py_RETURN_NONE;
    return Py_BuildValue("Li", (long long)place->address, (int)place->access);
}

static PyObject *registers_tuple(const struct stop_place *place)
{
    if (!place->in_guest)
        Py_RETURN_NONE;
    PyObject *registers = PyTuple_New(SHOWN_REGISTERS);
    for (Py_ssize_t i = 0; registers && i < SHOWN_REGISTERS; i++) {
        PyObject *value = PyLong_FromUnsignedLongLong(place->registers[i]);
        if (value)
            PyTuple_SET_ITEM(registers, i, value);
        else
            Py_CLEAR(registers);
    }
    return registers;
}

static PyObject *stop_fields(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct process *process = open_process(self);
    if (!process)
        return NULL;
    if (atomic_load(&process->state) != PROCESS_STOPPED)
        return PyErr_Format(python_errors.bad_state, "this process has not stopped");
    uint64_t request = atomic_load(&process->stop_request);
    const struct stop_place *place = &process->place;
    PyObject *registers = registers_tuple(place);
    if (!registers)
        return NULL;
    return Py_BuildValue("iiiNKN", (int)(request >> 32), (int)(int32_t)request, (int)place->fault,
                         access_tuple(place), (unsigned long long)place->code_offset, registers);
}

static PyObject *statistics_fields(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct process *process = open_process(self);
    if (!process)
        return NULL;
    uint64_t cpu_ns, wall_ns;
    process_times(process, &cpu_ns, &wall_ns);
    return Py_BuildValue("KKKKKKKK", (unsigned long long)cpu_ns, (unsigned long long)wall_ns,
                         (unsigned long long)atomic_load(&process->peak_pages),
                         (unsigned long long)atomic_load(&process->pages),
                         (unsigned long long)atomic_load(&process->system_calls),
                         (unsigned long long)atomic_load(&process->faults),
                         (unsigned long long)atomic_load(&process->interruptions),
                         (unsigned long long)personality_output_bytes(process));
}

/* Under the GIL all the time, so that close() cannot take the window away meanwhile. */
static PyObject *read_memory(PyObject *self, PyObject *arguments)
{
    uint64_t address, size;
    struct process *process = open_process(self);
    if (!process || !PyArg_ParseTuple(arguments, "O&O&:read_memory", python_to_u64, &address, python_to_u64, &size))
        return NULL;
    if (address >= MOTTE_WINDOW_SIZE || size > MOTTE_WINDOW_SIZE - address)
        return PyErr_Format(PyExc_ValueError, "the range lies outside the window");
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
    if (bytes && !copy_in(process, PyBytes_AS_STRING(bytes), (guest_addr){(uint32_t)address}, size)) {
        char place[32]; /* PyErr_Format of Python 3.11 has no 64-bit hexadecimal */
        PyOS_snprintf(place, sizeof place, "%#llx", (unsigned long long)address);
        Py_CLEAR(bytes);
        PyErr_Format(PyExc_ValueError, "not all of the %llu bytes at %s are accessible", (unsigned long long)size, place);
    }
    return bytes;
}

static PyObject *close_process(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct python_process *self = (struct python_process *)object;
    if (!self->closed)
        close_without_gil(self);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"start", start, METH_NOARGS, PyDoc_STR("Starts it, once.")},
    {"wait", (PyCFunction)(void (*)(void))wait_stopped, METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("Waits at most so many ns (None: for ever); whether it has stopped.")},
    {"kill", kill_process, METH_NOARGS, PyDoc_STR("Stops it, wherever it is.")},
    {"state", get_state, METH_NOARGS, PyDoc_STR("'created', 'running', 'stopped' or 'closed'.")},
    {"stop_fields", stop_fields, METH_NOARGS, PyDoc_STR("For motte.core.Process.stop.")},
    {"statistics_fields", statistics_fields, METH_NOARGS, PyDoc_STR("For motte.core.Process.statistics.")},
    {"read_memory", read_memory, METH_VARARGS, PyDoc_STR("Bytes of its window.")},
    {"close", close_process, METH_NOARGS, PyDoc_STR("Kills it and gives everything back.")},
    {NULL, NULL, 0, NULL},
};

PyTypeObject python_process_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.Process",
    .tp_doc = PyDoc_STR("One process; see motte.core.spawn."),
    .tp_basicsize = sizeof(struct python_process),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_new = create,
    .tp_dealloc = destroy,
    .tp_finalize = finalize,
    .tp_methods = methods,
};
