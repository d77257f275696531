/* A guest's function, bound once and called like any other: the type `Function`.
 *
 * The interpreter's lock.  To give it up and to take it again costs as much as a short function does, and where other threads
 * compute, getting it back may take five milliseconds.  To keep it while a guest runs keeps all other threads waiting.  So a
 * function that has returned soon, as a rule, is called with the lock held: for VISIT_LIMIT at most (visit.h), and then
 * it is given up like for any other.  One that has taken longer than LONG_CALL gives it up before.
 */
#include "python_arguments.h"

#include <math.h>
#include <stddef.h>
#include <structmember.h>

#include "clock.h"
#include "function_call.h"
#include "process.h"
#include "python_passed.h"
#include "visit.h"
#include "worker.h"

static const uint64_t long_call_ns = 20000;

struct python_function {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    struct python_process *owner;
    uintptr_t address;
    uint32_t stack_words;
    uint64_t usual_ticks; /* that a call takes, of late */
    uint64_t long_ticks;
    PyObject *name, *document, *signature; /* str, str, any */
    PyObject *ended; /* called with (name, whether in this call): raises what the process's end means */
    char result;
    Py_ssize_t count;
    struct python_parameter *parameters;
};

/* --- one call ---------------------------------------------------------------------------------------------------------- */

/* A call, and what it points to. */
struct invocation {
    struct guest_call call;
    struct deadline deadline;
    struct passed_objects passed;
};

static uint64_t *next_word(struct guest_call *call, char code, unsigned used[3])
{
    if (python_is_vector(code) && used[0] < CALL_VECTORS)
        return &call->vectors[used[0]++];
    if (!python_is_vector(code) && used[1] < CALL_GENERAL)
        return &call->general[used[1]++];
    return &call->stack[used[2]++];
}

static bool place_arguments(struct python_function *self, PyObject *const *arguments, struct invocation *invocation)
{
    unsigned used[3] = {0};
    for (Py_ssize_t i = 0; i < self->count; i++) {
        const struct python_parameter *parameter = &self->parameters[i];
        uint64_t *word = next_word(&invocation->call, parameter->code, used);
        int passed = 0;
        if (parameter->code == 'P' && arguments[i] != Py_None && !PyLong_CheckExact(arguments[i]))
            passed = passed_add(&invocation->passed, arguments[i], word);
        if (passed < 0 || (passed == 0 && !python_to_word(arguments[i], parameter, self->name, word)))
            return false;
    }
    return true;
}

static void note_duration(struct python_function *self, uint64_t ticks)
{
    self->usual_ticks += ticks / 8;
    self->usual_ticks -= self->usual_ticks / 8;
}

/* Ends a process whose function was given up: nobody knows in the middle of what it was. */
static void give_up(struct guest_call *call)
{
    bool interrupted;
    process_kill(call->process, MOTTE_STOP_KILLED);
    while (function_call_wait(call, deadline_after(UINT64_MAX), &interrupted) == CALL_GOES_ON) {
    }
}

static bool timed_out(const struct python_function *self)
{
    PyErr_Format(python_errors.timeout, "%U did not return in time: its process was ended", self->name);
    return false;
}

/* A call that workers go on with: false with an exception, and the process is ended. */
static bool wait_for_return(struct python_function *self, struct guest_call *call, struct deadline deadline,
                            enum call_result *result)
{
    bool interrupted, raised = false;
    do {
        Py_BEGIN_ALLOW_THREADS
        *result = function_call_wait(call, deadline, &interrupted);
        Py_END_ALLOW_THREADS
        raised = interrupted && PyErr_CheckSignals() < 0;
    } while (*result == CALL_GOES_ON && interrupted && !raised);
    if (*result != CALL_GOES_ON && !raised)
        return true;
    if (*result == CALL_GOES_ON) {
        Py_BEGIN_ALLOW_THREADS
        give_up(call);
        Py_END_ALLOW_THREADS
    }
    return raised ? false : timed_out(self);
}

