#include "host_ipc.h"

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
void completions_add(struct host_wait *host)
{
    struct completions *completions = host->completions;
    pthread_mutex_lock(&completions->lock);
    if (!completions->first) {
        const uint64_t one = 1;
        ssize_t written = write(completions->event, &one, sizeof one);
        require(written == sizeof one, "nobody can be told that a wait is over");
    }
    host->next = NULL;
    host->link = completions->last;
    *completions->last = host;
    completions->last = &host->next;
    pthread_mutex_unlock(&completions->lock);
}

void completions_remove(struct host_wait *host)
{
    struct completions *completions = host->completions;
    pthread_mutex_lock(&completions->lock);
    if (host->link) {
        *host->link = host->next;
        *(host->next ? &host->next->link : &completions->last) = host->link;
        host->link = NULL;
    }
    pthread_mutex_unlock(&completions->lock);
}

struct host_wait *completions_take(struct completions *completions)
{
    uint64_t ignored;
    /* Before the look at the list: what is added in between is taken now, or makes it readable again. */
    (void)!read(completions->event, &ignored, sizeof ignored);
    pthread_mutex_lock(&completions->lock);
    struct host_wait *first = completions->first;
    for (struct host_wait *host = first; host; host = host->next)
        host->link = NULL;
    completions->first = NULL;
    completions->last = &completions->first;
    pthread_mutex_unlock(&completions->lock);
    return first;
}
