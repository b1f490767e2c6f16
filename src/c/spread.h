/* An operand brought to m rows of n elements, side by side: one that is constant along
 * rows, as a mask of one channel over three is, or from row to row; short rows that lie
 * apart; every second to fourth element, as a channel of an image; or any other. */
#ifndef FASTADD_SPREAD_H
#define FASTADD_SPREAD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* (By vectors it is as fast, and 39 kB instead of 5: each size has its own loops.) */
#if defined(__GNUC__) && !defined(__clang__)
#define FASTADD_SCALAR __attribute__((optimize("no-tree-vectorize")))
#else
#define FASTADD_SCALAR
#endif

enum { VECTOR_BYTES = 16 };

static inline void copy_vector(char *y, const char *x) {
    char vector[VECTOR_BYTES];
    memcpy(vector, x, VECTOR_BYTES);
    memcpy(y, vector, VECTOR_BYTES);
}

/* Of a row what its vectors, or halves or quarters of one, leave is copied with some that
 * was copied before: no byte outside of it is read. */
static inline void copy_row(char *y, const char *x, ptrdiff_t nbytes) {
    if (nbytes >= VECTOR_BYTES) {
        for (ptrdiff_t j = 0; j + VECTOR_BYTES <= nbytes; j += VECTOR_BYTES)
            copy_vector(y + j, x + j);
        copy_vector(y + nbytes - VECTOR_BYTES, x + nbytes - VECTOR_BYTES);
    } else if (nbytes >= 8) {
        uint64_t first, last;
        memcpy(&first, x, 8), memcpy(&last, x + nbytes - 8, 8);
        memcpy(y, &first, 8), memcpy(y + nbytes - 8, &last, 8);
    } else if (nbytes >= 4) {
        uint32_t first, last;
        memcpy(&first, x, 4), memcpy(&last, x + nbytes - 4, 4);
        memcpy(y, &first, 4), memcpy(y + nbytes - 4, &last, 4);
    } else {
        for (ptrdiff_t j = 0; j < nbytes; j++) y[j] = x[j];
    }
}

#if defined(__SSSE3__) || defined(_MSC_VER) && defined(__AVX__)
#include <immintrin.h>
#define FASTADD_CAN_GATHER 1

/* An element, over and over. */
static inline __m128i repeated(ptrdiff_t size, const char *x) {
    uint8_t one;
    uint16_t two;
    uint32_t four;
    switch (size) {
    case 1: memcpy(&one, x, 1); return _mm_set1_epi8((char)one);
    case 2: memcpy(&two, x, 2); return _mm_set1_epi16((short)two);
    case 4: memcpy(&four, x, 4); return _mm_set1_epi32((int)four);
    case 8: return _mm_castpd_si128(_mm_loaddup_pd((const double *)(const void *)x));
    default: return _mm_loadu_si128((const __m128i *)x);
    }
}

/* Every element of x that begins a group of so many, by shuffles of each group's vectors.
 * Returns how many: the last vectors would reach beyond x. */
static inline ptrdiff_t gather(ptrdiff_t size, int group, ptrdiff_t n, char *y,
                               const char *x) {
    ptrdiff_t done = 0, count = VECTOR_BYTES / size;
    __m128i mask[4];
    for (int v = 0; v < group; v++) {
        char bytes[VECTOR_BYTES];
        for (int b = 0; b < VECTOR_BYTES; b++) {
            int from = (int)(b / size * size * group + b % size) - v * VECTOR_BYTES;
            bytes[b] = (char)(from >= 0 && from < VECTOR_BYTES ? from : -1);
        }
        mask[v] = _mm_loadu_si128((const __m128i *)bytes);
    }
    for (; done + count < n; done += count, x += group * VECTOR_BYTES) {
        __m128i gathered = _mm_setzero_si128();
        for (int v = 0; v < group; v++)
            gathered = _mm_or_si128(
                gathered,
                _mm_shuffle_epi8(
                    _mm_loadu_si128((const __m128i *)(x + v * VECTOR_BYTES)), mask[v]));
        _mm_storeu_si128((__m128i *)(y + done * size), gathered);
    }
    return done;
}

/* Rows of two to four elements, of which each column lies side by side: by shuffles of the
 * columns' vectors. Returns how many rows. */
static inline ptrdiff_t interleave(ptrdiff_t size, int n, ptrdiff_t m, char *y,
                                   const char *x, ptrdiff_t step) {
    ptrdiff_t done = 0, count = VECTOR_BYTES / size;
    __m128i mask[4][4];
    for (int v = 0; v < n; v++)
        for (int c = 0; c < n; c++) {
            char bytes[VECTOR_BYTES];
            for (int b = 0; b < VECTOR_BYTES; b++) {
                int at = v * VECTOR_BYTES + b, element = at / (int)size;
                bytes[b] = (char)(element % n == c ? element / n * size + at % size : -1);
            }
            mask[v][c] = _mm_loadu_si128((const __m128i *)bytes);
        }
    for (; done + count <= m; done += count, x += VECTOR_BYTES, y += n * VECTOR_BYTES)
        for (int v = 0; v < n; v++) {
            __m128i row = _mm_setzero_si128();
            for (int c = 0; c < n; c++)
                row = _mm_or_si128(
                    row, _mm_shuffle_epi8(
                             _mm_loadu_si128((const __m128i *)(x + c * step)), mask[v][c]));
            _mm_storeu_si128((__m128i *)(y + v * VECTOR_BYTES), row);
        }
    return done;
}

