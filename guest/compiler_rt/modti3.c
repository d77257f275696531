#include "divide.h"

signed_wide __modti3(signed_wide dividend, signed_wide divisor)
{
    signed_wide remainder;

    divide_signed(dividend, divisor, &remainder);
    return remainder;
}
