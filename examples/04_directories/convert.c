/* Copies a file, in capitals; then tries to go where it may not. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static FILE *open_or_tell(const char *path, const char *mode) {
    FILE *file = fopen(path, mode);
    if (file == NULL) {
        printf("%s: %s\n", path, strerror(errno));
    }
    return file;
}

int main(void) {
    FILE *in = open_or_tell("/in/text", "r");
    FILE *out = open_or_tell("/out/text", "w");
    if (in == NULL || out == NULL) {
        return 1;
    }
    for (int character; (character = getc(in)) != EOF;) {
        putc(toupper(character), out);
    }
    fclose(in);
    fclose(out);
    puts("converted");
    open_or_tell("/in/text", "w");
    open_or_tell("/in/../../etc/passwd", "r");
    open_or_tell("/in/link", "r");
    return 0;
}
