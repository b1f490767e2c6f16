/* The element types that C lacks or that must stay distinct from one another,
 * and the conversions of the two 16-bit floats. All of it is branch-free on
 * integers, so that compilers vectorise it and every lane, tail and instruction
 * set gives the same bits.
 *
 * boolean and half are structs because Cython tells the members of a fused type
 * apart by C type: a second `unsigned char` or `unsigned short` would silently
 * bind the wrong kernel. */
#ifndef FASTADD_SCALARS_H
#define FASTADD_SCALARS_H

#include <fenv.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* (MSVC has no name for it; cpu.h asks for it with AVX2.) */
#if defined(__F16C__) || (defined(_MSC_VER) && defined(__AVX2__))
#define FASTADD_F16C
#include <immintrin.h>
#endif

/* Before Visual Studio 2022 /fp:precise contracts where the instruction set has FMA. */
#ifdef _MSC_VER
#pragma fp_contract(off)
#endif

typedef struct { uint8_t value; } boolean;
typedef struct { uint16_t bits; } half;
typedef struct { uint16_t bits; } bfloat16;
typedef long double longdouble;
typedef struct { float real, imag; } complex64;
typedef struct { double real, imag; } complex128;
typedef struct { longdouble real, imag; } clongdouble;

/* What rounding to a 16-bit float raises. These are gathered as integers through
 * a loop and handed to the floating-point environment once, after it: a call
 * per element would cost the vector loop. */
enum { HALF_OVERFLOW = 1, HALF_UNDERFLOW = 2 };

static inline void raise_half_flags(uint32_t flags) {
    if (flags)
        feraiseexcept((flags & HALF_OVERFLOW ? FE_OVERFLOW : 0) |
                      (flags & HALF_UNDERFLOW ? FE_UNDERFLOW : 0));
}

static inline uint32_t float_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float bits_float(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* A choice without a branch. Of a conditional expression GCC computes the float side
 * only where it is taken, and then cannot vectorise: 12 times slower. */
static inline uint32_t pick(int condition, uint32_t yes, uint32_t no) {
    return no ^ ((no ^ yes) & -(uint32_t)condition);
}

/* Exponent and mantissa move up 13 bits and the bias changes from 15 to 127.
 * Subnormals are normalised by an exact subtraction of normal floats, so a
 * process that flushes float32 subnormals still reads them right. */
static inline float half_to_float(half h) {
    const uint32_t sign = (uint32_t)(h.bits & 0x8000u) << 16;
    const uint32_t magnitude = (uint32_t)(h.bits & 0x7fffu) << 13;
    const uint32_t exponent = magnitude & 0x0f800000u;
    const uint32_t normal = magnitude + ((127u - 15u) << 23);
    const uint32_t special = magnitude | 0x7f800000u;
    const uint32_t subnormal = float_bits(
        bits_float((magnitude & 0x007fffffu) + (113u << 23)) - bits_float(113u << 23));
    const uint32_t bits = pick(
        exponent == 0, subnormal, pick(exponent == 0x0f800000u, special, normal));
    return bits_float(bits | sign);
}

/* Rounds to nearest even; keeps the upper NaN payload and quiets it, as the
 * hardware instruction (vcvtps2ph) does. Tininess is judged after rounding, as
 * x86 does. */
static inline half float_to_half(float x, uint32_t *flags) {
    const uint32_t bits = float_bits(x);
    const uint32_t sign = bits >> 16 & 0x8000u;
    const uint32_t magnitude = bits & 0x7fffffffu;
    const uint32_t normal =
        (magnitude + 0xfffu + (magnitude >> 13 & 1u) - ((127u - 15u) << 23)) >> 13;
    /* Adding 0.5 puts a subnormal half's last bit at the last bit of the float. */
    const float shifted = bits_float(magnitude) + 0.5f;
    const uint32_t subnormal = float_bits(shifted) - float_bits(0.5f);
    const uint32_t nan = 0x7e00u | (magnitude >> 13 & 0x3ffu);
    const uint32_t rounded = pick(
        magnitude > 0x7f800000u, nan,
        pick(magnitude >= 0x47800000u, 0x7c00u,
             pick(magnitude < 0x38800000u, subnormal, normal)));
    const uint32_t overflow = (magnitude >= 0x477ff000u) & (magnitude < 0x7f800000u);
    const uint32_t underflow =
        (magnitude < 0x387ff000u) & (float_bits(shifted - 0.5f) != magnitude);
    const half h = {(uint16_t)(sign | rounded)};
    *flags |= overflow * HALF_OVERFLOW | underflow * HALF_UNDERFLOW;
    return h;
}

/* float64 reaches float16 in one rounding. Rounding to odd on the way to float32
 * keeps enough of the discarded bits to make the second rounding the right one.
 * (longdouble goes by way of float32, as in NumPy; int64 needs no such care: above
 * 2**24 it overflows anyway. bfloat16 is reached by way of float32 from everywhere,
 * as in ml_dtypes.) */
static inline float double_to_odd_float(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint64_t magnitude = bits & 0x7fffffffffffffffu;
    const uint32_t sign = (uint32_t)(bits >> 32) & 0x80000000u;
    const uint64_t rebiased = magnitude - ((uint64_t)(1023 - 127) << 52);
    const uint32_t normal =
        (uint32_t)(rebiased >> 29) | ((rebiased & 0x1fffffffu) != 0);
    const uint32_t nan =
        0x7fc00000u | ((uint32_t)(magnitude >> 29) & 0x007fffffu);
    const uint32_t odd = magnitude > 0x7ff0000000000000u    ? nan
                         : magnitude == 0x7ff0000000000000u ? 0x7f800000u
                         : magnitude >= 0x47e0000000000000u ? 0x7f000001u /* 2**127 up */
                         : magnitude >= 0x3810000000000000u ? normal
                                                            : magnitude != 0; /* < 2**-126 */
    return bits_float(odd | sign);
}

/* Of float64, int32 is made in vectors by way of int64 on this CPU, so that what does not
 * fit wraps, and directly of single numbers, unless these are told to do the same. */
#if defined(__aarch64__)
enum { DOUBLES_WRAP = 1 };
#else
enum { DOUBLES_WRAP = 0 };
#endif

/* float16 is converted in strips, by the CPU's instructions where the instruction set
 * has them: the compiler makes none of a loop over float_to_half. They round, quiet NaNs
 * and raise flags as the functions above do. */
enum { STRIP = 32 };

#if defined(__GNUC__)
#define ALIGNED __attribute__((aligned(64)))
#else
#define ALIGNED
#endif

/* Aligned, because a vector that straddles two lines takes twice as long. */
typedef struct {
    float at[STRIP] ALIGNED;
} strip_t;

static inline void strip_to_floats(const char *x, float *y) {
#if defined(FASTADD_F16C)
    for (int k = 0; k < STRIP; k += 8)
        _mm256_storeu_ps(
            y + k, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(x + 2 * k))));
