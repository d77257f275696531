#include "python_core.h"

#include "owned_claims.h"

/* Whether a buffer is whole records; an exception if not. */
static bool is_whole(const Py_buffer *buffer, size_t record)
{
    if ((size_t)buffer->len % record == 0)
        return true;
    PyErr_Format(PyExc_ValueError, "%zd bytes are no whole number of records of %zu bytes", buffer->len, record);
    return false;
}

void python_claims_release(struct python_claims *claimed)
{
    PyBuffer_Release(&claimed->functions);
    PyBuffer_Release(&claimed->classes);
    PyBuffer_Release(&claimed->jump_tables);
    PyBuffer_Release(&claimed->entries);
}

bool python_claims_parse(PyObject *arguments, struct python_claims *claimed)
{
    *claimed = (struct python_claims){.functions = {.obj = NULL}};
    struct motte_claims *claims = &claimed->claims;
    if (!PyArg_ParseTuple(arguments, "O&O&O&y*y*y*y*:claims", python_to_u32, &claims->function_table, python_to_u32,
                          &claims->function_table_log2, python_to_u32, &claims->reaches_blocks, &claimed->functions, &claimed->classes, &claimed->jump_tables,
                          &claimed->entries))
        return false;
    if (!is_whole(&claimed->functions, sizeof *claims->functions) ||
        !is_whole(&claimed->classes, sizeof *claims->classes) ||
        !is_whole(&claimed->jump_tables, sizeof *claims->jump_tables) ||
        !is_whole(&claimed->entries, sizeof *claims->entries)) {
        python_claims_release(claimed);
        return false;
    }
    claims->functions = claimed->functions.buf;
    claims->function_count = (size_t)claimed->functions.len / sizeof *claims->functions;
    claims->classes = claimed->classes.buf;
    claims->class_count = (size_t)claimed->classes.len / sizeof *claims->classes;
    claims->jump_tables = claimed->jump_tables.buf;
    claims->jump_table_count = (size_t)claimed->jump_tables.len / sizeof *claims->jump_tables;
    claims->entries = claimed->entries.buf;
    claims->entry_count = (size_t)claimed->entries.len / sizeof *claims->entries;
    return true;
}

PyObject *python_verdict(struct motte_verdict *verdict)
{
    Py_ssize_t traps = (Py_ssize_t)(verdict->class_trap_count * sizeof *verdict->class_traps);
    Py_ssize_t sites = (Py_ssize_t)(verdict->call_site_count * sizeof *verdict->call_sites);
    PyObject *result = Py_BuildValue("sLKy#y#", motte_rule_name(verdict->rule), (long long)verdict->offset,
                                     (unsigned long long)verdict->instruction_count,
                                     traps ? (const char *)verdict->class_traps : "", traps,
                                     sites ? (const char *)verdict->call_sites : "", sites);
    motte_verdict_release(verdict);
    return result;
}

/* Verifies copies: a buffer that another thread writes to cannot change meanwhile. */
static PyObject *verify_copies(struct motte_claims *claims, const Py_buffer *gates)
{
    struct owned_claims owned;
    struct motte_gate *copied_gates = PyMem_Malloc((size_t)gates->len + 1);
    if (!copied_gates || !owned_claims_copy(&owned, claims)) {
        PyMem_Free(copied_gates);
        return PyErr_NoMemory();
    }
    memcpy(copied_gates, gates->buf, (size_t)gates->len);
    owned.claims.gates = copied_gates;
    owned.claims.gate_count = (size_t)gates->len / sizeof *copied_gates;
    struct motte_verdict verdict;
    int failure;
    Py_BEGIN_ALLOW_THREADS;
    failure = motte_verify(&owned.claims, &verdict);
    Py_END_ALLOW_THREADS;
    owned_claims_release(&owned);
    PyMem_Free(copied_gates);
    return failure ? PyErr_NoMemory() : python_verdict(&verdict);
}

PyObject *python_verify(PyObject *module, PyObject *arguments)
{
    (void)module;
    PyObject *claims, *code, *tables;
    uint64_t base = 0, tables_base = 0;
    Py_buffer gates;
    struct python_claims claimed;
    if (!PyArg_ParseTuple(arguments, "O!O&O!O&O!y*:verify", &PyTuple_Type, &claims, python_to_u64, &base, &PyBytes_Type,
                          &code, python_to_u64, &tables_base, &PyBytes_Type, &tables, &gates))
        return NULL;
    PyObject *verdict = NULL;
    if (is_whole(&gates, sizeof(struct motte_gate)) && python_claims_parse(claims, &claimed)) {
        claimed.claims.base = base;
        claimed.claims.code = (const uint8_t *)PyBytes_AS_STRING(code);
        claimed.claims.code_size = (size_t)PyBytes_GET_SIZE(code);
        claimed.claims.tables_base = tables_base;
        claimed.claims.tables = (const uint8_t *)PyBytes_AS_STRING(tables);
        claimed.claims.tables_size = (size_t)PyBytes_GET_SIZE(tables);
        verdict = verify_copies(&claimed.claims, &gates);
        python_claims_release(&claimed);
    }
    PyBuffer_Release(&gates);
    return verdict;
}
