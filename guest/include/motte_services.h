/*
 * Objects of the host: programs, processes, banks, meters.
 *
 * Each of these functions calls a capability of that kind, which the process was granted or has got in a message; nothing can
 * be done without.  They return a result that is not negative, often a new handle, or a negated `enum motte_error`: beside
 * those that are named here, -MOTTE_INVALID_CAP for what has ended, and -MOTTE_NO_ACCESS without the right to it.
 */

#ifndef MOTTE_SERVICES_H
#define MOTTE_SERVICES_H

#ifdef __cplusplus
extern "C" {
#endif

/* The upper half of a capability's rights belongs to its kind: for motte_cap_restrict(). */
enum motte_object_right {
    MOTTE_CLOCK_READS = 1 << 16,
    MOTTE_CLOCK_EXACT = 1 << 17,

    MOTTE_RANDOM_DRAWS = 1 << 16,

    MOTTE_PROGRAM_SPAWNS = 1 << 16,

    MOTTE_PROCESS_LOOK = 1 << 16,   /* how it ended, what it has used */
    MOTTE_PROCESS_RUN = 1 << 17,    /* start, suspend, resume */
    MOTTE_PROCESS_END = 1 << 18,    /* kill */
    MOTTE_PROCESS_CHANGE = 1 << 19, /* what it is granted, who keeps it */

    MOTTE_BANK_ALLOCATES = 1 << 16, /* and makes banks below it */
    MOTTE_BANK_FREES = 1 << 17,
    MOTTE_BANK_DESTROYS = 1 << 18,
    MOTTE_BANK_QUERIES = 1 << 19,
    MOTTE_BANK_LIMITS = 1 << 20,
    MOTTE_BANK_REMOVES = 1 << 21,

    MOTTE_LINKS_TRAP_EXIT = 1 << 16,
    MOTTE_LINKS_GIVE_SELF = 1 << 17,

    MOTTE_METER_DRAWS = 1 << 16,
    MOTTE_METER_QUERIES = 1 << 17,
    MOTTE_METER_CHANGES = 1 << 18
};

/* --- processes --------------------------------------------------------------------------------------------------------- */

struct motte_named {
    const char *name;
    int capability;
};

/* Whole pages from 0x80000000 up to 0xe0000000, where nothing is until the keeper supplies it. */
struct motte_region {
    unsigned long address, size;
    int keeper;
};

/* Zero what is not used. */
struct motte_spawn_options {
    const char *const *arguments; /* after the program's name; NULL at the end */
    const char *const *variables; /* "NAME=value"; NULL at the end */
    const struct motte_named *grants; /* what it finds with motte_grant(): copies */
    unsigned grant_count;
    unsigned region_count;
    const struct motte_region *regions; /* ranges of its memory that have keepers of their own */
    int bank;               /* that pays for it; 0: this process's own */
    int meter;              /* whose time it uses; 0: this process's own */
    int keeper;             /* a channel that is asked about its faults; 0: nobody is */
    unsigned long cpu_time; /* nanoseconds at most; 0: what this process has left */
    int suspended;          /* it waits for motte_start() */
    int output;             /* it writes to this process's standard output and error */
};

/*
 * A process of the program: its handle.  -MOTTE_LIMIT_REACHED if the bank does not pay for it, or as many processes
 * as allowed have come of this one and its makers.  If it fails, there is no process.
 */
int motte_spawn(int program, const struct motte_spawn_options *options);

int motte_start(int process);

/* One more capability for it; -MOTTE_BAD_STATE after its start. */
int motte_process_grant(int process, const char *name, int capability);

enum motte_end_reason {
    MOTTE_ENDED_ITSELF = 1,
    MOTTE_ENDED_BY_FAULT,
    MOTTE_ENDED_BY_SIGNAL,
    MOTTE_WAS_KILLED,
    MOTTE_ENDED_BY_TIME,
    MOTTE_ENDED_BY_CLOCK,
    MOTTE_ENDED_BY_OUTPUT,
    MOTTE_ENDED_BY_HOST
};

struct motte_end {
    int status;      /* as a shell would have it */
    unsigned reason; /* enum motte_end_reason */
    unsigned fault;  /* which, if it was one */
    unsigned unused;
};

/* Waits for its end; everything that it had is back when this returns 0.  -MOTTE_TIMEOUT.  `end` may be NULL. */
int motte_wait(int process, struct motte_end *end, long timeout);

/* Harmless when it has ended. */
int motte_kill(int process);

/* It stands still wherever it is, until it is resumed. */
int motte_suspend(int process);
int motte_resume(int process);

struct motte_statistics {
    unsigned long cpu_time, wall_time; /* nanoseconds */
    unsigned long memory, peak_memory; /* bytes */
    unsigned long output;              /* bytes written */
    unsigned long calls;               /* into the host */
    unsigned long page_faults, preemptions;
};

int motte_process_statistics(int process, struct motte_statistics *statistics);

/*
 * One message to the channel when it has ended, and everything that it had is back: with the tag MOTTE_DOWN and a
 * struct motte_down, whose `number` is this one.  It comes even if the channel is full then: this process's bank pays for the
 * message from now on (-MOTTE_LIMIT_REACHED if it cannot), and it ends with that bank.
 */
int motte_monitor(int process, int channel, unsigned long number);

/* The same, but that the message overtakes all in the channel that have no priority. */
int motte_monitor_urgent(int process, int channel, unsigned long number);

/* Lets others run. */
void motte_yield(void);

/* Nanoseconds. */
void motte_sleep(long duration);

/* --- banks -------------------------------------------------------------------------------------------------------------- */

#define MOTTE_NO_LIMIT (~0UL)

struct motte_bank_figures {
    unsigned long limit, used, peak, available; /* bytes, or MOTTE_NO_LIMIT */
};

/* A bank below this one, which pays a page for it: its handle.  -MOTTE_LIMIT_REACHED, -MOTTE_TOO_DEEP. */
int motte_bank_create(int bank, unsigned long limit);
int motte_bank_figures(int bank, struct motte_bank_figures *figures);

/* Single ones of those; -1 for no limit. */
long motte_bank_used(int bank);
long motte_bank_available(int bank);

int motte_bank_limit(int bank, unsigned long limit);

/* Ends it and everything that was bought from it. */
int motte_bank_destroy(int bank);

/* Ends it; its parent inherits. */
int motte_bank_remove(int bank);

/* 0 if `claimed` is a bank of the machine of `bank`, which is trusted; -MOTTE_INVALID_CAP for anything else. */
int motte_bank_verify(int bank, int claimed);

/* --- meters ------------------------------------------------------------------------------------------------------------- */

struct motte_meter_figures {
    unsigned long used, left; /* nanoseconds; MOTTE_NO_LIMIT */
    unsigned long weight;
    unsigned long state; /* 1: on; 2: dry */
};

/* A meter below this one: its handle. -MOTTE_TOO_DEEP. */
int motte_meter_create(int meter);
int motte_meter_figures(int meter, struct motte_meter_figures *figures);
long motte_meter_used(int meter);

/* A total of nanoseconds from now on, or MOTTE_NO_LIMIT. */
int motte_meter_budget(int meter, unsigned long budget);
int motte_meter_refill(int meter, unsigned long more);

/* Millionths of one processor that are never exceeded; 0: no limit. */
int motte_meter_rate(int meter, unsigned long millionths);

/* 1 to 10,000: its share among its siblings. */
int motte_meter_weight(int meter, unsigned long weight);

/* Whatever runs below it stands still, and goes on. */
int motte_meter_off(int meter);
int motte_meter_on(int meter);

/*
 * Each time that the meter has become dry, a message with the tag MOTTE_DRY and its capability goes to the channel, and what
 * runs below it stands still until it is refilled.  -MOTTE_KEEPER_CYCLE if the receiver would stand still, too.  0 for
 * nobody: what runs below a dry meter ends.
 */
int motte_meter_keeper(int meter, int channel);

/* --- messages from the host --------------------------------------------------------------------------------------------- */

enum motte_told {
    MOTTE_FAULT = 0x1001, /* struct motte_fault, and the capability to answer it */
    MOTTE_DOWN,           /* struct motte_down */
    MOTTE_DRY,            /* the meter's capability */
    MOTTE_SHORTAGE,       /* struct motte_shortage, and the capability to answer it */
    MOTTE_EXIT_SIGNAL     /* struct motte_exit_signal */
};

#define MOTTE_MISSED 1 /* posted where a channel has no room for MOTTE_DRY, or for a signal that nobody has paid for */

struct motte_down {
    unsigned long number;
    struct motte_end end;
};

/* --- keepers ------------------------------------------------------------------------------------------------------------ */

/*
 * A keeper is whoever receives at a channel.  When a process faults it stands still, and its keeper gets a message with the
 * fault and a capability to answer it: once, by the functions below; to drop it is to decline.  The keeper of a region sees
 * offsets in that region, and nothing of the process but the pages that it takes away; that of the process, all of it.
 */
struct motte_fault {
    unsigned kind;             /* which; see the documentation */
    unsigned access;           /* 1: read; 2: write; 3: execute; 0: none */
    unsigned long address;     /* or offset in the region */
    unsigned long code_offset; /* ~0UL in a call into the host */
    unsigned long process;     /* a number that tells it from all others */
    unsigned long region_size; /* 0: of the process, not of a region */
    unsigned in_call, unused;
};

/* The process is kept by whoever receives what is sent with `channel`; 0: by nobody. -MOTTE_KEEPER_CYCLE. */
int motte_keeper_set(int process, int channel);

/* The same for a range of its memory; before its start. */
int motte_region_keep(int process, unsigned long address, unsigned long size, int channel);

/* Receives the next fault: its capability.  Other messages are -MOTTE_UNKNOWN_REQUEST. */
int motte_fault_receive(int receiver, struct motte_fault *fault, long timeout);

/* Whole pages, filled with `length` bytes and then zeros.  Any number of them, before the answer. */
int motte_fault_supply(int fault, unsigned long at, unsigned long size, const void *bytes, unsigned long length,
                       int writable);
int motte_fault_protect(int fault, unsigned long at, unsigned long size, int writable);

/* Takes pages away, with their bytes; at most 64 KiB at once. */
int motte_fault_withdraw(int fault, unsigned long at, void *bytes, unsigned long size);

/* Of a process's keeper only. At most 64 KiB at once. */
int motte_fault_read(int fault, unsigned long address, void *bytes, unsigned long size);
int motte_fault_write(int fault, unsigned long address, const void *bytes, unsigned long size);

#define MOTTE_REGISTERS 17 /* numbered as in instructions, from rax = 0 to r15 = 15; 16: flags */
int motte_fault_registers(int fault, unsigned long registers[MOTTE_REGISTERS]);

struct motte_register {
    unsigned long number, value; /* not the stack pointer */
};

/*
 * The answers, which use the capability up and drop it: the instruction runs again; the process goes on behind it
 * (-MOTTE_REQUEST_ERROR where it cannot); somebody else is asked; the process ends.
 */
int motte_fault_resume(int fault);
int motte_fault_resume_with(int fault, const struct motte_register registers[], unsigned count);
int motte_fault_skip(int fault, const struct motte_register registers[], unsigned count);
int motte_fault_decline(int fault);
int motte_fault_kill(int fault);

/* --- timers and names ---------------------------------------------------------------------------------------------------- */

/*
 * After so many nanoseconds the bits are posted to the channel, as motte_notify() does: the timer's number.  A page of this
 * process's bank pays for it until then.  It ends with this process.
 */
long motte_timer(int timers, int channel, long delay, unsigned bits);

/* It never fires; -MOTTE_INVALID_CAP if it has, or is another process's. */
int motte_timer_cancel(int timers, long timer);

/*
 * A channel by a name of at most 64 bytes, which is free again when this process ends, at the latest.
 * -MOTTE_BAD_STATE if the name is taken.
 */
int motte_name_register(int names, const char *name, int channel);

/* A capability to send there, and nothing more; -MOTTE_INVALID_CAP if there is no such name. */
int motte_name_lookup(int names, const char *name);
int motte_name_unregister(int names, const char *name);

#ifdef __cplusplus
}
#endif

#endif
