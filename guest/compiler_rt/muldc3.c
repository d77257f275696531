#define REAL double
#include "complex_multiply.h"

complex_number __muldc3(REAL a, REAL b, REAL c, REAL d)
{
    return multiply(a, b, c, d);
}
