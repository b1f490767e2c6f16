/* Operations on small integers that do not wrap, in the registers: read as float32,
 * computed there, rounded half to even and clamped on their way out. GCC takes twice as
 * long: it widens in two steps, rounds by additions and packs by permutations. (uint8
 * blend of 10**5 on one thread: 10 us instead of 19; Sapphire Rapids, AVX2.)
 *
 * The rounding is that of the caller, as of all arithmetic; the conversion raises no flag
 * but inexact. */
#ifndef FASTADD_CLAMP_H
#define FASTADD_CLAMP_H

#include <stdint.h>
#include <string.h>

/* What `clamp_factors` computes: the operations of src/core/native.pxi. */
enum { CLAMP_PRODUCTS, CLAMP_LERP, CLAMP_ADDCMUL };

/* (GCC shared the loop between sizes: a quarter slower.) */
#if defined(__GNUC__)
#define FASTADD_FOR_EACH_SIZE static inline __attribute__((always_inline))
#else
#define FASTADD_FOR_EACH_SIZE static inline
#endif

#if defined(__SSE4_1__)
enum { CLAMPS_BY_VECTORS = 1 };
#include <immintrin.h>

#if defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
enum { LANES = 16 };
typedef __m512 floats_t;
typedef __m512i ints_t;
typedef __mmask16 choice_t;
#define EACH(name) _mm512_##name
#define WIDENED(kind, x) _mm512_cvt##kind##_epi32(x)
static inline __m128i load_bytes(const char *x) { return _mm_loadu_si128((const __m128i *)x); }
static inline __m256i load_words(const char *x) {
    return _mm256_loadu_si256((const __m256i *)x);
}
static inline floats_t choose(choice_t chosen, floats_t x, floats_t y) {
    return _mm512_mask_blend_ps(chosen, y, x);
}
static inline choice_t is_less(floats_t x, floats_t y) {
    return _mm512_cmp_ps_mask(x, y, _CMP_LT_OQ);
}
static inline floats_t zero_if_nan(floats_t x) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, x, _CMP_ORD_Q), x);
}
#elif defined(__AVX2__)
enum { LANES = 8 };
typedef __m256 floats_t;
typedef __m256i ints_t;
typedef __m256 choice_t;
#define EACH(name) _mm256_##name
#define WIDENED(kind, x) _mm256_cvt##kind##_epi32(x)
static inline __m128i load_bytes(const char *x) { return _mm_loadl_epi64((const __m128i *)x); }
static inline __m128i load_words(const char *x) { return _mm_loadu_si128((const __m128i *)x); }
static inline floats_t choose(choice_t chosen, floats_t x, floats_t y) {
    return _mm256_blendv_ps(y, x, chosen);
}
static inline choice_t is_less(floats_t x, floats_t y) {
    return _mm256_cmp_ps(x, y, _CMP_LT_OQ);
}
static inline floats_t zero_if_nan(floats_t x) {
    return _mm256_and_ps(x, _mm256_cmp_ps(x, x, _CMP_ORD_Q));
}
#else
enum { LANES = 4 };
typedef __m128 floats_t;
typedef __m128i ints_t;
typedef __m128 choice_t;
#define EACH(name) _mm_##name
#define WIDENED(kind, x) _mm_cvt##kind##_epi32(x)
static inline __m128i load_bytes(const char *x) {
    int32_t four;
    memcpy(&four, x, 4);
    return _mm_cvtsi32_si128(four);
}
static inline __m128i load_words(const char *x) { return _mm_loadl_epi64((const __m128i *)x); }
static inline floats_t choose(choice_t chosen, floats_t x, floats_t y) {
    return _mm_blendv_ps(y, x, chosen);
}
/* Of magnitudes, by their bits: the comparison of floats would raise a flag for a NaN. */
static inline choice_t is_less(floats_t x, floats_t y) {
    return _mm_castsi128_ps(_mm_cmpgt_epi32(_mm_castps_si128(y), _mm_castps_si128(x)));
}
static inline floats_t zero_if_nan(floats_t x) { return _mm_and_ps(x, _mm_cmpord_ps(x, x)); }
#endif

/* LANES integers of so many bytes. */
static inline floats_t load_floats(const char *x, int size, int is_signed) {
    ints_t wide = size == 1
                      ? (is_signed ? WIDENED(epi8, load_bytes(x)) : WIDENED(epu8, load_bytes(x)))
                      : (is_signed ? WIDENED(epi16, load_words(x))
                                   : WIDENED(epu16, load_words(x)));
    return EACH(cvtepi32_ps)(wide);
}

