#include "python_passed.h"

#include <stddef.h>
#include <structmember.h>

#include "guest_memory.h"
#include "process.h"

/* --- Out and InOut ------------------------------------------------------------------------------------------------------- */

struct marked {
    PyObject_HEAD
    PyObject *buffer;
};

static PyObject *new_marked(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    PyObject *buffer;
    if (keywords && PyDict_GET_SIZE(keywords))
        return PyErr_Format(PyExc_TypeError, "%s takes no keyword arguments", type->tp_name);
    if (!PyArg_ParseTuple(arguments, "O", &buffer))
        return NULL;
    if (!PyObject_CheckBuffer(buffer))
        return PyErr_Format(PyExc_TypeError, "expected a buffer that can be written to, got %s", Py_TYPE(buffer)->tp_name);
    struct marked *self = (struct marked *)type->tp_alloc(type, 0);
    if (self)
        self->buffer = Py_NewRef(buffer);
    return (PyObject *)self;
}

static int traverse_marked(PyObject *object, visitproc visit, void *arg)
{
    Py_VISIT(((struct marked *)object)->buffer);
    return 0;
}

static void destroy_marked(PyObject *object)
{
    PyObject_GC_UnTrack(object);
    Py_XDECREF(((struct marked *)object)->buffer);
    Py_TYPE(object)->tp_free(object);
}

static PyMemberDef members[] = {
    {"buffer", T_OBJECT, offsetof(struct marked, buffer), READONLY, PyDoc_STR("What it was made of.")},
    {NULL, 0, 0, 0, NULL},
};

#define MARKED(name, document)                                                                                        \
    {                                                                                                                 \
        PyVarObject_HEAD_INIT(NULL, 0).tp_name = "motte." name, .tp_basicsize = sizeof(struct marked),                \
        .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, .tp_new = new_marked, .tp_dealloc = destroy_marked,      \
        .tp_traverse = traverse_marked, .tp_members = members, .tp_doc = PyDoc_STR(document),                         \
    }

PyTypeObject python_out_type = MARKED("Out", "A buffer that a guest's function fills: passed as zeroes, copied back.");
PyTypeObject python_in_out_type = MARKED("InOut", "A buffer that a guest's function changes: copied in, and back.");

/* --- a call's objects ------------------------------------------------------------------------------------------------------ */

static int refuse(const char *problem, PyObject *object)
{
    PyErr_Format(PyExc_TypeError, problem, Py_TYPE(object)->tp_name);
    return -1;
}

static void place(struct passed_objects *passed, struct passed *object)
{
    passed->size = (passed->size + CALL_MEMORY_ALIGNMENT - 1) / CALL_MEMORY_ALIGNMENT * CALL_MEMORY_ALIGNMENT;
    object->offset = passed->size;
    passed->size += object->size + object->ends_with_nul;
    passed->count++;
}

static int add_text(struct passed_objects *passed, PyObject *object, struct passed *new)
{
    Py_ssize_t size;
    new->bytes = PyUnicode_AsUTF8AndSize(object, &size);
    if (!new->bytes)
        return -1;
    if (memchr(new->bytes, 0, (size_t)size)) {
        PyErr_SetString(PyExc_ValueError, "a str that is passed to a guest contains a NUL");
        return -1;
    }
    new->size = (uint64_t)size;
    new->ends_with_nul = true;
    place(passed, new);
    return 1;
}

static int add_buffer(struct passed_objects *passed, PyObject *object, struct passed *new)
{
    int flags = new->copies_back ? PyBUF_ANY_CONTIGUOUS | PyBUF_WRITABLE : PyBUF_ANY_CONTIGUOUS;
    if (PyObject_GetBuffer(object, &new->view, flags) < 0)
        return -1;
    new->is_buffer = true;
    new->bytes = new->view.buf;
    new->size = (uint64_t)new->view.len;
    new->ends_with_nul = !new->copies_back;
    place(passed, new);
    return 1;
}

int passed_add(struct passed_objects *passed, PyObject *object, uint64_t *word)
{
    bool out = Py_IS_TYPE(object, &python_out_type), in_out = Py_IS_TYPE(object, &python_in_out_type);
    if (!out && !in_out && !PyUnicode_Check(object) && !PyObject_CheckBuffer(object))
        return 0;
    if (passed->count == PASSED_LIMIT)
        return refuse("too many buffers in one call: this one is a %s", object);
    struct passed *new = &passed->objects[passed->count];
    new->word = word;
    new->is_buffer = false;
    new->copies_in = !out;
    new->copies_back = out || in_out;
    if (PyUnicode_Check(object))
        return add_text(passed, object, new);
    return add_buffer(passed, out || in_out ? ((struct marked *)object)->buffer : object, new);
}

static bool fill(struct process *process, const struct passed *object, guest_addr at)
{
    guest_addr end = {(uint32_t)(at.value + object->size)};
    bool filled = object->copies_in ? copy_out(process, at, object->bytes, object->size)
                                    : clear_out(process, at, object->size);
    return filled && (!object->ends_with_nul || clear_out(process, end, 1));
}

static bool inaccessible(void)
{
    PyErr_SetString(python_errors.bad_state, "the guest has made the memory inaccessible that its arguments are copied to");
    return false;
}

bool passed_copy_in(struct passed_objects *passed, struct process *process)
{
    if (!call_memory_take(process, passed->size + 1, &passed->memory)) {
        PyErr_Format(python_errors.limit_reached, "the guest has no room for %llu bytes of arguments",
                     (unsigned long long)passed->size);
        return false;
    }
    passed->placed = true;
    for (unsigned i = 0; i < passed->count; i++) {
        struct passed *object = &passed->objects[i];
        guest_addr at = {(uint32_t)(passed->memory.start.value + object->offset)};
        *object->word = at.value;
        if (!fill(process, object, at))
            return inaccessible();
    }
    return true;
}

bool passed_copy_back(struct passed_objects *passed, struct process *process)
{
    for (unsigned i = 0; i < passed->count; i++) {
        struct passed *object = &passed->objects[i];
        guest_addr at = {(uint32_t)(passed->memory.start.value + object->offset)};
        if (object->copies_back && !copy_in(process, object->view.buf, at, object->size))
            return inaccessible();
    }
    return true;
}

void passed_leave(struct passed_objects *passed, struct process *process)
{
    if (passed->placed)
        call_memory_give_back(process, &passed->memory);
    passed->placed = false;
}

void passed_release(struct passed_objects *passed)
{
    for (unsigned i = 0; i < passed->count; i++)
        if (passed->objects[i].is_buffer)
            PyBuffer_Release(&passed->objects[i].view);
    passed->count = 0;
}
