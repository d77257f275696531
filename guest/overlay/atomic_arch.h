/*
 * Atomic operations of the guest libc, as compiler builtins.  Everything that
 * is not defined here the generic header derives from these.
 */

#define a_cas a_cas
static inline int a_cas(volatile int *object, int expected, int desired)
{
    __atomic_compare_exchange_n(object, &expected, desired, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return expected;
}

#define a_cas_p a_cas_p
static inline void *a_cas_p(volatile void *object, void *expected, void *desired)
{
    __atomic_compare_exchange_n((void *volatile *)object, &expected, desired, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return expected;
}

#define a_swap a_swap
static inline int a_swap(volatile int *object, int value)
{
    return __atomic_exchange_n(object, value, __ATOMIC_SEQ_CST);
}

#define a_fetch_add a_fetch_add
static inline int a_fetch_add(volatile int *object, int value)
{
    return __atomic_fetch_add(object, value, __ATOMIC_SEQ_CST);
}

#define a_and a_and
static inline void a_and(volatile int *object, int value)
{
    __atomic_fetch_and(object, value, __ATOMIC_SEQ_CST);
}

#define a_or a_or
static inline void a_or(volatile int *object, int value)
{
    __atomic_fetch_or(object, value, __ATOMIC_SEQ_CST);
}

#define a_and_64 a_and_64
static inline void a_and_64(volatile uint64_t *object, uint64_t value)
{
    __atomic_fetch_and(object, value, __ATOMIC_SEQ_CST);
}

#define a_or_64 a_or_64
static inline void a_or_64(volatile uint64_t *object, uint64_t value)
{
    __atomic_fetch_or(object, value, __ATOMIC_SEQ_CST);
}

#define a_store a_store
static inline void a_store(volatile int *object, int value)
{
    __atomic_store_n(object, value, __ATOMIC_SEQ_CST);
}

#define a_barrier a_barrier
static inline void a_barrier(void)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* A process has one thread: nobody else can release what we would spin for. */
#define a_spin a_spin
static inline void a_spin(void)
{
}

#define a_crash a_crash
static inline void a_crash(void)
{
    __builtin_trap();
}

#define a_ctz_32 a_ctz_32
static inline int a_ctz_32(uint32_t value)
{
    return __builtin_ctz(value);
}

#define a_ctz_64 a_ctz_64
static inline int a_ctz_64(uint64_t value)
{
    return __builtin_ctzll(value);
}

#define a_clz_32 a_clz_32
static inline int a_clz_32(uint32_t value)
{
    return __builtin_clz(value);
}

#define a_clz_64 a_clz_64
static inline int a_clz_64(uint64_t value)
{
    return __builtin_clzll(value);
}
