#include "python_core.h"
#include "python_function.h"

#include <stddef.h>

#include "clock.h"
#include "contracts/contract.h"
#include "host.h"
#include "host_mappings.h"
#include "personality.h"
#include "slot_layout.h"

struct python_errors python_errors;

int python_to_u64(PyObject *object, void *address)
{
    unsigned long long value = PyLong_AsUnsignedLongLong(object);
    if (PyErr_Occurred())
        return 0;
    *(uint64_t *)address = value;
    return 1;
}

int python_to_u32(PyObject *object, void *address)
{
    unsigned long value = PyLong_AsUnsignedLong(object);
    if (PyErr_Occurred())
        return 0;
    if (value > UINT32_MAX) {
        PyErr_Format(PyExc_OverflowError, "%lu does not fit into 32 bits", value);
        return 0;
    }
    *(uint32_t *)address = (uint32_t)value;
    return 1;
}

int python_to_limit(PyObject *object, void *address)
{
    if (object != Py_None)
        return python_to_u64(object, address);
    *(uint64_t *)address = UINT64_MAX;
    return 1;
}

bool python_require_host(void)
{
    if (host_problem())
        PyErr_SetString(python_errors.unsupported, host_problem());
    return !host_problem();
}

static PyObject *get_host_features(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    const struct host_features *features = host_features();
    return Py_BuildValue("{sNsNsNsNsNsNsKsz}", "fsgsbase", PyBool_FromLong(features->fsgsbase), "user_shadow_stack",
                         PyBool_FromLong(features->user_shadow_stack), "avx", PyBool_FromLong(features->avx), "avx512",
                         PyBool_FromLong(features->avx512), "guard_markers", PyBool_FromLong(features->guard_markers),
                         "code_region", PyBool_FromLong(features->code_region), "max_map_count",
                         (unsigned long long)host_mappings_limit(), "problem", host_problem());
}

static PyMethodDef functions[] = {
    {"cell_features", python_cell_features, METH_NOARGS,
     PyDoc_STR("(why there are no cells, or None; bits of what the host gives them), see core/cell/warden_protocol.h.")},
    {"cell_probe", python_cell_probe, METH_VARARGS,
     PyDoc_STR("For tests: (code, confined, denies_clock, turns, wait_ns, commands): pid, turns, end.")},
    {"compile_contract", python_contract_compile, METH_VARARGS,
     PyDoc_STR("(states, initial, messages, transitions): a ContractAutomaton, or (rule, place) of what is refused.")},
    {"host_features", get_host_features, METH_NOARGS, PyDoc_STR("What this host offers, as a dict.")},
    {"channel", python_channel, METH_VARARGS, PyDoc_STR("(scheduler, bank, capacity, buffer): to send, to receive.")},
    {"block", python_block, METH_VARARGS, PyDoc_STR("(scheduler, bank, size, checked): a capability to a new block.")},
    {"conversation", python_conversation, METH_VARARGS, PyDoc_STR("(scheduler, bank, contract): its two ends.")},
    {"source", python_source, METH_VARARGS,
     PyDoc_STR("(scheduler, (rights to the clock, to random numbers, seed or None)): a capability to one of both.")},
    {"service", python_service, METH_VARARGS, PyDoc_STR("(receiver, identity, kind, rights): a capability.")},
    {"select", python_select, METH_VARARGS, PyDoc_STR("(receivers, timeout_ns): which one has something.")},
    {"begin_select", python_begin_select, METH_VARARGS, PyDoc_STR("(completions, receivers): a Waiting.")},
    {"verify", python_verify, METH_VARARGS, PyDoc_STR("A verdict about bytes anywhere; see motte.core.verify_claims.")},
    {NULL, NULL, 0, NULL},
};

static int find_errors(void)
{
    const struct {
        const char *name;
        PyObject **place;
    } wanted[] = {
        {"error_of_kernel", &python_errors.of_kernel},
        {"Timeout", &python_errors.timeout},
        {"RequestError", &python_errors.request_error},
        {"BadState", &python_errors.bad_state},
        {"Closed", &python_errors.closed},
        {"InvalidCap", &python_errors.invalid_cap},
        {"LimitReached", &python_errors.limit_reached},
        {"TooDeep", &python_errors.too_deep},
        {"Unsupported", &python_errors.unsupported},
        {"InternalError", &python_errors.internal_error},
    };
    PyObject *errors = PyImport_ImportModule("motte.errors");
    for (size_t i = 0; errors && i < sizeof wanted / sizeof *wanted; i++) {
        *wanted[i].place = PyObject_GetAttrString(errors, wanted[i].name);
        if (!*wanted[i].place)
            Py_CLEAR(errors);
    }
    Py_XDECREF(errors);
    return errors ? 0 : -1;
}

static int execute(PyObject *module)
{
    PyTypeObject *const types[] = {
        &python_bank_type,    &python_code_region_type, &python_image_type, &python_meter_simulation_type,
        &python_process_type, &python_scheduler_type,   &python_meter_type, &python_contract_type,
        &python_terms_type,   &python_trace_type,       &python_capability_type, &python_completions_type,
        &python_pipe_type,    &python_prepaid_type,
        &python_tree_type,    &python_quota_type,
        &python_function_type, &python_out_type,        &python_in_out_type, &python_host_function_type,
        &python_uses_type,
    };
    if (find_errors() < 0 || PyType_Ready(&python_region_view_type) < 0 || PyType_Ready(&python_block_view_type) < 0
        || !python_waiting_prepare() || !python_pipe_prepare() || !python_awaited_call_prepare())
        return -1;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (PyModule_AddType(module, types[i]) < 0)
            return -1;
    if (PyModule_AddIntConstant(module, "NATIVE_STACK_MAXIMUM", NATIVE_STACK_MAXIMUM) < 0
        || PyModule_AddIntConstant(module, "NOWHERE", PERSONALITY_NOWHERE) < 0
        || PyModule_AddIntConstant(module, "CONTRACT_BYTES_LIMIT", CONTRACT_BYTES_LIMIT) < 0
        || PyModule_AddIntConstant(module, "CONTRACT_CAPABILITIES_LIMIT", CONTRACT_CAPABILITIES_LIMIT) < 0
        || PyModule_AddIntConstant(module, "CONTRACT_BLOCKS_LIMIT", CONTRACT_BLOCKS_LIMIT) < 0)
        return -1;
    clock_prepare();
    host_prepare();
    return 0;
}

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "motte.core._core",
    .m_doc = PyDoc_STR("The C core of Motte; use motte.core."),
    .m_methods = functions,
};

/* The code region, the signal handlers and the slots belong to the OS process, not to an interpreter: one module
 * object, initialised in a single phase, which sub-interpreters with their own GIL refuse to load. */
PyMODINIT_FUNC PyInit__core(void) /* NOLINT(misc-use-internal-linkage): Python finds it by name */
{
    PyObject *module = PyModule_Create(&definition);
    if (module && execute(module) < 0)
        Py_CLEAR(module);
    return module;
}
