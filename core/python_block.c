/* Blocks that Python owns: capabilities whose pages are at home, where Python can see them.
 *
 * A memoryview onto a block keeps its pages, whatever becomes of the capability, and keeps the block where it is: what
 * moves out of Python's hands is seen by nobody there.  The views are counted in the block itself, under the scheduler's
 * lock, because a bank's destruction ends blocks from other threads. */
#include "python_ipc.h"

#include "bank.h"
#include "exchange/block.h"
#include "scheduler.h"

/* --- making --------------------------------------------------------------------------------------------------------------- */

/* (scheduler, bank, size, checked): a capability to a new block. */
PyObject *python_block(PyObject *module, PyObject *arguments)
{
    (void)module;
    struct python_scheduler *owner;
    struct python_bank *bank;
    uint64_t size;
    int checked;
    if (!PyArg_ParseTuple(arguments, "O!O!O&p:block", &python_scheduler_type, &owner, &python_bank_type, &bank, python_to_u64,
                          &size, &checked))
        return NULL;
    if (!scheduler_is_here(owner->scheduler))
        return PyErr_Format(python_errors.bad_state, "this scheduler belongs to the parent of a fork");
    uint32_t pages = block_pages(size, checked);
    if (!pages)
        return python_raise_kernel_error(-MOTTE_ERROR_REQUEST_ERROR);
    struct bank *refused;
    if (!bank_charge(bank->bank, block_price(pages, checked), &refused)) {
        python_raise_refusal("the bank does not cover the block", bank_identity(refused));
        bank_release(refused);
        return NULL;
    }
    struct capability owned;
    if (block_create(owner->scheduler, bank->bank, pages, checked, &owned))
        return python_capability_wrap(owner->scheduler, owned);
    bank_refund(bank->bank, block_price(pages, checked));
    return python_raise_kernel_error(-MOTTE_ERROR_LIMIT_REACHED);
}

/* --- holding: one view more, so that it does not go away ------------------------------------------------------------------ */

static struct python_capability *open_block(PyObject *object)
{
    struct python_capability *self = python_capability_open(object);
    if (self && !block_of(&self->capability))
        return (struct python_capability *)python_raise_kernel_error(-MOTTE_ERROR_REQUEST_ERROR);
    return self;
}

/* NULL with an exception.  `alone`: to change it, while nobody sees it. */
static struct block *hold(struct python_capability *self, bool alone)
{
    struct block *block = block_of(&self->capability);
    pthread_mutex_lock(&self->scheduler->lock);
    bool seen = alone && block->views, held = !seen && block_view(block);
    if (held)
        object_retain(&block->object);
    pthread_mutex_unlock(&self->scheduler->lock);
    if (seen)
        PyErr_SetString(PyExc_BufferError, "there are views onto this block");
    else if (!held)
        python_raise_kernel_error(-MOTTE_ERROR_INVALID_CAP);
    return held ? block : NULL;
}

static void let_go(struct scheduler *scheduler, struct block *block)
{
    pthread_mutex_lock(&scheduler->lock);
    block_unview(block);
    object_release(&block->object);
    pthread_mutex_unlock(&scheduler->lock);
    blocks_bury();
}

bool python_block_can_move(struct python_capability *self)
{
    pthread_mutex_lock(&self->scheduler->lock);
    const struct block *block = block_of(&self->capability);
    bool seen = block && !block->pages.frozen && block->views;
    pthread_mutex_unlock(&self->scheduler->lock);
    if (seen)
        PyErr_SetString(PyExc_BufferError, "there are views onto this block, so it cannot be given away");
    return !seen;
}

/* --- views ---------------------------------------------------------------------------------------------------------------- */

/* What a memoryview holds. */
struct python_block_view {
    PyObject_HEAD
    struct scheduler *scheduler;
    struct block *block;
    bool writable;
};

static int view_get_buffer(PyObject *object, Py_buffer *buffer, int flags)
{
    struct python_block_view *self = (struct python_block_view *)object;
    Py_ssize_t size = (Py_ssize_t)(self->block->pages.count * (size_t)MOTTE_PAGE_SIZE);
    return PyBuffer_FillInfo(buffer, object, self->block->pages.home, size, !self->writable, flags);
}

