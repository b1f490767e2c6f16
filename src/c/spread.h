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

enum { FEW = 4 }; /* elements of a row, or of a group of them, that are shuffled */

/* Which byte of a vector each byte of another one is; -1 is none. By the size of an element,
 * as a power of two, and how few there are. */
static struct {
    char gathered[4][FEW + 1][FEW][VECTOR_BYTES];         /* from vector v */
    char interleaved[4][FEW + 1][FEW][FEW][VECTOR_BYTES]; /* in vector v, from column c */
    char repeated[4][FEW + 1][FEW][VECTOR_BYTES];         /* in vector v */
} shuffles;

static void make_shuffles(void) {
    for (int power = 0; power < 4; power++)
        for (int few = 2; few <= FEW; few++)
            for (int v = 0; v < few; v++)
                for (int b = 0; b < VECTOR_BYTES; b++) {
                    int size = 1 << power, part = b % size, at = v * VECTOR_BYTES + b;
                    int from = (b - part) * few + part - v * VECTOR_BYTES;
                    int row = at / size / few * size + part;
                    shuffles.gathered[power][few][v][b] =
                        (char)(from >= 0 && from < VECTOR_BYTES ? from : -1);
                    shuffles.repeated[power][few][v][b] = (char)row;
                    for (int c = 0; c < few; c++)
                        shuffles.interleaved[power][few][v][c][b] =
                            (char)(at / size % few == c ? row : -1);
                }
}

static inline __m128i shuffled(const char *x, const char *shuffle) {
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)x),
                            _mm_loadu_si128((const __m128i *)shuffle));
}
static inline void store_vector(char *y, __m128i vector) {
    _mm_storeu_si128((__m128i *)y, vector);
}

/* Every element of x that begins a group of a few. Returns how many were gathered: the last
 * vectors would reach beyond x. */
static inline ptrdiff_t gather_few(int power, int few, ptrdiff_t n, char *y,
                                   const char *x) {
    ptrdiff_t done = 0, count = VECTOR_BYTES >> power;
    for (; done + count < n; done += count, x += few * VECTOR_BYTES, y += VECTOR_BYTES) {
        __m128i vector = _mm_setzero_si128();
        for (int v = 0; v < few; v++)
            vector = _mm_or_si128(vector, shuffled(x + v * VECTOR_BYTES,
                                                   shuffles.gathered[power][few][v]));
        store_vector(y, vector);
    }
    return done;
}

/* Rows of a few elements, of which each column lies side by side. Returns how many. */
static inline ptrdiff_t interleave_few(int power, int few, ptrdiff_t m, char *y,
                                       const char *x, ptrdiff_t column) {
    ptrdiff_t done = 0, count = VECTOR_BYTES >> power;
    for (; done + count <= m; done += count, x += VECTOR_BYTES)
        for (int v = 0; v < few; v++, y += VECTOR_BYTES) {
            __m128i vector = _mm_setzero_si128();
            for (int c = 0; c < few; c++)
                vector = _mm_or_si128(vector,
                                      shuffled(x + c * column,
                                               shuffles.interleaved[power][few][v][c]));
            store_vector(y, vector);
        }
    return done;
}

/* Rows of one element each, a few times, as of a mask that is applied to colours. */
static inline ptrdiff_t repeat_few(int power, int few, ptrdiff_t m, char *y,
                                   const char *x) {
    ptrdiff_t done = 0, count = VECTOR_BYTES >> power;
#if defined(__AVX2__)
    for (; power == 2 && done + 8 <= m; done += 8, x += 32)
        for (int v = 0; v < few; v++, y += 32) {
            const int k = 8 * v;
            __m256i of = _mm256_setr_epi32(k / few, (k + 1) / few, (k + 2) / few, (k + 3) / few,
                                   (k + 4) / few, (k + 5) / few, (k + 6) / few,
                                   (k + 7) / few);
            _mm256_storeu_si256(
                (__m256i *)y,
                _mm256_permutevar8x32_epi32(_mm256_loadu_si256((const __m256i *)x), of));
        }
#endif
    for (; done + count <= m; done += count, x += VECTOR_BYTES)
        for (int v = 0; v < few; v++, y += VECTOR_BYTES)
            store_vector(y, shuffled(x, shuffles.repeated[power][few][v]));
    return done;
}

static ptrdiff_t gather(int power, ptrdiff_t few, ptrdiff_t n, char *y, const char *x) {
    return few == 2   ? gather_few(power, 2, n, y, x)
           : few == 3 ? gather_few(power, 3, n, y, x)
                      : gather_few(power, 4, n, y, x);
}
static ptrdiff_t interleave(int power, ptrdiff_t few, ptrdiff_t m, char *y, const char *x,
                            ptrdiff_t column) {
    return few == 2   ? interleave_few(power, 2, m, y, x, column)
           : few == 3 ? interleave_few(power, 3, m, y, x, column)
                      : interleave_few(power, 4, m, y, x, column);
}
static ptrdiff_t repeat_each(int power, ptrdiff_t few, ptrdiff_t m, char *y,
                             const char *x) {
    return few == 2   ? repeat_few(power, 2, m, y, x)
           : few == 3 ? repeat_few(power, 3, m, y, x)
                      : repeat_few(power, 4, m, y, x);
}

/* So many rows of one element each; of what is written past a row's end the next one
 * begins. Returns how many rows: the last ones' vectors would reach beyond y. */
