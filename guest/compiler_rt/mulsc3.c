#define REAL float
#include "complex_multiply.h"

complex_number __mulsc3(REAL a, REAL b, REAL c, REAL d)
{
    return multiply(a, b, c, d);
}
