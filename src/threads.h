/* How many threads a call may use, as OpenMP and the operating system see it. */
#ifndef FASTADD_THREADS_H
#define FASTADD_THREADS_H

#ifdef _OPENMP
#include <omp.h>
#define FASTADD_OPENMP _OPENMP
#else
#define FASTADD_OPENMP 0
static inline int omp_get_max_threads(void) { return 1; }
static inline int omp_in_parallel(void) { return 0; }
static inline int omp_get_thread_num(void) { return 0; }
static inline int omp_get_num_threads(void) { return 1; }
#endif

/* In a forked child OpenMP still believes in threads that only the parent has, and
 * would wait for them for ever. So a child computes on the thread it has. */
static int fastadd_forked = 0;

#ifndef _WIN32
#include <pthread.h>
static void fastadd_in_child(void) { fastadd_forked = 1; }
static inline int fastadd_watch_forks(void) {
    return pthread_atfork(NULL, NULL, fastadd_in_child);
}
#else
static inline int fastadd_watch_forks(void) { return 0; }
#endif

static inline int fastadd_is_forked(void) { return fastadd_forked; }

/* Flags that each thread has raised, for all. */
#ifdef _MSC_VER
#include <intrin.h>
static inline void fastadd_merge(int *all, int some) {
    _InterlockedOr((volatile long *)all, some);
}
#else
static inline void fastadd_merge(int *all, int some) {
    __atomic_fetch_or(all, some, __ATOMIC_RELAXED);
}
#endif

/* Calls that use threads at this moment: they share the threads there are. */
#ifdef _MSC_VER
static long fastadd_running = 0;
static inline int fastadd_enter(void) { return _InterlockedIncrement(&fastadd_running); }
static inline void fastadd_leave(void) { _InterlockedDecrement(&fastadd_running); }
#else
static int fastadd_running = 0;
static inline int fastadd_enter(void) {
    return __atomic_add_fetch(&fastadd_running, 1, __ATOMIC_RELAXED);
}
static inline void fastadd_leave(void) {
    __atomic_sub_fetch(&fastadd_running, 1, __ATOMIC_RELAXED);
}
#endif

#endif
