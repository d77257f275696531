/* Forwarders and membranes: capabilities that lead to another capability until they are cut.
 *
 * Whoever gives a forwarder away keeps a second capability to it, with the right to revoke: to cut it, or to have it lead
 * elsewhere.  What was given out cannot be taken back from its holders; but what it leads to can.
 *
 * A membrane is a forwarder that wraps whatever crosses it: capabilities in a message that is sent through it, and in the
 * answer, reach the other side as forwarders of the same membrane, and are cut with it.  One that comes back through its own
 * membrane is unwrapped.  So nothing that either side got through it outlives it.
 *
 * A capability to receive does not cross a membrane: what comes through it later would not be wrapped.
 *
 * KeyKOS and EROS have forwarders; membranes are Mark Miller's.
 */
#ifndef MOTTE_FORWARDER_H
#define MOTTE_FORWARDER_H

#include "capability.h"

struct bank;
struct caller;
struct message;

enum {
    FORWARDING_DEPTH = 8,    /* forwarders on the way to an object, at most */
    MEMBRANE_LIMIT = 4096,   /* forwarders of one membrane, at most */
};

/* What all forwarders of a membrane share; a plain forwarder has one of its own. */
struct membrane {
    uint32_t references, count;
    bool cut, wraps;
    struct bank *bank; /* pays for all of it */
    struct forwarder *first;
};

struct forwarder {
    struct object object;
    struct membrane *membrane;
    struct capability target; /* no object once it is cut */
    struct forwarder *next, **link;
};

/* Where a capability leads in the end, and the membranes on the way. */
struct route {
    const struct capability *end;
    uint32_t rights; /* that all on the way have */
    bool weak;
    struct membrane *membranes[FORWARDING_DEPTH];
    uint32_t count;
};

/* --- under the scheduler's lock ------------------------------------------------------------------------------------------- */

/* A forwarder to what `target` leads to, which is copied: 0, or an error.  Two capabilities to it: `given` to be given away,
 * `control` to cut and to retarget it. */
int64_t forwarder_create(const struct capability *target, bool wraps, struct bank *bank, struct capability *given,
                         struct capability *control);

/* Cuts it, and all of its membrane. */
void forwarder_cut(struct forwarder *forwarder);

/* It leads to what `target` leads to from now on; not of a membrane. 0, or an error. */
int64_t forwarder_retarget(struct forwarder *forwarder, const struct capability *target);

bool forwarder_leads_somewhere(const struct forwarder *forwarder);

/* Its route: to the end if it is valid, else as far as there is one. */
void route_find(const struct capability *capability, struct route *route);

/* The capabilities of a message cross the membranes of a route: 0; or an error, and nothing is lost. */
int64_t route_cross(const struct route *route, struct capability *capabilities, uint32_t count);

/* A call takes this route: its answer will take it back.  And it comes back: the capabilities of the answer are wrapped, or
 * dropped if a membrane is cut; 0, or an error. */
int64_t caller_crosses(struct caller *caller, const struct route *route);
int64_t caller_returns(struct caller *caller, struct message *answer);
void caller_forgets(struct caller *caller);

void forwarder_free(struct forwarder *forwarder);

#endif
