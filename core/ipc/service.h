/* Services: what the host itself offers, as objects that answer calls.
 *
 * Banks, meters, processes and programs are such: whoever calls one of them sends a message that reaches the host's own
 * endpoint, with the identity of the object that was meant.  So an object of the host and an endpoint that another
 * process serves look the same to those who use them.
 */
#ifndef MOTTE_SERVICE_H
#define MOTTE_SERVICE_H

#include "capability.h"

struct endpoint;

struct service {
    struct object object;
    struct endpoint *server;
    uint64_t identity;
    enum motte_capability kind;
};

/* NULL without memory. */
struct service *service_create(struct endpoint *server, uint64_t identity, enum motte_capability kind);

/* Under the lock: capabilities to it are invalid. */
void service_kill(struct service *service);

void service_free(struct service *service);

#endif
