#include "divide.h"

signed_wide __divti3(signed_wide dividend, signed_wide divisor)
{
    signed_wide ignored;

    return divide_signed(dividend, divisor, &ignored);
}