static bool wait_for_turn(struct python_function *self, struct deadline deadline)
{
    bool interrupted, in_time;
    Py_BEGIN_ALLOW_THREADS
    in_time = function_call_wait_for_turn(self->owner->process, deadline, &interrupted);
    Py_END_ALLOW_THREADS
    if (interrupted && PyErr_CheckSignals() < 0)
        return false;
    if (!in_time)
        PyErr_Format(python_errors.timeout, "%U: another thread's call has not returned in time", self->name);
    return in_time;
}

/* The guest goes on with workers again, if need be: it has taken long before. */
static enum call_result serve(struct worker *visitor, struct guest_call *call)
{
    jmp_buf escape, *outer = python_set_escape(&escape);
    enum call_result result = CALL_FORKED;
    if (setjmp(escape) == 0) {
        function_call_serve(call);
        python_release_for_guest();
        result = function_call_continue(visitor, call);
        python_take_after_guest();
    }
    python_set_escape(outer);
    return result;
}

static enum call_result begin_with_host(struct worker *visitor, struct guest_call *call)
{
    jmp_buf escape, *outer = python_set_escape(&escape);
    enum call_result result = CALL_FORKED;
    if (setjmp(escape) == 0)
        result = function_call(visitor, call);
    python_set_escape(outer);
    return result;
}

static enum call_result begin(struct python_function *self, struct worker *visitor, struct guest_call *call)
{
    enum call_result (*how)(struct worker *, struct guest_call *) =
        call->process->host ? begin_with_host : function_call;
    enum call_result result;
    if (self->usual_ticks < self->long_ticks) {
        result = how(visitor, call);
    } else {
        python_release_for_guest();
        result = how(visitor, call);
        python_take_after_guest();
    }
    if (result == CALL_RETURNED || result == CALL_GOES_ON)
        note_duration(self, visitor->turn_ended - visitor->dispatched);
    return result;
}

/* What the end of a process means to who calls is for the package to say. */
static void raise_end(struct python_function *self, bool in_call)
{
    PyObject *result = self->ended ? PyObject_CallFunctionObjArgs(self->ended, self->name, in_call ? Py_True : Py_False, NULL)
                                   : NULL;
    Py_XDECREF(result);
    if (!PyErr_Occurred())
        PyErr_Format(python_errors.bad_state, "%U: its process has ended", self->name);
}

static void refuse(struct python_function *self, enum call_result result)
{
    switch (result) {
    case CALL_ENDED:
    case CALL_HAD_ENDED:
        raise_end(self, result == CALL_ENDED);
        break;
    case CALL_NOT_NOW:
        PyErr_Format(python_errors.bad_state, "%U: this thread is in the middle of a call of the same process", self->name);
        break;
    case CALL_FORKED:
        PyErr_Format(python_errors.bad_state, "%U: a function of the host's has forked: the guest is the parent's", self->name);
        break;
    case CALL_TOO_DEEP:
        PyErr_Format(python_errors.too_deep, "%U: more than %d calls of the same process inside each other", self->name,
                     CALL_DEPTH_LIMIT);
        break;
    case CALL_NO_STACK:
        PyErr_Format(python_errors.limit_reached, "%U: the native stack has no room for another call", self->name);
        break;
    default:
        PyErr_Format(python_errors.bad_state, "%U: the process was started: it runs its main function", self->name);
    }
}

/* False with an exception. */
static bool run(struct python_function *self, struct worker *visitor, struct guest_call *call, struct deadline deadline)
{
    enum call_result result;
    bool fine = true, keeps = call->acquired;
    while ((result = begin(self, visitor, call)) == CALL_BUSY)
        if (!wait_for_turn(self, deadline))
            return false;
    while (fine && (result == CALL_GOES_ON || result == CALL_OUTSIDE)) {
        if (result == CALL_GOES_ON)
            fine = wait_for_return(self, call, deadline, &result);
        else
            result = serve(visitor, call);
    }
    if (call->acquired && !keeps && result != CALL_FORKED)
        function_call_release(call);
    if (fine && result != CALL_RETURNED && !PyErr_Occurred())
        refuse(self, result);
    return fine && result == CALL_RETURNED && !call->raised;
}

