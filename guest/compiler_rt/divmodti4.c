#include "divide.h"

signed_wide __divmodti4(signed_wide dividend, signed_wide divisor, signed_wide *remainder)
{
    return divide_signed(dividend, divisor, remainder);
}
