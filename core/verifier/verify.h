/* The verifier that gates loading: final bytes in, verdict out.
 *
 * It decides the rules of docs/spec/confinement.md, as src/motte/verifier does, which is the readable statement of the
 * same decision; the numbers of rules are the same.  It depends on nothing but the C library and motte_abi.h, keeps no
 * state between calls, and may be called from any thread.  Time is linear in the bytes of code, tables and claims (but
 * for sorting claims that come out of order), and memory is at most a small multiple of them.
 *
 * Nothing in the claims is trusted but the gates and the addresses of the arrays: counts, offsets and sizes may be any
 * numbers, in any order.  Code and tables must not change during a call.
 */
#ifndef MOTTE_VERIFIER_VERIFY_H
#define MOTTE_VERIFIER_VERIFY_H

#include <stddef.h>
#include <stdint.h>

enum motte_rule {
    MOTTE_RULE_NONE, /* accepted */
    MOTTE_RULE_D1, MOTTE_RULE_D2, MOTTE_RULE_D3, MOTTE_RULE_D4, MOTTE_RULE_D5, MOTTE_RULE_D6,
    MOTTE_RULE_M1, MOTTE_RULE_M2, MOTTE_RULE_M3, MOTTE_RULE_M4, MOTTE_RULE_M5, MOTTE_RULE_M6, MOTTE_RULE_M7,
    MOTTE_RULE_M8,
    MOTTE_RULE_S1, MOTTE_RULE_S2, MOTTE_RULE_S4,
    MOTTE_RULE_C1, MOTTE_RULE_C2, MOTTE_RULE_C3,
    MOTTE_RULE_T1, MOTTE_RULE_T2, MOTTE_RULE_T3, MOTTE_RULE_T4,
    MOTTE_RULE_COUNT
};

/* Offsets count bytes from the code's base, `stack_arguments` (A) are bytes. */
struct motte_claimed_function {
    uint32_t offset, size, stack_arguments;
};

/* A gate of the core, trusted: its host address and A. */
struct motte_gate {
    uint32_t address, stack_arguments;
};

struct motte_claimed_class {
    uint32_t number, stack_arguments;
};

/* `address` is a host address inside the tables, `owner` an index into the functions. */
struct motte_claimed_jump_table {
    uint32_t address, entries, owner;
};

/* A pointer may be NULL where its count or size is 0. */
struct motte_claims {
    uint64_t base; /* host address at which the code runs; `code` is where it can be read, and may be elsewhere */
    const uint8_t *code;
    size_t code_size;
    uint64_t tables_base;
    const uint8_t *tables;
    size_t tables_size;
    uint32_t function_table, function_table_log2; /* host address; the table has 2^log2 entries */
    uint32_t reaches_blocks; /* 0 or 1: FS is the base of addresses like GS, and nothing of it is refused */
    const struct motte_claimed_function *functions;
    size_t function_count;
    const struct motte_gate *gates;
    size_t gate_count;
    const struct motte_claimed_class *classes;
    size_t class_count;
    const struct motte_claimed_jump_table *jump_tables;
    size_t jump_table_count;
    const uint32_t *entries; /* indices of the functions that the host enters */
    size_t entry_count;
};

/* One entry of the frame map.  While the call has not returned, with `place` the native stack address that holds its
 * return address, the return address of `function` itself lies at `place + 8 + height`. */
struct motte_call_site {
    uint32_t return_offset; /* code offset of the instruction behind the call */
    uint32_t function;      /* index into the claimed functions */
    uint32_t height;        /* bytes between rsp and the function's return address, before and after the call */
};

struct motte_verdict {
    enum motte_rule rule; /* the rule that is broken first, or MOTTE_RULE_NONE */
    int64_t offset;       /* of the first violation, from the code's base; for T2, T3 and T4, from the tables' */
    /* Filled for accepted code only. */
    uint64_t instruction_count;
    uint32_t *class_traps; /* sorted code offsets of the ud2 instructions to which class checks jump */
    size_t class_trap_count;
    struct motte_call_site *call_sites; /* sorted by return_offset: every direct and indirect call */
    size_t call_site_count;
};

/* Decides.  0, and a verdict to be released; or -ENOMEM, and nothing decided.
 *
 * Where several rules are broken, the violation with the smallest offset is given, in the code before in the tables. */
int motte_verify(const struct motte_claims *claims, struct motte_verdict *verdict);

void motte_verdict_release(struct motte_verdict *verdict);

/* "M1", and "" for MOTTE_RULE_NONE. */
const char *motte_rule_name(enum motte_rule rule);

/* Where control stands in a function: at the unit (an instruction or a whole shape) that contains a code offset. */
struct motte_place {
    uint32_t function; /* index into the claimed functions */
    uint32_t unit;     /* code offset of the unit's first byte */
    uint32_t height;   /* bytes between rsp and the function's return address when the unit begins */
    uint32_t next;     /* code offset behind the unit, if control may go on there in its place; else 0: it moves the stack
                          pointer, or control never gets behind it */
};

/* Finds it by walking the function again, for code that motte_verify accepted with these claims.  0; -ENOENT if the
 * offset is in no function, or in code that no path reaches; -ENOMEM. */
int motte_find_place(const struct motte_claims *claims, uint64_t code_offset, struct motte_place *place);

#endif
