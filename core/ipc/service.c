#include "service.h"

#include <stdlib.h>

#include "endpoint.h"
#include "process.h"
#include "transfer.h"

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

void service_discount(struct service *service)
{
    if (--service->holders != 1 || service->object.dead || service->link)
        return;
    struct endpoint *server = service->server;
    service->next = server->abandoned;
    service->link = &server->abandoned;
    if (service->next)
        service->next->link = &service->next;
    server->abandoned = service;
    transfer_notify(server, MOTTE_SERVICE_ABANDONED);
}

static void leave_list(struct service *service)
{
    if (!service->link)
        return;
    *service->link = service->next;
    if (service->next)
        service->next->link = service->link;
    service->link = NULL;
}

/* Others may have been given out meanwhile. */
uint64_t service_next_abandoned(struct endpoint *server)
{
    struct service *service;
    while ((service = server->abandoned)) {
        leave_list(service);
        if (service->holders == 1)
            return service->identity;
    }
    return 0;
}

/* --- ends of processes ------------------------------------------------------------------------------------------------------ */

void service_expect_end(struct endpoint *server, struct process *process)
{
    object_retain(&server->object);
    process->ends_at = server;
    process->ended_link = NULL;
}

void service_process_ended(struct process *process)
{
    struct endpoint *server = process->ends_at;
    if (!server)
        return;
    if (!server->first_ended)
        server->last_ended = &server->first_ended;
    process->next_ended = NULL;
    process->ended_link = server->last_ended;
    *server->last_ended = process;
    server->last_ended = &process->next_ended;
    transfer_notify(server, MOTTE_PROCESS_ENDED);
}

void service_forget_process(struct process *process)
{
    struct endpoint *server = process->ends_at;
    if (!server)
        return;
    if (process->ended_link) {
        *process->ended_link = process->next_ended;
        *(process->next_ended ? &process->next_ended->ended_link : &server->last_ended) = process->ended_link;
    }
    process->ends_at = NULL;
    object_release(&server->object);
}

uint64_t service_next_ended(struct endpoint *server)
{
    struct process *process = server->first_ended;
    if (!process)
        return 0;
    service_forget_process(process);
    return process->identity;
}

void service_free(struct service *service)
{
    leave_list(service);
    object_release(&service->server->object);
    free(service);
}
