#include <stdint.h>
#define REAL float
#include "complex_divide.h"

complex_number __divsc3(REAL a, REAL b, REAL c, REAL d)
{
    return divide(a, b, c, d);
}
