/* Multiplies; then tries to become another program. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void) {
    if (fork() >= 0) {
        return 1;
    }
    printf("fork: %s\n", strerror(errno));
    execl("/bin/sh", "sh", (char *)0);
    printf("exec: %s\n", strerror(errno));
    return 0;
}
