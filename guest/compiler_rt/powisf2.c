/* An integer power by repeated squaring. */

float __powisf2(float base, int exponent)
{
    unsigned rest = exponent < 0 ? -(unsigned)exponent : (unsigned)exponent;
    float result = rest & 1 ? base : 1;

    while (rest >>= 1) {
        base *= base;
        if (rest & 1)
            result *= base;
    }
    return exponent < 0 ? 1 / result : result;
}
