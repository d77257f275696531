#include "python_core.h"

#include <errno.h>

#include "image_slots.h"

/* Fills `array`, which has room for all; it borrows the bytes of the items. */
static bool read_segments(PyObject *items, struct segment *array)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(items); i++) {
        PyObject *contents;
        int writable;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(items, i), "O&SO&p;a segment is (address, bytes, memory size, writable)",
                              python_to_u64, &array[i].address, &contents, python_to_u64, &array[i].memory_size,
                              &writable))
            return false;
        array[i].contents = (struct byte_string){PyBytes_AS_STRING(contents), (size_t)PyBytes_GET_SIZE(contents)};
        array[i].writable = writable;
    }
    return true;
}

static struct image *create_image(struct image_options *options, PyObject *segments)
{
    struct image *image = NULL;
    PyObject *items = PySequence_Tuple(segments); /* nobody else can change it */
    if (!items)
        return NULL;
    struct segment *array = PyMem_Calloc((size_t)PyTuple_GET_SIZE(items) + 1, sizeof *array);
    if (!array) {
        PyErr_NoMemory();
    } else if (read_segments(items, array)) {
        const char *problem = NULL;
        options->segments = array;
        options->segment_count = (size_t)PyTuple_GET_SIZE(items);
        int result = image_create(options, &image, &problem);
        if (result < 0)
            python_raise_host_error(result, problem, options->bank);
    }
    PyMem_Free(array);
    Py_DECREF(items);
    return image;
}

static bool parse(PyObject *arguments, PyObject *keywords, struct image_options *options, PyObject **segments)
{
    static char *names[] = {"region", "entry", "segments", "data_stack", "data_stack_variables", "bank", NULL};
    struct python_code_region *region;
    PyObject *bank;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O!$O&O(O&O&)(O&O&)O:Image", names, &python_code_region_type,
                                     &region, python_to_u64, &options->entry, segments, python_to_u64,
                                     &options->data_stack_low, python_to_u64, &options->data_stack_size, python_to_u64,
                                     &options->data_stack_pointer_variable, python_to_u64,
                                     &options->data_stack_limit_variable, &bank))
        return false;
    if (bank != Py_None && !PyObject_TypeCheck(bank, &python_bank_type)) {
        PyErr_SetString(PyExc_TypeError, "the bank of an image is a Bank or None");
        return false;
    }
    if (!region->region) {
        PyErr_SetString(python_errors.closed, "the code region was closed");
        return false;
    }
    options->region = region->region;
    options->bank = bank == Py_None ? NULL : ((struct python_bank *)bank)->bank;
    return true;
}

static PyObject *create(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    struct image_options options = {.region = NULL};
    PyObject *segments;
    if (!python_require_host() || !parse(arguments, keywords, &options, &segments))
        return NULL;
    struct python_image *self = (struct python_image *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->image = create_image(&options, segments);
    if (!self->image)
        Py_CLEAR(self);
    return (PyObject *)self;
}

static PyObject *close_image(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct python_image *self = (struct python_image *)object;
    if (self->image)
        image_release(self->image);
    self->image = NULL;
    Py_RETURN_NONE;
}

static PyObject *trim(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct python_image *self = (struct python_image *)object;
    if (self->image)
        image_trim(self->image);
    Py_RETURN_NONE;
}

static void destroy(PyObject *object)
{
    struct python_image *self = (struct python_image *)object;
    if (self->image)
        image_release(self->image);
    Py_TYPE(object)->tp_free(object);
}

static PyMethodDef methods[] = {
    {"trim", trim, METH_NOARGS, PyDoc_STR("Frees the windows that wait for a next process.")},
    {"close", close_image, METH_NOARGS, PyDoc_STR("Gives the image up; its processes keep it.")},
    {NULL, NULL, 0, NULL},
};

PyTypeObject python_image_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.Image",
    .tp_doc = PyDoc_STR("The initial window of a program, shared by its processes; see motte.core.Image."),
    .tp_basicsize = sizeof(struct python_image),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = create,
    .tp_dealloc = destroy,
    .tp_methods = methods,
};
