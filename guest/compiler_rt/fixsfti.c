#include "float_to_wide.h"

signed_wide __fixsfti(float number)
{
    return double_to_signed(number);
}
