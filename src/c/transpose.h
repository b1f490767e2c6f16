/* Transposes in registers, by the size of an element: what lies along columns is brought
 * into rows. GCC makes single moves of a plain loop, which take three times as long
 * (64 x 64 of 4 bytes in the L1 cache, Sapphire Rapids). */
#ifndef FASTADD_TRANSPOSE_H
#define FASTADD_TRANSPOSE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Square tiles: y[i][j] = x[j][i]. Rows are `xs` and `ys` bytes apart, elements lie side by
 * side. */
typedef void transpose_tile_t(const char *x, ptrdiff_t xs, char *y, ptrdiff_t ys);

#if defined(__SSE2__) || defined(_M_X64)
#include <immintrin.h>

static inline __m128i load_half(const char *x) {
    return _mm_loadl_epi64((const __m128i *)x);
}
static inline __m128i load_all(const char *x) {
    return _mm_loadu_si128((const __m128i *)x);
}
static inline void store_all(char *y, __m128i v) { _mm_storeu_si128((__m128i *)y, v); }
static inline void store_halves(char *y, ptrdiff_t ys, __m128i v) {
    _mm_storel_epi64((__m128i *)y, v);
    _mm_storel_epi64((__m128i *)(y + ys), _mm_unpackhi_epi64(v, v));
}

static inline void transpose_8x8_of_1(const char *x, ptrdiff_t xs, char *y, ptrdiff_t ys) {
    __m128i a = _mm_unpacklo_epi8(load_half(x), load_half(x + xs));
    __m128i b = _mm_unpacklo_epi8(load_half(x + 2 * xs), load_half(x + 3 * xs));
    __m128i c = _mm_unpacklo_epi8(load_half(x + 4 * xs), load_half(x + 5 * xs));
    __m128i d = _mm_unpacklo_epi8(load_half(x + 6 * xs), load_half(x + 7 * xs));
    __m128i e = _mm_unpacklo_epi16(a, b), f = _mm_unpackhi_epi16(a, b);
    __m128i g = _mm_unpacklo_epi16(c, d), h = _mm_unpackhi_epi16(c, d);
    store_halves(y, ys, _mm_unpacklo_epi32(e, g));
    store_halves(y + 2 * ys, ys, _mm_unpackhi_epi32(e, g));
    store_halves(y + 4 * ys, ys, _mm_unpacklo_epi32(f, h));
    store_halves(y + 6 * ys, ys, _mm_unpackhi_epi32(f, h));
}

/* What is left beside tiles of 8 x 8, and matrices of 4 x 4. */
static inline __m128i load_four(const char *x) {
    int32_t four;
    memcpy(&four, x, 4);
    return _mm_cvtsi32_si128(four);
}

static inline void transpose_4x4_of_1(const char *x, ptrdiff_t xs, char *y, ptrdiff_t ys) {
    __m128i a = _mm_unpacklo_epi8(load_four(x), load_four(x + xs));
    __m128i b = _mm_unpacklo_epi8(load_four(x + 2 * xs), load_four(x + 3 * xs));
    char rows[16];
    store_all(rows, _mm_unpacklo_epi16(a, b));
    for (int k = 0; k < 4; k++) memcpy(y + k * ys, rows + 4 * k, 4);
}

static inline void transpose_4x4_of_2(const char *x, ptrdiff_t xs, char *y, ptrdiff_t ys) {
    __m128i a = _mm_unpacklo_epi16(load_half(x), load_half(x + xs));
    __m128i b = _mm_unpacklo_epi16(load_half(x + 2 * xs), load_half(x + 3 * xs));
    store_halves(y, ys, _mm_unpacklo_epi32(a, b));
    store_halves(y + 2 * ys, ys, _mm_unpackhi_epi32(a, b));
}

static inline void transpose_4x4_of_4(const char *x, ptrdiff_t xs, char *y, ptrdiff_t ys) {
    __m128i a = load_all(x), b = load_all(x + xs);
    __m128i c = load_all(x + 2 * xs), d = load_all(x + 3 * xs);
    __m128i e = _mm_unpacklo_epi32(a, b), f = _mm_unpackhi_epi32(a, b);
    __m128i g = _mm_unpacklo_epi32(c, d), h = _mm_unpackhi_epi32(c, d);
    store_all(y, _mm_unpacklo_epi64(e, g));
    store_all(y + ys, _mm_unpackhi_epi64(e, g));
    store_all(y + 2 * ys, _mm_unpacklo_epi64(f, h));
    store_all(y + 3 * ys, _mm_unpackhi_epi64(f, h));
}

