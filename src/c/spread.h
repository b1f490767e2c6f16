/* An operand brought to m rows of n elements, side by side: one that is constant along
 * rows, as a mask of one channel over three is, or from row to row, or lies otherwise. */
#ifndef FASTADD_SPREAD_H
#define FASTADD_SPREAD_H

#include <stddef.h>
#include <string.h>

/* (By vectors it is as fast, and 39 kB instead of 5: each size has its own loops.) */
#if defined(__GNUC__) && !defined(__clang__)
#define FASTADD_SCALAR __attribute__((optimize("no-tree-vectorize")))
#else
#define FASTADD_SCALAR
#endif

#define SPREAD_COPY(SIZE)                                                               \
    FASTADD_SCALAR static void spread_##SIZE(ptrdiff_t m, ptrdiff_t n, char *y,         \
                                             const char *x, ptrdiff_t row,              \
                                             ptrdiff_t step) {                          \
        for (ptrdiff_t i = 0; i < m; i++, x += row) {                                   \
            const char *from = x;                                                       \
            if (step == 0 && n == 3) { /* channels */                                   \
                memcpy(y, x, SIZE), memcpy(y + SIZE, x, SIZE);                          \
                memcpy(y + 2 * SIZE, x, SIZE);                                          \
                y += 3 * SIZE;                                                          \
                continue;                                                               \
            }                                                                           \
            for (ptrdiff_t j = 0; j < n; j++, y += SIZE, from += step)                  \
                memcpy(y, from, SIZE);                                                  \
        }                                                                               \
    }

SPREAD_COPY(1)
SPREAD_COPY(2)
SPREAD_COPY(4)
SPREAD_COPY(8)
SPREAD_COPY(16)

static void spread(ptrdiff_t size, ptrdiff_t m, ptrdiff_t n, char *y, const char *x,
                   ptrdiff_t row, ptrdiff_t step) {
    ptrdiff_t done = 1, more, rows = m;
    if (m > 1 && row == 0) m = 1;
    if (size == 1)
        spread_1(m, n, y, x, row, step);
    else if (size == 2)
        spread_2(m, n, y, x, row, step);
    else if (size == 4)
        spread_4(m, n, y, x, row, step);
    else if (size == 8)
        spread_8(m, n, y, x, row, step);
    else if (size == 16)
        spread_16(m, n, y, x, row, step);
    else /* complex numbers of two longdoubles */
        for (ptrdiff_t k = 0; k < m * n; k++)
            memcpy(y + k * size, x + k / n * row + k % n * step, size);
    for (; m == 1 && done < rows; done += more) {
        more = done < rows - done ? done : rows - done;
        memcpy(y + done * n * size, y, more * n * size);
    }
}

#endif
