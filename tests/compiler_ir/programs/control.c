// Switches, computed goto, wide integers, vectors indexed by variables.
typedef unsigned __int128 wide;
typedef int vector __attribute__((vector_size(32)));
typedef unsigned char bytes __attribute__((vector_size(16)));

static long *out;
static int count;
static void report(long value) { out[count++] = value; }
static int per_thread = 5;
static long zeroed[3];

__attribute__((noinline)) static int dense(int x) {
    switch (x) { case 0: return 3; case 1: return 99; case 2: return 7; case 3: return x * 5; case 4: return 1; case 5: return 8; case 9: return 4; default: return -1; }
}
__attribute__((noinline)) static int trusting(int x) {
    switch (x) { case 0: return 3; case 1: return 99; case 2: report(1); return 7; case 3: report(3); return x * 5; case 4: report(9); return 1; default: __builtin_unreachable(); }
}
__attribute__((noinline)) static long interpret(const unsigned char *code) {
    static const void *const labels[] = {&&stop, &&add, &&twice, &&minus};
    long x = 1;
    goto *labels[*code];
add: x += 10; goto *labels[*++code];
twice: x *= 2; goto *labels[*++code];
minus: x -= 3; goto *labels[*++code];
stop: return x;
}
__attribute__((noinline)) static int pick(vector v, int i) { return v[i]; }
__attribute__((noinline)) static vector put(vector v, int i, int x) { v[i] = x; return v; }
__attribute__((noinline)) static int pick_byte(bytes v, int i) { return v[i]; }
__attribute__((noinline)) static wide divide(wide a, wide b) { return a / b + a % b; }
__attribute__((noinline)) static wide shift(wide a, int n) { return (a << n) ^ (a >> (127 - n)); }
__attribute__((noinline)) static int frexp_sum(double x) { int e; double m = __builtin_frexp(x, &e); return (int)(m * 100) + e; }
__attribute__((noinline)) static vector many(vector a, vector b, vector c, vector d, vector e, vector f, vector g, vector h, vector i, vector j) {
    return a + b * c - d + e * f - g + h * i - j;
}
static int unprototyped();
static int unprototyped(int a, double b) { return a + (int)b; }

int run(long *results) {
    out = results; count = 0;
    for (int i = -1; i < 12; i++) report(dense(i));
    for (int i = 0; i < 5; i++) report(trusting(i));
    report(interpret((const unsigned char[]){1, 2, 2, 3, 1, 0}));
    per_thread += 3; zeroed[1] = per_thread; report(zeroed[0] + zeroed[1]);
    vector v = {1, 2, 3, 4, 5, 6, 7, 8};
    for (int i = 0; i < 8; i++) { report(pick(v, i)); report(put(v, i, 50)[i] + put(v, i, 60)[(i + 1) % 8]); }
    bytes b = {9, 8, 7, 6, 5, 4, 3, 2, 1};
    for (int i = 0; i < 16; i++) report(pick_byte(b, i));
    wide w = ((wide)0x1234567890abcdef << 64) | 0xfedcba0987654321;
    wide q = divide(w, 0x123456789), s = shift(w, 77);
    report((long)q); report((long)(q >> 64)); report((long)s); report((long)(s >> 64));
    report(frexp_sum(1234.5)); report(frexp_sum(0.0));
    vector r = many(v, v, v, v, v, v, v, v, v, v * 3);
    for (int i = 0; i < 8; i++) report(r[i]);
    report(unprototyped(3, 4.5));
    return count;
}
