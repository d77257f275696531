/* Lines, words and bytes of the standard input, and the words in order of their frequency. */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct word {
    char *text;
    int count;
};

static int by_count(const void *left, const void *right)
{
    const struct word *a = left, *b = right;
    return a->count != b->count ? b->count - a->count : strcmp(a->text, b->text);
}

int main(int argc, char **argv)
{
    struct word *words = NULL;
    size_t used = 0, lines = 0, bytes = 0, total = 0;
    char current[64];
    size_t length = 0;
    int c;

    do {
        c = getchar();
        bytes += c != EOF;
        lines += c == '\n';
        if (c != EOF && !isspace(c)) {
            if (length < sizeof current - 1)
                current[length++] = (char)c;
        } else if (length) {
            current[length] = 0;
            length = 0;
            total++;
            size_t i = 0;
            while (i < used && strcmp(words[i].text, current))
                i++;
            if (i == used) {
                words = realloc(words, ++used * sizeof *words);
                words[i] = (struct word){strdup(current), 0};
            }
            words[i].count++;
        }
    } while (c != EOF);
    qsort(words, used, sizeof *words, by_count);
    printf("%zu %zu %zu\n", lines, total, bytes);
    for (size_t i = 0; i < used; i++)
        printf("%2d %s\n", words[i].count, words[i].text);
    for (int i = 1; i < argc; i++)
        printf("%s%c", argv[i], i + 1 < argc ? ' ' : '\n');
    return (int)used;
}
