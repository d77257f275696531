#include "python_core.h"

#include <stdlib.h>

#include "code_region.h"
#include "motte_abi.h"

static PyObject *create(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"code_size", "tables_size", NULL};
    uint64_t code_size = 0, tables_size = 0;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O&O&:CodeRegion", names, python_to_u64, &code_size,
                                     python_to_u64, &tables_size))
        return NULL;
    if (!python_require_host())
        return NULL;
    if (code_size == 0)
        return PyErr_Format(PyExc_ValueError, "code_size is 0");
    struct python_code_region *self = (struct python_code_region *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->region = code_region_create(code_size, tables_size);
    if (self->region)
        return (PyObject *)self;
    Py_DECREF(self);
    return PyErr_Format(python_errors.limit_reached, "no room for %llu bytes of code and %llu bytes of tables",
                        (unsigned long long)code_size, (unsigned long long)tables_size);
}

static void destroy(PyObject *object)
{
    struct python_code_region *self = (struct python_code_region *)object;
    if (self->region)
        code_region_release(self->region);
    Py_TYPE(object)->tp_free(object);
}

static const char *state_name(enum code_region_state state)
{
    switch (state) {
    case REGION_FILLING:
        return "still to be filled";
    case REGION_SEALED:
        return "filled already, and not published";
    default:
        return "published already";
    }
}

/* The open region behind `object`, in the state wanted; else NULL with an exception. */
static struct code_region *region_in(PyObject *object, enum code_region_state least, enum code_region_state most)
{
    struct code_region *region = ((struct python_code_region *)object)->region;
    if (!region) {
        PyErr_SetString(python_errors.closed, "this code region was closed");
        return NULL;
    }
    if (region->state < least || region->state > most) {
        PyErr_Format(python_errors.bad_state, "this code region is %s", state_name(region->state));
        return NULL;
    }
    return region;
}

static PyObject *get_base(PyObject *self, void *closure)
{
    (void)closure;
    struct code_region *region = region_in(self, REGION_FILLING, REGION_PUBLISHED);
    return region ? PyLong_FromUnsignedLongLong(region->base) : NULL;
}

static PyObject *get_tables_base(PyObject *self, void *closure)
{
    (void)closure;
    struct code_region *region = region_in(self, REGION_FILLING, REGION_PUBLISHED);
    return region ? PyLong_FromUnsignedLongLong(region->tables_base) : NULL;
}

static PyObject *fill(PyObject *self, PyObject *arguments)
{
    struct code_region *region = region_in(self, REGION_FILLING, REGION_FILLING);
    Py_buffer code, tables;
    if (!region || !PyArg_ParseTuple(arguments, "y*y*:fill", &code, &tables))
        return NULL;
    bool fits = (size_t)code.len == region->code_size && (size_t)tables.len == region->tables_size;
    bool filled = fits && code_region_fill(region, code.buf, tables.buf);
    PyBuffer_Release(&code);
    PyBuffer_Release(&tables);
    if (!fits)
        return PyErr_Format(PyExc_ValueError, "code and tables must have the sizes of the region, %zu and %zu bytes",
                            region->code_size, region->tables_size);
    if (!filled)
        return PyErr_SetFromErrno(PyExc_OSError);
    Py_RETURN_NONE;
}

static PyObject *code_view(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct code_region *region = region_in(self, REGION_SEALED, REGION_PUBLISHED);
    if (!region)
        return NULL;
    return python_region_view_create((struct python_code_region *)self, region->base, region->code_size);
}

static PyObject *tables_view(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct code_region *region = region_in(self, REGION_SEALED, REGION_PUBLISHED);
    if (!region)
        return NULL;
    return python_region_view_create((struct python_code_region *)self, region->tables_base, region->tables_size);
}

/* A malloc'ed copy of a sorted list of offsets; NULL with an exception. Never NULL for an empty list. */
static uint32_t *copy_offsets(PyObject *list, size_t code_size)
{
    Py_ssize_t count = PyList_GET_SIZE(list);
    uint32_t *offsets = calloc((size_t)count + 1, sizeof *offsets);
    if (!offsets)
        PyErr_NoMemory();
    for (Py_ssize_t i = 0; offsets && i < count; i++) {
        uint64_t offset = 0;
        bool good = python_to_u64(PyList_GET_ITEM(list, i), &offset);
        if (good && (offset >= code_size || (i > 0 && offset < offsets[i - 1]))) {
            PyErr_SetString(PyExc_ValueError, "offsets are not sorted, or lie outside the code");
            good = false;
        }
        offsets[i] = (uint32_t)offset;
        if (!good) {
            free(offsets);
            offsets = NULL;
        }
    }
    return offsets;
}

