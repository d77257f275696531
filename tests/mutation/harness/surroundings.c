#include "surroundings.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"

static struct motte_gate gates[MOST_GATES];
static struct motte_claimed_class *classes;
static size_t gates_used, class_count;

uint32_t gate_for(uint32_t stack_arguments)
{
    for (size_t i = 0; i < gates_used; i++)
        if (gates[i].stack_arguments == stack_arguments)
            return gates[i].address;
    if (gates_used == MOST_GATES)
        give_up("too many different sizes of stack arguments");
    gates[gates_used] = (struct motte_gate){(uint32_t)(GATES_AT + gates_used * GATE_STRIDE), stack_arguments};
    return gates[gates_used++].address;
}

size_t gate_count(void)
{
    return gates_used;
}

void surroundings_prepare(const struct corpus *corpus)
{
    class_count = corpus->class_count;
    classes = calloc(class_count, sizeof *classes);
    for (size_t i = 0; i < class_count; i++) {
        classes[i] = (struct motte_claimed_class){corpus->classes[i].number, corpus->classes[i].stack_arguments};
        gate_for(classes[i].stack_arguments);
    }
    for (uint32_t i = 0; i < corpus->count; i++)
        for (uint32_t k = 0; k < corpus->subjects[i].moved_count; k++)
            if (corpus->subjects[i].moved[k].kind == MOVED_CALL)
                gate_for(corpus->subjects[i].moved[k].value);
}

void write_function_table(uint8_t *to)
{
    memset(to, 0, FUNCTION_TABLE);
    for (uint32_t i = 0; i < 1u << TABLE_LOG2; i++) {
        const struct motte_claimed_class *class = &classes[i % class_count];
        uint64_t address = gate_for(class->stack_arguments);
        memcpy(to + 16 * i, &address, sizeof address);
        memcpy(to + 16 * i + 8, &class->number, sizeof class->number);
    }
}

struct motte_claims claims_about(uint64_t base, const uint8_t *code, size_t size)
{
    return (struct motte_claims){
        .base = base,
        .code = code,
        .code_size = size,
        .tables_base = TABLES_AT,
        .function_table = TABLES_AT,
        .function_table_log2 = TABLE_LOG2,
        .gates = gates,
        .gate_count = gates_used,
        .classes = classes,
        .class_count = class_count,
    };
}
