#include "wide_to_float.h"

double __floattidf(signed_wide number)
{
    int exponent;
    uint64_t top = leading_word(number < 0 ? -(wide)number : (wide)number, &exponent);
    double magnitude = (double)top * (double)power_of_two(exponent);

    return number < 0 ? -magnitude : magnitude;
}
