#include "python_core.h"

#include "frames.h"
#include "ipc/process_ipc.h"
#include "lifecycle.h"
#include "personality.h"
#include "process.h"
#include "scheduler.h"
#include "signals.h"

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

PyObject *python_place_fields(const struct process *process, uint64_t unit)
{
    const struct stop_place *place = &process->place;
    PyObject *registers = registers_tuple(place);
    if (!registers)
        return NULL;
    return Py_BuildValue("iNKN", (int)place->fault, access_tuple(place), (unsigned long long)unit, registers);
}

static struct process *ended_process(PyObject *object)
{
    struct process *process = python_open_process(object);
    if (!process || atomic_load(&process->state) == PROCESS_EXITED)
        return process;
    PyErr_SetString(python_errors.bad_state, "this process has not ended");
    return NULL;
}

PyObject *python_process_exit_status(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct process *process = ended_process(self);
    if (!process)
        return NULL;
    uint64_t request = atomic_load(&process->stop_request);
    return request >> 32 == MOTTE_STOP_EXITED ? PyLong_FromLong((int32_t)request) : Py_NewRef(Py_None);
}

PyObject *python_process_stop_fields(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct process *process = ended_process(self);
    if (!process)
        return NULL;
    uint64_t request = atomic_load(&process->stop_request);
    PyObject *place = python_place_fields(process, process->place.in_guest ? frames_unit(process) : 0);
    return place ? Py_BuildValue("iiN", (int)(request >> 32), (int)(int32_t)request, place) : NULL;
}

PyObject *python_process_statistics_fields(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct process *process = python_open_process(self);
    if (!process)
        return NULL;
    struct process_times times = process_times(process);
    return Py_BuildValue("KKKKKKKK", (unsigned long long)times.cpu_ns, (unsigned long long)times.wall_ns,
                         (unsigned long long)atomic_load(&process->peak_pages),
                         (unsigned long long)atomic_load(&process->pages),
                         (unsigned long long)atomic_load(&process->system_calls),
                         (unsigned long long)atomic_load(&process->faults),
                         (unsigned long long)times.preemptions,
                         (unsigned long long)personality_output_bytes(process));
}

static PyObject *offsets_list(const uint32_t *offsets, uint64_t count)
{
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (Py_ssize_t i = 0; list && i < (Py_ssize_t)count; i++) {
        PyObject *offset = PyLong_FromUnsignedLong(offsets[i]);
        if (offset)
            PyList_SET_ITEM(list, i, offset);
        else
            Py_CLEAR(list);
    }
    return list;
}

/* Under the GIL, as python_process_read_memory. */
PyObject *python_process_callers(PyObject *self, PyObject *arguments)
{
    const uint64_t most = UINT64_C(1) << 20;
    uint64_t first, capacity, frames = 0;
    struct process *process = python_open_process(self);
    if (!process || !PyArg_ParseTuple(arguments, "O&O&:callers", python_to_u64, &first, python_to_u64, &capacity))
        return NULL;
    if (capacity > most)
        return PyErr_Format(PyExc_ValueError, "at most %llu frames at once", (unsigned long long)most);
    if (atomic_load(&process->state) != PROCESS_EXITED)
        return PyErr_Format(python_errors.bad_state, "this process has not ended");
    uint32_t *offsets = PyMem_Calloc(capacity + 1, sizeof *offsets);
    if (!offsets)
        return PyErr_NoMemory();
    uintptr_t slot;
    deep_sleep_end(process);
    if (frames_start(process, &slot))
        frames = frames_collect(process, slot, first, offsets, capacity);
    uint64_t behind = frames > first ? frames - first : 0;
    PyObject *list = offsets_list(offsets, behind < capacity ? behind : capacity);
    PyMem_Free(offsets);
    return list ? Py_BuildValue("KN", (unsigned long long)frames, list) : NULL;
}

static bool inside_window(uint64_t address, uint64_t size)
{
    if (address < MOTTE_WINDOW_SIZE && size <= MOTTE_WINDOW_SIZE - address)
        return true;
    PyErr_Format(PyExc_ValueError, "the range lies outside the window");
    return false;
}

