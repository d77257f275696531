/*
 * What the host's objects and their clients say to each other.
 *
 * A request is a call of a capability: its tag is an `enum motte_request`, its bytes one of these records, which may be
 * followed by more, and capabilities go along.  The answer's tag is 0 or an `enum motte_error`.  <motte_services.h> has a
 * function for each request; this file is for those who serve such requests themselves.
 */

#ifndef MOTTE_PROTOCOL_H
#define MOTTE_PROTOCOL_H

enum motte_request {
    MOTTE_PROGRAM_SPAWN = 0x101,
    MOTTE_PROGRAM_CONSTRUCTOR,

    MOTTE_PROCESS_GRANT = 0x201,
    MOTTE_PROCESS_START,
    MOTTE_PROCESS_WAIT,
    MOTTE_PROCESS_KILL,
    MOTTE_PROCESS_SUSPEND,
    MOTTE_PROCESS_RESUME,
    MOTTE_PROCESS_STATISTICS,
    MOTTE_PROCESS_MONITOR,
    MOTTE_PROCESS_KEEPER,
    MOTTE_PROCESS_REGION,
    MOTTE_PROCESS_LINK,
    MOTTE_PROCESS_UNLINK,
    MOTTE_PROCESS_EXIT,

    MOTTE_BANK_CREATE = 0x301,
    MOTTE_BANK_FIGURES,
    MOTTE_BANK_LIMIT,
    MOTTE_BANK_DESTROY,
    MOTTE_BANK_REMOVE,
    MOTTE_BANK_VERIFY,
    MOTTE_BANK_KEEPER,

    MOTTE_METER_CREATE = 0x401,
    MOTTE_METER_FIGURES,
    MOTTE_METER_BUDGET,
    MOTTE_METER_REFILL,
    MOTTE_METER_RATE,
    MOTTE_METER_WEIGHT,
    MOTTE_METER_SWITCH,
    MOTTE_METER_KEEPER,

    MOTTE_TIMER_SET = 0x501,
    MOTTE_TIMER_CANCEL,

    MOTTE_NAME_REGISTER = 0x601,
    MOTTE_NAME_LOOKUP,
    MOTTE_NAME_UNREGISTER,

    MOTTE_FAULT_RESUME = 0x701,
    MOTTE_FAULT_SUPPLY,
    MOTTE_FAULT_WITHDRAW,
    MOTTE_FAULT_PROTECT,
    MOTTE_FAULT_READ,
    MOTTE_FAULT_WRITE,
    MOTTE_FAULT_REGISTERS,

    MOTTE_LAUNCHER_DRAFT = 0x801, /* a struct motte_size_request; a block may come along, which has the bytes */
    MOTTE_DRAFT_APPEND,
    MOTTE_DRAFT_COMPILE,
    MOTTE_DRAFT_DIAGNOSTICS,

    MOTTE_CONSTRUCTOR_INSERT = 0x901,
    MOTTE_CONSTRUCTOR_KEEPER,
    MOTTE_CONSTRUCTOR_SEAL,
    MOTTE_CONSTRUCTOR_HOLES,
    MOTTE_CONSTRUCTOR_CREATE,
    MOTTE_CONSTRUCTOR_VERIFY,

    MOTTE_SHORTAGE_ANSWER = 0xA01,

    MOTTE_LINKS_TRAP = 0xB01,
    MOTTE_LINKS_SELF
};

/* What comes with MOTTE_PROGRAM_SPAWN: the first three announce capabilities, in this order, before the granted ones. */
enum motte_spawn_flag {
    MOTTE_SPAWN_BANK = 1,
    MOTTE_SPAWN_METER = 2,
    MOTTE_SPAWN_KEEPER = 4,
    MOTTE_SPAWN_START = 8,
    MOTTE_SPAWN_OUTPUT = 16
};

/* Followed by the strings of arguments, variables and names of grants, each with its NUL. */
struct motte_spawn_request {
    unsigned flags, arguments, variables, grants;
    unsigned long cpu_time;
};

/* Followed by the names. */
struct motte_grant_request {
    unsigned grants;
};

struct motte_wait_request {
    unsigned waits; /* the answer comes when there is one */
};

struct motte_monitor_request {
    unsigned long number;
    unsigned urgent, unused;
};

struct motte_size_request {
    unsigned long size;
};

/* With MOTTE_SHORTAGE: a message from the host. */
struct motte_shortage_record {
    unsigned long wanted, limit, used, process;
};

struct motte_exit_request {
    unsigned reason; /* enum motte_reason */
    int detail;
};

struct motte_region_request {
    unsigned long address, size;
};

/* Followed by the registers that are set: pairs of number and value. */
struct motte_fault_answer {
    unsigned action, registers; /* enum motte_fault_action */
};

enum motte_fault_action { MOTTE_FAULT_AGAIN, MOTTE_FAULT_SKIPPED, MOTTE_FAULT_DECLINED, MOTTE_FAULT_ENDED };

/* Followed by bytes, if any. */
struct motte_range_request {
    unsigned long at, size, writable;
};

struct motte_timer_request {
    unsigned long delay;
    unsigned bits, unused;
};

/* Followed by the name. */
struct motte_name_request {
    unsigned size;
};

#endif
