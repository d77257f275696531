#include "python_core.h"

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

/* As MOTTE_NATIVE_CODE_BASE has it. */
static PyObject *create_foreign(PyObject *type, PyObject *argument)
{
    Py_buffer code;
    if (!python_require_host() || PyObject_GetBuffer(argument, &code, PyBUF_SIMPLE) < 0)
        return NULL;
    bool fits = code.len > 0 && (uint64_t)code.len <= MOTTE_NATIVE_GATE_BASE - MOTTE_NATIVE_CODE_BASE;
    struct python_code_region *self = NULL;
    if (!fits)
        PyErr_Format(python_errors.limit_reached, "%zd bytes of code are none, or too many", code.len);
    else
        self = (struct python_code_region *)((PyTypeObject *)type)->tp_alloc((PyTypeObject *)type, 0);
    if (self)
        self->region = code_region_create_foreign(MOTTE_NATIVE_CODE_BASE, code.buf, (size_t)code.len);
    PyBuffer_Release(&code);
    if (self && !self->region) {
        Py_CLEAR(self);
        PyErr_SetFromErrno(PyExc_OSError);
    }
    return (PyObject *)self;
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
        return "filled already, and not verified";
    case REGION_VERIFYING:
        return "being verified";
    case REGION_VERIFIED:
        return "verified already, and not published";
    case REGION_FOREIGN:
        return "not to be verified, and in no memory of the host's";
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
    enum code_region_state state = region->state; /* may change to VERIFIED or SEALED behind us */
    if (state < least || state > most) {
        PyErr_Format(python_errors.bad_state, "this code region is %s", state_name(state));
        return NULL;
    }
    return region;
}

static PyObject *get_base(PyObject *self, void *closure)
{
    (void)closure;
    struct code_region *region = region_in(self, REGION_FILLING, REGION_FOREIGN);
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

static PyObject *verify(PyObject *self, PyObject *arguments)
{
    struct code_region *region = region_in(self, REGION_SEALED, REGION_SEALED);
    struct python_claims claimed;
    if (!region || !python_claims_parse(arguments, &claimed))
        return NULL;
    bool copied = code_region_claim(region, &claimed.claims);
    python_claims_release(&claimed);
    if (!copied)
        return PyErr_NoMemory();
    /* Another thread may close the Python object meanwhile. */
    code_region_retain(region);
    struct motte_verdict verdict;
    int failure;
    Py_BEGIN_ALLOW_THREADS;
    failure = code_region_verify(region, &verdict);
    Py_END_ALLOW_THREADS;
    code_region_release(region);
    return failure ? PyErr_NoMemory() : python_verdict(&verdict);
}

static PyObject *make_executable(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct code_region *region = region_in(self, REGION_VERIFIED, REGION_VERIFIED);
    if (!region)
        return NULL;
    return code_region_publish(region) ? Py_NewRef(Py_None) : PyErr_SetFromErrno(PyExc_OSError);
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
    {"foreign", create_foreign, METH_O | METH_CLASS,
     PyDoc_STR("Code that is not verified, and runs in separate OS processes alone.")},
    {"fill", fill, METH_VARARGS, PyDoc_STR("Copies code and tables in, and makes both read-only for ever.")},
    {"code_view", code_view, METH_NOARGS, PyDoc_STR("The code in place, read-only.")},
    {"tables_view", tables_view, METH_NOARGS, PyDoc_STR("The tables in place, read-only.")},
    {"verify", verify, METH_VARARGS, PyDoc_STR("Verifies the bytes in place; see motte.core.CodeRegion.")},
    {"make_executable", make_executable, METH_NOARGS, PyDoc_STR("Makes verified code executable.")},
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
