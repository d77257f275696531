#include "narrow.h"

_Float16 __truncsfhf2(float number)
{
    union { uint16_t bits; _Float16 number; } result = {narrow(number, 10)};

    return result.number;
}
