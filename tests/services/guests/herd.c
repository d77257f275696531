/* "bomb": starts itself for ever, and so does each. "herd N": so many that wait, and all begin to spin at once. */
#include <motte.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void spin(void)
{
    for (volatile int i = 0;; i = i + 1)
        ;
}

int main(int argc, char **argv)
{
    int program = motte_grant("program"), gate[2];
    struct motte_message message = {0};
    if (!strcmp(argv[1], "bomb")) {
        const char *arguments[] = {"bomb", NULL};
        struct motte_named self = {"program", program};
        while (motte_spawn(program, &(struct motte_spawn_options){.arguments = arguments, .grants = &self, .grant_count = 1}) > 0)
            ;
        spin();
    }
    if (!strcmp(argv[1], "member"))
        motte_receive(motte_grant("gate"), &message, NULL, -1);
    if (!strcmp(argv[1], "herd")) {
        motte_channel_create(1, 64, gate);
        const char *arguments[] = {"member", NULL};
        struct motte_named granted = {"gate", gate[1]};
        struct motte_spawn_options options = {.arguments = arguments, .grants = &granted, .grant_count = 1};
        for (int i = atoi(argv[2]); i > 0; i--) {
            int child = motte_spawn(program, &options);
            if (child < 0)
                return 1;
            motte_cap_drop(child);
        }
        motte_send(motte_grant("ready"), &message, -1);
        motte_receive(motte_grant("go"), &message, NULL, -1);
        motte_cap_drop(gate[0]);
    }
    spin();
}
