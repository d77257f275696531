/* Counts words of its input in a hash table of 256 MiB, of which it touches little. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct entry {
    char word[56];
    uint64_t count;
};

static struct entry *const table = (struct entry *)0x90000000;
enum { ENTRIES = 256 << 14 };

static struct entry *find(const char *word) {
    uint64_t hash = 14695981039346656037u;
    for (const char *letter = word; *letter; letter++)
        hash = (hash ^ (unsigned char)*letter) * 1099511628211u;
    struct entry *entry = &table[hash % ENTRIES];
    while (entry->count && strcmp(entry->word, word) != 0)
        entry = entry == &table[ENTRIES - 1] ? table : entry + 1;
    return entry;
}

int main(void) {
    char word[56];
    while (scanf("%55s", word) == 1) {
        struct entry *entry = find(word);
        strcpy(entry->word, word);
        entry->count++;
    }
    printf("the: %llu, keep: %llu\n", (unsigned long long)find("the")->count, (unsigned long long)find("keep")->count);
    return 0;
}
