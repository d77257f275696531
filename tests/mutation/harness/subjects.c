#define _GNU_SOURCE
#include "subjects.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "arena.h"

static const uint8_t *next;

static const void *take(size_t size)
{
    const uint8_t *taken = next;
    next += size;
    return taken;
}

static uint32_t number(void)
{
    uint32_t value;
    __builtin_memcpy(&value, take(sizeof value), sizeof value);
    return value;
}

static struct subject read_subject(void)
{
    struct subject subject = {
        .size = number(), .stack_arguments = number(), .moved_count = number(), .table_count = number()};
    subject.code = take(subject.size);
    subject.kinds = take(subject.size);
    subject.moved = take(subject.moved_count * sizeof *subject.moved);
    subject.tables = calloc(subject.table_count + 1, sizeof *subject.tables);
    for (uint32_t i = 0; i < subject.table_count; i++) {
        uint32_t count = number();
        subject.tables[i] = (struct target_table){count, take(count * sizeof(uint32_t))};
    }
    return subject;
}

struct corpus corpus_read(const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0)
        give_up(path);
    next = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (next == MAP_FAILED)
        give_up(path);
    struct corpus corpus = {.class_count = number()};
    corpus.classes = take(corpus.class_count * sizeof *corpus.classes);
    corpus.count = number();
    corpus.subjects = calloc(corpus.count, sizeof *corpus.subjects);
    for (uint32_t i = 0; i < corpus.count; i++)
        corpus.subjects[i] = read_subject();
    return corpus;
}
