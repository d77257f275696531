// Locals whose address is taken: fixed, over-aligned, of variable length, in loops, in recursion.
#include <stdint.h>
#include <alloca.h>
#include <string.h>

static long *out;
static int count;
static void report(long value) { out[count++] = value; }
__attribute__((noinline)) static void fill(void *where, int byte, unsigned long size) { memset(where, byte, size); }
__attribute__((noinline)) static long sum(const unsigned char *from, unsigned long size) {
    long total = 0;
    for (unsigned long i = 0; i < size; i++) total += from[i];
    return total;
}

__attribute__((noinline)) static void fixed(void) {
    char small[3]; long words[7]; char large[5000];
    fill(small, 1, sizeof small); fill(words, 2, sizeof words); fill(large, 3, sizeof large);
    report(sum((unsigned char *)small, sizeof small)); report(sum((unsigned char *)words, sizeof words));
    report(sum((unsigned char *)large, sizeof large));
}

__attribute__((noinline)) static void aligned(void) {
    _Alignas(256) char a[10]; _Alignas(64) char b[100]; int c;
    fill(a, 1, sizeof a); fill(b, 2, sizeof b); fill(&c, 3, sizeof c);
    report((uintptr_t)a % 256); report((uintptr_t)b % 64); report(sum((unsigned char *)a, sizeof a)); report(c);
}

__attribute__((noinline)) static long variable(int n) {
    char bytes[n]; long words[n];
    fill(bytes, 1, sizeof bytes); fill(words, 2, sizeof words);
    return sum((unsigned char *)bytes, sizeof bytes) + sum((unsigned char *)words, sizeof words);
}

__attribute__((noinline)) static long loops(int n) {
    long total = 0; char *kept[20];
    for (int i = 0; i < n; i++) { char block[i * 7 + 1]; fill(block, i, sizeof block); total += sum((unsigned char *)block, sizeof block); }
    for (int i = 0; i < n && i < 20; i++) { kept[i] = alloca(33); fill(kept[i], i, 33); }
    for (int i = 0; i < n && i < 20; i++) total += sum((unsigned char *)kept[i], 33);
    return total;
}

__attribute__((noinline)) static long deep(int n, long *above) {
    long here[4] = {n, *above, 0, 0};
    if (n == 0) return here[1];
    return deep(n - 1, here) + here[0];
}

__attribute__((noinline)) static long last(long *value) { return *value * 3; }
__attribute__((noinline)) static long middle(long x) { long local = x; fill(&local, 1, 1); return last(&local); }
static long through(long (*f)(long), int n) { long local[2] = {n, 1}; fill(local, 5, 3); return f(local[0]); }
__attribute__((noinline)) static int many_returns(int n) {
    char block[64]; fill(block, n, sizeof block);
    switch (n) { case 0: return 1; case 1: return (int)sum((unsigned char *)block, 10); case 7: return -4; }
    if (n > 100) { char more[n]; fill(more, 2, sizeof more); return (int)sum((unsigned char *)more, sizeof more); }
    return block[5];
}

struct large { long v[40]; };
__attribute__((noinline)) static struct large make(int n) { struct large r; for (int i = 0; i < 40; i++) r.v[i] = n * i; return r; }
__attribute__((noinline)) static long use(struct large a, int x, struct large b) { a.v[3] += x; return a.v[3] + b.v[39] + sum((unsigned char *)&a, 9); }

// Locals that live one after the other, and locals that live together, in branches and loops.
__attribute__((noinline)) static long take_turns(int n) {
    long total = 0;
    for (int i = 0; i < n; i++) {
        if (i % 3 == 0) { char a[100]; fill(a, i, sizeof a); total += sum((unsigned char *)a, sizeof a); }
        else { long b[20]; fill(b, i + 1, sizeof b); { int c[30]; fill(c, 2, sizeof c); total += sum((unsigned char *)c, sizeof c); } total += sum((unsigned char *)b, sizeof b); }
        char d[64]; fill(d, i * 3, sizeof d);
        for (int j = 0; j < 3; j++) { char e[33]; fill(e, j, sizeof e); total += sum((unsigned char *)e, sizeof e) + d[j]; }
    }
    return total;
}
static long *volatile kept;
__attribute__((noinline)) static long outlives(int n) {
    long first[4] = {n, 2, 3, 4};
    kept = first;
    { long second[4]; fill(second, 9, sizeof second); n += (int)second[0]; }
    { long third[4]; fill(third, 8, sizeof third); n += (int)third[1]; }
    return kept[0] + kept[3] + n;
}
__attribute__((noinline)) static long leaf(const unsigned char *text, int n) {
    int counts[64] = {0};
    for (int i = 0; i < n; i++) counts[text[i] & 63]++;
    long best = 0;
    for (int i = 0; i < 64; i++) best = best * 3 + counts[(i * 7) & 63];
    return best;
}

int run(long *results) {
    out = results; count = 0;
    fixed(); aligned();
    for (int n = 1; n < 40; n += 7) { report(variable(n)); report(loops(n)); report(many_returns(n)); }
    report(many_returns(0)); report(many_returns(200));
    long base = 1000; report(deep(500, &base));
    report(middle(9)); report(through(middle, 77));
    struct large a = make(3), b = make(4);
    report(use(a, 5, b)); report(a.v[3]); report(use(make(1), 2, a));
    for (int n = 0; n < 9; n++) report(take_turns(n));
    report(outlives(5));
    report(leaf((const unsigned char *)"some text to be counted, letter by letter", 41));
    return count;
}
