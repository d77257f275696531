#include "python_core.h"

static PyObject *create(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"native_stack", "cpu_ns", "wall_ns", "output_limit", "open_files", "in_cell", NULL};
    struct python_terms *self = (struct python_terms *)type->tp_alloc(type, 0);
    if (self
        && !PyArg_ParseTupleAndKeywords(arguments, keywords, "|$O&O&O&O&O&p:Terms", names, python_to_u64,
                                        &self->native_stack_size, python_to_limit, &self->cpu_limit_ns,
                                        python_to_limit, &self->wall_limit_ns, python_to_limit, &self->output_limit,
                                        python_to_u64, &self->open_files, &self->in_cell))
        Py_CLEAR(self);
    return (PyObject *)self;
}

PyTypeObject python_terms_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.Terms",
    .tp_doc = PyDoc_STR("Limits of any number of processes, read once; see motte.core.Process.  What is not said is nothing at all."),
    .tp_basicsize = sizeof(struct python_terms),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = create,
};
