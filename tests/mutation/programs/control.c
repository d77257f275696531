/* Switches, function pointers, recursion, variadic and library calls, to be mutated; it is never run as it is. */
#include <ctype.h>
#include <errno.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

typedef int (*operation)(int, int);

static int add(int a, int b) { return a + b; }
static int take(int a, int b) { return a - b; }
static int most(int a, int b) { return a > b ? a : b; }

operation operations[] = {add, take, most};

__attribute__((noinline)) int calculate(const char *program, int value)
{
    for (; *program; program++) {
        switch (*program) {
        case 'a': value = operations[0](value, 3); break;
        case 'b': value = operations[value % 3](value, program[1]); break;
        case 'c': value ^= value << 5; break;
        case 'd': value = calculate(program + 1, value / 2); break;
        case 'e': return value;
        case 'f': value = -value; break;
        case 'g': value *= 7; break;
        case 'h': value += isalpha(value); break;
        case 'j': if (value & 1) program++; break;
        default: value--;
        }
    }
    return value;
}

__attribute__((noinline)) int dense(unsigned kind, int x)
{
    switch (kind) {
    case 0: return x + 1;
    case 1: return x * 3;
    case 2: return x - 9;
    case 3: return x ^ 77;
    case 4: return x / 5;
    case 5: return x << 2;
    case 6: return -x;
    case 7: return ~x;
    }
    return 0;
}

__attribute__((noinline)) int tail(int count, operation next)
{
    return count > 5 ? tail(count - 1, next) : next(count, 2);
}

__attribute__((noinline)) int sum(int count, ...)
{
    va_list list;
    va_start(list, count);
    int total = 0;
    for (int i = 0; i < count; i++)
        total += i & 1 ? (int)va_arg(list, double) : va_arg(list, int);
    va_end(list);
    return total;
}

struct big {
    long words[20];
};

__attribute__((noinline)) struct big copied(struct big from, int at)
{
    from.words[at] += 3;
    return from;
}

static int by_value(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

int main(int count, char **arguments)
{
    char text[200];
    wchar_t wide[40];
    int list[50] = {count, 3, 1};
    struct big big = {{count}};
    qsort(list, 50, sizeof *list, by_value);
    snprintf(text, sizeof text, "%s %d %5.2f %lx %e", arguments[0], count, 1.5 * count, (long)count, 1.0 / count);
    sscanf(text, "%d %49s", list, text + 100);
    mbstowcs(wide, text, 40);
    time_t now = time(NULL);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M", gmtime(&now));
    regex_t expression;
    if (regcomp(&expression, "a[0-9]+(b|c)*", REG_EXTENDED) == 0)
        list[1] += regexec(&expression, text, 0, NULL, 0);
    char *copy = strdup(text), *part = strtok(copy, " ");
    if (part && strstr(text, part) && !strcasecmp(part, "x"))
        perror(strerror(errno));
    free(copy);
    void *found = bsearch(&count, list, 50, sizeof *list, by_value);
    big = copied(big, count & 7);
    setvbuf(stdout, NULL, _IOFBF, 100);
    fputs(getenv("HOME") ? "x" : "y", stdout);
    return calculate(text, count) + dense((unsigned)count, 3) + tail(count, operations[count % 3]) + (found != NULL)
         + sum(4, 1, 2.0, 3, 4.0) + (int)big.words[3] + (int)strtod(text, NULL) + (int)wcslen(wide) + rand();
}
