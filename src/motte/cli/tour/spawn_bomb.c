/* Makes processes of itself, which do the same. It was granted its own program, and nothing else. */
#include <motte.h>
#include <stdio.h>

int main(void) {
    int program = motte_grant("program");
    struct motte_named grants[] = {{"program", program}};
    struct motte_spawn_options options = {.grants = grants, .grant_count = 1};
    int child = 0;
    while (child >= 0) {
        child = motte_spawn(program, &options);
    }
    puts(child == -MOTTE_LIMIT_REACHED ? "spawn: limit reached" : "spawn: something else");
    return 0;
}