static bool acquire(struct python_function *self, struct worker *visitor, struct guest_call *call, struct deadline deadline)
{
    enum call_result result;
    while ((result = function_call_acquire(visitor, call)) == CALL_BUSY)
        if (!wait_for_turn(self, deadline))
            return false;
    if (result != CALL_RETURNED)
        refuse(self, result);
    return result == CALL_RETURNED;
}

/* With things in the guest's memory: it is the calling thread's from before they are copied until after. */
static bool run_with_passed(struct python_function *self, struct worker *visitor, struct invocation *invocation)
{
    struct guest_call *call = &invocation->call;
    struct passed_objects *passed = &invocation->passed;
    if (!acquire(self, visitor, call, invocation->deadline))
        return false;
    bool fine = passed_copy_in(passed, call->process) && run(self, visitor, call, invocation->deadline)
             && passed_copy_back(passed, call->process);
    if (process_is_here(call->process)) {
        passed_leave(passed, call->process);
        function_call_release(call);
    }
    return fine;
}

static PyObject *invoke(struct python_function *self, PyObject *const *arguments, struct invocation *invocation)
{
    struct worker *visitor = visitor_here();
    if (!visitor)
        return PyErr_NoMemory();
    bool fine = place_arguments(self, arguments, invocation);
    const struct deadline *outer = python_set_deadline(&invocation->deadline);
    if (outer && deadline_is_before(outer, &invocation->deadline))
        invocation->deadline = *outer; /* it is called in a function of the host's, which has to return, too */
    if (fine && invocation->passed.count)
        fine = run_with_passed(self, visitor, invocation);
    else if (fine)
        fine = run(self, visitor, &invocation->call, invocation->deadline);
    python_set_deadline(outer);
    if (invocation->passed.count)
        passed_release(&invocation->passed);
    const struct guest_call *call = &invocation->call;
    return fine ? python_from_word(self->result, python_is_vector(self->result) ? call->vector_result : call->result) : NULL;
}

/* --- the callable ------------------------------------------------------------------------------------------------------ */

static bool to_deadline(PyObject *value, struct deadline *deadline)
{
    double seconds = value == Py_None ? INFINITY : PyFloat_AsDouble(value);
    if (PyErr_Occurred())
        return false;
    if (!(seconds > 0)) {
        PyErr_SetString(PyExc_ValueError, "timeout: more than 0 seconds, or None");
        return false;
    }
    *deadline = deadline_after(seconds < 1e9 ? (uint64_t)(seconds * 1e9) : UINT64_MAX);
    return true;
}

static Py_ssize_t find_parameter(const struct python_function *self, PyObject *name)
{
    for (Py_ssize_t i = 0; i < self->count; i++)
        if (PyUnicode_Compare(self->parameters[i].name, name) == 0)
            return i;
    return -1;
}

/* By name: `ordered` has room for all parameters, and begins with those that were given by position. */
static bool place_keywords(struct python_function *self, PyObject *const *values, PyObject *names, PyObject **ordered,
                           struct deadline *deadline)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
        PyObject *name = PyTuple_GET_ITEM(names, i);
        Py_ssize_t place = find_parameter(self, name);
        if (place < 0 && PyUnicode_CompareWithASCIIString(name, "timeout") == 0) {
            if (!to_deadline(values[i], deadline))
                return false;
        } else if (place < 0 || ordered[place]) {
            PyErr_Format(PyExc_TypeError, place < 0 ? "%U has no parameter %R" : "%U: %R is given twice", self->name, name);
            return false;
        } else {
            ordered[place] = values[i];
        }
    }
    return true;
}