#else
    for (int k = 0; k < STRIP; k++) {
        half h;
        memcpy(&h, x + 2 * k, sizeof h);
        y[k] = half_to_float(h);
    }
#endif
}

static inline void strip_to_halves(const float *x, char *y, uint32_t *flags) {
#if defined(FASTADD_F16C)
    for (int k = 0; k < STRIP; k += 8)
        _mm_storeu_si128(
            (__m128i *)(y + 2 * k),
            _mm256_cvtps_ph(_mm256_loadu_ps(x + k), _MM_FROUND_TO_NEAREST_INT));
#else
    for (int k = 0; k < STRIP; k++) {
        const half h = float_to_half(x[k], flags);
        memcpy(y + 2 * k, &h, sizeof h);
    }
#endif
}

/* The same for up to a strip of halves, step bytes apart. */
static inline void halves_to_floats(const char *x, ptrdiff_t step, ptrdiff_t count,
                                    float *y) {
    if (step == sizeof(half) && count == STRIP) {
        strip_to_floats(x, y);
    } else {
        half padded[STRIP] = {{0}};
        for (ptrdiff_t k = 0; k < count; k++)
            memcpy(&padded[k], x + k * step, sizeof(half));
        strip_to_floats((const char *)padded, y);
    }
}

static inline void floats_to_halves(const float *x, char *y, ptrdiff_t step,
                                    ptrdiff_t count, uint32_t *flags) {
    if (step == sizeof(half) && count == STRIP) {
        strip_to_halves(x, y, flags);
    } else {
        float padded[STRIP] = {0};
        half halves[STRIP];
        memcpy(padded, x, count * sizeof(float));
        strip_to_halves(padded, (char *)halves, flags);
        for (ptrdiff_t k = 0; k < count; k++)
            memcpy(y + k * step, &halves[k], sizeof(half));
    }
}

static inline float bfloat16_to_float(bfloat16 b) {
    return bits_float((uint32_t)b.bits << 16);
}

