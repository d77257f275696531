#include "completions.h"

#include <stddef.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "panic.h"

bool completions_begin(struct completions *completions)
{
    completions->first = NULL;
    completions->last = &completions->first;
    completions->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return completions->event >= 0 && pthread_mutex_init(&completions->lock, NULL) == 0;
}

void completions_end(struct completions *completions)
{
    require(!completions->first, "waits are told of to nobody");
    pthread_mutex_destroy(&completions->lock);
    close(completions->event);
}

/* The descriptor is readable while the list is not empty. */
static void make_readable(struct completions *completions)
{
    const uint64_t one = 1;
    ssize_t written = write(completions->event, &one, sizeof one);
    require(written == sizeof one, "nobody can be told that a wait is over");
}

static void make_unreadable(struct completions *completions)
{
    uint64_t ignored;
    (void)!read(completions->event, &ignored, sizeof ignored);
}

void completions_add(struct completion *completion)
{
    struct completions *completions = completion->completions;
    pthread_mutex_lock(&completions->lock);
    if (!completion->link) {
        if (!completions->first)
            make_readable(completions);
        completion->next = NULL;
        completion->link = completions->last;
        *completions->last = completion;
        completions->last = &completion->next;
    }
    pthread_mutex_unlock(&completions->lock);
}

static void take_out(struct completions *completions, struct completion *completion)
{
    *completion->link = completion->next;
    *(completion->next ? &completion->next->link : &completions->last) = completion->link;
    completion->link = NULL;
    if (!completions->first)
        make_unreadable(completions);
}

void completions_remove(struct completion *completion)
{
    struct completions *completions = completion->completions;
    pthread_mutex_lock(&completions->lock);
    if (completion->link)
        take_out(completions, completion);
    pthread_mutex_unlock(&completions->lock);
}

struct completion *completions_take(struct completions *completions)
{
    pthread_mutex_lock(&completions->lock);
    struct completion *first = completions->first;
    if (first)
        take_out(completions, first);
    pthread_mutex_unlock(&completions->lock);
    return first;
}