static PyObject *wrong_count(const struct python_function *self, Py_ssize_t given)
{
    return PyErr_Format(PyExc_TypeError, "%U takes %zd argument%s, and %zd %s given", self->name, self->count,
                        self->count == 1 ? "" : "s", given, given == 1 ? "was" : "were");
}

static PyObject *call_with_keywords(struct python_function *self, PyObject *const *arguments, Py_ssize_t given, PyObject *names,
                                    struct invocation *invocation)
{
    PyObject *ordered[CALL_GENERAL + CALL_VECTORS + CALL_STACK_WORDS] = {NULL};
    if (given > self->count)
        return wrong_count(self, given);
    for (Py_ssize_t i = 0; i < given; i++)
        ordered[i] = arguments[i];
    if (!place_keywords(self, arguments + given, names, ordered, &invocation->deadline))
        return NULL;
    for (Py_ssize_t i = given; i < self->count; i++)
        if (!ordered[i])
            return PyErr_Format(PyExc_TypeError, "%U: %U is missing", self->name, self->parameters[i].name);
    return invoke(self, ordered, invocation);
}

static PyObject *vectorcall(PyObject *object, PyObject *const *arguments, size_t flags, PyObject *keywords)
{
    struct python_function *self = (struct python_function *)object;
    struct process *process = python_open_process((PyObject *)self->owner);
    if (!process)
        return NULL;
    struct invocation invocation;
    memset(&invocation.call, 0, offsetof(struct guest_call, stack));
    invocation.call.process = process;
    invocation.call.address = self->address;
    invocation.call.stack_words = self->stack_words;
    invocation.deadline.exists = false;
    invocation.passed.count = 0;
    invocation.passed.size = 0;
    invocation.passed.placed = false;
    if (keywords && PyTuple_GET_SIZE(keywords))
        return call_with_keywords(self, arguments, PyVectorcall_NARGS(flags), keywords, &invocation);
    if (PyVectorcall_NARGS(flags) != self->count)
        return wrong_count(self, PyVectorcall_NARGS(flags));
    return invoke(self, arguments, &invocation);
}

/* --- making it ----------------------------------------------------------------------------------------------------------- */

/* Whether these parameters leave so many words on the stack as the verified function has. */
static bool fits(const struct python_function *self)
{
    uint32_t general = 0, vector = 0;
    for (Py_ssize_t i = 0; i < self->count; i++)
        *(python_is_vector(self->parameters[i].code) ? &vector : &general) += 1;
    uint32_t words = (general > CALL_GENERAL ? general - CALL_GENERAL : 0) + (vector > CALL_VECTORS ? vector - CALL_VECTORS : 0);
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
    static char *names[] = {"process", "offset", "result", "codes", "names", "name", "document", "signature", "ended", NULL};
    PyObject *owner, *parameter_names, *name, *document, *signature, *ended;
    unsigned long long offset;
    const char *result, *codes;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O!KssO!UUOO:Function", names, &python_process_type, &owner, &offset,
                                     &result, &codes, &PyTuple_Type, &parameter_names, &name, &document, &signature, &ended))
        return NULL;
    struct process *process = python_open_process(owner);
    if (!process)
        return NULL;
    struct python_function *self = (struct python_function *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->vectorcall = vectorcall;
    self->owner = (struct python_process *)Py_NewRef(owner);
    self->name = Py_NewRef(name);
    self->document = Py_NewRef(document);
    self->signature = Py_NewRef(signature);
    self->ended = Py_NewRef(ended);
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
    return 0;
}

static int clear(PyObject *object)
{
    struct python_function *self = (struct python_function *)object;
    Py_CLEAR(self->signature);
    Py_CLEAR(self->ended);
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
    .tp_doc = PyDoc_STR("A function of a guest's, bound by Process.function(): called like any other, with a `timeout`."),
    .tp_members = members,
    .tp_repr = represent,
};
