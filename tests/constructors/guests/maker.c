/* Makes recipes of its grant "plugin", and products of them: maker WHAT. */
#include <motte.h>
#include <stdio.h>
#include <string.h>

static int plugin, bank, meter;

static void show_holes(int constructor)
{
    char names[256] = {0};
    int holes = motte_constructor_holes(constructor, names, sizeof names);
    printf("holes %d", holes);
    for (char *name = names; *name; name += strlen(name) + 1)
        printf(" %s", name);
    printf(" confined %d\n", motte_constructor_is_confined(constructor));
}

static void seals(void)
{
    int channel[2], recipe = motte_constructor_create(plugin), inner = motte_constructor_create(plugin);
    struct motte_spawn_options options = {.bank = bank, .meter = meter};
    motte_channel_create(4, 4096, channel);
    printf("kind %d\n", motte_cap_kind(recipe) == MOTTE_CONSTRUCTOR);
    printf("too early %d\n", motte_constructor_make(recipe, &options));
    printf("inner %d\n", motte_constructor_insert(recipe, "inner", inner));
    show_holes(recipe);
    motte_constructor_seal(inner);
    printf("program %d\n", motte_constructor_insert(recipe, "program", plugin));
    printf("again %d\n", motte_constructor_insert(recipe, "program", plugin));
    show_holes(recipe);
    printf("seal %d\n", motte_constructor_seal(recipe));
    show_holes(recipe);
    printf("insert %d\n", motte_constructor_insert(recipe, "late", channel[0]));
    printf("keeper %d\n", motte_constructor_keeper(recipe, channel[0]));
    int open = motte_constructor_create(plugin);
    motte_constructor_insert(open, "channel", channel[0]);
    motte_constructor_keeper(open, channel[0]);
    motte_constructor_seal(open);
    show_holes(open);
}

static void creates(void)
{
    int channel[2], recipe = motte_constructor_create(plugin), other = motte_constructor_create(plugin);
    motte_channel_create(4, 4096, channel);
    motte_constructor_seal(recipe);
    motte_constructor_seal(other);
    struct motte_named grant = {"work", channel[1]};
    struct motte_spawn_options options = {.bank = bank, .meter = meter, .grants = &grant, .grant_count = 1};
    long before = motte_bank_used(bank);
    int product = motte_constructor_make(recipe, &options);
    printf("on its bank %d\n", motte_bank_used(bank) > before);
    printf("mine %d\n", motte_constructor_verify(recipe, product));
    printf("not of another %d\n", motte_constructor_verify(other, product));
    options.suspended = 1;
    int impostor = motte_spawn(plugin, &options);
    printf("not an impostor %d\n", motte_constructor_verify(recipe, impostor));
    printf("not a bank %d\n", motte_constructor_verify(recipe, bank));
    motte_kill(impostor);
    motte_wait(impostor, NULL, -1);
    char done[8];
    struct motte_message request = {.bytes = "secret", .size = 6}, answer = {.bytes = done, .room = sizeof done};
    printf("call %d\n", motte_call(channel[0], &request, &answer, -1));
    printf("told %u\n", answer.tag);
    printf("wait %d\n", motte_wait(product, NULL, -1));
    motte_cap_drop(product);
    motte_cap_drop(impostor);
}

static void rights(void)
{
    int recipe = motte_constructor_create(plugin);
    unsigned send = MOTTE_MAY_SEND | MOTTE_MAY_COPY;
    int looks = motte_cap_restrict(recipe, send | MOTTE_CONSTRUCTOR_LOOKS, 0, 0);
    int creates = motte_cap_restrict(recipe, send | MOTTE_CONSTRUCTOR_CREATES, 0, 0);
    struct motte_spawn_options options = {.bank = bank, .meter = meter};
    printf("insert %d\n", motte_constructor_insert(looks, "plugin", plugin));
    printf("seal %d\n", motte_constructor_seal(creates));
    motte_constructor_seal(recipe);
    printf("create %d\n", motte_constructor_make(looks, &options));
    printf("holes %d\n", motte_constructor_holes(creates, NULL, 0));
    printf("holes %d\n", motte_constructor_holes(looks, NULL, 0));
    options.meter = 0;
    printf("without a meter %d\n", motte_constructor_make(creates, &options));
    options.meter = meter;
    options.bank = motte_cap_restrict(bank, send | MOTTE_BANK_QUERIES, 0, 0);
    printf("bank to look at %d\n", motte_constructor_make(creates, &options));
}

/* With whatever the bank allows: it has what it had if that was not enough. */
static void fails(void)
{
    int recipe = motte_constructor_create(plugin), failures = 0, leaks = 0, product = 0;
    struct motte_spawn_options options = {.meter = meter, .suspended = 1};
    motte_constructor_seal(recipe);
    for (unsigned long pages = 1; pages < 400 && product <= 0; pages++) {
        options.bank = motte_bank_create(bank, pages * 4096);
        product = motte_constructor_make(recipe, &options);
        if (product < 0) {
            failures += product == -MOTTE_LIMIT_REACHED;
            leaks += motte_bank_used(options.bank) != 0;
            motte_bank_destroy(options.bank);
        }
    }
    printf("failures %d leaks %d product %d\n", failures > 0, leaks, product > 0);
    motte_kill(product);
    motte_wait(product, NULL, -1);
}

int main(int argc, char **argv)
{
    plugin = motte_grant("plugin");
    bank = motte_grant("bank");
    meter = motte_grant("meter");
    if (!strcmp(argv[argc - 1], "seals"))
        seals();
    else if (!strcmp(argv[argc - 1], "creates"))
        creates();
    else if (!strcmp(argv[argc - 1], "rights"))
        rights();
    else
        fails();
    return 0;
}