static inline void transpose_8x8_of_2(const char *x, ptrdiff_t xs, char *y, ptrdiff_t ys) {
    __m128i v[8], w[8];
    for (int k = 0; k < 4; k++) {
        __m128i low = load_all(x + 2 * k * xs), high = load_all(x + (2 * k + 1) * xs);
        v[2 * k] = _mm_unpacklo_epi16(low, high);
        v[2 * k + 1] = _mm_unpackhi_epi16(low, high);
    }
    for (int k = 0; k < 2; k++) {
        w[4 * k] = _mm_unpacklo_epi32(v[4 * k], v[4 * k + 2]);
        w[4 * k + 1] = _mm_unpackhi_epi32(v[4 * k], v[4 * k + 2]);
        w[4 * k + 2] = _mm_unpacklo_epi32(v[4 * k + 1], v[4 * k + 3]);
        w[4 * k + 3] = _mm_unpackhi_epi32(v[4 * k + 1], v[4 * k + 3]);
    }
    for (int k = 0; k < 4; k++) {
        store_all(y + 2 * k * ys, _mm_unpacklo_epi64(w[k], w[k + 4]));
        store_all(y + (2 * k + 1) * ys, _mm_unpackhi_epi64(w[k], w[k + 4]));
    }
}

#ifdef __AVX__
static inline __m256 load_pair(const char *low, const char *high) {
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps((const float *)low)),
                                _mm_loadu_ps((const float *)high), 1);
}
static inline __m256d as_doubles(__m256 v) { return _mm256_castps_pd(v); }
static inline void store_row(char *y, __m256d v) { _mm256_storeu_pd((double *)y, v); }

enum { TILE_OF_4 = 8, TILE_OF_8 = 4 };
static inline void transpose_of_4(const char *x, ptrdiff_t xs, char *y, ptrdiff_t ys) {
    for (int k = 0; k < 2; k++, x += 16, y += 4 * ys) {
        __m256 a = load_pair(x, x + 4 * xs), b = load_pair(x + xs, x + 5 * xs);
        __m256 c = load_pair(x + 2 * xs, x + 6 * xs), d = load_pair(x + 3 * xs, x + 7 * xs);
        __m256d e = as_doubles(_mm256_unpacklo_ps(a, b));
        __m256d f = as_doubles(_mm256_unpackhi_ps(a, b));
        __m256d g = as_doubles(_mm256_unpacklo_ps(c, d));
        __m256d h = as_doubles(_mm256_unpackhi_ps(c, d));
        store_row(y, _mm256_unpacklo_pd(e, g));
        store_row(y + ys, _mm256_unpackhi_pd(e, g));
        store_row(y + 2 * ys, _mm256_unpacklo_pd(f, h));
        store_row(y + 3 * ys, _mm256_unpackhi_pd(f, h));
    }
}
static inline void transpose_of_8(const char *x, ptrdiff_t xs, char *y, ptrdiff_t ys) {
    for (int k = 0; k < 2; k++, x += 16, y += 2 * ys) {
        __m256d a = as_doubles(load_pair(x, x + 2 * xs));
        __m256d b = as_doubles(load_pair(x + xs, x + 3 * xs));
        store_row(y, _mm256_unpacklo_pd(a, b));
        store_row(y + ys, _mm256_unpackhi_pd(a, b));
    }
}
#else
enum { TILE_OF_4 = 4, TILE_OF_8 = 2 };
#define transpose_of_4 transpose_4x4_of_4
static inline void transpose_of_8(const char *x, ptrdiff_t xs, char *y, ptrdiff_t ys) {
    __m128i a = load_all(x), b = load_all(x + xs);
    store_all(y, _mm_unpacklo_epi64(a, b));
    store_all(y + ys, _mm_unpackhi_epi64(a, b));
}
#endif
enum { TILE_OF_1 = 8, TILE_OF_2 = 8, SMALL_TILE = 4 };
#define transpose_of_1 transpose_8x8_of_1
#define transpose_of_2 transpose_8x8_of_2

#else /* one by one */
enum { TILE_OF_1 = 1, TILE_OF_2 = 1, TILE_OF_4 = 1, TILE_OF_8 = 1, SMALL_TILE = 1 };
static inline void transpose_of_1(const char *x, ptrdiff_t xs, char *y, ptrdiff_t ys) {
    (void)xs, (void)ys, memcpy(y, x, 1);
}
static inline void transpose_of_2(const char *x, ptrdiff_t xs, char *y, ptrdiff_t ys) {
    (void)xs, (void)ys, memcpy(y, x, 2);
}
static inline void transpose_of_4(const char *x, ptrdiff_t xs, char *y, ptrdiff_t ys) {
    (void)xs, (void)ys, memcpy(y, x, 4);
}
static inline void transpose_of_8(const char *x, ptrdiff_t xs, char *y, ptrdiff_t ys) {
    (void)xs, (void)ys, memcpy(y, x, 8);
}
#define transpose_4x4_of_1 transpose_of_1
#define transpose_4x4_of_2 transpose_of_2
#define transpose_4x4_of_4 transpose_of_4
#endif

