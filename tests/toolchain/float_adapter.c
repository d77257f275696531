/* Narrow formats, complex numbers and others of the guest's compiler runtime, in forms that ctypes can call. */

#include <stdbool.h>
#include <stdint.h>

_Float16 __truncdfhf2(double);
_Float16 __truncsfhf2(float);
__bf16 __truncdfbf2(double);
__bf16 __truncsfbf2(float);
float __extendhfsf2(_Float16);
_Complex double __muldc3(double, double, double, double);
_Complex double __divdc3(double, double, double, double);
_Complex float __mulsc3(float, float, float, float);
_Complex float __divsc3(float, float, float, float);

#define NARROWING(name, from, to) \
    uint16_t name(from number) { union { to number; uint16_t bits; } result = {__##name(number)}; return result.bits; }
NARROWING(truncdfhf2, double, _Float16)
NARROWING(truncsfhf2, float, _Float16)
NARROWING(truncdfbf2, double, __bf16)
NARROWING(truncsfbf2, float, __bf16)

float extendhfsf2(uint16_t bits)
{
    union { uint16_t bits; _Float16 number; } half = {bits};
    return __extendhfsf2(half.number);
}

#define COMPLEX(name, type) \
    void name(const type *operands, type *results) \
    { \
        union { _Complex type number; type part[2]; } value = \
            {__##name(operands[0], operands[1], operands[2], operands[3])}; \
        results[0] = value.part[0]; \
        results[1] = value.part[1]; \
    }
COMPLEX(muldc3, double)
COMPLEX(divdc3, double)
COMPLEX(mulsc3, float)
COMPLEX(divsc3, float)
