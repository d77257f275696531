#include "python_function.h"

#include <stddef.h>
#include <structmember.h>

#include "clock.h"
#include "function_call.h"

/* Where two threads that call such functions make as many calls one way as the other (motte bench lock). */
static const uint64_t long_call_ns = 100000;

/* --- making it ----------------------------------------------------------------------------------------------------------- */

/* Whether these parameters leave so many words on the stack as the verified function has. */
/* Of native code, nobody but the prototype says how much it takes. */
static bool fits(struct python_function *self)
{
    uint32_t general = 0, vector = 0;
    for (Py_ssize_t i = 0; i < self->count; i++)
        *(python_is_vector(self->parameters[i].code) ? &vector : &general) += 1;
    uint32_t words = (general > CALL_GENERAL ? general - CALL_GENERAL : 0) + (vector > CALL_VECTORS ? vector - CALL_VECTORS : 0);
    if (self->stack_words == STACK_WORDS_UNKNOWN && words <= CALL_STACK_WORDS)
        self->stack_words = words;
    return words == self->stack_words;
}

static bool set_parameters(struct python_function *self, const char *codes, PyObject *names)
{
    self->count = (Py_ssize_t)strlen(codes);
    self->parameters = PyMem_Calloc((size_t)self->count + 1, sizeof *self->parameters);
    if (!self->parameters) {
        PyErr_NoMemory();
        return false;
    }
    for (Py_ssize_t i = 0; i < self->count; i++) {
        PyObject *name = i < PyTuple_GET_SIZE(names) ? PyTuple_GET_ITEM(names, i) : NULL;
        if (!name || !PyUnicode_Check(name) || !python_is_code(codes[i], false)) {
            PyErr_SetString(PyExc_ValueError, "a letter and a name for each parameter are needed");
            return false;
        }
        self->parameters[i] = (struct python_parameter){.code = codes[i], .name = Py_NewRef(name)};
    }
    return true;
}