enum { TILE_OF_16 = 1 };
static inline void transpose_of_16(const char *x, ptrdiff_t xs, char *y, ptrdiff_t ys) {
    (void)xs, (void)ys, memcpy(y, x, 16);
}

/* m rows of y, of n elements, by small tiles and, what is left of them, one by one. */
static inline void transpose_rest(transpose_tile_t *tile, ptrdiff_t side, ptrdiff_t size,
                                  ptrdiff_t m, ptrdiff_t n, char *y, ptrdiff_t ys,
                                  const char *x, ptrdiff_t xs) {
    ptrdiff_t i, j, rows = m & -side, columns = n & -side;
    for (j = 0; j < columns; j += side)
        for (i = 0; i < rows; i += side)
            tile(x + j * xs + i * size, xs, y + i * ys + j * size, ys);
    for (i = 0; i < m; i++)
        for (j = i < rows ? columns : 0; j < n; j++)
            memcpy(y + i * ys + j * size, x + j * xs + i * size, (size_t)size);
}

/* The same by whole tiles. Of x a line is read to its end before the next one: where rows
 * are a multiple of 4 KiB apart, the L1 cache holds no more than 8 or 12 of them. */
static inline void transpose_all(transpose_tile_t *tile, ptrdiff_t side,
                                 transpose_tile_t *small_tile, ptrdiff_t small_side,
                                 ptrdiff_t size, ptrdiff_t m, ptrdiff_t n, char *y,
                                 ptrdiff_t ys, const char *x, ptrdiff_t xs) {
    ptrdiff_t i, j, k, rows = m & -side, columns = n & -side;
    ptrdiff_t line = 64 / size > side ? 64 / size : side;
    for (k = 0; k < rows; k += line)
        for (j = 0; j < columns; j += side)
            for (i = k; i < k + line && i < rows; i += side)
                tile(x + j * xs + i * size, xs, y + i * ys + j * size, ys);
    if (columns < n)
        transpose_rest(small_tile, small_side, size, rows, n - columns, y + columns * size,
                       ys, x + columns * xs, xs);
    if (rows < m)
        transpose_rest(small_tile, small_side, size, m - rows, n, y + rows * ys, ys,
                       x + rows * size, xs);
}

/* A plane of a few elements, whose sides are literals. */
static inline void transpose_each(ptrdiff_t size, ptrdiff_t side, const char *x, ptrdiff_t xs,
                                  char *y, ptrdiff_t ys) {
    for (ptrdiff_t i = 0; i < side; i++)
        for (ptrdiff_t j = 0; j < side; j++)
            memcpy(y + i * ys + j * size, x + j * xs + i * size, (size_t)size);
}

/* So many planes, `plane` bytes apart, to where they follow one another; those of one small
 * tile by that alone (4 x 4 of 4 bytes: 1.5 ns instead of 14, Zen 5). False if elements of
 * this size are none of those. */
static int transpose(ptrdiff_t size, ptrdiff_t planes, ptrdiff_t m, ptrdiff_t n, char *y,
                     ptrdiff_t ys, const char *x, ptrdiff_t xs, ptrdiff_t plane) {
#define BY_TILES(SIZE, SMALL, SIDE)                                                          \
    for (; planes > 0; planes--, y += m * ys, x += plane)                                    \
        if (m == SIDE && n == SIDE)                                                          \
            SMALL(x, xs, y, ys);                                                             \
        else if (m == 2 && n == 2)                                                           \
            transpose_each(SIZE, 2, x, xs, y, ys);                                           \
        else if (m == 3 && n == 3)                                                           \
            transpose_each(SIZE, 3, x, xs, y, ys);                                           \
        else                                                                                 \
            transpose_all(transpose_of_##SIZE, TILE_OF_##SIZE, SMALL, SIDE, SIZE, m, n, y,   \
                          ys, x, xs);                                                        \
    return 1
    switch (size) {
    case 1: BY_TILES(1, transpose_4x4_of_1, SMALL_TILE);
    case 2: BY_TILES(2, transpose_4x4_of_2, SMALL_TILE);
    case 4: BY_TILES(4, transpose_4x4_of_4, SMALL_TILE);
    case 8: BY_TILES(8, transpose_of_8, TILE_OF_8);
    case 16: BY_TILES(16, transpose_of_16, TILE_OF_16);
    default: return 0;
    }
#undef BY_TILES
}

#endif
