#include "wide_to_float.h"

double __floatuntidf(wide number)
{
    int exponent;
    uint64_t top = leading_word(number, &exponent);

    return (double)top * (double)power_of_two(exponent);
}