static void view_destroy(PyObject *object)
{
    struct python_block_view *self = (struct python_block_view *)object;
    if (scheduler_is_here(self->scheduler))
        let_go(self->scheduler, self->block);
    scheduler_release(self->scheduler);
    Py_TYPE(object)->tp_free(object);
}

static PyBufferProcs view_buffer = {.bf_getbuffer = view_get_buffer};

PyTypeObject python_block_view_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.BlockView",
    .tp_doc = PyDoc_STR("The exporter behind the memoryviews of a block."),
    .tp_basicsize = sizeof(struct python_block_view),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = view_destroy,
    .tp_as_buffer = &view_buffer,
};

PyObject *python_capability_block_view(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct python_capability *self = open_block(object);
    struct block *block = self ? hold(self, false) : NULL;
    if (!block)
        return NULL;
    bool writable = !block->pages.frozen && !self->capability.weak;
    if (block_is_checked(block) && !pages_allow(&block->pages, writable)) {
        let_go(self->scheduler, block);
        return python_raise_kernel_error(-MOTTE_ERROR_LIMIT_REACHED);
    }
    struct python_block_view *view = PyObject_New(struct python_block_view, &python_block_view_type);
    if (!view) {
        let_go(self->scheduler, block);
        return NULL;
    }
    scheduler_retain(self->scheduler);
    view->scheduler = self->scheduler;
    view->block = block;
    view->writable = writable;
    PyObject *memory = PyMemoryView_FromObject((PyObject *)view);
    Py_DECREF(view);
    return memory;
}

/* --- looking and changing ------------------------------------------------------------------------------------------------- */

/* (size in bytes, whether it is frozen, whether it is checked) */
PyObject *python_capability_block_fields(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct python_capability *self = open_block(object);
    if (!self)
        return NULL;
    const struct pages *pages = &block_of(&self->capability)->pages;
    return Py_BuildValue("kNN", pages->count * (unsigned long)MOTTE_PAGE_SIZE, PyBool_FromLong(pages->frozen),
                         PyBool_FromLong(pages->reach));
}

/* Paid for by the same bank. */
static PyObject *split(struct python_capability *self, struct block *block, uint32_t count)
{
    struct capability rest;
    struct bank *refused;
    uint64_t cost = block_split_cost(block, count);
    if (!bank_charge(block->bank, cost, &refused)) {
        python_raise_refusal("the bank does not cover another block", bank_identity(refused));
        bank_release(refused);
        return NULL;
    }
    if (block_split(&self->capability, count, &rest))
        return python_capability_wrap(self->scheduler, rest);
    bank_refund(block->bank, cost);
    return python_raise_kernel_error(-MOTTE_ERROR_LIMIT_REACHED);
}

PyObject *python_capability_block_split(PyObject *object, PyObject *argument)
{
    uint64_t offset;
    if (!python_to_u64(argument, &offset))
        return NULL;
    struct python_capability *self = open_block(object);
    struct block *block = self ? hold(self, true) : NULL;
    if (!block)
        return NULL;
    uint64_t count = offset / MOTTE_PAGE_SIZE;
    PyObject *rest;
    if (block->pages.frozen)
        rest = python_raise_kernel_error(-MOTTE_ERROR_SEALED);
    else if (offset % MOTTE_PAGE_SIZE || count == 0 || count >= block->pages.count)
        rest = python_raise_kernel_error(-MOTTE_ERROR_REQUEST_ERROR);
    else
        rest = split(self, block, (uint32_t)count);
    let_go(self->scheduler, block);
    return rest;
}

PyObject *python_capability_block_freeze(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct python_capability *self = open_block(object);
    struct block *block = self ? hold(self, true) : NULL;
    if (!block)
        return NULL;
    int64_t result = block->pages.frozen ? -MOTTE_ERROR_SEALED : 0;
    if (result == 0 && !block_freeze(&self->capability, NULL))
        result = -MOTTE_ERROR_LIMIT_REACHED;
    let_go(self->scheduler, block);
    return python_none_or_error(result);
}
