/* Counts lines, words and bytes of its standard input: -l, -w and -c choose among them. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
    long lines = 0, words = 0, bytes = 0;
    int in_word = 0;
    for (int character; (character = getchar()) != EOF; bytes++) {
        lines += character == '\n';
        words += !isspace(character) && !in_word;
        in_word = !isspace(character);
    }
    if (argc == 1) {
        printf("%ld %ld %ld\n", lines, words, bytes);
        return 0;
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-l") == 0) {
            printf("%ld lines\n", lines);
        } else if (strcmp(argv[i], "-w") == 0) {
            printf("%ld words\n", words);
        } else if (strcmp(argv[i], "-c") == 0) {
            printf("%ld bytes\n", bytes);
        } else {
            fprintf(stderr, "%s: unknown option %s\n", argv[0], argv[i]);
            return 2;
        }
    }
    return 0;
}
