#include <motte_launch.h>
#include "request.h"

int motte_compile(int launcher, const void *bitcode, unsigned long size, int bank, struct motte_diagnostics *diagnostics)
{
    int draft = motte_draft_create(launcher, size);
    if (draft < 0)
        return draft;
    int result = motte_draft_append(draft, bitcode, size);
    if (result == 0)
        result = motte_draft_compile(draft, bank);
    if ((result == -MOTTE_COMPILE_ERROR || result == -MOTTE_REFUSED) && diagnostics)
        motte_draft_diagnostics(draft, diagnostics);
    motte_cap_drop(draft);
    return result;
}

int motte_launch(int launcher, const void *bitcode, unsigned long size, struct motte_launch_options *options)
{
    struct motte_launch_options nothing = {.diagnostics = {.room = 0}};
    if (!options)
        options = &nothing;
    int program = motte_compile(launcher, bitcode, size, options->process.bank, &options->diagnostics);
    if (program < 0)
        return program;
    int process = motte_spawn(program, &options->process);
    motte_cap_drop(program);
    return process;
}
