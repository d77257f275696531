#define _GNU_SOURCE
#include "python_watch.h"

#include <pthread.h>
#include <time.h>

#include "clock.h"
#include "process.h"
#include "thread.h"
#include "visit.h"

enum { STACK = 256 * 1024, QUIET_LOOKS = 100 };
static const uint64_t look_ns = 10000000;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards everything here; the interpreter's comes first */
static pthread_cond_t begun = PTHREAD_COND_INITIALIZER;
static struct watched *first;
static uint64_t begun_count;
static bool prepared, exists, sleeps;

static bool has_passed(const struct deadline *deadline, uint64_t grace_ns)
{
    uint64_t at = (uint64_t)deadline->at.tv_sec * 1000000000 + (uint64_t)deadline->at.tv_nsec;
    return deadline->exists && monotonic_ns() >= at + grace_ns;
}

static enum watch_verdict look(const struct watched *watched)
{
    if (visit_overstays(watched->process, watched->since, has_passed(&watched->deadline, WATCH_GRACE_NS)))
        return WATCH_ENDS;
    return has_passed(&watched->deadline, 0) ? WATCH_LATE : WATCH_NOTHING;
}

/* Everybody is looked at: whoever has been told already may still have a process that is to end. */
static bool anyone_is_due(void)
{
    bool due = false;
    for (const struct watched *watched = first; watched; watched = watched->next)
        due = (look(watched) != WATCH_NOTHING && watched->verdict == WATCH_NOTHING) || due;
    return due;
}

/* Under the interpreter's lock: who takes it next looks at what he is to raise.
 *
 * PyThreadState_SetAsyncExc looks for a thread by its number.  Before Python 3.12 one that is about to start has the number of
 * the one that starts it, and changes that without the lock: an exception would reach the one or the other. */
static void ask_to_raise(const struct watched *watched, PyObject *exception)
{
#if PY_VERSION_HEX < 0x030C0000
    Py_XSETREF(watched->state->async_exc, Py_XNewRef(exception));
#else
    PyThreadState_SetAsyncExc(watched->state->thread_id, exception);
#endif
}

static void raise_in(struct watched *watched)
{
    watched->verdict = look(watched);
    if (watched->verdict != WATCH_NOTHING)
        ask_to_raise(watched, python_errors.timeout);
}

static void raise_where_due(void)
{
    PyGILState_STATE state = PyGILState_Ensure();
    pthread_mutex_lock(&lock);
    for (struct watched *watched = first; watched; watched = watched->next)
        if (watched->verdict == WATCH_NOTHING)
            raise_in(watched);
    pthread_mutex_unlock(&lock);
    PyGILState_Release(state);
}

/* Falls asleep after a second in which nothing began: to be woken costs more than most of what is watched. */
static void *run(void *unused)
{
    const struct timespec pause = timespec_from_ns(look_ns);
    uint64_t seen = 0;
    int quiet = 0;
    pthread_mutex_lock(&lock);
    for (;;) {
        quiet = first || seen != begun_count ? 0 : quiet + 1;
        seen = begun_count;
        bool due = anyone_is_due();
        sleeps = quiet > QUIET_LOOKS;
        while (sleeps)
            pthread_cond_wait(&begun, &lock);
        pthread_mutex_unlock(&lock);
        if (due)
            raise_where_due();
        nanosleep(&pause, NULL);
        pthread_mutex_lock(&lock);
    }
    return unused;
}

/* Another thread of the parent's may have held the lock. */
static void begin_anew(void)
{
    pthread_mutex_init(&lock, NULL);
    pthread_cond_init(&begun, NULL);
    first = NULL;
    exists = sleeps = false;
}

/* Under the lock. */
static void have_thread(void)
{
    pthread_t thread;
    if (exists)
        return;
    if (!prepared)
        pthread_atfork(NULL, NULL, begin_anew);
    prepared = true;
    exists = thread_create(&thread, STACK, run, NULL);
    if (exists)
        pthread_detach(thread);
}

void watch_begin(struct watched *watched, struct process *process, struct deadline deadline)
{
    watched->state = PyThreadState_Get();
    watched->process = process;
    watched->deadline = deadline;
    watched->since = ticks_now();
    watched->verdict = WATCH_NOTHING;
    pthread_mutex_lock(&lock);
    have_thread();
    watched->next = first;
    watched->link = &first;
    if (first)
        first->link = &watched->next;
    first = watched;
    begun_count++;
    if (sleeps)
        pthread_cond_signal(&begun);
    sleeps = false;
    pthread_mutex_unlock(&lock);
}

bool watch_is_here(const struct process *process)
{
    const PyThreadState *here = PyThreadState_Get();
    bool found = false;
    pthread_mutex_lock(&lock);
    for (const struct watched *watched = first; watched && !found; watched = watched->next)
        found = watched->process == process && watched->state == here;
    pthread_mutex_unlock(&lock);
    return found;
}

enum watch_verdict watch_end(struct watched *watched)
{
    pthread_mutex_lock(&lock);
    *watched->link = watched->next;
    if (watched->next)
        watched->next->link = watched->link;
    pthread_mutex_unlock(&lock);
    if (watched->verdict != WATCH_NOTHING)
        ask_to_raise(watched, NULL);
    return watched->verdict;
}
