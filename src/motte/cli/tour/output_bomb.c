/* Fills the disk, the terminal, or whoever collects its output. */
#include <stdio.h>

int main(void) {
    for (;;) {
        puts("all work and no play makes a dull log file");
    }
}
