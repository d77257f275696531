/* Changes one letter of a book, and says what the first line reads like here. */
#include <stdio.h>
#include <string.h>

static char *const book = (char *)0x90000000;

int main(int argc, char **argv) {
    if (argc > 1)
        book[0] = argv[1][0];
    printf("%.*s\n", (int)strcspn(book, "\n"), book);
    return 0;
}
