/* 128-bit functions of the guest's compiler runtime, with operands in memory for ctypes. */

#include <stdint.h>

typedef unsigned __int128 wide;
typedef __int128 signed_wide;

wide __udivmodti4(wide, wide, wide *);
wide __udivti3(wide, wide);
wide __umodti3(wide, wide);
signed_wide __divmodti4(signed_wide, signed_wide, signed_wide *);
signed_wide __divti3(signed_wide, signed_wide);
signed_wide __modti3(signed_wide, signed_wide);
signed_wide __muloti4(signed_wide, signed_wide, int *);
signed_wide __fixdfti(double);
signed_wide __fixsfti(float);
wide __fixunsdfti(double);
wide __fixunssfti(float);
double __floattidf(signed_wide);
float __floattisf(signed_wide);
double __floatuntidf(wide);
float __floatuntisf(wide);

void udivmodti4(const wide *operands, wide *results)
{
    results[0] = __udivmodti4(operands[0], operands[1], &results[1]);
}

void udivti3_umodti3(const wide *operands, wide *results)
{
    results[0] = __udivti3(operands[0], operands[1]);
    results[1] = __umodti3(operands[0], operands[1]);
}

void divmodti4(const signed_wide *operands, signed_wide *results)
{
    results[0] = __divmodti4(operands[0], operands[1], &results[1]);
}

void divti3_modti3(const signed_wide *operands, signed_wide *results)
{
    results[0] = __divti3(operands[0], operands[1]);
    results[1] = __modti3(operands[0], operands[1]);
}

int muloti4(const signed_wide *operands, signed_wide *results)
{
    int overflow;
    results[0] = __muloti4(operands[0], operands[1], &overflow);
    return overflow;
}

void fixdfti(double number, signed_wide *result) { *result = __fixdfti(number); }
void fixsfti(float number, signed_wide *result) { *result = __fixsfti(number); }
void fixunsdfti(double number, wide *result) { *result = __fixunsdfti(number); }
void fixunssfti(float number, wide *result) { *result = __fixunssfti(number); }
double floattidf(const signed_wide *number) { return __floattidf(*number); }
float floattisf(const signed_wide *number) { return __floattisf(*number); }
double floatuntidf(const wide *number) { return __floatuntidf(*number); }
float floatuntisf(const wide *number) { return __floatuntisf(*number); }
