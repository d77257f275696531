#define _GNU_SOURCE
#include "parking.h"

#include <errno.h>
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

int parking_sleep_until(struct parking *parking, const struct timespec *end)
{
    uint32_t awake = PARKING_AWAKE;
    atomic_compare_exchange_strong(&parking->state, &awake, PARKING_ASLEEP);
    while (atomic_load(&parking->state) == PARKING_ASLEEP) {
        long result = syscall(SYS_futex, &parking->state, FUTEX_WAIT_BITSET_PRIVATE, PARKING_ASLEEP, end, NULL,
                              FUTEX_BITSET_MATCH_ANY);
        if (result < 0 && (errno == EINTR || errno == ETIMEDOUT))
            return parking_is_called(parking) ? 0 : -errno;
    }
    return 0;
}

void parking_sleep(struct parking *parking)
{
    while (parking_sleep_until(parking, NULL) != 0) {
    }
}
