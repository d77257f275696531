/* Functions of Python's that guests call: the type `HostFunction`, and how one is run.
 *
 * It runs on the thread that waits for the guest, with the interpreter's lock: taken first if the guest runs without it.  If
 * it raises, the exception stays where it is, in that thread, and the guest's call ends.
 */
#include "python_arguments.h"

#include <errno.h>

#include "guest_memory.h"
#include "host_functions.h"
#include "process.h"
#include "python_watch.h"

enum { TEXT = 's', SHORT_TEXT = 1024, LONGEST_TEXT = 1 << 20 };

struct python_host_function {
    PyObject_HEAD
    PyObject *callback, *name;
    char result;
    uint32_t count;
    struct python_parameter parameters[HOST_WORDS];
};

/* --- the interpreter's lock -------------------------------------------------------------------------------------------- */

/* Of a thread that runs a guest without it; and when its call is to return, if that was said. */
static _Thread_local PyThreadState *released;
static _Thread_local const struct deadline *deadline_here;
static _Thread_local jmp_buf *escape_here;

jmp_buf *python_set_escape(jmp_buf *escape)
{
    jmp_buf *before = escape_here;
    escape_here = escape;
    return before;
}

const struct deadline *python_set_deadline(const struct deadline *deadline)
{
    const struct deadline *before = deadline_here;
    deadline_here = deadline;
    return before;
}

void python_release_for_guest(void)
{
    released = PyEval_SaveThread();
}

void python_take_after_guest(void)
{
    PyThreadState *state = released;
    released = NULL;
    if (state) /* else a forked child has escaped, with the lock */
        PyEval_RestoreThread(state);
}

/* --- arguments and results --------------------------------------------------------------------------------------------- */

static PyObject *unreadable(const struct python_host_function *self, unsigned i)
{
    return PyErr_Format(python_errors.request_error, "%U: %U: the guest passes no text of at most %d bytes", self->name,
                        self->parameters[i].name, LONGEST_TEXT - 1);
}

static PyObject *decoded(const char *text, size_t length)
{
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)length, "surrogateescape");
}

static PyObject *long_text(const struct python_host_function *self, unsigned i, struct process *process, guest_addr at)
{
    size_t length;
    char *text = PyMem_Malloc(LONGEST_TEXT);
    if (!text)
        return PyErr_NoMemory();
    bool copied = copy_in_string(process, text, at, LONGEST_TEXT, &length) == STRING_COPIED;
    PyObject *result = copied ? decoded(text, length) : unreadable(self, i);
    PyMem_Free(text);
    return result;
}

static PyObject *argument(const struct python_host_function *self, unsigned i, struct process *process, uint64_t word)
{
    if (self->parameters[i].code != TEXT)
        return python_from_word(self->parameters[i].code, word);
    if (!(uint32_t)word)
        return Py_NewRef(Py_None);
    char text[SHORT_TEXT];
    size_t length;
    guest_addr at = guest_addr_from_register(word);
    switch (copy_in_string(process, text, at, sizeof text, &length)) {
    case STRING_COPIED:
        return decoded(text, length);
    case STRING_TOO_LONG:
        return long_text(self, i, process, at);
    default:
        return unreadable(self, i);
    }
}

static bool convert_result(const struct python_host_function *self, PyObject *value, uint64_t *word)
{
    const struct python_parameter result = {.code = self->result, .name = PyUnicode_InternFromString("result")};
    if (!result.name)
        return false;
    bool converted = true;
    *word = 0;
    if (self->result != 'v')
        converted = python_to_word(value, &result, self->name, word);
    else if (value != Py_None)
        converted = PyErr_Format(PyExc_TypeError, "%U: it returns nothing, and has returned a %s", self->name,
                                 Py_TYPE(value)->tp_name) != NULL;
    Py_DECREF(result.name);
    return converted;
}

/* --- a call ------------------------------------------------------------------------------------------------------------- */

static bool call(const struct python_host_function *self, struct process *process, const uint64_t *words, uint64_t *result)
{
    PyObject *arguments[HOST_WORDS] = {NULL};
    unsigned made = 0;
    while (made < self->count && (arguments[made] = argument(self, made, process, words[made])))
        made++;
    PyObject *value = NULL;
    if (made == self->count)
        value = PyObject_Vectorcall(self->callback, arguments, made, NULL);
    while (made)
        Py_DECREF(arguments[--made]);
    bool fine = value && convert_result(self, value, result);
    Py_XDECREF(value);
    return fine;
}

/* It took too long, and has returned or raised something because of that.  What the end of its process means is said by who
 * waits for that. */
static bool give_up(const struct python_host_function *self, const struct process *process, enum watch_verdict verdict)
{
    const char *more = process_stop_requested(process) ? ": its process was ended" : "";
    PyErr_Clear();
    if (verdict == WATCH_LATE)
        PyErr_Format(python_errors.timeout, "the call did not return in time: it was in %U, a function of the host's%s", self->name,
                     more);
    return false;
}

