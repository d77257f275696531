/* Opens a file of the host, by its absolute name and by climbing out. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

int main(void) {
    const char *names[] = {"/etc/passwd", "../../../../../../etc/passwd", "/proc/self/mem"};
    for (int i = 0; i < 3; i++) {
        if (fopen(names[i], "r") != NULL) {
            printf("read %s\n", names[i]);
            return 1;
        }
        printf("%s: %s\n", names[i], strerror(errno));
    }
    return 0;
}
