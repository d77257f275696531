/* Processes that are started, waited for and released without a line of Python in between.
 *
 * Compiled into the core by `make bench-core` only, and called by spawn_in_core.py: what `motte bench kernel` measures has
 * Python's calls in it.
 */
#include "awake.h"
#include "clock.h"
#include "lifecycle.h"
#include "offers.h"
#include "panic.h"
#include "process.h"
#include "python_core.h"

enum { MOST_AT_ONCE = 256 };

static void wait_for(struct process *process)
{
    if (offer_accept(process, UINT64_MAX) || awake_for_end(process))
        return;
    while (process_wait(process, deadline_after(UINT64_MAX)) != 1) {
    }
}

/* `arguments` is a tuple of those of Process.create. Nanoseconds for `at_once` processes together; 0 with an exception. */
__attribute__((visibility("default"))) uint64_t spawn_loop(PyObject *arguments, uint32_t at_once)
{
    struct process *processes[MOST_AT_ONCE];
    require(at_once <= MOST_AT_ONCE, "too many at once");
    uint64_t begin = ticks_now();
    for (uint32_t i = 0; i < at_once; i++) {
        processes[i] = python_spawn(&PyTuple_GET_ITEM(arguments, 0), PyTuple_GET_SIZE(arguments));
        if (!processes[i])
            return 0;
        require(process_start(processes[i]) == 0, "not started");
    }
    for (uint32_t i = 0; i < at_once; i++)
        wait_for(processes[i]);
    for (uint32_t i = at_once; i-- > 0;) {
        process_close(processes[i]);
        process_release(processes[i]);
    }
    return ticks_to_ns(ticks_now() - begin);
}
