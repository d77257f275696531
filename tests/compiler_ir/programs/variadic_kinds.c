// Every kind of value that C passes through "...", in both directions, past the end of the registers.
#include <stdarg.h>

typedef __int128 wide;
struct pair { long first, second; };
struct __attribute__((aligned(16))) aligned_pair { long first, second; };
struct mixed { double real; int whole; };
struct floats { float x, y, z; };
struct big { long values[5]; };
struct tiny { char c[3]; };
struct empty {};
typedef float vector __attribute__((vector_size(16)));

static long *out;
static int count;
static void report(long value) { out[count++] = value; }
static void report_wide(wide value) { report((long)value); report((long)(value >> 64)); }
static void report_real(double value) { report((long)(value * 1024)); }

__attribute__((noinline)) static void take(const char *kinds, ...) {
    va_list list;
    va_start(list, kinds);
    for (; *kinds; kinds++) switch (*kinds) {
        case 'i': report(va_arg(list, int)); break;
        case 'l': report(va_arg(list, long)); break;
        case 'd': report_real(va_arg(list, double)); break;
        case 'D': report_real((double)va_arg(list, long double)); break;
        case 'w': report_wide(va_arg(list, wide)); break;
        case 'p': report(*va_arg(list, int *)); break;
        case 'P': { struct pair v = va_arg(list, struct pair); report(v.first); report(v.second); break; }
        case 'A': { struct aligned_pair v = va_arg(list, struct aligned_pair); report(v.first); report(v.second); break; }
        case 'M': { struct mixed v = va_arg(list, struct mixed); report_real(v.real); report(v.whole); break; }
        case 'F': { struct floats v = va_arg(list, struct floats); report_real(v.x); report_real(v.y); report_real(v.z); break; }
        case 'B': { struct big v = va_arg(list, struct big); for (int i = 0; i < 5; i++) report(v.values[i]); break; }
        case 'T': { struct tiny v = va_arg(list, struct tiny); report(v.c[0]); report(v.c[1]); report(v.c[2]); break; }
        case 'E': { (void)va_arg(list, struct empty); report(7); break; }
        case 'V': { vector v = va_arg(list, vector); for (int i = 0; i < 4; i++) report_real(v[i]); break; }
        case 'c': { _Complex double v = va_arg(list, _Complex double); report_real(__real__ v); report_real(__imag__ v); break; }
    }
    va_end(list);
}

__attribute__((noinline)) static void named(int a, double b, wide c, struct pair d, struct big e, const char *kinds, ...) {
    report(a); report_real(b); report_wide(c); report(d.second); report(e.values[4]);
    va_list list, copy;
    va_start(list, kinds);
    va_copy(copy, list);
    for (const char *k = kinds; *k; k++) { if (*k == 'd') report_real(va_arg(list, double)); else report(va_arg(list, long)); }
    for (const char *k = kinds; *k; k++) { if (*k == 'd') report_real(va_arg(copy, double)); else report(va_arg(copy, long)); }
    va_end(list); va_end(copy);
}

static void walk(int n, va_list list) { while (n--) report(va_arg(list, int)); }
__attribute__((noinline)) static void hands_on(int n, ...) {
    va_list list; va_start(list, n); walk(n - 1, list); report(va_arg(list, int)); va_end(list);
}

int run(long *results) {
    out = results; count = 0;
    int x = 41;
    struct pair p = {101, 102}; struct aligned_pair a = {201, 202}; struct mixed m = {3.5, 33};
    struct floats f = {1.5f, 2.5f, 3.25f}; struct big b = {{1, 2, 3, 4, 5}}; struct tiny t = {"xyz"}; struct empty e;
    vector v = {1, 2, 3, 4}; _Complex double z = 1.25 + 2.5i;
    wide w = ((wide)77 << 64) | 78;
    take("i", 1);
    take("ilpdD", -1, 1L << 40, &x, 2.5, 3.5L);
    take("iiiiiiiiii", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    take("dddddddddd", 1., 2., 3., 4., 5., 6., 7., 8., 9., 10.);
    take("iiiiwil", 1, 2, 3, 4, w, 5, 6L);
    take("iiiwwil", 1, 2, 3, w, w, 5, 6L);
    take("iiiiPii", 1, 2, 3, 4, p, 5, 6);
    take("iiiPil", 1, 2, 3, p, 5, 6L);
    take("iiiiAiAiAl", 1, 2, 3, 4, a, 5, a, 6, a, 7L);
    take("lllllllAlA", 1L, 2L, 3L, 4L, 5L, 6L, 7L, a, 8L, a);
    take("MMMMMM", m, m, m, m, m, m);
    take("ddddddddMiM", 1., 2., 3., 4., 5., 6., 7., 8., m, 9, m);
    take("FFFFF", f, f, f, f, f);
    take("iBiBi", 1, b, 2, b, 3);
    take("TTTTTTT", t, t, t, t, t, t, t);
    take("iEi", 1, e, 2);
    take("VVVVVVVVVV", v, v, v, v, v, v, v, v, v, v);
    take("iVidwVlcc", 1, v, 2, 3.5, w, v, 4L, z, z);
    take("wwwww", w, w, w, w, w);
    take("DDDDDDDDDD", 1.L, 2.L, 3.L, 4.L, 5.L, 6.L, 7.L, 8.L, 9.L, 10.L);
    named(1, 2.5, w, p, b, "ldldldldldldldldldld", 1L, 1.5, 2L, 2.5, 3L, 3.5, 4L, 4.5, 5L, 5.5, 6L, 6.5, 7L, 7.5, 8L, 8.5, 9L, 9.5, 10L, 10.5);
    named(1, 2.5, w, p, b, "");
    hands_on(9, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    return count;
}
