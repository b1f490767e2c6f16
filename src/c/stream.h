/* Writes memory past the caches. A store to a line that is in no cache first reads it,
 * a third of the traffic of an addition; a streaming store does not. */
#ifndef FASTADD_STREAM_H
#define FASTADD_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    LINE = 64, /* bytes of a cache line */
    /* Bytes that are computed side by side, small enough to stay on the stack's lines. */
    STREAMED = 256
};

typedef struct {
    char bytes[STREAMED]
#if defined(_MSC_VER)
        ;
#else
        __attribute__((aligned(LINE)));
#endif
} streamed_t;

/* A hint: the line will soon be read. (Without the asm, GCC leaves out a loop in which
 * there is nothing but hints.) */
#if defined(__GNUC__)
#define FASTADD_PREFETCH(line)      \
    do {                            \
        __builtin_prefetch(line);   \
        __asm__ volatile("");       \
    } while (0)
#else
#define FASTADD_PREFETCH(line) ((void)(line))
#endif

#if defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>
#define FASTADD_CAN_STREAM 1

/* So many bytes, whole lines, to a target that is aligned to one. */
static inline void stream_lines(char *target, const char *source, int nbytes) {
    int i;
    for (i = 0; i < nbytes; i += 16)
        _mm_stream_si128((__m128i *)(target + i),
                         _mm_loadu_si128((const __m128i *)(source + i)));
}

/* Streaming stores are ordered with no others until this. */
static inline void fastadd_finish_stream(void) { _mm_sfence(); }

#else
#define FASTADD_CAN_STREAM 0
static inline void stream_lines(char *target, const char *source, int nbytes) {
    memcpy(target, source, nbytes);
}
static inline void fastadd_finish_stream(void) {}
#endif

static inline void stream(char *target, const streamed_t *source) {
    stream_lines(target, source->bytes, STREAMED);
}

/* So many bytes from the L1 cache, which begin anywhere: whole lines are streamed. */
static inline void stream_bytes(char *target, const char *source, ptrdiff_t nbytes) {
    ptrdiff_t head = -(intptr_t)target & (LINE - 1);
    if (head > nbytes) head = nbytes;
    memcpy(target, source, head);
    for (; nbytes - head >= LINE; head += LINE)
        stream_lines(target + head, source + head, LINE);
    memcpy(target + head, source + head, nbytes - head);
}

#endif