static bool invoke(void *opaque, struct process *process, const uint64_t *words, uint64_t *result)
{
    PyThreadState *state = released;
    if (state)
        python_take_after_guest();
    struct watched watched;
    watch_begin(&watched, process, deadline_here ? *deadline_here : (struct deadline){.exists = false});
    bool fine = call(opaque, process, words, result);
    enum watch_verdict verdict = watch_end(&watched);
    if (!process_is_here(process) && escape_here)
        longjmp(*escape_here, 1);
    if (verdict != WATCH_NOTHING)
        fine = give_up(opaque, process, verdict);
    if (state)
        python_release_for_guest();
    return fine;
}

PyObject *python_process_grant_host_function(PyObject *object, PyObject *arguments)
{
    struct python_process *self = (struct python_process *)object;
    const char *name;
    PyObject *function;
    struct process *process = python_open_process(object);
    if (!process || !PyArg_ParseTuple(arguments, "sO!:grant_host_function", &name, &python_host_function_type, &function))
        return NULL;
    if (atomic_load(&process->state) != PROCESS_CREATED)
        return PyErr_Format(python_errors.bad_state, "this process was started before");
    if (!self->host_functions && !(self->host_functions = PyList_New(0)))
        return NULL;
    if (PyList_Append(self->host_functions, function) < 0)
        return NULL;
    host_function_invoke = invoke;
    int error = host_functions_grant(process, name, ((struct python_host_function *)function)->count, function);
    if (error == -ENOMEM)
        return PyErr_Format(python_errors.limit_reached, "%s: no memory for another function of the host's", name);
    if (error < 0)
        return PyErr_Format(PyExc_ValueError, "%s: it is there already, or no name for a function of the host's", name);
    Py_RETURN_NONE;
}

PyObject *python_process_serve(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct process *process = python_open_process(object);
    if (!process)
        return NULL;
    jmp_buf escape;
    process_retain(process);
    jmp_buf *outer = python_set_escape(&escape);
    bool fine = setjmp(escape) == 0 && host_functions_serve(process);
    python_set_escape(outer);
    process_release(process);
    return fine || !PyErr_Occurred() ? Py_NewRef(Py_None) : NULL;
}

PyObject *python_process_serves_here(PyObject *object, PyObject *unused)
{
    (void)unused;
    return PyBool_FromLong(watch_is_here(((struct python_process *)object)->process));
}

/* --- making it ---------------------------------------------------------------------------------------------------------- */

static bool set_parameters(struct python_host_function *self, const char *codes, PyObject *names)
{
    size_t count = strlen(codes);
    for (size_t i = 0; i < count; i++) {
        PyObject *name = i < HOST_WORDS && i < (size_t)PyTuple_GET_SIZE(names) ? PyTuple_GET_ITEM(names, (Py_ssize_t)i) : NULL;
        if (!name || !PyUnicode_Check(name) || !(codes[i] == TEXT || python_is_code(codes[i], false))) {
            PyErr_Format(PyExc_ValueError, "a letter and a name for each of at most %d parameters are needed", HOST_WORDS);
            return false;
        }
        self->parameters[self->count++] = (struct python_parameter){.code = codes[i], .name = Py_NewRef(name)};
    }
    return true;
}

static PyObject *new_host_function(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *keys[] = {"callback", "result", "codes", "names", "name", NULL};
    PyObject *callback, *names, *name;
    const char *result, *codes;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "OssO!U:HostFunction", keys, &callback, &result, &codes, &PyTuple_Type,
                                     &names, &name))
        return NULL;
    if (!PyCallable_Check(callback) || !python_is_code(result[0], true) || result[1])
        return PyErr_Format(PyExc_ValueError, "a callable, and a letter for its result, are needed");
    struct python_host_function *self = (struct python_host_function *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->callback = Py_NewRef(callback);
    self->name = Py_NewRef(name);
    self->result = result[0];
    if (!set_parameters(self, codes, names))
        Py_CLEAR(self);
    return (PyObject *)self;
}

static int traverse(PyObject *object, visitproc visit, void *arg)
{
    Py_VISIT(((struct python_host_function *)object)->callback);
    return 0;
}

static void destroy(PyObject *object)
{
    struct python_host_function *self = (struct python_host_function *)object;
    PyObject_GC_UnTrack(object);
    for (unsigned i = 0; i < self->count; i++)
        Py_XDECREF(self->parameters[i].name);
    Py_XDECREF(self->callback);
    Py_XDECREF(self->name);
    Py_TYPE(object)->tp_free(object);
}

PyTypeObject python_host_function_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "motte.core._core.HostFunction",
    .tp_basicsize = sizeof(struct python_host_function),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = new_host_function,
    .tp_dealloc = destroy,
    .tp_traverse = traverse,
};
