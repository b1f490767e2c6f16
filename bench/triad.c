/* The limit that the machine sets: o = a + s*b as one would write it by hand, with plain
 * and with streaming stores, on any number of threads. */
#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

void plain(float *restrict o, const float *a, const float *b, float s, long n,
           int threads) {
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
    for (long i = 0; i < n; i++)
        o[i] = a[i] + s * b[i];
}

/* n a multiple of 16, o aligned to 64 bytes. */
void streaming(float *restrict o, const float *a, const float *b, float s, long n,
               int threads) {
#ifdef __SSE2__
    const __m128 factor = _mm_set1_ps(s);
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
    for (long i = 0; i < n; i += 16)
        for (long j = i; j < i + 16; j += 4)
            _mm_stream_ps(o + j, _mm_add_ps(_mm_loadu_ps(a + j),
                                            _mm_mul_ps(factor, _mm_loadu_ps(b + j))));
    _mm_sfence();
#else
    plain(o, a, b, s, n, threads);
#endif
}
