/* The extension module motte.core._core, one file for each Python type.
 *
 * These types are thin: they check and convert arguments, and hold references.  What they return is plain (integers,
 * tuples); motte.core gives it names.  All of them are used under the GIL, which is released around waits only.
 */
#ifndef MOTTE_PYTHON_CORE_H
#define MOTTE_PYTHON_CORE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include "verifier/verify.h"

struct bank;
struct code_region;
struct contract;
struct image;
struct meter;
struct pipe;
struct quota;
struct tree;
struct process;
struct process_options;
struct scheduler;
struct source_terms;

struct python_bank {
    PyObject_HEAD
    struct bank *bank;
    uint64_t charged; /* pages, through this object */
};

struct python_code_region {
    PyObject_HEAD
    struct code_region *region; /* NULL once closed */
    Py_ssize_t views;           /* memoryviews onto it */
};

struct python_contract {
    PyObject_HEAD
    struct contract *contract;
};

struct python_process {
    PyObject_HEAD
    struct process *process;
    PyObject *host_functions; /* a list: what its process may call; NULL: nothing */
    bool closed;
};

/* What may be common to many processes, in the core's units. */
struct python_terms {
    PyObject_HEAD
    uint64_t native_stack_size, cpu_limit_ns, wall_limit_ns, output_limit, open_files;
    int in_cell; /* as a truth value */
};

struct python_image {
    PyObject_HEAD
    struct image *image; /* NULL once closed */
};

struct python_scheduler {
    PyObject_HEAD
    struct scheduler *scheduler;
    bool closed;
};

struct python_meter {
    PyObject_HEAD
    struct scheduler *scheduler;
    struct meter *meter;
};

extern PyTypeObject python_function_type, python_out_type, python_in_out_type;
extern PyTypeObject python_bank_type, python_code_region_type, python_image_type, python_meter_simulation_type,
    python_process_type, python_scheduler_type, python_prepaid_type, python_terms_type, python_trace_type, python_uses_type;

/* Without a constructor for users: made by python_contract_compile. */
extern PyTypeObject python_contract_type;

/* compile_contract(states, initial, messages, transitions): a ContractAutomaton, or (rule, place) of a refusal. */
PyObject *python_contract_compile(PyObject *module, PyObject *arguments);

/* Without a constructor for users: made by Scheduler.root and Meter.sub. */
extern PyTypeObject python_meter_type;

/* Without a constructor for users. */
extern PyTypeObject python_block_view_type, python_capability_type;

extern PyTypeObject python_completions_type, python_pipe_type, python_quota_type, python_tree_type;

/* The pipe of a Pipe that is open, if processes of this scheduler may use it; NULL with an exception. */
struct pipe *python_pipe_of(PyObject *object, const struct scheduler *scheduler);

/* A Pipe with an end to write; takes over the reference. NULL with an exception. */
PyObject *python_pipe_wrap(struct scheduler *scheduler, struct pipe *pipe);

/* The tree of a Tree, the quota of a Quota. */
struct tree *python_tree_of(PyObject *object);
struct quota *python_quota_of(PyObject *object);

/* For the type of what Pipe.watch() answers; false with an exception. */
bool python_pipe_prepare(void);

/* For the types that only python_waiting.c knows; false with an exception. */
bool python_waiting_prepare(void);

/* (scheduler, bank or None, capacity, buffer): capabilities to send and to receive; and the others of python_capability.c. */
PyObject *python_channel(PyObject *module, PyObject *arguments);
PyObject *python_conversation(PyObject *module, PyObject *arguments);
PyObject *python_service(PyObject *module, PyObject *arguments);

/* --- python_cell.c --- */
PyObject *python_cell_features(PyObject *module, PyObject *unused);
PyObject *python_cell_probe(PyObject *module, PyObject *arguments);

/* --- python_sources.c --- */
PyObject *python_source(PyObject *module, PyObject *arguments);
bool python_take_sources(PyObject *given, struct source_terms *terms);
PyObject *python_select(PyObject *module, PyObject *arguments);
PyObject *python_begin_select(PyObject *module, PyObject *arguments);
PyObject *python_block(PyObject *module, PyObject *arguments);
PyObject *python_process_receivers(PyObject *object, PyObject *sender);
PyObject *python_process_grant(PyObject *object, PyObject *arguments);
PyObject *python_process_take_back(PyObject *object, PyObject *arguments);

/* Takes over the reference to the meter. NULL with an exception. */
PyObject *python_meter_wrap(struct scheduler *scheduler, struct meter *meter);

/* Without a constructor for users. */
extern PyTypeObject python_region_view_type;

