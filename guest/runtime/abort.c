/* Ends the process as if by an uncaught SIGABRT, whatever its disposition is. */

#include <signal.h>
#include <stdlib.h>
#include "motte_runtime.h"

_Noreturn void abort(void)
{
    static const struct sigaction fatal = {.sa_handler = SIG_DFL};

    raise(SIGABRT);
    /* The signal was ignored, blocked, or its handler returned. */
    sigaction(SIGABRT, &fatal, 0);
    __motte_set_signal_mask(__motte_signal_mask() & ~SIGNAL_BIT(SIGABRT));
    raise(SIGABRT);
    __builtin_trap();
}
