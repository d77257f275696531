/* Dense matrix product in double precision. */
#include "measure.h"

enum { N = 160 };
static double a[N][N], b[N][N], c[N][N];

static uint64_t kernel(void)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = (i * 3 + j) % 17;
            b[i][j] = (i + j * 5) % 13;
            c[i][j] = 0;
        }
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++)
            for (int j = 0; j < N; j++)
                c[i][j] += a[i][k] * b[k][j];
    double sum = 0;
    for (int i = 0; i < N; i++)
        sum += c[i][(i * 7) % N];
    return (uint64_t)sum;
}
