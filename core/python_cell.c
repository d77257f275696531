/* A door for tests: machine code in a cell of its own, without a process, a program or a verifier.  What it does there is
 * nobody's harm: that is what the tests are about. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cells/pool.h"
#include "cells/program_file.h"
#include "python_core.h"

enum { CODE_SIZE = 65536, STORE_SIZE = 65536, MOST_COMMANDS = 8 };

/* Where things lie in the cell; the window is that of confined code only. */
#define CODE UINT64_C(0x400000)
#define GATES UINT64_C(0x800000)
#define NATIVE_STORE UINT64_C(0x500000)
#define WINDOW UINT64_C(0x300000000000)
#define STORE_IN_WINDOW UINT64_C(0x10000)

struct probe {
    Py_buffer code;
    int confined, denies_clock;
    unsigned turns;
    uint64_t wait_ns;
    struct cell_command commands[MOST_COMMANDS];
    uint32_t command_count;

    struct cell *cell;
    int files[2]; /* code, store */
    const char *problem;
};

static uint64_t store_address(const struct probe *probe)
{
    return probe->confined ? WINDOW + STORE_IN_WINDOW : NATIVE_STORE;
}

/* --- without the interpreter's lock ---------------------------------------------------------------------------------------- */

static bool make_files(struct probe *probe)
{
    probe->files[0] = memory_file_create("motte-code", CODE_SIZE);
    probe->files[1] = memory_file_create("motte-store", STORE_SIZE);
    return probe->files[0] >= 0 && probe->files[1] >= 0
        && pwrite(probe->files[0], probe->code.buf, (size_t)probe->code.len, 0) == probe->code.len;
}

static bool begin(struct probe *probe)
{
    const struct cell_job job = {
        .kind = probe->confined ? CELL_CONFINED : CELL_NATIVE,
        .window = WINDOW,
        .gates = GATES,
        .denies_clock = (uint32_t)probe->denies_clock,
        .mapping_count = 2,
        .mappings = {{CODE, CODE_SIZE, 0, 0, CELL_EXECUTE},
                     {store_address(probe), STORE_SIZE, 0, CELL_FILE_IS_STORE, CELL_READ_WRITE}},
    };
    probe->problem = "no memory for a file";
    if (!make_files(probe))
        return false;
    probe->cell = cell_take(&probe->problem);
    return probe->cell && cell_begin(probe->cell, &job, probe->files[1], probe->files, 1);
}

static void set_context(const struct probe *probe)
{
    const uint32_t mxcsr = GUEST_MXCSR;
    const uint16_t x87_control = 0x37f;
    struct cell_control *control = probe->cell->control;
    struct context context = {.resume = RESUME_AT_INSTRUCTION, .instruction = CODE, .flags = 0x202, .guest_mxcsr = mxcsr};
    context.registers[REGISTER_STACK] = store_address(probe) + STORE_SIZE - 64;
    memcpy(context.vectors, &x87_control, sizeof x87_control);
    memcpy(context.vectors + MXCSR_IN_VECTORS, &mxcsr, sizeof mxcsr);
    control->context = context;
    memcpy(control->commands, probe->commands, sizeof probe->commands);
    control->command_count = probe->command_count;
    control->runs = 1;
}

static bool wait_for_ns(struct cell *cell, uint64_t ns)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    ns += (uint64_t)until.tv_nsec;
    until.tv_sec += (time_t)(ns / 1000000000);
    until.tv_nsec = (long)(ns % 1000000000);
    return cell_wait(cell, &until);
}

/* One that does not give its turn is asked for it, several times, since it may not have begun yet; and then killed. */
static void take_turn(const struct probe *probe)
{
    enum { TIMES = 20 };
    for (int i = 0; i < TIMES; i++) {
        if (wait_for_ns(probe->cell, probe->wait_ns))
            return;
        cell_interrupt(probe->cell);
    }
    cell_kill(probe->cell);
    while (cell_give(probe->cell)) /* it may have ended its turn in the last moment: that it is dead comes after it */
        cell_wait(probe->cell, NULL);
}

static bool goes_on(struct cell_control *control, unsigned turns)
{
    bool more = control->event == CELL_READY || (control->event == CELL_CALL && turns > 0);
    if (control->event == CELL_CALL)
        control->context.result = (int64_t)control->arguments[0] + 1;
    return more;
}

/* --- the door ----------------------------------------------------------------------------------------------------------------- */

