#include "float_to_wide.h"

wide __fixunsdfti(double number)
{
    return double_to_unsigned(number);
}
