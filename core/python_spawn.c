#include "python_core.h"

#include <errno.h>
#include <string.h>

#include "bank.h"
#include "process_create.h"
#include "scheduler.h"

/* Arrays borrow the bytes of the Python objects that they were made from; `kept` holds these sequences meanwhile. */
enum { KEPT = 3 };

struct spawn_arguments {
    struct process_options options;
    PyObject *kept[KEPT];
    void *arrays[KEPT];
    size_t used;
};

static void release(struct spawn_arguments *spawn)
{
    for (size_t i = 0; i < spawn->used; i++) {
        Py_DECREF(spawn->kept[i]);
        PyMem_Free(spawn->arrays[i]);
    }
}

/* The items of a sequence, as a tuple that nobody else can change, with an array for as many elements. */
static PyObject *take(struct spawn_arguments *spawn, PyObject *sequence, size_t element_size, void *array)
{
    PyObject *items = PySequence_Tuple(sequence);
    if (!items)
        return NULL;
    void *elements = PyMem_Calloc((size_t)PyTuple_GET_SIZE(items) + 1, element_size);
    if (!elements) {
        Py_DECREF(items);
        PyErr_NoMemory();
        return NULL;
    }
    spawn->kept[spawn->used] = items;
    spawn->arrays[spawn->used++] = elements;
    memcpy(array, &elements, sizeof elements);
    return items;
}

static bool take_strings(struct spawn_arguments *spawn, PyObject *sequence, const struct byte_string **strings,
                         size_t *count)
{
    struct byte_string *array = NULL;
    PyObject *items = take(spawn, sequence, sizeof *array, &array);
    for (Py_ssize_t i = 0; items && i < PyTuple_GET_SIZE(items); i++) {
        char *bytes;
        Py_ssize_t size;
        if (PyBytes_AsStringAndSize(PyTuple_GET_ITEM(items, i), &bytes, &size) < 0)
            return false;
        if (memchr(bytes, 0, (size_t)size)) {
            PyErr_SetString(PyExc_ValueError, "an argument or environment string contains a NUL byte");
            return false;
        }
        array[i] = (struct byte_string){bytes, (size_t)size};
        *count = (size_t)i + 1;
    }
    *strings = array;
    return items != NULL;
}

static bool take_directories(struct spawn_arguments *spawn, PyObject *sequence)
{
    struct personality_directory *array = NULL;
    PyObject *items = take(spawn, sequence, sizeof *array, &array);
    for (Py_ssize_t i = 0; items && i < PyTuple_GET_SIZE(items); i++) {
        int writable;
        PyObject *held, *quota;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(items, i),
                              "yOpO;a directory is (guest path, descriptor or Tree, writable, Quota or None)",
                              &array[i].guest_path, &held, &writable, &quota))
            return false;
        if (PyObject_TypeCheck(quota, &python_quota_type))
            array[i].quota = python_quota_of(quota);
        else if (quota != Py_None)
            PyErr_SetString(PyExc_TypeError, "the quota is no Quota");
        if (PyObject_TypeCheck(held, &python_tree_type))
            array[i].tree = python_tree_of(held);
        else
            array[i].descriptor = (int)PyLong_AsLong(held);
        if (PyErr_Occurred())
            return false;
        array[i].writable = writable;
        spawn->options.personality.directory_count = (size_t)i + 1;
    }
    spawn->options.personality.directories = array;
    return items != NULL;
}

static bool take_streams(struct spawn_arguments *spawn, PyObject *streams)
{
    struct personality_options *options = &spawn->options.personality;
    if (!PyTuple_Check(streams) || PyTuple_GET_SIZE(streams) != 3)
        return PyErr_Format(PyExc_TypeError, "the streams are no tuple of three");
    for (Py_ssize_t i = 0; i < 3; i++) {
        PyObject *stream = PyTuple_GET_ITEM(streams, i);
        bool is_pipe = PyObject_TypeCheck(stream, &python_pipe_type);
        if (is_pipe)
            options->pipes[i] = python_pipe_of(stream, spawn->options.scheduler);
        else
            options->streams[i] = (int)PyLong_AsLong(stream);
        if (PyErr_Occurred())
            return false;
    }
    return true;
}

