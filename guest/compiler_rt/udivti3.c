#include "divide.h"

wide __udivti3(wide dividend, wide divisor)
{
    wide ignored;

    return divide(dividend, divisor, &ignored);
}
