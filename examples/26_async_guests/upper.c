/* Answers each line in capitals, at once. */
#include <ctype.h>
#include <stdio.h>

int main(void)
{
    char line[256];
    while (fgets(line, sizeof line, stdin)) {
        for (char *at = line; *at; at++)
            *at = (char)toupper((unsigned char)*at);
        fputs(line, stdout);
        fflush(stdout);
    }
    return 0;
}
