#define _GNU_SOURCE
#include "host.h"

#include <cpuid.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cells/pool.h"
#include "code_region.h"
#include "context_offsets.h"
#include "image_slots.h"
#include "signals.h"
#include "slot.h"
#include "switch.h"

#if !defined(__x86_64__) || !defined(__linux__)
#error "Motte's core runs on x86-64 Linux only"
#endif

enum { HWCAP2_USER_FSGSBASE = 1 << 1 };
enum { SHADOW_STACK_STATUS = 0x5005, SHADOW_STACK_ON = 1 << 0 }; /* arch_prctl(2) */

uint32_t motte_vector_level;

static struct host_features features;
static const char *problem;

static bool has_user_shadow_stack(void)
{
    uint64_t status = 0;
    return syscall(SYS_arch_prctl, SHADOW_STACK_STATUS, &status) == 0 && status & SHADOW_STACK_ON;
}

static bool has_guard_markers(void)
{
    enum { PROBED = 4096, GUARD_INSTALL = 102 };
    void *page = mmap(NULL, PROBED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return false;
    bool installed = madvise(page, PROBED, GUARD_INSTALL) == 0;
    munmap(page, PROBED);
    return installed;
}

/* A preempted process's registers are kept in its context, as XSAVE lays them out: the kernel must use it, and no
 * component may lie beyond the room for them. Where they lie is for each model of CPU to say. */
static bool vectors_fit_context(void)
{
    enum { LEGACY_COMPONENTS = 2, COMPONENTS = 8, LAYOUT = 0xd };
    unsigned size, offset, features_1, unused;
    if (!__get_cpuid(1, &unused, &unused, &features_1, &unused) || !(features_1 & bit_OSXSAVE))
        return false;
    for (unsigned component = LEGACY_COMPONENTS; component < COMPONENTS; component++)
        if (VECTOR_COMPONENTS >> component & 1 && __get_cpuid_count(LAYOUT, component, &size, &offset, &unused, &unused)
            && size + offset > VECTORS_SIZE)
            return false;
    return true;
}

static void look(void)
{
    features.fsgsbase = getauxval(AT_HWCAP2) & HWCAP2_USER_FSGSBASE;
    features.user_shadow_stack = has_user_shadow_stack();
    features.avx = __builtin_cpu_supports("avx");
    features.avx512 = __builtin_cpu_supports("avx512f");
    features.guard_markers = has_guard_markers();
    motte_vector_level = features.avx512 ? VECTOR_AVX512 : features.avx ? VECTOR_AVX : VECTOR_SSE;
}

static const char *find_problem(void)
{
    if (!features.fsgsbase)
        return "the kernel does not let programs set the GS base (FSGSBASE): Linux 5.9 or later is needed, on a CPU "
               "with FSGSBASE, without the boot option nofsgsbase";
    if (!vectors_fit_context())
        return "the kernel does not save vector registers with XSAVE (without the boot option noxsave it would), or this "
               "CPU lays them out in a way that Motte does not know";
    if (features.user_shadow_stack)
        return "a user shadow stack is on for this process: start it with GLIBC_TUNABLES=glibc.cpu.x86_shstk=off";
    features.code_region = code_regions_prepare();
    if (!features.code_region)
        return "the addresses from 0x10000000 to 0x7fff0000 are not free in this process: import motte earlier, or use "
               "a Python that is loaded elsewhere";
    if (!signals_prepare())
        return "no real-time signal is free, or signal handlers cannot be installed";
    if (!slots_prepare() || !images_prepare() || !cells_prepare())
        return "the host has no memory left";
    return NULL;
}

void host_prepare(void)
{
    look();
    problem = find_problem();
}

const struct host_features *host_features(void)
{
    return &features;
}

const char *host_problem(void)
{
    return problem;
}
