/* What Python serves: objects of the host to which capabilities lead. */
#include "python_ipc.h"

#include "ipc/endpoint.h"
#include "ipc/forwarder.h"
#include "ipc/process_ipc.h"
#include "ipc/service.h"
#include "process.h"
#include "scheduler.h"

/* (receiver of the server, identity, kind, rights): a capability to something that Python serves. */
PyObject *python_service(PyObject *module, PyObject *arguments)
{
    (void)module;
    PyObject *server;
    uint64_t identity;
    uint32_t kind, rights;
    if (!PyArg_ParseTuple(arguments, "OO&O&O&:service", &server, python_to_u64, &identity, python_to_u32, &kind,
                          python_to_u32, &rights))
        return NULL;
    struct python_capability *receiver = python_capability_open(server);
    if (!receiver)
        return NULL;
    if (!(receiver->capability.rights & MOTTE_RIGHT_RECEIVE))
        return python_raise_kernel_error(-MOTTE_ERROR_NO_ACCESS);
    struct service *service =
        service_create((struct endpoint *)receiver->capability.object, identity, (enum motte_capability)kind);
    if (!service)
        return PyErr_NoMemory();
    pthread_mutex_lock(&receiver->scheduler->lock);
    struct capability made = capability_make(&service->object, rights & SERVICE_RIGHTS, 0);
    object_release(&service->object);
    pthread_mutex_unlock(&receiver->scheduler->lock);
    return python_capability_wrap(receiver->scheduler, made);
}

/* What `next` gives for the endpoint that is received from here; None if that is 0. */
static PyObject *next_identity(PyObject *object, uint64_t (*next)(struct endpoint *server))
{
    struct python_capability *self = python_capability_open(object);
    if (!self)
        return NULL;
    if (!(self->capability.rights & MOTTE_RIGHT_RECEIVE))
        return python_raise_kernel_error(-MOTTE_ERROR_NO_ACCESS);
    pthread_mutex_lock(&self->scheduler->lock);
    uint64_t identity = next((struct endpoint *)self->capability.object);
    pthread_mutex_unlock(&self->scheduler->lock);
    if (!identity)
        Py_RETURN_NONE;
    return PyLong_FromUnsignedLongLong(identity);
}

/* The identity of a service that nobody else holds any more: each once. */
PyObject *python_capability_next_abandoned(PyObject *self, PyObject *unused)
{
    (void)unused;
    return next_identity(self, service_next_abandoned);
}

/* (process): before its start; its end is told here. */
PyObject *python_capability_expect_end(PyObject *object, PyObject *expected)
{
    if (!PyObject_TypeCheck(expected, &python_process_type))
        return PyErr_Format(PyExc_TypeError, "expected a process; got %s", Py_TYPE(expected)->tp_name);
    struct process *process = python_open_process(expected);
    struct python_capability *self = process ? python_capability_open(object) : NULL;
    if (!self)
        return NULL;
    bool possible = self->capability.rights & MOTTE_RIGHT_RECEIVE && process->scheduler == self->scheduler;
    pthread_mutex_lock(&self->scheduler->lock);
    possible = possible && atomic_load(&process->state) == PROCESS_CREATED && !process->ends_at;
    if (possible)
        service_expect_end((struct endpoint *)self->capability.object, process);
    pthread_mutex_unlock(&self->scheduler->lock);
    if (!possible)
        return PyErr_Format(python_errors.bad_state, "its end cannot be expected here any more");
    Py_RETURN_NONE;
}

/* The identity of a process that has ended, in their order: each once. */
PyObject *python_capability_next_ended(PyObject *self, PyObject *unused)
{
    (void)unused;
    return next_identity(self, service_next_ended);
}

/* (identity, rights, weak) of a capability that leads to a service which is called here; None of all others. */
PyObject *python_capability_identify(PyObject *object, PyObject *other)
{
    struct python_capability *self = python_capability_open(object), *asked = self ? python_capability_open(other) : NULL;
    if (!asked || asked->scheduler != self->scheduler)
        return asked ? Py_NewRef(Py_None) : NULL;
    struct route route = {.end = NULL};
    uint64_t identity = 0;
    pthread_mutex_lock(&self->scheduler->lock);
    if (capability_is_valid(&asked->capability)) {
        route_find(&asked->capability, &route);
        const struct service *service = (const struct service *)route.end->object;
        if (service->object.type == OBJECT_SERVICE && &service->server->object == self->capability.object)
            identity = service->identity;
    }
    pthread_mutex_unlock(&self->scheduler->lock);
    if (!identity)
        Py_RETURN_NONE;
    return Py_BuildValue("KIN", (unsigned long long)identity, route.rights, PyBool_FromLong(route.weak));
}

/* Capabilities of a process to receive where a message that is sent with this one arrives; None if the process runs at this
 * moment. */
PyObject *python_process_receivers(PyObject *object, PyObject *sender)
{
    struct process *process = python_open_process(object);
    struct python_capability *asked = process ? python_capability_open(sender) : NULL;
    if (!asked)
        return NULL;
    struct scheduler *scheduler = process->scheduler;
    uint32_t count = 0;
    pthread_mutex_lock(&scheduler->lock);
    uint32_t state = atomic_load(&process->state);
    bool runs = (state == PROCESS_RUNNING && !ipc_is_waiting(process->ipc)) || state == PROCESS_CALLING;
    if (!runs && process->ipc && asked->scheduler == scheduler && capability_is_valid(&asked->capability)) {
        struct route route;
        route_find(&asked->capability, &route);
        count = table_count_receivers(process, route.end->object);
    }
    pthread_mutex_unlock(&scheduler->lock);
    if (runs)
        Py_RETURN_NONE;
    return PyLong_FromUnsignedLong(count);
}

/* How many there are in all. */
PyObject *python_capability_receivers(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct python_capability *self = python_capability_open(object);
    if (!self)
        return NULL;
    uint32_t count = 0;
    pthread_mutex_lock(&self->scheduler->lock);
    if (capability_is_valid(&self->capability)) {
        struct route route;
        route_find(&self->capability, &route);
        if (route.end->object->type == OBJECT_ENDPOINT)
            count = ((const struct endpoint *)route.end->object)->receivers;
    }
    pthread_mutex_unlock(&self->scheduler->lock);
    return PyLong_FromUnsignedLong(count);
}
