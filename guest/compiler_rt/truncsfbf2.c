#include "narrow.h"

__bf16 __truncsfbf2(float number)
{
    union { uint16_t bits; __bf16 number; } result = {narrow(number, 7)};

    return result.number;
}
