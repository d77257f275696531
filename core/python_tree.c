/* File trees in Python: what the host puts into one, and finds in it. */
#include "python_core.h"

#include <dirent.h>
#include <errno.h>
#include <stddef.h>

#include "bank.h"
#include "trees/tree.h"

struct python_tree {
    PyObject_HEAD
    struct tree *tree;
};

static struct tree *tree_of(PyObject *object)
{
    return ((struct python_tree *)object)->tree;
}

struct tree *python_tree_of(PyObject *object)
{
    return tree_of(object);
}

static PyObject *create(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"limit", "nodes", "bank", NULL};
    uint64_t limit;
    uint32_t nodes;
    PyObject *bank;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O&O&O:Tree", names, python_to_limit, &limit, python_to_u32,
                                     &nodes, &bank))
        return NULL;
    if (bank != Py_None && !PyObject_TypeCheck(bank, &python_bank_type))
        return PyErr_Format(PyExc_TypeError, "the bank is no Bank");
    struct bank *payer = bank == Py_None ? NULL : ((struct python_bank *)bank)->bank;
    struct tree *tree = tree_create(limit, nodes < TREE_NODES ? nodes : TREE_NODES, payer);
    if (!tree)
        return PyErr_Format(python_errors.limit_reached, "the limit does not cover an empty tree");
    struct python_tree *self = (struct python_tree *)type->tp_alloc(type, 0);
    if (self)
        self->tree = tree;
    else
        tree_release(tree);
    return (PyObject *)self;
}

static void destroy(PyObject *object)
{
    tree_release(tree_of(object));
    Py_TYPE(object)->tp_free(object);
}

static PyObject *none_or_error(int64_t error)
{
    if (error >= 0)
        Py_RETURN_NONE;
    if (error == -ENOSPC || error == -EFBIG)
        return PyErr_Format(python_errors.limit_reached, "the file tree is full");
    errno = (int)-error;
    return PyErr_SetFromErrno(PyExc_OSError);
}

static PyObject *read_file(PyObject *object, PyObject *arguments)
{
    const char *path;
    struct tree_node *node;
    if (!PyArg_ParseTuple(arguments, "y:read", &path))
        return NULL;
    int64_t error = tree_find(tree_of(object), NULL, path, &node);
    if (error)
        return none_or_error(error);
    PyObject *bytes = NULL;
    if (node->is_directory)
        none_or_error(-EISDIR);
    else
        bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)tree_size(node));
    if (bytes) {
        int64_t length = tree_read(node, 0, PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes));
        if (length < PyBytes_GET_SIZE(bytes))
            _PyBytes_Resize(&bytes, (Py_ssize_t)length);
    }
    tree_node_release(node);
    return bytes;
}

static int64_t write_all(struct tree_node *node, const Py_buffer *bytes)
{
    int64_t done = 0;
    while (done < bytes->len) {
        int64_t written = tree_write(node, done, (const char *)bytes->buf + done, (size_t)(bytes->len - done), &done);
        if (written < 0)
            return written;
    }
    return 0;
}

static PyObject *write_file(PyObject *object, PyObject *arguments)
{
    const char *path;
    Py_buffer bytes;
    struct tree_node *node;
    const struct tree_open request = {.creates = true, .truncates = true, .writes = true, .writable = true, .mode = 0644};
    if (!PyArg_ParseTuple(arguments, "yy*:write", &path, &bytes))
        return NULL;
    int64_t error = tree_open(tree_of(object), NULL, path, &request, &node);
    if (!error) {
        error = write_all(node, &bytes);
        tree_node_release(node);
    }
    PyBuffer_Release(&bytes);
    return none_or_error(error);
}

static PyObject *make_directory(PyObject *object, PyObject *arguments)
{
    const char *path;
    if (!PyArg_ParseTuple(arguments, "y:make_directory", &path))
        return NULL;
    return none_or_error(tree_make_directory(tree_of(object), NULL, path, 0755, true));
}

static PyObject *remove_entry(PyObject *object, PyObject *arguments)
{
    const char *path;
    int directory;
    if (!PyArg_ParseTuple(arguments, "yp:remove", &path, &directory))
        return NULL;
    return none_or_error(tree_remove(tree_of(object), NULL, path, directory, true));
}

/* Those that the kernel's structures in `block` tell of. */
static bool append_names(PyObject *list, const char *block, int64_t length)
{
    for (const char *at = block; at < block + length;) {
        const struct dirent64 *entry = (const struct dirent64 *)at;
        PyObject *item = Py_BuildValue("yN", entry->d_name, PyBool_FromLong(entry->d_type == DT_DIR));
        int result = item ? PyList_Append(list, item) : -1;
        Py_XDECREF(item);
        if (result < 0)
            return false;
        at += entry->d_reclen;
    }
    return true;
}

static PyObject *list_directory(PyObject *object, PyObject *arguments)
{
    const char *path;
    struct tree_node *node;
    _Alignas(8) char block[8192];
    if (!PyArg_ParseTuple(arguments, "y:list", &path))
        return NULL;
    int64_t length = tree_find(tree_of(object), NULL, path, &node);
    if (length)
        return none_or_error(length);
    PyObject *list = node->is_directory ? PyList_New(0) : none_or_error(-ENOTDIR);
    uint64_t offset = 0;
    while (list && (length = tree_list(node, &offset, block, sizeof block)) > 0)
        if (!append_names(list, block, length))
            Py_CLEAR(list);
    tree_node_release(node);
    return list;
}

static PyObject *get_figures(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct tree_figures figures = tree_figures(tree_of(object));
    return Py_BuildValue("KII", (unsigned long long)figures.used, figures.nodes, figures.node_limit);
}

static PyMethodDef methods[] = {
    {"read", read_file, METH_VARARGS, PyDoc_STR("(path): what the file holds.")},
    {"write", write_file, METH_VARARGS, PyDoc_STR("(path, bytes): makes the file, or replaces what it holds.")},
    {"make_directory", make_directory, METH_VARARGS, PyDoc_STR("(path)")},
    {"remove", remove_entry, METH_VARARGS, PyDoc_STR("(path, directory): a file, or an empty directory.")},
    {"list", list_directory, METH_VARARGS, PyDoc_STR("(path): name and whether it is a directory, of each entry.")},
    {"figures", get_figures, METH_NOARGS, PyDoc_STR("Bytes used, nodes, and how many of these there may be.")},
    {NULL, NULL, 0, NULL},
};

PyTypeObject python_tree_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.Tree",
    .tp_doc = PyDoc_STR("Tree(limit, nodes, bank): files in memory."),
    .tp_basicsize = sizeof(struct python_tree),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = create,
    .tp_dealloc = destroy,
    .tp_methods = methods,
};
