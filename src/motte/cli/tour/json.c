/* A recursive-descent reader of JSON: the typical plugin. Reads a document that it writes itself. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *position;

static void skip_space(void) {
    while (isspace((unsigned char)*position)) {
        position++;
    }
}

static int accept(char expected) {
    skip_space();
    if (*position != expected) {
        return 0;
    }
    position++;
    return 1;
}

static void fail(const char *what) {
    printf("bad document: %s at \"%.10s\"\n", what, position);
    exit(1);
}

static void skip_string(void) {
    while (*position != '"') {
        position += *position == '\\' ? 2 : 1;
    }
    position++;
}

/* Returns the sum of all numbers in the value at the reader's position. */
static double sum_value(void) {
    double sum = 0;
    if (accept('{')) {
        while (!accept('}')) {
            if (!accept('"')) {
                fail("a name expected");
            }
            skip_string();
            if (!accept(':')) {
                fail("a colon expected");
            }
            sum += sum_value();
            accept(',');
        }
        return sum;
    }
    if (accept('[')) {
        while (!accept(']')) {
            sum += sum_value();
            accept(',');
        }
        return sum;
    }
    if (accept('"')) {
        skip_string();
        return 0;
    }
    char *end;
    sum = strtod(position, &end);
    if (end == position) {
        fail("a value expected");
    }
    position = end;
    return sum;
}

int main(void) {
    enum { RECORDS = 20000 };
    char *document = malloc(RECORDS * 64 + 16);
    if (document == NULL) {
        return 1;
    }
    char *end = document;
    *end++ = '[';
    for (int i = 0; i < RECORDS; i++) {
        end += sprintf(end, "%s{\"id\": %d, \"half\": [%d.5, \"a\\\"b\"]}", i ? ", " : "", i, i);
    }
    strcpy(end, "]");
    position = document;
    printf("%d records, sum %.1f\n", RECORDS, sum_value());
    free(document);
    return 0;
}
