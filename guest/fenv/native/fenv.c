/*
 * The floating-point environment of native programs: of both units that compute,
 * the x87 and the vector unit.  Confined ones have neither's control register.
 */

#include <fenv.h>
#include <features.h>

#define VECTOR_ROUNDING_SHIFT 3
#define DEFAULT_VECTOR_STATE 0x1f80
#define DEFAULT_CONTROL_WORD 0x37f

static unsigned vector_state(void)
{
    unsigned state;

    __asm__ volatile("stmxcsr %0" : "=m"(state));
    return state;
}

static void set_vector_state(unsigned state)
{
    __asm__ volatile("ldmxcsr %0" : : "m"(state));
}

static unsigned x87_status(void)
{
    unsigned short status;

    __asm__ volatile("fnstsw %0" : "=m"(status));
    return status;
}

static unsigned short control_word(void)
{
    unsigned short word;

    __asm__ volatile("fnstcw %0" : "=m"(word));
    return word;
}

static void set_control_word(unsigned short word)
{
    __asm__ volatile("fldcw %0" : : "m"(word));
}

/* The x87 can only forget all that was raised: the vector unit remembers what is to stay. */
int feclearexcept(int mask)
{
    unsigned raised = (x87_status() | vector_state()) & FE_ALL_EXCEPT;

    __asm__ volatile("fnclex");
    set_vector_state((vector_state() & ~(unsigned)FE_ALL_EXCEPT) | (raised & ~(unsigned)mask));
    return 0;
}

int feraiseexcept(int mask)
{
    set_vector_state(vector_state() | (mask & FE_ALL_EXCEPT));
    return 0;
}

int fetestexcept(int mask)
{
    return (x87_status() | vector_state()) & mask & FE_ALL_EXCEPT;
}

int fegetround(void)
{
    return vector_state() >> VECTOR_ROUNDING_SHIFT & FE_TOWARDZERO;
}

/* fesetround has looked at the mode. */
hidden int __fesetround(int mode)
{
    set_control_word((control_word() & ~FE_TOWARDZERO) | mode);
    set_vector_state((vector_state() & ~(FE_TOWARDZERO << VECTOR_ROUNDING_SHIFT)) | mode << VECTOR_ROUNDING_SHIFT);
    return 0;
}

int fegetenv(fenv_t *environment)
{
    __asm__ volatile("fnstenv %0" : "=m"(*environment));
    environment->__mxcsr = vector_state();
    return 0;
}

int fesetenv(const fenv_t *environment)
{
    if (environment == FE_DFL_ENV) {
        __asm__ volatile("fnclex");
        set_control_word(DEFAULT_CONTROL_WORD);
        set_vector_state(DEFAULT_VECTOR_STATE);
    } else {
        __asm__ volatile("fldenv %0" : : "m"(*environment));
        set_vector_state(environment->__mxcsr);
    }
    return 0;
}
