#define _GNU_SOURCE
#include "parking.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

void parking_forget_calls(struct parking *parking)
{
    atomic_store_explicit(&parking->state, PARKING_AWAKE, memory_order_relaxed);
}

bool parking_call(struct parking *parking)
{
    return atomic_exchange(&parking->state, PARKING_CALLED) == PARKING_ASLEEP;
}

void parking_wake(const struct parking *parking)
{
    syscall(SYS_futex, &parking->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void parking_sleep(struct parking *parking)
{
    uint32_t awake = PARKING_AWAKE;
    if (!atomic_compare_exchange_strong(&parking->state, &awake, PARKING_ASLEEP))
        return;
    while (atomic_load(&parking->state) == PARKING_ASLEEP)
        syscall(SYS_futex, &parking->state, FUTEX_WAIT_PRIVATE, PARKING_ASLEEP, NULL, NULL, 0);
}
