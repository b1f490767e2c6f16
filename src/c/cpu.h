/* Whether this CPU, and the operating system that saves its registers, can run the
 * kernels of an instruction set. Asked before the module with them is loaded. */
#ifndef FASTADD_CPU_H
#define FASTADD_CPU_H

#include <string.h>

#if defined(_MSC_VER) && defined(_M_X64)
#include <intrin.h>

/* Bits of what CPUID and XGETBV answer. Of each set MSVC takes more than the kernels ask
 * for: with /arch:AVX2 also FMA and bit manipulation, with /arch:AVX512 also CD. */
enum {
    ECX_OF_1 = 1 << 12 /* FMA */ | 1 << 27 /* OSXSAVE */ | 1 << 28 /* AVX */ |
               1 << 29 /* F16C */,
    EBX_OF_7 = 1 << 3 /* BMI1 */ | 1 << 5 /* AVX2 */ | 1 << 8 /* BMI2 */,
    EBX_OF_7_AVX512 = 1 << 16 /* F */ | 1 << 17 /* DQ */ | 1 << 28 /* CD */ |
                      1 << 30 /* BW */ | (int)(1u << 31) /* VL */,
    SAVES_AVX = 1 << 1 | 1 << 2, /* the lower and the upper halves of YMM */
    SAVES_AVX512 = 7 << 5        /* masks, upper halves of ZMM, the 16 others */
};

static inline int fastadd_cpu_runs(const char *set) {
    int answer[4], features = EBX_OF_7, saved = SAVES_AVX; /* EAX, EBX, ECX, EDX */
    if (strcmp(set, "baseline") == 0) return 1;            /* SSE2, which all have */
    if (strcmp(set, "avx512") == 0)
        features |= EBX_OF_7_AVX512, saved |= SAVES_AVX512;
    else if (strcmp(set, "avx2") != 0)
        return 0;
    __cpuidex(answer, 0, 0);
    if (answer[0] < 7) return 0;
    __cpuidex(answer, 1, 0);
    if ((answer[2] & ECX_OF_1) != ECX_OF_1) return 0;
    if (((int)_xgetbv(0) & saved) != saved) return 0;
    __cpuidex(answer, 7, 0);
    return (answer[1] & features) == features;
}

#elif defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>

/* Clang 14 cannot be asked for it by name. */
static inline int fastadd_cpu_has_f16c(void) {
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C) != 0;
}

static inline int fastadd_cpu_runs(const char *set) {
    __builtin_cpu_init();
    if (strcmp(set, "baseline") == 0)
        return __builtin_cpu_supports("sse4.2") != 0;
    if (strcmp(set, "avx2") == 0)
        return __builtin_cpu_supports("avx2") && fastadd_cpu_has_f16c();
    if (strcmp(set, "avx512") == 0)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
               fastadd_cpu_has_f16c();
    return 0;
}

#else
static inline int fastadd_cpu_runs(const char *set) { return strcmp(set, "baseline") == 0; }
#endif

#endif
