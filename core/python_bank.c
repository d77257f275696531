#include "python_core.h"

#include <errno.h>
#include <stddef.h>

#include "bank.h"

static struct python_bank *self_of(PyObject *object)
{
    return (struct python_bank *)object;
}

/* --- errors ------------------------------------------------------------------------------------------------------ */

void python_raise_refusal(const char *problem, uint64_t refusing_identity)
{
    PyObject *values = Py_BuildValue("sK", problem, (unsigned long long)refusing_identity);
    if (values)
        PyErr_SetObject(python_errors.limit_reached, values);
    Py_XDECREF(values);
}

/* LimitReached, naming the bank; takes over the reference to it. */
static PyObject *raise_refusal(const char *problem, struct bank *refused)
{
    uint64_t identity = bank_identity(refused);
    bank_release(refused);
    python_raise_refusal(problem, identity);
    return NULL;
}

static PyObject *raise_invalid(struct bank *bank)
{
    bool removed = bank_state(bank) == BANK_REMOVED;
    PyErr_SetString(python_errors.invalid_cap, removed ? "the bank was removed" : "the bank was destroyed");
    return NULL;
}

static PyObject *result_or_error(PyObject *self, int result)
{
    if (result == -ESTALE)
        return raise_invalid(self_of(self)->bank);
    if (result == -EPERM) {
        PyErr_SetString(python_errors.bad_state, "a root cannot be removed: it has no parent to inherit from it");
        return NULL;
    }
    Py_RETURN_NONE;
}

/* --- lives ------------------------------------------------------------------------------------------------------- */

/* Takes over the reference, also when it fails. */
static PyObject *wrap(PyTypeObject *type, struct bank *bank)
{
    struct python_bank *self = (struct python_bank *)type->tp_alloc(type, 0);
    if (self)
        self->bank = bank;
    else
        bank_release(bank);
    return (PyObject *)self;
}

static PyObject *create(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"limit_pages", NULL};
    uint64_t limit = UINT64_MAX;
    struct bank *bank;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O&:Bank", names, python_to_limit, &limit))
        return NULL;
    return bank_create(NULL, limit, &bank, NULL) < 0 ? PyErr_NoMemory() : wrap(type, bank);
}

static void deallocate(PyObject *object)
{
    struct python_bank *self = self_of(object);
    if (self->bank) {
        bank_refund(self->bank, self->charged);
        bank_release(self->bank);
    }
    Py_TYPE(object)->tp_free(object);
}

static PyObject *sub(PyObject *self, PyObject *argument)
{
    uint64_t limit;
    struct bank *bank, *refused;
    if (!python_to_limit(argument, &limit))
        return NULL;
    switch (bank_create(self_of(self)->bank, limit, &bank, &refused)) {
    case 0:
        return wrap(&python_bank_type, bank);
    case -ESTALE:
        return raise_invalid(self_of(self)->bank);
    case -EDQUOT:
        return raise_refusal("there is no page left for another bank", refused);
    case -ELOOP:
        return PyErr_Format(python_errors.too_deep, "a bank would be deeper than %d levels", BANK_DEPTH);
    default:
        return PyErr_NoMemory();
    }
}

/* What was charged through this object can be given back through the heir's. Atomic under the GIL. */
static PyObject *remove_bank(PyObject *self, PyObject *heir)
{
    struct bank *bank = self_of(self)->bank;
    if (bank_state(bank) != BANK_ALIVE)
        return raise_invalid(bank);
    struct bank *parent = bank_parent(bank);
    if (parent)
        bank_release(parent); /* only compared */
    if (parent && (!PyObject_TypeCheck(heir, &python_bank_type) || self_of(heir)->bank != parent)) {
        PyErr_SetString(PyExc_ValueError, "only the parent inherits");
        return NULL;
    }
    int result = bank_remove(bank);
    if (result == 0) {
        self_of(heir)->charged += self_of(self)->charged;
        self_of(self)->charged = 0;
    }
    return result_or_error(self, result);
}

static PyObject *destroy(PyObject *self, PyObject *unused)
{
    (void)unused;
    return result_or_error(self, bank_destroy(self_of(self)->bank));
}

/* --- drawing ----------------------------------------------------------------------------------------------------- */

static PyObject *charge(PyObject *self, PyObject *argument)
{
    uint64_t pages;
    struct bank *bank = self_of(self)->bank, *refused;
    if (!python_to_u64(argument, &pages))
        return NULL;
    if (bank_state(bank) != BANK_ALIVE)
        return raise_invalid(bank);
    if (!bank_charge(bank, pages, &refused))
        return raise_refusal("no room for so many pages", refused);
    self_of(self)->charged += pages;
    Py_RETURN_NONE;
}

static PyObject *refund(PyObject *self, PyObject *argument)
{
    uint64_t pages;
    if (!python_to_u64(argument, &pages))
        return NULL;
    if (pages > self_of(self)->charged) {
        PyErr_SetString(PyExc_ValueError, "more pages than were charged here");
        return NULL;
    }
    bank_refund(self_of(self)->bank, pages);
    self_of(self)->charged -= pages;
    Py_RETURN_NONE;
}

static PyObject *refund_all(PyObject *self, PyObject *unused)
{
    (void)unused;
    bank_refund(self_of(self)->bank, self_of(self)->charged);
    self_of(self)->charged = 0;
    Py_RETURN_NONE;
}

