#include "table.h"

#include <string.h>

enum { WORDS = 100 };

static struct {
    const char *word;
    int count;
} table[WORDS];

static int find(const char *word) {
    int index = 0;
    while (index < WORDS - 1 && table[index].word != NULL && strcmp(table[index].word, word) != 0) {
        index++;
    }
    return index;
}

void table_add(const char *word) {
    int index = find(word);
    table[index].word = word;
    table[index].count++;
}

int table_count(const char *word) {
    return table[find(word)].count;
}
