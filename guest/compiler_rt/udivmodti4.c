#include "divide.h"

wide __udivmodti4(wide dividend, wide divisor, wide *remainder)
{
    wide rest;
    wide quotient = divide(dividend, divisor, &rest);

    if (remainder)
        *remainder = rest;
    return quotient;
}
