#include "python_core.h"

#include <errno.h>

#include "bank.h"
#include "clock.h"
#include "events.h"
#include "frames.h"
#include "process.h"
#include "scheduler.h"
#include "signals.h"

/* The range of a request: whole pages of the window. False with an exception. */
static bool is_range(uint64_t address, uint64_t size)
{
    if ((address | size) % MOTTE_PAGE_SIZE == 0 && size > 0 && size <= MOTTE_WINDOW_SIZE
        && address <= MOTTE_WINDOW_SIZE - size)
        return true;
    PyErr_SetString(PyExc_ValueError, "a range is whole pages of the window");
    return false;
}

static PyObject *raise_stale(void)
{
    return PyErr_Format(python_errors.invalid_cap, "this fault was answered before, or its process has ended");
}

/* `refused_by` is a bank's identity, or 0. */
static PyObject *raise_window_error(uint64_t refused_by, int error)
{
    if (error == -ENOMEM && refused_by)
        python_raise_refusal("no room for these pages", refused_by);
    else if (error == -ENOMEM)
        PyErr_SetString(python_errors.limit_reached, "the memory of this process lies in too many pieces");
    else if (error == -EEXIST)
        PyErr_SetString(PyExc_ValueError, "something is mapped in this range already");
    else
        PyErr_SetString(PyExc_ValueError, "not all of this range is reserved or mapped");
    return NULL;
}

PyObject *python_process_want_events(PyObject *self, PyObject *argument)
{
    uint64_t kinds;
    struct process *process = python_open_process(self);
    if (!process || !python_to_u64(argument, &kinds))
        return NULL;
    atomic_store(&process->wanted_events, (uint32_t)kinds);
    Py_RETURN_NONE;
}

/* (number, ask, fault, access, code offset, registers, in call, bank identity, pages); None if nothing is asked. */
PyObject *python_process_question_fields(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct process *process = python_open_process(self);
    if (!process)
        return NULL;
    pthread_mutex_lock(&process->scheduler->lock);
    const struct question question = process->question;
    bool open = atomic_load(&process->state) == PROCESS_FAULTED && !process->answered;
    process->holders += open;
    pthread_mutex_unlock(&process->scheduler->lock);
    if (!open)
        Py_RETURN_NONE;
    PyObject *place = python_place_fields(process, process->place.code_offset);
    keeping_release(process);
    return place ? Py_BuildValue("KiNNKK", (unsigned long long)question.number, (int)question.ask, place,
                                 PyBool_FromLong(question.in_call), (unsigned long long)question.bank,
                                 (unsigned long long)question.pages)
                 : NULL;
}

PyObject *python_process_answer(PyObject *self, PyObject *arguments)
{
    uint64_t number, cost_ns = 0;
    int answer;
    struct process *process = python_open_process(self);
    if (!process
        || !PyArg_ParseTuple(arguments, "O&i|O&:answer", python_to_u64, &number, &answer, python_to_u64, &cost_ns))
        return NULL;
    int result = keeping_answer(process, number, (enum answer)answer, cost_ns);
    if (result == -EINVAL)
        return PyErr_Format(PyExc_ValueError, "the guest cannot go on behind this instruction");
    return result < 0 ? raise_stale() : Py_NewRef(Py_None);
}

/* (nanoseconds): processor time that the host has spent for it. */
PyObject *python_process_charge(PyObject *self, PyObject *argument)
{
    uint64_t spent_ns;
    struct process *process = python_open_process(self);
    if (!process || !python_to_u64(argument, &spent_ns))
        return NULL;
    pthread_mutex_lock(&process->scheduler->lock);
    process->owed += ns_to_ticks(spent_ns);
    pthread_mutex_unlock(&process->scheduler->lock);
    Py_RETURN_NONE;
}

PyObject *python_process_set_register(PyObject *self, PyObject *arguments)
{
    uint64_t number, value;
    unsigned which;
    struct process *process = python_open_process(self);
    if (!process
        || !PyArg_ParseTuple(arguments, "O&IO&:set_register", python_to_u64, &number, &which, python_to_u64, &value))
        return NULL;
    int result = keeping_set_register(process, number, which, value);
    if (result == -EINVAL)
        return PyErr_Format(PyExc_ValueError, "this register cannot be set here");
    return result < 0 ? raise_stale() : Py_NewRef(Py_None);
}

PyObject *python_process_reserve(PyObject *self, PyObject *arguments)
{
    uint64_t address, size;
    struct process *process = python_open_process(self);
    if (!process || !PyArg_ParseTuple(arguments, "O&O&:reserve", python_to_u64, &address, python_to_u64, &size)
        || !is_range(address, size))
        return NULL;
    if (atomic_load(&process->state) != PROCESS_CREATED)
        return PyErr_Format(python_errors.bad_state, "ranges are reserved before the start");
    int result = window_map(process, (guest_addr){(uint32_t)address}, size / MOTTE_PAGE_SIZE, WINDOW_NO_ACCESS);
    return result < 0 ? raise_window_error(bank_tightest(process->bank), result) : Py_NewRef(Py_None);
}