static bool inaccessible(uint64_t address, uint64_t size, const char *what)
{
    char place[32]; /* PyErr_Format of Python 3.11 has no 64-bit hexadecimal */
    PyOS_snprintf(place, sizeof place, "0x%llx", (unsigned long long)address);
    PyErr_Format(PyExc_ValueError, "not all of the %llu bytes at %s are %s", (unsigned long long)size, place, what);
    return false;
}

/* These are under the GIL all the time, so that close() cannot take the window away meanwhile. */
static bool read_window(struct process *process, void *to, uint64_t address, uint64_t size)
{
    if (!signals_install()) {
        PyErr_SetFromErrno(PyExc_OSError);
        return false;
    }
    return copy_in(process, to, (guest_addr){(uint32_t)address}, size) || inaccessible(address, size, "accessible");
}

static bool write_window(struct process *process, uint64_t address, const void *from, uint64_t size)
{
    if (!signals_install()) {
        PyErr_SetFromErrno(PyExc_OSError);
        return false;
    }
    return copy_out(process, (guest_addr){(uint32_t)address}, from, size) || inaccessible(address, size, "writable");
}

PyObject *python_process_read_memory(PyObject *self, PyObject *arguments)
{
    uint64_t address, size;
    struct process *process = python_open_process(self);
    if (!process || !PyArg_ParseTuple(arguments, "O&O&:read_memory", python_to_u64, &address, python_to_u64, &size))
        return NULL;
    if (!inside_window(address, size))
        return NULL;
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
    if (bytes && !read_window(process, PyBytes_AS_STRING(bytes), address, size))
        Py_CLEAR(bytes);
    return bytes;
}

/* The buffer first: to get it may run code of Python's, which may close the process. */
PyObject *python_process_read_memory_into(PyObject *self, PyObject *arguments)
{
    uint64_t address;
    Py_buffer view;
    if (!PyArg_ParseTuple(arguments, "O&w*:read_memory_into", python_to_u64, &address, &view))
        return NULL;
    struct process *process = python_open_process(self);
    bool done = process && inside_window(address, (uint64_t)view.len)
             && read_window(process, view.buf, address, (uint64_t)view.len);
    PyBuffer_Release(&view);
    return done ? Py_NewRef(Py_None) : NULL;
}

PyObject *python_process_set_memory(PyObject *self, PyObject *arguments)
{
    uint64_t address;
    Py_buffer view;
    if (!PyArg_ParseTuple(arguments, "O&y*:set_memory", python_to_u64, &address, &view))
        return NULL;
    struct process *process = python_open_process(self);
    bool done = process && inside_window(address, (uint64_t)view.len)
             && write_window(process, address, view.buf, (uint64_t)view.len);
    PyBuffer_Release(&view);
    return done ? Py_NewRef(Py_None) : NULL;
}

static PyObject *output_stream(struct scheduler *scheduler, int stream, struct pipe *pipe)
{
    return pipe ? python_pipe_wrap(scheduler, pipe) : PyLong_FromLong(stream < 0 ? PERSONALITY_NOWHERE : stream);
}

/* Those that output streams 1 and 2 lead to, to be closed by the caller; of a process that runs at this moment, nowhere. */
PyObject *python_process_output_streams(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct process *process = python_open_process(self);
    if (!process)
        return NULL;
    int streams[2] = {PERSONALITY_NOWHERE, PERSONALITY_NOWHERE};
    struct pipe *pipes[2] = {NULL};
    pthread_mutex_lock(&process->scheduler->lock);
    uint32_t state = atomic_load(&process->state);
    bool stands = state == PROCESS_RUNNING ? ipc_is_waiting(process->ipc) : state != PROCESS_CALLING;
    for (int32_t i = 0; stands && i < 2; i++)
        streams[i] = personality_output_stream(process, i + 1, &pipes[i]);
    pthread_mutex_unlock(&process->scheduler->lock);
    PyObject *out = output_stream(process->scheduler, streams[0], pipes[0]);
    PyObject *error = output_stream(process->scheduler, streams[1], pipes[1]);
    if (out && error)
        return Py_BuildValue("NN", out, error);
    Py_XDECREF(out);
    Py_XDECREF(error);
    return NULL;
}
