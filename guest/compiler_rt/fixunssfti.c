#include "float_to_wide.h"

wide __fixunssfti(float number)
{
    return double_to_unsigned(number);
}
