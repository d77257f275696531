#include <stdint.h>
#define REAL double
#include "complex_divide.h"

complex_number __divdc3(REAL a, REAL b, REAL c, REAL d)
{
    return divide(a, b, c, d);
}
