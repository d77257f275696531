#include "supervisor.h"

#include <motte.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MOST_GRANTS = 8, MOST_RESTARTS = 16, LINE = 160 };

static int ends[2]; /* the channel where the ends of children are told; each monitor has paid for a place in it */

static void say(const struct supervisor *self, const char *format, ...)
{
    char line[LINE], what[LINE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(line, sizeof line, "%s: %s", self->name, what);
    motte_send(motte_grant("log"), &(struct motte_message){.bytes = line, .size = (unsigned)strlen(line)}, -1);
}

/* --- children ------------------------------------------------------------------------------------------------------------- */

static void end(struct child *child)
{
    if (child->bank > 0) {
        motte_bank_destroy(child->bank);
        motte_cap_drop(child->bank);
    }
    child->bank = 0;
}

/* Everything that the child can do: what its recipe names. */
static unsigned gather_grants(const struct child *child, struct motte_named grants[])
{
    unsigned count = 0;
    for (const char *const *name = child->grants; *name && count < MOST_GRANTS; name++)
        grants[count++] = (struct motte_named){*name, strcmp(*name, "bank") ? motte_grant(*name) : child->bank};
    return count;
}

/* 0 or a negated error; then there is nothing of it. */
static int start(struct child *child, unsigned place)
{
    child->bank = motte_bank_create(motte_grant("bank"), child->memory);
    if (child->bank < 0)
        return child->bank;
    struct motte_named grants[MOST_GRANTS];
    const char *arguments[] = {child->name, NULL};
    struct motte_spawn_options options = {
        .arguments = arguments,
        .grants = grants,
        .grant_count = gather_grants(child, grants),
        .bank = child->bank,
    };
    int process = motte_spawn(motte_grant("program"), &options), result = process;
    if (process > 0) {
        result = motte_monitor(process, ends[0], (unsigned long)++child->generation << 32 | place);
        motte_cap_drop(process); /* the monitor tells all that there is to know, and the bank is enough to end it */
    }
    if (result < 0)
        end(child);
    return result < 0 ? result : 0;
}

static int start_those(struct supervisor *self, unsigned first, unsigned past)
{
    for (unsigned place = first; place < past; place++) {
        int result = start(&self->children[place], place);
        if (result < 0) {
            say(self, "%s cannot be started (error %d)", self->children[place].name, -result);
            return result;
        }
    }
    return 0;
}

static void end_those(struct supervisor *self, unsigned first, unsigned past)
{
    while (past-- > first)
        end(&self->children[past]);
}

static int anybody_runs(const struct supervisor *self)
{
    for (unsigned place = 0; place < self->count; place++)
        if (self->children[place].bank)
            return 1;
    return 0;
}

/* --- ends ------------------------------------------------------------------------------------------------------------------ */

/* Whether one more restart is not too much: the times of the last ones are kept in a ring. */
static int may_restart(const struct supervisor *self)
{
    static time_t restarts[MOST_RESTARTS];
    static unsigned count;
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (self->intensity == 0)
        return 0;
    time_t *oldest = &restarts[count % self->intensity];
    if (count >= self->intensity && now.tv_sec - *oldest < self->period)
        return 0;
    *oldest = now.tv_sec;
    count++;
    return 1;
}

static int restart(struct supervisor *self, unsigned place)
{
    unsigned first = self->strategy == ONE_FOR_ALL ? 0 : place;
    unsigned past = self->strategy == ONE_FOR_ONE ? place + 1 : self->count;
    end_those(self, first, past);
    return start_those(self, first, past);
}

/* 0 if the work goes on. */
static int deal_with(struct supervisor *self, unsigned place, const struct motte_end *how)
{
    static const char *const consequences[] = {"it is started again", "all are started again", "the rest is started again"};
    struct child *child = &self->children[place];
    if (how->reason == MOTTE_ENDED_ITSELF && how->status == 0) {
        end(child);
        return 0;
    }
    int again = may_restart(self);
    say(self, "%s %s (%d), %s", child->name, how->reason == MOTTE_ENDED_BY_FAULT ? "crashed" : "ended", how->status,
        again ? consequences[self->strategy] : "and that is too often");
    return again ? restart(self, place) : -1;
}

/* Those that were ended by this process itself are told of, too: they are of a generation that is over. */
int supervise(struct supervisor *self)
{
    struct motte_down down;
    struct motte_message message = {.bytes = &down, .room = sizeof down};
    if (self->intensity > MOST_RESTARTS || motte_channel_create(1, sizeof down, ends) < 0)
        return 1;
    int result = start_those(self, 0, self->count);
    while (result == 0 && anybody_runs(self)) {
        result = motte_receive(ends[1], &message, NULL, -1);
        unsigned place = (unsigned)down.number;
        if (result == 0 && down.number >> 32 == self->children[place].generation)
            result = deal_with(self, place, &down.end);
    }
    end_those(self, 0, self->count);
    return result < 0;
}