static inline ptrdiff_t repeat_of(ptrdiff_t size, ptrdiff_t m, ptrdiff_t n, char *y,
                                  const char *x, ptrdiff_t row) {
    ptrdiff_t nbytes = n * size, rows = m - (VECTOR_BYTES - 2 + nbytes) / nbytes;
    for (ptrdiff_t i = 0; i < rows; i++, y += nbytes, x += row) {
        __m128i vector = repeated(size, x);
        for (ptrdiff_t j = 0; j < nbytes; j += VECTOR_BYTES)
            _mm_storeu_si128((__m128i *)(y + j), vector);
    }
    return rows > 0 ? rows : 0;
}
static ptrdiff_t repeat(ptrdiff_t size, ptrdiff_t m, ptrdiff_t n, char *y, const char *x,
                        ptrdiff_t row) {
    switch (size) {
    case 1: return repeat_of(1, m, n, y, x, row);
    case 2: return repeat_of(2, m, n, y, x, row);
    case 4: return repeat_of(4, m, n, y, x, row);
    case 8: return repeat_of(8, m, n, y, x, row);
    default: return repeat_of(16, m, n, y, x, row);
    }
}
#else /* one by one */
enum { FEW = 0 };
static void make_shuffles(void) {}
static ptrdiff_t gather(int power, ptrdiff_t few, ptrdiff_t n, char *y, const char *x) {
    (void)power, (void)few, (void)n, (void)y, (void)x;
    return 0;
}
static ptrdiff_t interleave(int power, ptrdiff_t few, ptrdiff_t m, char *y, const char *x,
                            ptrdiff_t column) {
    (void)power, (void)few, (void)m, (void)y, (void)x, (void)column;
    return 0;
}
static ptrdiff_t repeat_each(int power, ptrdiff_t few, ptrdiff_t m, char *y,
                             const char *x) {
    (void)power, (void)few, (void)m, (void)y, (void)x;
    return 0;
}
static ptrdiff_t repeat(ptrdiff_t size, ptrdiff_t m, ptrdiff_t n, char *y, const char *x,
                        ptrdiff_t row) {
    (void)size, (void)m, (void)n, (void)y, (void)x, (void)row;
    return 0;
}
#endif

#define COPY_ROWS(SIZE)                                                                    \
    FASTADD_SCALAR static void copy_rows_##SIZE(ptrdiff_t m, ptrdiff_t n, char *y,         \
                                                const char *x, ptrdiff_t row,              \
                                                ptrdiff_t step) {                          \
        for (ptrdiff_t i = 0; i < m; i++, x += row) {                                      \
            const char *from = x;                                                          \
            for (ptrdiff_t j = 0; j < n; j++, y += SIZE, from += step) memcpy(y, from, SIZE); \
        }                                                                                  \
    }

COPY_ROWS(1)
COPY_ROWS(2)
COPY_ROWS(4)
COPY_ROWS(8)
COPY_ROWS(16)

/* One by one. */
static void copy_rows(ptrdiff_t size, ptrdiff_t m, ptrdiff_t n, char *y, const char *x,
                      ptrdiff_t row, ptrdiff_t step) {
    switch (size) {
    case 1: copy_rows_1(m, n, y, x, row, step); break;
    case 2: copy_rows_2(m, n, y, x, row, step); break;
    case 4: copy_rows_4(m, n, y, x, row, step); break;
    case 8: copy_rows_8(m, n, y, x, row, step); break;
    case 16: copy_rows_16(m, n, y, x, row, step); break;
    default: /* complex numbers of two longdoubles */
        for (ptrdiff_t k = 0; k < m * n; k++)
            memcpy(y + k * size, x + k / n * row + k % n * step, (size_t)size);
    }
}

/* How many of the first rows vectors bring to y. */
static ptrdiff_t shuffle_rows(ptrdiff_t size, ptrdiff_t m, ptrdiff_t n, char *y,
                              const char *x, ptrdiff_t row, ptrdiff_t step) {
    int power = size == 8 ? 3 : (int)size >> 1;
    if (size <= 8 && row == size && n <= FEW && step == 0)
        return repeat_each(power, n, m, y, x);
    if (size <= 8 && row == size && n <= (size == 8 ? 2 : FEW))
        return interleave(power, n, m, y, x, step);
    return step == 0 && (size <= 8 || size == 16) ? repeat(size, m, n, y, x, row) : 0;
}

static void spread(ptrdiff_t size, ptrdiff_t m, ptrdiff_t n, char *y, const char *x,
                   ptrdiff_t row, ptrdiff_t step) {
    ptrdiff_t done = 1, more, rows = m, i;
    if (n == 1) n = m, step = row, m = rows = 1;
    if (m > 1 && row == 0) m = 1;
    if (step == size) {
        for (i = 0; i < m; i++) copy_row(y + i * n * size, x + i * row, n * size);
    } else if (size <= 4 && n * size > VECTOR_BYTES &&
               (step == 2 * size || step == 3 * size || step == 4 * size)) {
        int power = (int)size >> 1; /* (Those of 8 bytes are as quick one by one.) */
        for (i = 0; i < m; i++) {
            char *to = y + i * n * size;
            ptrdiff_t count = gather(power, step / size, n, to, x + i * row);
            copy_rows(size, 1, n - count, to + count * size, x + i * row + count * step,
                      0, step);
        }
    } else {
        i = step == 0 || row == size ? shuffle_rows(size, m, n, y, x, row, step) : 0;
        copy_rows(size, m - i, n, y + i * n * size, x + i * row, row, step);
    }
    for (; m == 1 && done < rows; done += more) {
        more = done < rows - done ? done : rows - done;
        memcpy(y + done * n * size, y, (size_t)(more * n * size));
    }
}

#endif
