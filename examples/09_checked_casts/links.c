#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node {
    uintptr_t next; /* a pointer, with a mark in its lowest bit and a count in its upper half */
    int value;
};

static struct node *follow(uintptr_t link)
{
    return (struct node *)(link & ~(uintptr_t)1); /* and the count? */
}

/* Like many functions of C: a pointer, or -1. */
static void *find(const char *what, void *found)
{
    long result = strcmp(what, "nothing") == 0 ? -1 : (long)found;
    return (void *)result;
}

int main(int argc, char **argv)
{
    const char *way = argc > 1 ? argv[1] : "";
    struct node *last = malloc(sizeof *last), *first = malloc(sizeof *first);
    *last = (struct node){0, 2};
    *first = (struct node){(uintptr_t)last | 1, 1};
    if (strcmp(way, "counted") == 0)
        first->next |= (uintptr_t)5 << 40;
    if (find(way, first) == (void *)-1)
        puts("found nothing");
    printf("%d\n", first->value + follow(first->next)->value);
    return 0;
}