static PyObject *new_function(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"process", "offset", "result", "codes", "names", "name", "document", "signature", "ended",
                            "awaited", NULL};
    PyObject *owner, *parameter_names, *name, *document, *signature, *ended, *awaited;
    unsigned long long offset;
    const char *result, *codes;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O!KssO!UUOOO:Function", names, &python_process_type, &owner, &offset,
                                     &result, &codes, &PyTuple_Type, &parameter_names, &name, &document, &signature, &ended,
                                     &awaited))
        return NULL;
    struct process *process = python_open_process(owner);
    if (!process)
        return NULL;
    struct python_function *self = (struct python_function *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->vectorcall = python_function_call;
    self->owner = (struct python_process *)Py_NewRef(owner);
    self->name = Py_NewRef(name);
    self->document = Py_NewRef(document);
    self->signature = Py_NewRef(signature);
    self->ended = Py_NewRef(ended);
    self->awaited = Py_NewRef(awaited);
    self->result = result[0];
    self->long_ticks = ns_to_ticks(long_call_ns);
    bool found = function_find(process, offset, &self->address, &self->stack_words);
    if (!set_parameters(self, codes, parameter_names)) {
        Py_DECREF(self);
        return NULL;
    }
    if (!found || !fits(self) || !python_is_code(self->result, true)) {
        PyErr_Format(PyExc_ValueError, "%U cannot be called with these parameters", name);
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static int traverse(PyObject *object, visitproc visit, void *arg)
{
    struct python_function *self = (struct python_function *)object;
    Py_VISIT(self->owner);
    Py_VISIT(self->signature);
    Py_VISIT(self->ended);
    Py_VISIT(self->awaited);
    return 0;
}

static int clear(PyObject *object)
{
    struct python_function *self = (struct python_function *)object;
    Py_CLEAR(self->signature);
    Py_CLEAR(self->ended);
    Py_CLEAR(self->awaited);
    return 0;
}

static void destroy(PyObject *object)
{
    struct python_function *self = (struct python_function *)object;
    PyObject_GC_UnTrack(object);
    for (Py_ssize_t i = 0; self->parameters && i < self->count; i++)
        Py_XDECREF(self->parameters[i].name);
    PyMem_Free(self->parameters);
    clear(object);
    Py_XDECREF(self->owner);
    Py_XDECREF(self->name);
    Py_XDECREF(self->document);
    Py_TYPE(object)->tp_free(object);
}

/* Taken for a routine by help(), which asks for this; it is bound to nothing. */
static PyObject *descend(PyObject *self, PyObject *instance, PyObject *type)
{
    (void)instance, (void)type;
    return Py_NewRef(self);
}

static PyObject *represent(PyObject *object)
{
    struct python_function *self = (struct python_function *)object;
    return PyUnicode_FromFormat("<motte function %U>", self->name);
}

/* How a call is awaited is for the package to say. */
static PyObject *call_async(PyObject *object, PyObject *arguments, PyObject *keywords)
{
    PyObject *named = keywords ? Py_NewRef(keywords) : PyDict_New();
    if (!named)
        return NULL;
    PyObject *coroutine =
        PyObject_CallFunctionObjArgs(((struct python_function *)object)->awaited, object, arguments, named, NULL);
    Py_DECREF(named);
    return coroutine;
}

static PyObject *get_patience(PyObject *object, void *unused)
{
    (void)unused;
    return PyLong_FromUnsignedLongLong(ticks_to_ns(((struct python_function *)object)->long_ticks));
}

static int set_patience(PyObject *object, PyObject *value, void *unused)
{
    (void)unused;
    uint64_t patience_ns = long_call_ns;
    if (!value || (value != Py_None && !python_to_u64(value, &patience_ns)))
        return -1;
    ((struct python_function *)object)->long_ticks = ns_to_ticks(patience_ns);
    return 0;
}

static PyGetSetDef properties[] = {
    {"patience_ns", get_patience, set_patience,
     PyDoc_STR("One that usually takes as long is called without the interpreter's lock; None: as long as is best. For measuring."),
     NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef methods[] = {
    {"call_async", (PyCFunction)(void (*)(void))call_async, METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("Call it in an event loop, with the same arguments: to be awaited. Cancelling it ends the process.")},
    {"begin_call", (PyCFunction)(void (*)(void))python_function_begin_call, METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("(completions, ...): an AwaitedCall.")},
    {NULL, NULL, 0, NULL},
};

/* That there is a `__doc__` of each makes no difference to the type's own (tp_doc). */
static PyMemberDef members[] = {
    {"__doc__", T_OBJECT, offsetof(struct python_function, document), READONLY, NULL},
    {"__name__", T_OBJECT, offsetof(struct python_function, name), READONLY, NULL},
    {"__qualname__", T_OBJECT, offsetof(struct python_function, name), READONLY, NULL},
    {"__signature__", T_OBJECT, offsetof(struct python_function, signature), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

PyTypeObject python_function_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.Function",
    .tp_basicsize = sizeof(struct python_function),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_vectorcall_offset = offsetof(struct python_function, vectorcall),
    .tp_call = PyVectorcall_Call,
    .tp_new = new_function,
    .tp_dealloc = destroy,
    .tp_traverse = traverse,
    .tp_clear = clear,
    .tp_descr_get = descend,
    .tp_doc = PyDoc_STR("A function of a guest's, bound by Process.function(): called like any other, with a `timeout`.\n\n"
                        "For example:\n\n"
                        "    plugin = machine.spawn(library, start=False)\n"
                        "    adler = plugin.function(\"adler\")\n"
                        "    print(adler(b\"Wikipedia\", 9, timeout=1.0))\n"),
    .tp_members = members,
    .tp_methods = methods,
    .tp_getset = properties,
    .tp_repr = represent,
};
