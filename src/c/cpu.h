/* Whether this CPU, and the operating system that saves its registers, can run the
 * kernels of an instruction set. Asked before the module with them is loaded. */
#ifndef FASTADD_CPU_H
#define FASTADD_CPU_H

#include <string.h>
#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>

/* Clang 14 cannot be asked for it by name. */
static inline int fastadd_cpu_has_f16c(void) {
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C) != 0;
}
#endif

static inline int fastadd_cpu_runs(const char *set) {
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
    if (strcmp(set, "baseline") == 0)
        return __builtin_cpu_supports("sse4.2") != 0;
    if (strcmp(set, "avx2") == 0)
        return __builtin_cpu_supports("avx2") && fastadd_cpu_has_f16c();
    if (strcmp(set, "avx512") == 0)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
               fastadd_cpu_has_f16c();
#else
    if (strcmp(set, "baseline") == 0)
        return 1;
#endif
    return 0;
}

#endif
