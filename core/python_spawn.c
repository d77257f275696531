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
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(items, i), "yip;a directory is (guest path, descriptor, writable)",
                              &array[i].guest_path, &array[i].descriptor, &writable))
            return false;
        array[i].writable = writable;
        spawn->options.personality.directory_count = (size_t)i + 1;
    }
    spawn->options.personality.directories = array;
    return items != NULL;
}

static bool parse(struct spawn_arguments *spawn, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {
        "image",  "arguments",    "environment", "bank",    "holder_bytes", "meter",       "native_stack", "cpu_ns",
        "wall_ns", "output_limit", "open_files",  "streams", "directories", NULL,
    };
    struct process_options *options = &spawn->options;
    struct python_image *image;
    struct python_bank *bank;
    struct python_meter *meter;
    PyObject *argument_list, *environment, *directories;
    uint64_t open_files;
    int *streams = options->personality.streams;
    if (!PyArg_ParseTupleAndKeywords(
            arguments, keywords, "O!$OOO!O&O!O&O&O&O&O&(iii)O:Process", names, &python_image_type, &image,
            &argument_list, &environment, &python_bank_type, &bank, python_to_u64, &options->holder_bytes,
            &python_meter_type, &meter, python_to_u64, &options->native_stack_size, python_to_limit,
            &options->cpu_limit_ns, python_to_limit, &options->wall_limit_ns, python_to_limit,
            &options->personality.output_limit, python_to_u64, &open_files, &streams[0], &streams[1], &streams[2],
            &directories))
        return false;
    if (!image->image) {
        PyErr_SetString(python_errors.closed, "the image was closed");
        return false;
    }
    options->personality.open_files = open_files < UINT32_MAX ? (uint32_t)open_files : UINT32_MAX;
    options->image = image->image;
    options->bank = bank->bank;
    if (!scheduler_is_here(meter->scheduler)) {
        PyErr_SetString(python_errors.bad_state, "this meter belongs to the parent of a fork");
        return false;
    }
    options->scheduler = meter->scheduler;
    options->meter = meter->meter;
    return take_strings(spawn, argument_list, &options->arguments, &options->argument_count)
        && take_strings(spawn, environment, &options->environment, &options->environment_count)
        && take_directories(spawn, directories);
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

struct process *python_spawn(PyObject *arguments, PyObject *keywords)
{
    struct spawn_arguments spawn = {.used = 0};
    struct process *process = NULL;
    if (parse(&spawn, arguments, keywords)) {
        const char *problem = NULL;
        int result = process_create(&spawn.options, &process, &problem);
        if (result < 0)
            python_raise_host_error(result, problem, spawn.options.bank);
    }
    release(&spawn);
    return process;
}
