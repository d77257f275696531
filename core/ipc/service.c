#include "service.h"

#include <stdlib.h>

#include "endpoint.h"

struct service *service_create(struct endpoint *server, uint64_t identity, enum motte_capability kind)
{
    struct service *service = calloc(1, sizeof *service);
    if (!service)
        return NULL;
    object_begin(&service->object, OBJECT_SERVICE, server->object.scheduler);
    object_retain(&server->object);
    service->server = server;
    service->identity = identity;
    service->kind = kind;
    return service;
}

void service_kill(struct service *service)
{
    service->object.dead = true;
}

void service_free(struct service *service)
{
    object_release(&service->server->object);
    free(service);
}
