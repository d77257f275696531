#include "divide.h"

wide __umodti3(wide dividend, wide divisor)
{
    wide remainder;

    divide(dividend, divisor, &remainder);
    return remainder;
}
