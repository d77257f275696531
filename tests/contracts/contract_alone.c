/* The library by itself, under a sanitizer: without memory at each of its requests, and shared by threads. */
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "contracts/contract.h"

enum { THREADS = 4, ROUNDS = 20000 };

/* The linker sends the library's requests here; so many of them succeed. */
static unsigned granted;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);

void *__wrap_malloc(size_t size)
{
    return granted && granted-- ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t count, size_t size)
{
    return granted && granted-- ? __real_calloc(count, size) : NULL;
}

static const struct contract_message messages[] = {
    {.tag = 9, .sender = CONTRACT_CLIENT, .bytes = 10},
    {.tag = 4, .sender = CONTRACT_SERVER, .bytes = 20},
    {.tag = 6, .sender = CONTRACT_SERVER, .bytes = 30},
};
static const struct contract_transition transitions[] = {{0, 0, 1}, {1, 1, 0}, {1, 2, 2}, {2, 1, 0}};
static const struct contract_description description = {messages, transitions, 3, 4, 3, 0};

/* The number of requests that it takes. */
static unsigned check_every_failure(void)
{
    for (unsigned requests = 0;; requests++) {
        struct contract *contract = NULL;
        uint32_t place;
        granted = requests;
        enum contract_rule rule = contract_create(&description, &contract, &place);
        assert(!granted);
        if (rule == CONTRACT_ACCEPTED) {
            assert(contract_bytes(contract) == contract_bytes_needed(&description));
            contract_release(contract);
            return requests;
        }
        assert(rule == CONTRACT_NO_MEMORY && !contract);
    }
}

/* Each thread holds a reference of its own, and more for a while; whoever is last frees it. */
static void *follow(void *argument)
{
    struct contract *contract = argument;
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t state;
        contract_retain(contract);
        if (!contract_step(contract, CONTRACT_SERVER, 1, CONTRACT_SEND, 6, &state) || state != 2)
            abort();
        contract_release(contract);
    }
    contract_release(contract);
    return NULL;
}

int main(void)
{
    unsigned requests = check_every_failure();
    assert(requests >= 2);
    granted = requests;
    struct contract *contract;
    uint32_t place;
    if (contract_create(&description, &contract, &place) != CONTRACT_ACCEPTED)
        abort();
    struct contract_capacity capacity = contract_capacity(contract, CONTRACT_SERVER);
    assert(capacity.messages == 2 && capacity.bytes == 50);
    granted = ~0u;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        contract_retain(contract);
    contract_release(contract);
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, follow, contract))
            abort();
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    printf("%u requests\n", requests);
    return 0;
}
