#include "wide_to_float.h"

float __floatuntisf(wide number)
{
    int exponent;
    uint64_t top = leading_word(number, &exponent);

    return (float)top * (float)power_of_two(exponent);
}
