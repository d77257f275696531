#include <motte_launch.h>
#include "request.h"

/* The draft's program; there is no draft afterwards. */
static int finish(int draft, int bank, struct motte_diagnostics *diagnostics)
{
    int result = motte_draft_compile(draft, bank);
    if ((result == -MOTTE_COMPILE_ERROR || result == -MOTTE_REFUSED) && diagnostics)
        motte_draft_diagnostics(draft, diagnostics);
    motte_cap_drop(draft);
    return result;
}

int motte_compile(int launcher, const void *bitcode, unsigned long size, int bank, struct motte_diagnostics *diagnostics)
{
    int draft = motte_draft_create(launcher, size);
    if (draft < 0)
        return draft;
    int result = motte_draft_append(draft, bitcode, size);
    if (result == 0)
        return finish(draft, bank, diagnostics);
    motte_cap_drop(draft);
    return result;
}

int motte_compile_block(int launcher, int block, unsigned long size, int bank, struct motte_diagnostics *diagnostics)
{
    int draft = motte_draft_block(launcher, block, size);
    return draft < 0 ? draft : finish(draft, bank, diagnostics);
}

/* A bank whose memory the allocator decides about. */
static int make_bank(struct motte_launch_options *options)
{
    int bank = motte_bank_create(options->process.bank, options->memory);
    if (bank < 0)
        return bank;
    options->own_bank = options->process.bank = bank;
    return motte_bank_keeper(bank, options->allocator);
}

/* A meter whose time the scheduler decides about. */
static int make_meter(struct motte_launch_options *options)
{
    int meter = motte_meter_create(options->process.meter);
    if (meter < 0)
        return meter;
    options->own_meter = options->process.meter = meter;
    int result = motte_meter_keeper(meter, options->scheduler);
    return result < 0 ? result : motte_meter_budget(meter, options->quantum);
}

static int start(int program, struct motte_launch_options *options)
{
    int result = options->allocator ? make_bank(options) : 0;
    if (result == 0 && options->scheduler)
        result = make_meter(options);
    return result < 0 ? result : motte_spawn(program, &options->process);
}

static void undo(struct motte_launch_options *options)
{
    if (options->own_bank) {
        motte_bank_destroy(options->own_bank);
        motte_cap_drop(options->own_bank);
    }
    if (options->own_meter)
        motte_cap_drop(options->own_meter);
    options->own_bank = options->own_meter = 0;
}

/* A process of the program, which is not kept; or why there is no program. */
static int launch(int program, struct motte_launch_options *options)
{
    struct motte_launch_options given = *options;
    options->own_bank = options->own_meter = 0;
    if (program < 0)
        return program;
    int process = start(program, options);
    options->process = given.process;
    motte_cap_drop(program);
    if (process < 0)
        undo(options);
    return process;
}

int motte_launch(int launcher, const void *bitcode, unsigned long size, struct motte_launch_options *options)
{
    struct motte_launch_options nothing = {.memory = 0};
    if (!options)
        options = &nothing;
    return launch(motte_compile(launcher, bitcode, size, options->process.bank, &options->diagnostics), options);
}

int motte_launch_block(int launcher, int block, unsigned long size, struct motte_launch_options *options)
{
    struct motte_launch_options nothing = {.memory = 0};
    if (!options)
        options = &nothing;
    return launch(motte_compile_block(launcher, block, size, options->process.bank, &options->diagnostics), options);
}
