/* Who uses an object at the moment: the part of motte.lifetime that every call of every process goes through.
 *
 * In Python a use costs a quarter of a microsecond, and a process that is started, waited for and closed is used three
 * times.  Nothing here gives the interpreter lock away between looking and writing, except where Python code is
 * called, last.
 */
#include "python_core.h"

#include <structmember.h>

enum { USUAL_USES = 3 };

struct python_uses {
    PyObject_HEAD
    PyObject *used;
    PyObject *refusal; /* NULL, or what is raised: the error and its words */
    uint32_t count, room;
    unsigned long *threads; /* one for each use: `usual`, until more room is needed */
    unsigned long usual[USUAL_USES];
};

static struct python_uses *self_of(PyObject *object)
{
    return (struct python_uses *)object;
}

/* The rest of the arguments are the subclass's. */
static PyObject *create(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    (void)keywords;
    if (PyTuple_GET_SIZE(arguments) == 0)
        return PyErr_Format(PyExc_TypeError, "%s: what is used?", type->tp_name);
    struct python_uses *self = (struct python_uses *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->used = Py_NewRef(PyTuple_GET_ITEM(arguments, 0));
    self->threads = self->usual;
    self->room = USUAL_USES;
    return (PyObject *)self;
}

static int traverse(PyObject *object, visitproc visit, void *arg)
{
    Py_VISIT(self_of(object)->used);
    Py_VISIT(self_of(object)->refusal);
    return 0;
}

static int clear(PyObject *object)
{
    Py_CLEAR(self_of(object)->used);
    Py_CLEAR(self_of(object)->refusal);
    return 0;
}

static void destroy(PyObject *object)
{
    struct python_uses *self = self_of(object);
    PyObject_GC_UnTrack(object);
    (void)clear(object);
    if (self->threads != self->usual)
        PyMem_Free(self->threads);
    Py_TYPE(object)->tp_free(object);
}

static bool have_room(struct python_uses *self)
{
    if (self->count < self->room)
        return true;
    uint32_t room = 2 * self->room;
    bool usual = self->threads == self->usual;
    unsigned long *threads = PyMem_Realloc(usual ? NULL : self->threads, room * sizeof *threads);
    if (!threads) {
        PyErr_NoMemory();
        return false;
    }
    if (usual)
        memcpy(threads, self->usual, sizeof self->usual);
    self->threads = threads;
    self->room = room;
    return true;
}

/* The position of one of this thread's uses, the last; or `count`. */
static uint32_t find_own(const struct python_uses *self)
{
    unsigned long thread = PyThread_get_thread_ident();
    for (uint32_t i = self->count; i-- > 0;)
        if (self->threads[i] == thread)
            return i;
    return self->count;
}

static PyObject *enter(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct python_uses *self = self_of(object);
    if (self->refusal) {
        PyObject *error, *words;
        if (PyArg_ParseTuple(self->refusal, "OU:refusal", &error, &words))
            PyErr_SetObject(error, words);
        return NULL;
    }
    if (!have_room(self))
        return NULL;
    self->threads[self->count++] = PyThread_get_thread_ident();
    return Py_NewRef(self->used);
}

static PyObject *leave(PyObject *object, PyObject *const *arguments, Py_ssize_t count)
{
    (void)arguments;
    (void)count;
    struct python_uses *self = self_of(object);
    uint32_t own = find_own(self);
    if (own == self->count)
        return PyErr_Format(PyExc_RuntimeError, "this thread uses nothing here");
    self->threads[own] = self->threads[--self->count];
    if (self->refusal)
        return PyObject_CallMethod(object, "left", NULL);
    Py_RETURN_NONE;
}

static PyObject *is_used_here(PyObject *object, PyObject *unused)
{
    (void)unused;
    return PyBool_FromLong(find_own(self_of(object)) < self_of(object)->count);
}

static PyMethodDef methods[] = {
    {"__enter__", enter, METH_NOARGS, PyDoc_STR("Begins a use: the object. Raises the refusal.")},
    {"__exit__", (PyCFunction)(void (*)(void))leave, METH_FASTCALL,
     PyDoc_STR("Ends a use of this thread; where uses are refused by now, left() is called.")},
    {"is_used_here", is_used_here, METH_NOARGS, PyDoc_STR("Whether the calling thread is a user.")},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, PyDoc_STR("For annotations: Uses[Object].")},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"refusal", T_OBJECT, offsetof(struct python_uses, refusal), 0,
     PyDoc_STR("(error, words) for whoever wants to use it from now on; None while it can be used.")},
    {"uses", T_UINT, offsetof(struct python_uses, count), READONLY, PyDoc_STR("How many there are.")},
    {NULL, 0, 0, 0, NULL},
};

PyTypeObject python_uses_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.Uses",
    .tp_doc = PyDoc_STR("Uses(object, …): counts the uses of an object by thread; a base of motte.lifetime.Lifetime."),
    .tp_basicsize = sizeof(struct python_uses),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_new = create,
    .tp_dealloc = destroy,
    .tp_traverse = traverse,
    .tp_clear = clear,
    .tp_methods = methods,
    .tp_members = members,
};