/* The frame map from sorted (return offset, function, height) triples; false with an exception. */
static bool copy_frames(struct frame_map *frames, PyObject *sites, size_t code_size)
{
    frames->site_count = (size_t)PyList_GET_SIZE(sites);
    frames->sites = calloc(frames->site_count + 1, sizeof *frames->sites);
    if (!frames->sites)
        return PyErr_NoMemory() != NULL;
    for (size_t i = 0; i < frames->site_count; i++) {
        uint64_t offset = 0, function = 0, height = 0;
        if (!PyArg_ParseTuple(PyList_GET_ITEM(sites, (Py_ssize_t)i), "O&O&O&", python_to_u64, &offset, python_to_u64,
                              &function, python_to_u64, &height))
            return false;
        if (offset >= code_size || (i > 0 && offset <= frames->sites[i - 1].return_offset)
            || height > MOTTE_MAX_FRAME_HEIGHT || height % sizeof(uint64_t) != 0) {
            PyErr_SetString(PyExc_ValueError, "call sites are not sorted, or impossible");
            return false;
        }
        frames->sites[i] = (struct motte_call_site){(uint32_t)offset, (uint32_t)function, (uint32_t)height};
    }
    return true;
}

static PyObject *make_executable(PyObject *self, PyObject *arguments)
{
    PyObject *entries, *traps, *sites;
    struct code_region *region = region_in(self, REGION_SEALED, REGION_SEALED);
    if (!region || !PyArg_ParseTuple(arguments, "O!O!O!:make_executable", &PyList_Type, &entries, &PyList_Type, &traps,
                                     &PyList_Type, &sites))
        return NULL;
    struct frame_map frames = {.sites = NULL};
    uint32_t *entry_offsets = copy_offsets(entries, region->code_size);
    uint32_t *trap_offsets = entry_offsets ? copy_offsets(traps, region->code_size) : NULL;
    if (trap_offsets && copy_frames(&frames, sites, region->code_size)
        && code_region_publish(region, entry_offsets, (size_t)PyList_GET_SIZE(entries), trap_offsets,
                               (size_t)PyList_GET_SIZE(traps), frames))
        Py_RETURN_NONE;
    free(entry_offsets);
    free(trap_offsets);
    free(frames.sites);
    return PyErr_Occurred() ? NULL : PyErr_SetFromErrno(PyExc_OSError);
}

static PyObject *close_region(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct python_code_region *self = (struct python_code_region *)object;
    if (self->views)
        return PyErr_Format(python_errors.bad_state, "%zd views onto this code region are still in use", self->views);
    if (self->region)
        code_region_release(self->region);
    self->region = NULL;
    Py_RETURN_NONE;
}

static PyGetSetDef attributes[] = {
    {"base", get_base, NULL, PyDoc_STR("Host address of the code."), NULL},
    {"tables_base", get_tables_base, NULL, PyDoc_STR("Host address of the tables."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef methods[] = {
    {"fill", fill, METH_VARARGS, PyDoc_STR("Copies code and tables in, and makes both read-only for ever.")},
    {"code_view", code_view, METH_NOARGS, PyDoc_STR("The code in place, read-only.")},
    {"tables_view", tables_view, METH_NOARGS, PyDoc_STR("The tables in place, read-only.")},
    {"make_executable", make_executable, METH_VARARGS, PyDoc_STR("For motte.core.CodeRegion.publish only.")},
    {"close", close_region, METH_NOARGS, PyDoc_STR("Gives the region up; running processes keep it.")},
    {NULL, NULL, 0, NULL},
};

PyTypeObject python_code_region_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.CodeRegion",
    .tp_doc = PyDoc_STR("Room for one program's code and tables."),
    .tp_basicsize = sizeof(struct python_code_region),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_new = create,
    .tp_dealloc = destroy,
    .tp_methods = methods,
    .tp_getset = attributes,
};