static bool take_image(struct spawn_arguments *spawn, const struct python_image *image)
{
    if (!image->image)
        PyErr_SetString(python_errors.closed, "the image was closed");
    spawn->options.image = image->image;
    return image->image;
}

static bool take_meter(struct spawn_arguments *spawn, const struct python_meter *meter)
{
    spawn->options.scheduler = meter->scheduler;
    spawn->options.meter = meter->meter;
    if (scheduler_is_here(meter->scheduler))
        return true;
    PyErr_SetString(python_errors.bad_state, "this meter belongs to the parent of a fork");
    return false;
}

static void take_terms(struct spawn_arguments *spawn, const struct python_terms *terms)
{
    struct process_options *options = &spawn->options;
    options->native_stack_size = terms->native_stack_size;
    options->in_cell = terms->in_cell;
    options->cpu_limit_ns = terms->cpu_limit_ns;
    options->wall_limit_ns = terms->wall_limit_ns;
    options->personality.output_limit = terms->output_limit;
    options->personality.open_files = terms->open_files < UINT32_MAX ? (uint32_t)terms->open_files : UINT32_MAX;
}

/* (rights to the clock, rights to random numbers, seed or None); None: neither. */
static bool take_sources(struct spawn_arguments *spawn, PyObject *sources)
{
    struct source_terms *terms = &spawn->options.sources;
    return sources == Py_None || python_take_sources(sources, terms);
}

/* In the order of Process.create. */
static bool take_all(struct spawn_arguments *spawn, PyObject *const *arguments)
{
    struct process_options *options = &spawn->options;
    take_terms(spawn, (struct python_terms *)arguments[1]);
    options->bank = ((struct python_bank *)arguments[4])->bank;
    return take_image(spawn, (struct python_image *)arguments[0])
        && take_strings(spawn, arguments[2], &options->arguments, &options->argument_count)
        && take_strings(spawn, arguments[3], &options->environment, &options->environment_count)
        && python_to_u64(arguments[5], &options->holder_bytes)
        && take_meter(spawn, (struct python_meter *)arguments[6]) && take_streams(spawn, arguments[7])
        && take_directories(spawn, arguments[8]) && take_sources(spawn, arguments[9]);
}

/* They are ten, and those that are objects of ours are of their types. */
static bool are_of_their_types(PyObject *const *arguments, Py_ssize_t count)
{
    PyTypeObject *const types[] = {
        &python_image_type, &python_terms_type, NULL, NULL, &python_bank_type, NULL, &python_meter_type, NULL, NULL, NULL,
    };
    const Py_ssize_t wanted = sizeof types / sizeof *types;
    if (count != wanted)
        PyErr_Format(PyExc_TypeError, "create() takes %zd arguments, not %zd", wanted, count);
    for (Py_ssize_t i = 0; i < wanted && count == wanted; i++)
        if (types[i] && !PyObject_TypeCheck(arguments[i], types[i])) {
            PyErr_Format(PyExc_TypeError, "argument %zd of create() is no %s", i + 1, types[i]->tp_name);
            return false;
        }
    return count == wanted;
}

void python_raise_host_error(int error, const char *problem, struct bank *bank)
{
    if (error == -EINVAL) {
        PyErr_SetString(PyExc_ValueError, problem);
    } else if (error == -ENOMEM) {
        python_raise_refusal(problem, bank_tightest(bank));
    } else if (error == -E2BIG) {
        PyErr_SetString(python_errors.limit_reached, problem);
    } else {
        PyObject *values = Py_BuildValue("is", -error, problem);
        if (values)
            PyErr_SetObject(PyExc_OSError, values);
        Py_XDECREF(values);
    }
}

struct process *python_spawn(PyObject *const *arguments, Py_ssize_t count)
{
    struct spawn_arguments spawn = {.used = 0};
    struct process *process = NULL;
    if (are_of_their_types(arguments, count) && take_all(&spawn, arguments)) {
        const char *problem = NULL;
        int result = process_create(&spawn.options, &process, &problem);
        if (result < 0)
            python_raise_host_error(result, problem, spawn.options.bank);
    }
    release(&spawn);
    return process;
}
