/* Quotas in Python: what processes that share a granted directory may add to it. */
#include "python_core.h"

#include "personality/quotas.h"

struct python_quota {
    PyObject_HEAD
    struct quota *quota;
};

struct quota *python_quota_of(PyObject *object)
{
    return ((struct python_quota *)object)->quota;
}

static PyObject *create(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"bytes", "files", NULL};
    uint64_t bytes, files;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O&O&:Quota", names, python_to_limit, &bytes, python_to_limit,
                                     &files))
        return NULL;
    struct quota *quota = quota_create(bytes, files);
    if (!quota)
        return PyErr_NoMemory();
    struct python_quota *self = (struct python_quota *)type->tp_alloc(type, 0);
    if (self)
        self->quota = quota;
    else
        quota_release(quota);
    return (PyObject *)self;
}

static void destroy(PyObject *object)
{
    quota_release(python_quota_of(object));
    Py_TYPE(object)->tp_free(object);
}

static PyObject *get_used(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct quota *quota = python_quota_of(object);
    pthread_mutex_lock(&quota->lock);
    uint64_t bytes = quota->bytes, files = quota->files;
    pthread_mutex_unlock(&quota->lock);
    return Py_BuildValue("KK", (unsigned long long)bytes, (unsigned long long)files);
}

static PyMethodDef methods[] = {
    {"used", get_used, METH_NOARGS, PyDoc_STR("Bytes and files that were added, and not removed again.")},
    {NULL, NULL, 0, NULL},
};

PyTypeObject python_quota_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.Quota",
    .tp_doc = PyDoc_STR("Quota(bytes, files): how much may be added."),
    .tp_basicsize = sizeof(struct python_quota),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = create,
    .tp_dealloc = destroy,
    .tp_methods = methods,
};
