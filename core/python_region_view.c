#include "python_core.h"

/* What a memoryview holds: it keeps the Python object, and so the pages, and is counted, so that close() can refuse. */
struct python_region_view {
    PyObject_HEAD
    struct python_code_region *owner;
    void *start;
    Py_ssize_t size;
};

static int view_get_buffer(PyObject *object, Py_buffer *buffer, int flags)
{
    struct python_region_view *self = (struct python_region_view *)object;
    return PyBuffer_FillInfo(buffer, object, self->start, self->size, 1, flags);
}

static void view_destroy(PyObject *object)
{
    struct python_region_view *self = (struct python_region_view *)object;
    self->owner->views--;
    Py_DECREF(self->owner);
    Py_TYPE(object)->tp_free(object);
}

static PyBufferProcs view_buffer = {.bf_getbuffer = view_get_buffer};

PyTypeObject python_region_view_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.RegionView",
    .tp_doc = PyDoc_STR("The exporter behind the memoryviews of a CodeRegion."),
    .tp_basicsize = sizeof(struct python_region_view),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = view_destroy,
    .tp_as_buffer = &view_buffer,
};

PyObject *python_region_view_create(struct python_code_region *owner, uintptr_t start, size_t size)
{
    struct python_region_view *view = PyObject_New(struct python_region_view, &python_region_view_type);
    if (!view)
        return NULL;
    view->owner = (struct python_code_region *)Py_NewRef(owner);
    view->start = (void *)start;
    view->size = (Py_ssize_t)size;
    owner->views++;
    PyObject *memory = PyMemoryView_FromObject((PyObject *)view);
    Py_DECREF(view);
    return memory;
}