static PyObject *numbers(const uint64_t *values, Py_ssize_t count)
{
    PyObject *tuple = PyTuple_New(count);
    for (Py_ssize_t i = 0; tuple && i < count; i++) {
        PyObject *value = PyLong_FromUnsignedLongLong(values[i]);
        if (!value)
            Py_CLEAR(tuple);
        else
            PyTuple_SET_ITEM(tuple, i, value);
    }
    return tuple;
}

static bool note_turn(PyObject *turns, const struct cell_control *control)
{
    const struct cell_trap trap = control->trap;
    PyObject *turn = Py_BuildValue("IIIIN(iiKKKL)NK", control->event, control->step, control->error, control->call,
                                   numbers(control->arguments, 6), trap.signal, trap.code, (unsigned long long)trap.number,
                                   (unsigned long long)trap.error, (unsigned long long)trap.address,
                                   (long long)trap.system_call, numbers(control->context.registers, GENERAL_REGISTERS),
                                   (unsigned long long)control->context.instruction);
    bool noted = turn && PyList_Append(turns, turn) == 0;
    Py_XDECREF(turn);
    return noted;
}

static PyObject *run(struct probe *probe)
{
    PyObject *turns = PyList_New(0);
    bool begun, noted = turns;
    Py_BEGIN_ALLOW_THREADS
    begun = begin(probe);
    if (begun)
        cell_wait(probe->cell, NULL);
    Py_END_ALLOW_THREADS
    if (!probe->cell) {
        Py_XDECREF(turns);
        PyErr_SetString(python_errors.unsupported, probe->problem);
        return NULL;
    }
    int code = 0, status = 0;
    pid_t pid = probe->cell->pid;
    unsigned left = probe->turns;
    while (begun && noted && !cell_is_dead(probe->cell, &code, &status)) {
        bool ready = probe->cell->control->event == CELL_READY;
        noted = note_turn(turns, probe->cell->control);
        if (!goes_on(probe->cell->control, left))
            break;
        left -= !ready;
        if (ready)
            set_context(probe);
        else
            probe->cell->control->command_count = 0;
        Py_BEGIN_ALLOW_THREADS
        if (cell_give(probe->cell))
            take_turn(probe);
        Py_END_ALLOW_THREADS
    }
    if (noted)
        return Py_BuildValue("iN(ii)", (int)pid, turns, code, status);
    Py_XDECREF(turns);
    return NULL;
}

static bool take_command(struct cell_command *command, PyObject *given)
{
    unsigned long long address, size, offset;
    if (!PyArg_ParseTuple(given, "IIKKK", &command->kind, &command->protection, &address, &size, &offset))
        return false;
    command->address = address;
    command->size = size;
    command->offset = offset;
    return true;
}

static bool take_commands(struct probe *probe, PyObject *given)
{
    if (!PyTuple_Check(given) || PyTuple_GET_SIZE(given) > MOST_COMMANDS) {
        PyErr_SetString(PyExc_ValueError, "commands are a tuple of a few");
        return false;
    }
    probe->command_count = (uint32_t)PyTuple_GET_SIZE(given);
    for (uint32_t i = 0; i < probe->command_count; i++)
        if (!take_command(&probe->commands[i], PyTuple_GET_ITEM(given, i)))
            return false;
    return true;
}

PyObject *python_cell_probe(PyObject *module, PyObject *arguments)
{
    (void)module;
    PyObject *commands, *result = NULL;
    unsigned long long wait_ns;
    struct probe probe = {.files = {-1, -1}};
    if (!PyArg_ParseTuple(arguments, "y*ppIKO:cell_probe", &probe.code, &probe.confined, &probe.denies_clock, &probe.turns,
                          &wait_ns, &commands))
        return NULL;
    probe.wait_ns = wait_ns;
    if (probe.code.len > CODE_SIZE)
        PyErr_SetString(PyExc_ValueError, "too much code");
    else if (take_commands(&probe, commands))
        result = run(&probe);
    if (probe.cell)
        cell_end(probe.cell);
    for (int i = 0; i < 2; i++)
        if (probe.files[i] >= 0)
            close(probe.files[i]);
    PyBuffer_Release(&probe.code);
    return result;
}

PyObject *python_cell_features(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    struct cell_features features;
    Py_BEGIN_ALLOW_THREADS
    features = cells_features();
    Py_END_ALLOW_THREADS
    return Py_BuildValue("zI", features.problem, features.features);
}
