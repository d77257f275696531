#include "float_to_wide.h"

signed_wide __fixdfti(double number)
{
    return double_to_signed(number);
}
