/* Choices between floats, made on their bits: of a conditional expression GCC computes a
 * side only where it is taken, and then cannot vectorise; and a comparison with a NaN
 * would raise a flag. */
#ifndef FASTADD_CHOOSE_H
#define FASTADD_CHOOSE_H

#include <math.h>

#include "scalars.h"

static inline uint64_t double_bits(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double bits_double(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* lerp is base + factor * (b - a): from a on by w or, where abs(w) is 1/2 or more, from b
 * back by 1 - w, so that it is exact at both ends. */
static inline float lerp_float(float a, float b, float w) {
    uint32_t near = -(uint32_t)((float_bits(w) & 0x7fffffff) < 0x3f000000);
    float base = bits_float((float_bits(a) & near) | (float_bits(b) & ~near));
    float factor = bits_float((float_bits(w) & near) | (float_bits(-(1 - w)) & ~near));
    return base + factor * (b - a);
}

static inline double lerp_double(double a, double b, double w) {
    uint64_t near = -(uint64_t)((double_bits(w) & INT64_MAX) < 0x3fe0000000000000);
    double base = bits_double((double_bits(a) & near) | (double_bits(b) & ~near));
    double factor = bits_double((double_bits(w) & near) | (double_bits(-(1 - w)) & ~near));
    return base + factor * (b - a);
}

static inline longdouble lerp_longdouble(longdouble a, longdouble b, longdouble w) {
    return isless(fabsl(w), 0.5L) ? a + w * (b - a) : b - (1 - w) * (b - a);
}

/* Whether abs(real + imag * 1j) < 1/2. (Parts that matter nothing are not squared.) */
static inline int is_near_zero(longdouble real, longdouble imag) {
    real = fabsl(real), imag = fabsl(imag);
    if (!isless(real, 0.5L) || !isless(imag, 0.5L)) return 0;
    real = real < 1e-20L ? 0 : real, imag = imag < 1e-20L ? 0 : imag;
    return real * real + imag * imag < 0.25L;
}

/* A float as the integer that it rounds to, half to even, of those from low to high; a
 * NaN as 0. Both ends lie within +-2**22 (of a double, 2**51), so that the sum with 3/2 of
 * 2**23 (2**52) has the integer in its lowest bits. low is 0 or negative. (With a conditional expression
 * for a branch, GCC goes round the float's addition, and leaves the loop scalar.) */
static inline int32_t clamp_float(float x, float low, float high) {
    const float magic = 12582912.0f;
    int32_t bits = (int32_t)float_bits(x), sign = bits & INT32_MIN, most;
    if (low == 0) bits &= ~(bits >> 31), sign = 0;
    bits &= INT32_MAX;
    most = (int32_t)float_bits(high);
    most += (sign >> 31) & (int32_t)(float_bits(-low) - float_bits(high));
    bits &= -(int32_t)(bits <= 0x7f800000);
    bits = bits > most ? most : bits;
    return (int32_t)(float_bits(bits_float((uint32_t)(bits | sign)) + magic) -
                     float_bits(magic));
}

static inline int64_t clamp_double(double x, double low, double high) {
    const double magic = 6755399441055744.0;
    int64_t bits = (int64_t)double_bits(x), sign = bits & INT64_MIN, most;
    if (low == 0) bits &= ~(bits >> 63), sign = 0;
    bits &= INT64_MAX;
    most = (int64_t)double_bits(high);
    most += (sign >> 63) & (int64_t)(double_bits(-low) - double_bits(high));
    bits &= -(int64_t)(bits <= 0x7ff0000000000000);
    bits = bits > most ? most : bits;
    return (int64_t)(double_bits(bits_double((uint64_t)(bits | sign)) + magic) -
                     double_bits(magic));
}

/* The same for 64 bits, to which a longdouble is exact where that has 64 bits. */
static inline int64_t clamp_to_int64(longdouble x) {
    longdouble limit = 9223372036854775808.0L, rounded = rintl(x);
    /* (GCC may convert before it chooses: what does not fit would raise a flag.) */
    int fits = isless(rounded, limit) && isgreaterequal(rounded, -limit);
    int64_t converted = (int64_t)(fits ? rounded : 0);
    if (fits) return converted;
    return isgreater(rounded, 0) ? INT64_MAX : isless(rounded, 0) ? INT64_MIN : 0;
}

static inline uint64_t clamp_to_uint64(longdouble x) {
    longdouble half = 9223372036854775808.0L;
    if (isgreaterequal(x, 2 * half)) return UINT64_MAX;
    if (!isgreater(x, 0)) return 0;
    x = rintl(x);
    return x < half ? (uint64_t)(int64_t)x : (uint64_t)(int64_t)(x - half) + (1ULL << 63);
}

#endif
