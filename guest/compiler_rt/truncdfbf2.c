#include "narrow.h"

__bf16 __truncdfbf2(double number)
{
    union { uint16_t bits; __bf16 number; } result = {narrow(number, 7)};

    return result.number;
}
