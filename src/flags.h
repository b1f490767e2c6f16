/* The floating-point flags that float32, float64 and complex arithmetic can raise. On
 * x86-64 that is SSE's register alone, which takes 3 ns to read; fetestexcept also asks
 * the x87 unit (longdouble, and flags raised by feraiseexcept) and takes 6. */
#ifndef FASTADD_FLAGS_H
#define FASTADD_FLAGS_H

#include <fenv.h>

#define FASTADD_WATCHED (FE_OVERFLOW | FE_UNDERFLOW | FE_INVALID)

#if defined(__x86_64__)
#include <xmmintrin.h>
static inline int vector_flags(void) { return (int)_mm_getcsr() & FASTADD_WATCHED; }
#else
static inline int vector_flags(void) { return fetestexcept(FASTADD_WATCHED); }
#endif

static inline int all_flags(void) { return fetestexcept(FASTADD_WATCHED); }

#endif