static PyObject *set_limit(PyObject *self, PyObject *argument)
{
    uint64_t limit;
    if (!python_to_limit(argument, &limit))
        return NULL;
    return result_or_error(self, bank_set_limit(self_of(self)->bank, limit));
}

static PyObject *set_has_keeper(PyObject *self, PyObject *argument)
{
    int has_keeper = PyObject_IsTrue(argument);
    if (has_keeper < 0)
        return NULL;
    bank_set_has_keeper(self_of(self)->bank, has_keeper);
    Py_RETURN_NONE;
}

/* --- looking ----------------------------------------------------------------------------------------------------- */

static PyObject *pages_or_none(uint64_t pages)
{
    if (pages == BANK_UNLIMITED)
        Py_RETURN_NONE;
    return PyLong_FromUnsignedLongLong(pages);
}

/* One getter for all figures: `closure` is the offset of one in struct bank_figures. */
static PyObject *get_figure(PyObject *self, void *closure)
{
    struct bank_figures figures;
    if (!bank_figures(self_of(self)->bank, &figures))
        return raise_invalid(self_of(self)->bank);
    return pages_or_none(*(const uint64_t *)((const char *)&figures + (uintptr_t)closure));
}

static PyObject *get_figures(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct bank_figures figures;
    if (!bank_figures(self_of(self)->bank, &figures))
        return raise_invalid(self_of(self)->bank);
    return Py_BuildValue("NKKNK", pages_or_none(figures.limit), (unsigned long long)figures.used,
                         (unsigned long long)figures.peak, pages_or_none(figures.available),
                         (unsigned long long)figures.banks);
}

static PyObject *get_identity(PyObject *self, void *closure)
{
    (void)closure;
    return PyLong_FromUnsignedLongLong(bank_identity(self_of(self)->bank));
}

static PyObject *get_parent_identity(PyObject *self, void *closure)
{
    (void)closure;
    struct bank *parent = bank_parent(self_of(self)->bank);
    if (!parent)
        Py_RETURN_NONE;
    uint64_t identity = bank_identity(parent);
    bank_release(parent);
    return PyLong_FromUnsignedLongLong(identity);
}

static PyObject *get_state(PyObject *self, void *closure)
{
    static const char *const names[] = {[BANK_ALIVE] = "alive", [BANK_REMOVED] = "removed", [BANK_DESTROYED] = "destroyed"};
    (void)closure;
    return PyUnicode_FromString(names[bank_state(self_of(self)->bank)]);
}

static PyObject *get_has_keeper(PyObject *self, void *closure)
{
    (void)closure;
    return PyBool_FromLong(bank_has_keeper(self_of(self)->bank));
}

static PyObject *draws_from(PyObject *self, PyObject *argument)
{
    if (!PyObject_TypeCheck(argument, &python_bank_type)) {
        PyErr_SetString(PyExc_TypeError, "draws_from() takes a Bank");
        return NULL;
    }
    return PyBool_FromLong(bank_draws_from(self_of(self)->bank, self_of(argument)->bank));
}

#define FIGURE(name, text) \
    { \
        #name, get_figure, NULL, PyDoc_STR(text), (void *)offsetof(struct bank_figures, name) \
    }

static PyGetSetDef attributes[] = {
    FIGURE(used, "Pages drawn at present, by the banks below it too."),
    FIGURE(peak, "Most pages drawn at any time."),
    FIGURE(limit, "Most pages that may be drawn, or None."),
    FIGURE(effective_limit, "The smallest limit of it and its superiors, or None."),
    FIGURE(available, "Pages that it and all its superiors still allow, or None."),
    {"identity", get_identity, NULL, PyDoc_STR("A number that no other bank ever had."), NULL},
    {"parent_identity", get_parent_identity, NULL, PyDoc_STR("That of its parent, or None."), NULL},
    {"state", get_state, NULL, PyDoc_STR("alive, removed or destroyed."), NULL},
    {"has_keeper", get_has_keeper, NULL, PyDoc_STR("Whether somebody is asked before it refuses."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef methods[] = {
    {"sub", sub, METH_O, PyDoc_STR("A bank below it, with a limit in pages or None.")},
    {"charge", charge, METH_O, PyDoc_STR("Draw pages, all or none.")},
    {"refund", refund, METH_O, PyDoc_STR("Give back pages that were drawn through this object.")},
    {"refund_all", refund_all, METH_NOARGS, PyDoc_STR("Give back all pages that were drawn through this object.")},
    {"set_limit", set_limit, METH_O, PyDoc_STR("In pages, or None; applies to what is drawn later.")},
    {"set_has_keeper", set_has_keeper, METH_O, PyDoc_STR("Whether somebody is to be asked before it refuses.")},
    {"figures", get_figures, METH_NOARGS, PyDoc_STR("(limit, used, peak, available, banks) at one moment.")},
    {"draws_from", draws_from, METH_O, PyDoc_STR("Whether what is drawn from it is drawn from another, too.")},
    {"remove", remove_bank, METH_O, PyDoc_STR("Give all that was drawn, and the banks below, to the parent, as given.")},
    {"destroy", destroy, METH_NOARGS, PyDoc_STR("End it and all banks below it.")},
    {NULL, NULL, 0, NULL},
};

PyTypeObject python_bank_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.Bank",
    .tp_doc = PyDoc_STR("An account of pages with a limit (None: no limit); a root, or below another."),
    .tp_basicsize = sizeof(struct python_bank),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = create,
    .tp_dealloc = deallocate,
    .tp_getset = attributes,
    .tp_methods = methods,
};