/* A read-only memoryview onto sealed pages of a region, which it keeps open. */
PyObject *python_region_view_create(struct python_code_region *owner, uintptr_t start, size_t size);

/* The process behind a python_process, if it is open and of this OS process; else NULL with an exception. */
struct process *python_open_process(PyObject *object);

/* Claims as Python gives them (python_verifier.c): (function table, log2 of its entries, functions, classes, jump
 * tables, entries), the last four as buffers of the structures in verifier/verify.h. */
struct python_claims {
    struct motte_claims claims; /* its arrays are the buffers': of any alignment, and the caller may change them */
    Py_buffer functions, classes, jump_tables, entries;
};

/* False with an exception. */
bool python_claims_parse(PyObject *arguments, struct python_claims *claimed);
void python_claims_release(struct python_claims *claimed);

/* (rule, offset, instructions, class traps, call sites), where the rule is "" for acceptance and the last two are bytes;
 * releases the verdict. */
PyObject *python_verdict(struct motte_verdict *verdict);

/* verify(claims, base, code, tables base, tables, gates): a verdict about bytes anywhere. */
PyObject *python_verify(PyObject *module, PyObject *arguments);

/* Methods of Process that only look (python_process_look.c). */
PyObject *python_process_exit_status(PyObject *self, PyObject *unused);
PyObject *python_process_stop_fields(PyObject *self, PyObject *unused);
PyObject *python_process_statistics_fields(PyObject *self, PyObject *unused);
PyObject *python_process_callers(PyObject *self, PyObject *arguments);
PyObject *python_process_output_streams(PyObject *self, PyObject *unused);
PyObject *python_process_read_memory(PyObject *self, PyObject *arguments);
PyObject *python_process_read_memory_into(PyObject *self, PyObject *arguments);
PyObject *python_process_set_memory(PyObject *self, PyObject *arguments);

/* Methods of Process for keepers (python_keeping.c). */
PyObject *python_process_want_events(PyObject *self, PyObject *argument);
PyObject *python_process_question_fields(PyObject *self, PyObject *unused);
PyObject *python_process_answer(PyObject *self, PyObject *arguments);
PyObject *python_process_charge(PyObject *self, PyObject *argument);
PyObject *python_process_set_register(PyObject *self, PyObject *arguments);
PyObject *python_process_reserve(PyObject *self, PyObject *arguments);
PyObject *python_process_supply(PyObject *self, PyObject *arguments);
PyObject *python_process_protect(PyObject *self, PyObject *arguments);
PyObject *python_process_withdraw(PyObject *self, PyObject *arguments);
PyObject *python_process_write_memory(PyObject *self, PyObject *arguments);

/* Where a process stands: (fault, access, code offset of its unit, registers). NULL with an exception. */
PyObject *python_place_fields(const struct process *process, uint64_t unit);

/* Functions of the host (python_host_function.c). */
extern PyTypeObject python_host_function_type;
PyObject *python_process_grant_host_function(PyObject *self, PyObject *arguments);
PyObject *python_process_serve(PyObject *self, PyObject *unused);
PyObject *python_process_serves_here(PyObject *self, PyObject *unused);

/* The interpreter's lock around a guest: given up before, and taken by functions of the host. */
void python_release_for_guest(void);
void python_take_after_guest(void);

/* When the calling thread's call of a guest is to return, for functions of the host that it makes; the one before. */
struct deadline;
const struct deadline *python_set_deadline(const struct deadline *deadline);

/* Where the calling thread goes on in a forked child, if a function of the host forks: the guest does not exist there. With the
 * interpreter's lock; the one before. */
jmp_buf *python_set_escape(jmp_buf *escape);

/* Exceptions of motte.errors; `of_kernel` makes one of a number (enum motte_error). */
struct python_errors {
    PyObject *timeout, *request_error, *of_kernel, *bad_state, *closed, *invalid_cap, *limit_reached, *too_deep, *unsupported, *internal_error;
};
extern struct python_errors python_errors;

/* LimitReached, with the identity of the bank that refused. */
void python_raise_refusal(const char *problem, uint64_t refusing_identity);

/* "O&" converters: a non-negative integer of 32 or 64 bits; one of 64 bits, where None is UINT64_MAX. */
int python_to_u32(PyObject *object, void *address);
int python_to_u64(PyObject *object, void *address);
int python_to_limit(PyObject *object, void *address);

/* Raises Unsupported and returns false where guests cannot run. */
bool python_require_host(void);

/* What image_create and process_create say, as an exception; `bank` was to pay. */
void python_raise_host_error(int error, const char *problem, struct bank *bank);

/* Takes the arguments of Process.create() and creates the process; NULL with an exception set. */
struct process *python_spawn(PyObject *const *arguments, Py_ssize_t count);

#endif