/* 4 vectors to bytes, or 2 to 16 bits. (Packing goes by halves of 16 bytes.) */
static inline void store_clamped(char *out, const floats_t *sums, int size, int is_signed) {
#if defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
    for (int v = 0; v < 4 / size; v++) {
        ints_t x = _mm512_cvtps_epi32(sums[v]);
        char *y = out + v * LANES * size;
        if (!is_signed) x = _mm512_max_epi32(x, _mm512_setzero_si512());
        if (size == 1)
            _mm_storeu_si128((__m128i *)y, is_signed ? _mm512_cvtsepi32_epi8(x)
                                                     : _mm512_cvtusepi32_epi8(x));
        else
            _mm256_storeu_si256((__m256i *)y, is_signed ? _mm512_cvtsepi32_epi16(x)
                                                        : _mm512_cvtusepi32_epi16(x));
    }
#else
    ints_t x = EACH(cvtps_epi32)(sums[0]), y = EACH(cvtps_epi32)(sums[1]), z;
    if (size == 2) {
        x = is_signed ? EACH(packs_epi32)(x, y) : EACH(packus_epi32)(x, y);
    } else {
        x = EACH(packs_epi32)(x, y);
        z = EACH(packs_epi32)(EACH(cvtps_epi32)(sums[2]), EACH(cvtps_epi32)(sums[3]));
        x = is_signed ? EACH(packs_epi16)(x, z) : EACH(packus_epi16)(x, z);
    }
#if defined(__AVX2__)
    if (size == 2)
        x = _mm256_permute4x64_epi64(x, 0xd8);
    else
        x = _mm256_permutevar8x32_epi32(x, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    _mm256_storeu_si256((__m256i *)out, x);
#else
    _mm_storeu_si128((__m128i *)out, x);
#endif
#endif
}

/* The sum of `count` rows, of n elements side by side; returns how many are done. Every
 * sum must be finite and below 2**31. */
static inline ptrdiff_t clamp_rows(char *out, char *const *rows, const float *weights,
                                   int count, ptrdiff_t n, int size, int is_signed) {
    enum { MOST = 4 };
    const int vectors = 4 / size;
    const ptrdiff_t step = vectors * LANES;
    ptrdiff_t j = 0;
    for (; j + step <= n; j += step) {
        floats_t sums[MOST], weight = EACH(set1_ps)(weights[0]);
        for (int v = 0; v < MOST; v++) {
            const char *x = rows[0] + (j + v % vectors * LANES) * size;
            sums[v] = EACH(mul_ps)(weight, load_floats(x, size, is_signed));
        }
        for (int row = 1; row < count; row++) {
            weight = EACH(set1_ps)(weights[row]);
            for (int v = 0; v < vectors; v++) {
                const char *x = rows[row] + (j + v * LANES) * size;
                floats_t term = EACH(mul_ps)(weight, load_floats(x, size, is_signed));
                sums[v] = EACH(add_ps)(sums[v], term);
            }
        }
        store_clamped(out + j * size, sums, size, is_signed);
    }
    return j;
}

/* As `lerp_float` (choose.h). */
static inline floats_t lerp_floats(floats_t a, floats_t b, floats_t w) {
    const floats_t minus = EACH(set1_ps)(-0.0f), one = EACH(set1_ps)(1.0f);
    choice_t near = is_less(EACH(andnot_ps)(minus, w), EACH(set1_ps)(0.5f));
    floats_t factor = choose(near, w, EACH(xor_ps)(EACH(sub_ps)(one, w), minus));
    return EACH(add_ps)(choose(near, a, b), EACH(mul_ps)(factor, EACH(sub_ps)(b, a)));
}

/* What an int32 holds, which is then packed. A NaN becomes 0 first: without a flag, which a
 * comparison with it would raise. */
static inline floats_t within_int32(floats_t x) {
    const floats_t most = EACH(set1_ps)(0x1p30f);
    x = EACH(max_ps)(zero_if_nan(x), EACH(sub_ps)(EACH(setzero_ps)(), most));
    return EACH(min_ps)(x, most);
}

/* d*a + c*b, lerp(a, b, c) or beta*a + (alpha*b)*c of rows side by side, of which c and d
 * are of float32; the last of them, d or c, has a step of 1 or 0. Returns how many are
 * done. */
FASTADD_FOR_EACH_SIZE ptrdiff_t
clamp_factors(int operation, char *out, const char *a, const char *b, const float *c,
              const float *last, ptrdiff_t last_step, float beta, float alpha, ptrdiff_t n,
              int size, int is_signed) {
    enum { MOST = 4 };
    const int vectors = 4 / size;
    const ptrdiff_t step = vectors * LANES;
    const floats_t of_a = EACH(set1_ps)(beta), of_b = EACH(set1_ps)(alpha);
    float repeated[LANES];
    ptrdiff_t j = 0;
    if (last_step == 0) {
        for (int k = 0; k < LANES; k++) repeated[k] = *last;
        last = repeated;
    }
    for (; j + step <= n; j += step) {
        floats_t results[MOST];
        for (int v = 0; v < vectors; v++) {
            ptrdiff_t k = j + v * LANES;
            floats_t x = load_floats(a + k * size, size, is_signed);
            floats_t y = load_floats(b + k * size, size, is_signed);
            floats_t factor = EACH(loadu_ps)(last + k * last_step);
            if (operation == CLAMP_LERP)
                x = lerp_floats(x, y, factor);
            else if (operation == CLAMP_PRODUCTS)
                x = EACH(add_ps)(EACH(mul_ps)(factor, x),
                                 EACH(mul_ps)(EACH(loadu_ps)(c + k), y));
            else
                x = EACH(add_ps)(EACH(mul_ps)(of_a, x),
                                 EACH(mul_ps)(EACH(mul_ps)(of_b, y), factor));
            results[v] = within_int32(x);
        }
        store_clamped(out + j * size, results, size, is_signed);
    }
    return j;
}
#else
enum { CLAMPS_BY_VECTORS = 0 };
static inline ptrdiff_t clamp_factors(int operation, char *out, const char *a,
                                      const char *b, const float *c, const float *last,
                                      ptrdiff_t last_step, float beta, float alpha,
                                      ptrdiff_t n, int size, int is_signed) {
    (void)operation, (void)out, (void)a, (void)b, (void)c, (void)last, (void)last_step;
    (void)beta, (void)alpha, (void)n, (void)size, (void)is_signed;
    return 0;
}

static inline ptrdiff_t clamp_rows(char *out, char *const *rows, const float *weights,
                                   int count, ptrdiff_t n, int size, int is_signed) {
    (void)out, (void)rows, (void)weights, (void)count, (void)n, (void)size, (void)is_signed;
    return 0;
}
#endif

#endif
