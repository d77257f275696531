#include "wide_to_float.h"

float __floattisf(signed_wide number)
{
    int exponent;
    uint64_t top = leading_word(number < 0 ? -(wide)number : (wide)number, &exponent);
    float magnitude = (float)top * (float)power_of_two(exponent);

    return number < 0 ? -magnitude : magnitude;
}
