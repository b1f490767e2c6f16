/* Whether this CPU, and the operating system that saves its registers, can run the
 * kernels of an instruction set. Asked before the module with them is loaded. */
#ifndef FASTADD_CPU_H
#define FASTADD_CPU_H

#include <string.h>

static inline int fastadd_cpu_runs(const char *set) {
    if (strcmp(set, "baseline") == 0)
        return 1;
#if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__)
    __builtin_cpu_init();
    if (strcmp(set, "avx2") == 0)
        return __builtin_cpu_supports("avx2") != 0;
#endif
    return 0;
}

#endif