/* So many rows of one element each; of what is written past a row's end the next one
 * begins. Returns how many rows: the last ones' vectors would reach beyond y. */
static inline ptrdiff_t repeat(ptrdiff_t size, ptrdiff_t m, ptrdiff_t n, char *y,
                               const char *x, ptrdiff_t row) {
    ptrdiff_t nbytes = n * size, rows = m - (VECTOR_BYTES - 2 + nbytes) / nbytes;
    for (ptrdiff_t i = 0; i < rows; i++, y += nbytes, x += row) {
        __m128i vector = repeated(size, x);
        for (ptrdiff_t j = 0; j < nbytes; j += VECTOR_BYTES)
            _mm_storeu_si128((__m128i *)(y + j), vector);
    }
    return rows > 0 ? rows : 0;
}
#else
#define FASTADD_CAN_GATHER 0
static inline ptrdiff_t gather(ptrdiff_t size, int group, ptrdiff_t n, char *y,
                               const char *x) {
    (void)size, (void)group, (void)n, (void)y, (void)x;
    return 0;
}
static inline ptrdiff_t interleave(ptrdiff_t size, int n, ptrdiff_t m, char *y,
                                   const char *x, ptrdiff_t step) {
    (void)size, (void)n, (void)m, (void)y, (void)x, (void)step;
    return 0;
}
static inline ptrdiff_t repeat(ptrdiff_t size, ptrdiff_t m, ptrdiff_t n, char *y,
                               const char *x, ptrdiff_t row) {
    (void)size, (void)m, (void)n, (void)y, (void)x, (void)row;
    return 0;
}
#endif

static inline void copy_each(ptrdiff_t size, ptrdiff_t n, char *y, const char *x,
                             ptrdiff_t step) {
    for (ptrdiff_t j = 0; j < n; j++, y += size, x += step) memcpy(y, x, (size_t)size);
}

static inline void spread_elements(ptrdiff_t size, ptrdiff_t m, ptrdiff_t n, char *y,
                                   const char *x, ptrdiff_t row, ptrdiff_t step) {
    ptrdiff_t i = 0, done = 0;
    if (step == 0)
        i = repeat(size, m, n, y, x, row);
    else if (size <= 8 && row == size && n == 2)
        i = interleave(size, 2, m, y, x, step);
    else if (size <= 4 && row == size && n == 3)
        i = interleave(size, 3, m, y, x, step);
    else if (size <= 4 && row == size && n == 4)
        i = interleave(size, 4, m, y, x, step);
    y += i * n * size, x += i * row;
    for (; i < m; i++, y += n * size, x += row) {
        if (size <= 8 && step == 2 * size)
            done = gather(size, 2, n, y, x);
        else if (size <= 8 && step == 3 * size)
            done = gather(size, 3, n, y, x);
        else if (size <= 8 && step == 4 * size)
            done = gather(size, 4, n, y, x);
        copy_each(size, n - done, y + done * size, x + done * step, step);
    }
}

FASTADD_SCALAR static void spread(ptrdiff_t size, ptrdiff_t m, ptrdiff_t n, char *y,
                                  const char *x, ptrdiff_t row, ptrdiff_t step) {
    ptrdiff_t done = 1, more, rows = m;
    if (n == 1) n = m, step = row, m = rows = 1;
    if (m > 1 && row == 0) m = 1;
    if (step == size) {
        for (ptrdiff_t i = 0; i < m; i++) copy_row(y + i * n * size, x + i * row, n * size);
    } else {
        switch (size) {
        case 1: spread_elements(1, m, n, y, x, row, step); break;
        case 2: spread_elements(2, m, n, y, x, row, step); break;
        case 4: spread_elements(4, m, n, y, x, row, step); break;
        case 8: spread_elements(8, m, n, y, x, row, step); break;
        case 16: spread_elements(16, m, n, y, x, row, step); break;
        default: /* complex numbers of two longdoubles */
            for (ptrdiff_t k = 0; k < m * n; k++)
                memcpy(y + k * size, x + k / n * row + k % n * step, (size_t)size);
        }
    }
    for (; m == 1 && done < rows; done += more) {
        more = done < rows - done ? done : rows - done;
        memcpy(y + done * n * size, y, (size_t)(more * n * size));
    }
}

#endif