static inline bfloat16 float_to_bfloat16(float x, uint32_t *flags) {
    const uint32_t bits = float_bits(x);
    const uint32_t magnitude = bits & 0x7fffffffu;
    const uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
    const uint32_t quiet = bits >> 16 | 0x0040u;
    const uint32_t overflow = (magnitude >= 0x7f7f8000u) & (magnitude < 0x7f800000u);
    const uint32_t underflow = (magnitude < 0x00800000u) & ((magnitude & 0xffffu) != 0);
    const bfloat16 b = {(uint16_t)pick(magnitude > 0x7f800000u, quiet, rounded)};
    *flags |= overflow * HALF_OVERFLOW | underflow * HALF_UNDERFLOW;
    return b;
}

/* GCC unrolls a loop of 16 before it would vectorise it: 6 times slower. */
#if defined(__GNUC__)
#define KEEP_LOOP _Pragma("GCC unroll 1")
#else
#define KEEP_LOOP
#endif

/* A strip of bfloat16 as floats, two from each word: in a whole strip those of the even
 * places come first. (Back and forth it is the same, and no vector has to be unpacked.)
 * The words are read and written one by one: a copy of the strip would be made of 16
 * bytes at a time, and longer vectors would wait for it. */
static inline void bfloat16_pairs_to_floats(const char *x, float *y) {
    KEEP_LOOP
    for (int k = 0; k < STRIP / 2; k++) {
        uint32_t pair;
        memcpy(&pair, x + 4 * k, sizeof pair);
        y[k] = bits_float(pair << 16);
        y[STRIP / 2 + k] = bits_float(pair & 0xffff0000u);
    }
}

static inline void bfloat16s_to_floats(const char *x, ptrdiff_t step, ptrdiff_t count,
                                       float *y) {
    if (count == STRIP && step == sizeof(bfloat16)) {
        bfloat16_pairs_to_floats(x, y);
    } else {
        bfloat16 strip[STRIP];
        for (ptrdiff_t k = 0; k < count; k++)
            memcpy(&strip[k], x + k * step, sizeof(bfloat16));
        if (count == STRIP)
            bfloat16_pairs_to_floats((const char *)strip, y);
        else
            for (ptrdiff_t k = 0; k < count; k++)
                y[k] = bfloat16_to_float(strip[k]);
    }
}

static inline void floats_to_bfloat16_pairs(const float *x, char *y, uint32_t *flags) {
    uint32_t least = 0xffffffffu, most = 0;
    for (int k = 0; k < STRIP; k++) {
        const uint32_t magnitude = float_bits(x[k]) & 0x7fffffffu;
        most = magnitude > most ? magnitude : most;
        least = magnitude - 1 < least ? magnitude - 1 : least; /* 0 is moderate */
    }
    if (most < 0x7f7f8000u && least >= 0x007fffffu) {
        /* No flags, and no NaN. */
        KEEP_LOOP
        for (int k = 0; k < STRIP / 2; k++) {
            const uint32_t even = float_bits(x[k]);
            const uint32_t odd = float_bits(x[STRIP / 2 + k]);
            const uint32_t pair = (even + 0x7fffu + (even >> 16 & 1u)) >> 16 |
                                  ((odd + 0x7fffu + (odd >> 16 & 1u)) & 0xffff0000u);
            memcpy(y + 4 * k, &pair, sizeof pair);
        }
    } else {
        KEEP_LOOP
        for (int k = 0; k < STRIP / 2; k++) {
            const uint32_t pair =
                float_to_bfloat16(x[k], flags).bits |
                (uint32_t)float_to_bfloat16(x[STRIP / 2 + k], flags).bits << 16;
            memcpy(y + 4 * k, &pair, sizeof pair);
        }
    }
}

static inline void floats_to_bfloat16s(const float *x, char *y, ptrdiff_t step,
                                       ptrdiff_t count, uint32_t *flags) {
    if (count == STRIP && step == sizeof(bfloat16)) {
        floats_to_bfloat16_pairs(x, y, flags);
    } else {
        bfloat16 strip[STRIP];
        if (count == STRIP)
            floats_to_bfloat16_pairs(x, (char *)strip, flags);
        else
            for (ptrdiff_t k = 0; k < count; k++)
                strip[k] = float_to_bfloat16(x[k], flags);
        for (ptrdiff_t k = 0; k < count; k++)
            memcpy(y + k * step, &strip[k], sizeof(bfloat16));
    }
}

#endif
