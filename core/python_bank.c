#include "python_core.h"

#include "bank.h"

static PyObject *create(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"limit_pages", NULL};
    uint64_t limit = UINT64_MAX;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O&:Bank", names, python_to_limit, &limit))
        return NULL;
    struct python_bank *self = (struct python_bank *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->bank = bank_create(limit);
    if (self->bank)
        return (PyObject *)self;
    Py_DECREF(self);
    return PyErr_NoMemory();
}

static void destroy(PyObject *object)
{
    struct python_bank *self = (struct python_bank *)object;
    if (self->bank)
        bank_release(self->bank);
    Py_TYPE(object)->tp_free(object);
}

static PyObject *get_used(PyObject *self, void *closure)
{
    (void)closure;
    return PyLong_FromUnsignedLongLong(bank_used(((struct python_bank *)self)->bank));
}

static PyObject *get_peak(PyObject *self, void *closure)
{
    (void)closure;
    return PyLong_FromUnsignedLongLong(bank_peak(((struct python_bank *)self)->bank));
}

static PyObject *get_limit(PyObject *self, void *closure)
{
    (void)closure;
    uint64_t limit = bank_limit(((struct python_bank *)self)->bank);
    if (limit == BANK_UNLIMITED)
        Py_RETURN_NONE;
    return PyLong_FromUnsignedLongLong(limit);
}

static PyGetSetDef attributes[] = {
    {"used", get_used, NULL, PyDoc_STR("Pages drawn at present."), NULL},
    {"peak", get_peak, NULL, PyDoc_STR("Most pages drawn at any time."), NULL},
    {"limit", get_limit, NULL, PyDoc_STR("Most pages that may be drawn, or None."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject python_bank_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.Bank",
    .tp_doc = PyDoc_STR("An account of pages with a limit (None: no limit)."),
    .tp_basicsize = sizeof(struct python_bank),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = create,
    .tp_dealloc = destroy,
    .tp_getset = attributes,
};
