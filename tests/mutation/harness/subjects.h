/* The functions to be mutated, as corpus.py writes them. */
#ifndef SUBJECTS_H
#define SUBJECTS_H

#include <stddef.h>
#include <stdint.h>

enum byte_kind { KIND_PREFIX, KIND_OPCODE, KIND_MODRM, KIND_CONSTANT, KIND_BRANCH, BYTE_KINDS };
enum { KIND_MASK = 0x7f, KIND_FIRST = 0x80 };
enum moved_kind { MOVED_CALL, MOVED_TABLE, MOVED_MASK, MOVED_JUMP_TABLE };

struct moved_field {
    uint32_t offset, kind, value;
};

struct target_table {
    uint32_t count;
    const uint32_t *targets; /* offsets in the function */
};

struct subject {
    uint32_t size, stack_arguments, moved_count, table_count;
    const uint8_t *code, *kinds;
    const struct moved_field *moved;
    struct target_table *tables;
};

struct claimed_class {
    uint32_t number, stack_arguments;
};

struct corpus {
    uint32_t class_count, count;
    const struct claimed_class *classes;
    struct subject *subjects;
};

/* Reads the file, or ends the program. */
struct corpus corpus_read(const char *path);

#endif
