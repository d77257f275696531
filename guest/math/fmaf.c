/*
 * x * y + z rounded once, for a CPU without FMA.
 *
 * The product of two floats is exact as a double; the sum is not, and rounding
 * it twice would be wrong in halfway cases.  So the double sum is rounded to
 * odd: if it is inexact, its last bit is made 1 by a step towards the exact
 * value.  No such double is halfway between two floats.
 */

#include <math.h>
#include <stdint.h>

float fmaf(float x, float y, float z)
{
    double product = (double)x * y;
    union { double number; uint64_t bits; } sum = {product + z};
    double rest = sum.number - product;
    double error = (product - (sum.number - rest)) + (z - rest);

    if (error != 0 && isfinite(sum.number) && !(sum.bits & 1))
        sum.bits += (error > 0) == (sum.number > 0) ? 1 : -1;
    return (float)sum.number;
}