/* The pages are writable while they are filled; whatever they held before is gone. */
static int supply(struct process *process, guest_addr start, uint64_t pages, const Py_buffer *data, bool writable)
{
    process->question.refused_by = 0;
    int result = window_protect(process, start, pages, WINDOW_READ_WRITE);
    if (result == 0)
        result = window_discard(process, start, pages);
    if (result == 0 && !copy_out(process, start, data->buf, (size_t)data->len))
        result = -ENOENT;
    if (result == 0 && !writable)
        result = window_protect(process, start, pages, WINDOW_READ);
    return result;
}

PyObject *python_process_supply(PyObject *self, PyObject *arguments)
{
    uint64_t number, address, size;
    int writable;
    Py_buffer data;
    struct process *process = python_open_process(self);
    if (!process || !PyArg_ParseTuple(arguments, "O&O&O&y*p:supply", python_to_u64, &number, python_to_u64, &address,
                                      python_to_u64, &size, &data, &writable))
        return NULL;
    int result = -EINVAL;
    uint64_t refused_by = 0;
    if (is_range(address, size) && (uint64_t)data.len <= size && signals_install()) {
        result = keeping_hold(process, number);
        if (result == 0) {
            guest_addr start = {(uint32_t)address};
            result = supply(process, start, size / MOTTE_PAGE_SIZE, &data, writable);
            refused_by = process->question.refused_by;
            keeping_release(process);
        }
    } else if (!PyErr_Occurred()) {
        PyErr_SetString(PyExc_ValueError, "more bytes than pages");
    }
    PyBuffer_Release(&data);
    if (PyErr_Occurred())
        return NULL;
    if (result == -ESTALE)
        return raise_stale();
    return result < 0 ? raise_window_error(refused_by, result) : Py_NewRef(Py_None);
}

/* Only of pages that are there: reserved ones are supplied. */
static int protect(struct process *process, guest_addr start, uint64_t pages, bool writable)
{
    uint32_t first = (uint32_t)(start.value / MOTTE_PAGE_SIZE);
    if (areas_charged_pages(&process->window.areas, first, first + (uint32_t)pages) != pages)
        return -ENOENT;
    return window_protect(process, start, pages, writable ? WINDOW_READ_WRITE : WINDOW_READ);
}

PyObject *python_process_protect(PyObject *self, PyObject *arguments)
{
    uint64_t number, address, size;
    int writable;
    struct process *process = python_open_process(self);
    if (!process || !PyArg_ParseTuple(arguments, "O&O&O&p:protect", python_to_u64, &number, python_to_u64, &address,
                                      python_to_u64, &size, &writable)
        || !is_range(address, size))
        return NULL;
    if (keeping_hold(process, number) < 0)
        return raise_stale();
    int result = protect(process, (guest_addr){(uint32_t)address}, size / MOTTE_PAGE_SIZE, writable);
    keeping_release(process);
    return result < 0 ? raise_window_error(0, result) : Py_NewRef(Py_None);
}

/* Its bytes, and the pages are reserved again. */
PyObject *python_process_withdraw(PyObject *self, PyObject *arguments)
{
    uint64_t number, address, size;
    struct process *process = python_open_process(self);
    if (!process || !PyArg_ParseTuple(arguments, "O&O&O&:withdraw", python_to_u64, &number, python_to_u64, &address,
                                      python_to_u64, &size)
        || !is_range(address, size))
        return NULL;
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
    if (!bytes || !signals_install() || keeping_hold(process, number) < 0) {
        Py_XDECREF(bytes);
        return PyErr_Occurred() ? NULL : raise_stale();
    }
    guest_addr start = {(uint32_t)address};
    uint64_t pages = size / MOTTE_PAGE_SIZE;
    int result = -ENOENT;
    if (copy_in(process, PyBytes_AS_STRING(bytes), start, size)) {
        result = window_unmap(process, start, pages);
        if (result == 0)
            result = window_map(process, start, pages, WINDOW_NO_ACCESS);
    }
    keeping_release(process);
    if (result == 0)
        return bytes;
    Py_DECREF(bytes);
    return raise_window_error(0, result);
}

PyObject *python_process_write_memory(PyObject *self, PyObject *arguments)
{
    uint64_t number, address;
    Py_buffer data;
    struct process *process = python_open_process(self);
    if (!process || !PyArg_ParseTuple(arguments, "O&O&y*:write_memory", python_to_u64, &number, python_to_u64, &address,
                                      &data))
        return NULL;
    int result = -EINVAL;
    if (address < MOTTE_WINDOW_SIZE && signals_install()) {
        result = keeping_hold(process, number);
        if (result == 0) {
            if (!copy_out(process, (guest_addr){(uint32_t)address}, data.buf, (size_t)data.len))
                result = -EINVAL;
            keeping_release(process);
        }
    }
    PyBuffer_Release(&data);
    if (result == -ESTALE)
        return raise_stale();
    return result < 0 ? PyErr_Format(PyExc_ValueError, "not all of this range is writable") : Py_NewRef(Py_None);
}
