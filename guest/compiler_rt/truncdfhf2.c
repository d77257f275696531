#include "narrow.h"

_Float16 __truncdfhf2(double number)
{
    union { uint16_t bits; _Float16 number; } result = {narrow(number, 10)};

    return result.number;
}
