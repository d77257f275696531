/* The Python face of core/contracts: an automaton, and what following it says.
 *
 * States are numbers, sides are 0 (the client) and 1 (the server).  The library aborts where its caller errs; here that
 * is an exception. */
#include "python_core.h"

#include "contracts/contract.h"

static const struct contract *contract_of(PyObject *object)
{
    return ((struct python_contract *)object)->contract;
}

static void destroy(PyObject *object)
{
    contract_release(((struct python_contract *)object)->contract);
    Py_TYPE(object)->tp_free(object);
}

/* An array of 32-bit numbers, `each` to a record; -1 with an exception. */
static Py_ssize_t count_records(PyObject *bytes, size_t each)
{
    size_t size = (size_t)PyBytes_GET_SIZE(bytes);
    if (size % (each * sizeof(uint32_t)) || size / sizeof(uint32_t) > UINT32_MAX) {
        PyErr_Format(PyExc_ValueError, "%zu bytes are no array of records of %zu numbers", size, each);
        return -1;
    }
    return (Py_ssize_t)(size / (each * sizeof(uint32_t)));
}

_Static_assert(sizeof(struct contract_message) == 5 * sizeof(uint32_t)
                   && sizeof(struct contract_transition) == 3 * sizeof(uint32_t),
               "records are numbers without gaps");

static PyObject *wrap(struct contract *contract)
{
    struct python_contract *self = PyObject_New(struct python_contract, &python_contract_type);
    if (self)
        self->contract = contract;
    else
        contract_release(contract);
    return (PyObject *)self;
}

PyObject *python_contract_compile(PyObject *module, PyObject *arguments)
{
    (void)module;
    unsigned states, initial;
    PyObject *messages, *transitions;
    if (!PyArg_ParseTuple(arguments, "O&O&SS:compile_contract", python_to_u32, &states, python_to_u32, &initial,
                          &messages, &transitions))
        return NULL;
    Py_ssize_t message_count = count_records(messages, 5);
    Py_ssize_t transition_count = message_count < 0 ? -1 : count_records(transitions, 3);
    if (transition_count < 0)
        return NULL;
    const struct contract_description description = {
        /* The elements of bytes objects are aligned for any type. */
        .messages = (const void *)PyBytes_AS_STRING(messages),
        .transitions = (const void *)PyBytes_AS_STRING(transitions),
        .message_count = (uint32_t)message_count,
        .transition_count = (uint32_t)transition_count,
        .state_count = states,
        .initial = initial,
    };
    struct contract *contract;
    uint32_t place;
    enum contract_rule rule = contract_create(&description, &contract, &place);
    if (rule == CONTRACT_NO_MEMORY)
        return PyErr_NoMemory();
    return rule ? Py_BuildValue("sI", contract_rule_name(rule), place) : wrap(contract);
}

/* "O&" converters. */
static int to_side(PyObject *object, void *address)
{
    uint32_t side;
    if (!python_to_u32(object, &side))
        return 0;
    if (side > CONTRACT_SERVER) {
        PyErr_Format(PyExc_ValueError, "%u is no side", side);
        return 0;
    }
    *(enum contract_side *)address = (enum contract_side)side;
    return 1;
}

static bool is_state(PyObject *self, uint32_t state)
{
    if (state < contract_state_count(contract_of(self)))
        return true;
    PyErr_Format(PyExc_ValueError, "there is no state %u", state);
    return false;
}

static PyObject *step(PyObject *self, PyObject *arguments)
{
    enum contract_side side;
    uint32_t state, tag, next;
    int receives;
    if (!PyArg_ParseTuple(arguments, "O&O&pO&:step", to_side, &side, python_to_u32, &state, &receives, python_to_u32,
                          &tag)
        || !is_state(self, state))
        return NULL;
    enum contract_direction direction = receives ? CONTRACT_RECEIVE : CONTRACT_SEND;
    if (!contract_step(contract_of(self), side, state, direction, tag, &next))
        Py_RETURN_NONE;
    return PyLong_FromUnsignedLong(next);
}

static PyObject *fits(PyObject *self, PyObject *arguments)
{
    uint32_t state, tag, capabilities, blocks;
    uint64_t bytes;
    if (!PyArg_ParseTuple(arguments, "O&O&O&O&O&:fits", python_to_u32, &state, python_to_u32, &tag, python_to_u64,
                          &bytes, python_to_u32, &capabilities, python_to_u32, &blocks)
        || !is_state(self, state))
        return NULL;
    return PyBool_FromLong(contract_fits(contract_of(self), state, tag, bytes, capabilities, blocks));
}

static PyObject *may_travel(PyObject *self, PyObject *arguments)
{
    enum contract_side side;
    uint32_t state;
    if (!PyArg_ParseTuple(arguments, "O&O&:may_travel", to_side, &side, python_to_u32, &state) || !is_state(self, state))
        return NULL;
    return PyBool_FromLong(contract_may_travel(contract_of(self), side, state));
}

static PyObject *sender(PyObject *self, PyObject *argument)
{
    uint32_t state;
    if (!python_to_u32(argument, &state) || !is_state(self, state))
        return NULL;
    enum contract_side side = contract_sender(contract_of(self), state);
    if (side == CONTRACT_NOBODY)
        Py_RETURN_NONE;
    return PyLong_FromLong(side);
}

static PyObject *capacity(PyObject *self, PyObject *argument)
{
    enum contract_side side;
    if (!to_side(argument, &side))
        return NULL;
    struct contract_capacity capacity = contract_capacity(contract_of(self), side);
    return Py_BuildValue("IK", capacity.messages, (unsigned long long)capacity.bytes);
}

static PyObject *get_initial(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromUnsignedLong(contract_initial(contract_of(self)));
}

static PyObject *get_memory_bytes(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromSize_t(contract_bytes(contract_of(self)));
}

static PyObject *get_identity(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromUnsignedLongLong(contract_identity(contract_of(self)));
}

static PyMethodDef methods[] = {
    {"step", step, METH_VARARGS, PyDoc_STR("(side, state, receives, tag): the next state, or None: not allowed.")},
    {"fits", fits, METH_VARARGS, PyDoc_STR("(state, tag, bytes, capabilities, blocks).")},
    {"may_travel", may_travel, METH_VARARGS, PyDoc_STR("(side, state).")},
    {"sender", sender, METH_O, PyDoc_STR("(state): a side, or None: the state is final.")},
    {"capacity", capacity, METH_O, PyDoc_STR("(sender): (messages, bytes) that its queue holds at most.")},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"identity", get_identity, NULL, PyDoc_STR("A number that no other contract ever has."), NULL},
    {"initial", get_initial, NULL, PyDoc_STR("The first state."), NULL},
    {"memory_bytes", get_memory_bytes, NULL, PyDoc_STR("What the automaton takes in memory."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject python_contract_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.ContractAutomaton",
    .tp_doc = PyDoc_STR("A contract as the core follows it; see motte.contract."),
    .tp_basicsize = sizeof(struct python_contract),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = destroy,
    .tp_methods = methods,
    .tp_getset = properties,
};
