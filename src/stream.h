/* Copies memory past the caches. A store to a line that is in no cache first reads it,
 * a third of the traffic of an addition; a streaming store does not. */
#ifndef FASTADD_STREAM_H
#define FASTADD_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>
#define FASTADD_CAN_STREAM 1

/* Whole lines are streamed; of a line that is filled from two sides, each half would
 * cost a read. */
static inline void fastadd_stream(char *target, const char *source, ptrdiff_t size) {
    ptrdiff_t done = -(intptr_t)target & 63;
    if (done > size)
        done = size;
    memcpy(target, source, done);
    for (; done + 64 <= size; done += 64) {
        const __m128i *from = (const __m128i *)(source + done);
        __m128i *to = (__m128i *)(target + done);
        const __m128i w = _mm_loadu_si128(from), x = _mm_loadu_si128(from + 1),
                      y = _mm_loadu_si128(from + 2), z = _mm_loadu_si128(from + 3);
        _mm_stream_si128(to, w);
        _mm_stream_si128(to + 1, x);
        _mm_stream_si128(to + 2, y);
        _mm_stream_si128(to + 3, z);
    }
    memcpy(target + done, source + done, size - done);
}

/* Streaming stores are ordered with no others until this. */
static inline void fastadd_finish_stream(void) { _mm_sfence(); }

#else
#define FASTADD_CAN_STREAM 0
static inline void fastadd_stream(char *target, const char *source, ptrdiff_t size) {
    memcpy(target, source, size);
}
static inline void fastadd_finish_stream(void) {}
#endif

#endif
