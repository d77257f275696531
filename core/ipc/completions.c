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

/* The descriptor is not readable, or the list is not empty; so it is written to no more often than read. */
void completions_add(struct completion *completion)
{
    struct completions *completions = completion->completions;
    pthread_mutex_lock(&completions->lock);
    if (!completions->first) {
        const uint64_t one = 1;
        ssize_t written = write(completions->event, &one, sizeof one);
        require(written == sizeof one, "nobody can be told that a wait is over");
    }
    completion->next = NULL;
    completion->link = completions->last;
    *completions->last = completion;
    completions->last = &completion->next;
    pthread_mutex_unlock(&completions->lock);
}

void completions_remove(struct completion *completion)
{
    struct completions *completions = completion->completions;
    pthread_mutex_lock(&completions->lock);
    if (completion->link) {
        *completion->link = completion->next;
        *(completion->next ? &completion->next->link : &completions->last) = completion->link;
        completion->link = NULL;
    }
    pthread_mutex_unlock(&completions->lock);
}

struct completion *completions_take(struct completions *completions)
{
    uint64_t ignored;
    /* Before the look at the list: what is added in between is taken now, or makes it readable again. */
    (void)!read(completions->event, &ignored, sizeof ignored);
    pthread_mutex_lock(&completions->lock);
    struct completion *first = completions->first;
    for (struct completion *completion = first; completion; completion = completion->next)
        completion->link = NULL;
    completions->first = NULL;
    completions->last = &completions->first;
    pthread_mutex_unlock(&completions->lock);
    return first;
}
