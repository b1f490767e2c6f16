/* The floating-point flags that float32, float64 and complex arithmetic can raise. On
 * x86-64 that is SSE's register alone, which takes 3 ns to read; fetestexcept also asks
 * the x87 unit (longdouble, and flags raised by feraiseexcept) and takes 6. */
#ifndef FASTADD_FLAGS_H
#define FASTADD_FLAGS_H

#include <fenv.h>

#define FASTADD_WATCHED (FE_DIVBYZERO | FE_OVERFLOW | FE_UNDERFLOW | FE_INVALID)

#if defined(__x86_64__)
#include <xmmintrin.h>
static inline int vector_flags(void) { return (int)_mm_getcsr() & FASTADD_WATCHED; }
#else
static inline int vector_flags(void) { return fetestexcept(FASTADD_WATCHED); }
#endif

/* Whether subnormal results become zero, but subnormal operands do not (FTZ without DAZ):
 * then a product by 1 changes numbers. */
#if defined(__x86_64__)
static inline int ones_flush(void) { return (_mm_getcsr() & 0x8040) == 0x8000; }
#else
static inline int ones_flush(void) { return 0; }
#endif

static inline int all_flags(void) { return fetestexcept(FASTADD_WATCHED); }

#endif
