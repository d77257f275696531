/*
 * Complex multiplication and division as annex G of the C standard asks: where
 * the plain formulas give NaN + NaN i although an operand is infinite (or a
 * divisor zero), the result is the infinity or zero that it should be.
 *
 * Included once for each type, with REAL and the names of its functions defined.
 */

#define IS_NAN(x) ((x) != (x))
#define IS_INFINITE(x) (__builtin_fabs(x) == __builtin_inf())
#define IS_FINITE(x) (__builtin_fabs(x) < __builtin_inf())
#define WITH_SIGN(magnitude, x) ((REAL)__builtin_copysign(magnitude, x))

typedef _Complex REAL complex_number;

static inline complex_number make(REAL real, REAL imaginary)
{
    union { REAL part[2]; complex_number number; } value = {{real, imaginary}};
    return value.number;
}

/* An infinite part becomes one, any other zero; signs stay. */
static inline REAL infinity_to_one(REAL x)
{
    return WITH_SIGN(IS_INFINITE(x) ? 1 : 0, x);
}

static inline REAL nan_to_zero(REAL x)
{
    return IS_NAN(x) ? WITH_SIGN(0, x) : x;
}
