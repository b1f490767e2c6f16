/* What the pool of threads asks of the system: atomic words, a thread, sleep on a word
 * until it changes, the clock, the processor. On Linux, Windows and POSIX. */
#ifndef FASTADD_SYSTEM_H
#define FASTADD_SYSTEM_H

#include <stddef.h>
#include <stdint.h>

#ifdef _WIN32
#define EXPORTED __declspec(dllexport)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <process.h>
#else
#define EXPORTED __attribute__((visibility("default")))
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#endif
#ifdef __linux__
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* ---- words that several threads read and write, all in one order that all agree on */

typedef struct {
    volatile int32_t value;
} word_t;

#ifdef _MSC_VER
static inline int32_t word_load(word_t *word) {
    return _InterlockedOr((volatile long *)&word->value, 0);
}
static inline void word_store(word_t *word, int32_t value) {
    _InterlockedExchange((volatile long *)&word->value, value);
}
static inline int32_t word_exchange(word_t *word, int32_t value) {
    return _InterlockedExchange((volatile long *)&word->value, value);
}
static inline int32_t word_add(word_t *word, int32_t value) {
    return _InterlockedExchangeAdd((volatile long *)&word->value, value);
}
static inline int32_t word_or(word_t *word, int32_t value) {
    return _InterlockedOr((volatile long *)&word->value, value);
}
static inline int word_replace(word_t *word, int32_t before, int32_t after) {
    return _InterlockedCompareExchange((volatile long *)&word->value, after, before) ==
           before;
}
#else
static inline int32_t word_load(word_t *word) {
    return __atomic_load_n(&word->value, __ATOMIC_SEQ_CST);
}
static inline void word_store(word_t *word, int32_t value) {
    __atomic_store_n(&word->value, value, __ATOMIC_SEQ_CST);
}
static inline int32_t word_exchange(word_t *word, int32_t value) {
    return __atomic_exchange_n(&word->value, value, __ATOMIC_SEQ_CST);
}
static inline int32_t word_add(word_t *word, int32_t value) {
    return __atomic_fetch_add(&word->value, value, __ATOMIC_SEQ_CST);
}
static inline int32_t word_or(word_t *word, int32_t value) {
    return __atomic_fetch_or(&word->value, value, __ATOMIC_SEQ_CST);
}
static inline int word_replace(word_t *word, int32_t before, int32_t after) {
    return __atomic_compare_exchange_n(&word->value, &before, after, 0,
                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}
#endif

/* ---- sleep while a word has a value; wake whoever sleeps on it */

#if defined(_WIN32)
#pragma comment(lib, "Synchronization.lib")
static inline void sleep_on(word_t *word, int32_t value) {
    WaitOnAddress(&word->value, &value, sizeof(value), INFINITE);
}
static inline void wake(word_t *word) { WakeByAddressAll((void *)&word->value); }
static inline void wake_after_fork(void) {}
#elif defined(__linux__) && !defined(FASTADD_NO_FUTEX)
static inline void sleep_on(word_t *word, int32_t value) {
    syscall(SYS_futex, &word->value, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}
static inline void wake(word_t *word) {
    syscall(SYS_futex, &word->value, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}
static inline void wake_after_fork(void) {}
#else
static pthread_mutex_t sleepers_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t sleepers = PTHREAD_COND_INITIALIZER;
static inline void sleep_on(word_t *word, int32_t value) {
    pthread_mutex_lock(&sleepers_lock);
    while (word_load(word) == value) pthread_cond_wait(&sleepers, &sleepers_lock);
    pthread_mutex_unlock(&sleepers_lock);
}
static inline void wake(word_t *word) {
    (void)word;
    pthread_mutex_lock(&sleepers_lock);
    pthread_cond_broadcast(&sleepers);
    pthread_mutex_unlock(&sleepers_lock);
}
static inline void wake_after_fork(void) { /* one that is gone may hold the lock */
    pthread_mutex_init(&sleepers_lock, NULL);
    pthread_cond_init(&sleepers, NULL);
}
#endif

/* ---- threads, which take no signals and end with the process; with stacks of their own
 * size, whatever musl (128 KiB) or threading.stack_size (from 32 KiB on) say */

enum { STACK_SIZE = 1 << 18 };

#ifdef _WIN32
typedef unsigned thread_result_t;
#define THREAD_CALL __stdcall
static inline int start_thread(thread_result_t(THREAD_CALL *run)(void *), void *given) {
    uintptr_t thread = _beginthreadex(NULL, STACK_SIZE, run, given,
                                      STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    if (thread != 0) CloseHandle((HANDLE)thread);
    return thread != 0;
}
#else
typedef void *thread_result_t;
#define THREAD_CALL
static inline int start_thread(thread_result_t (*run)(void *), void *given) {
    /* (Those that a fault raises stay: blocked, they would end the process unseen.) */
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t most, before;
    int started;
    if (pthread_attr_init(&attributes) != 0) return 0;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    sigfillset(&most);
    for (unsigned k = 0; k < sizeof(faults) / sizeof(*faults); k++)
        sigdelset(&most, faults[k]);
    pthread_sigmask(SIG_SETMASK, &most, &before);
    started = pthread_create(&thread, &attributes, run, given) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return started;
}
#endif

/* The handler runs in each forked child. 0 if that is settled. */
static inline int watch_forks(void (*in_child)(void)) {
#ifdef _WIN32
    (void)in_child;
    return 0;
#else
    return pthread_atfork(NULL, NULL, in_child);
#endif
}

/* ---- time and place */

static inline int64_t nanoseconds(void) {
#ifdef _WIN32
    LARGE_INTEGER ticks, frequency;
    QueryPerformanceCounter(&ticks);
    QueryPerformanceFrequency(&frequency);
    return (int64_t)((double)ticks.QuadPart * 1e9 / (double)frequency.QuadPart);
#else
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
#endif
}

/* The processor that runs this thread; -1 where the system does not tell. */
static inline int processor(void) {
#if defined(_WIN32)
    return (int)GetCurrentProcessorNumber();
#elif defined(__GLIBC__)
    return sched_getcpu();
#else
    return -1;
#endif
}

/* Whether this thread runs on a processor; no, where the system does not tell. */
static inline int is_here(int which) { return which >= 0 && processor() == which; }

/* A thread, as the system numbers it, and whether somebody just moves it. */
typedef struct {
    word_t number;
    word_t moving;
} thread_t;

#ifdef __linux__
static inline void note_thread(thread_t *thread) {
    word_store(&thread->number, (int32_t)syscall(SYS_gettid));
}

/* Put a thread that sleeps on a word, or waits for its processor, on the calling thread's
 * processor, or on another one, if it may run there; and let it go wherever it could
 * before. It takes some microseconds. */
static inline void move_thread(thread_t *thread, int here, word_t *asleep_on) {
    cpu_set_t allowed, there;
    int moves = 0, number = word_load(&thread->number), caller = sched_getcpu();
    if (word_replace(&thread->moving, 0, 1)) {
        if (sched_getaffinity(number, sizeof(allowed), &allowed) == 0) {
            CPU_ZERO(&there);
            CPU_SET(caller, &there);
            if (here)
                CPU_AND(&there, &there, &allowed);
            else
                CPU_XOR(&there, &there, &allowed); /* allowed without the caller's */
            moves = (here || CPU_ISSET(caller, &allowed)) &&
                    sched_setaffinity(number, sizeof(there), &there) == 0;
        }
        if (asleep_on) wake(asleep_on);
        if (moves) sched_setaffinity(number, sizeof(allowed), &allowed);
        word_store(&thread->moving, 0);
    } else if (asleep_on) {
        wake(asleep_on);
    }
}
#else
static inline void note_thread(thread_t *thread) { (void)thread; }
static inline void move_thread(thread_t *thread, int here, word_t *asleep_on) {
    (void)thread, (void)here;
    if (asleep_on) wake(asleep_on);
}
#endif

static inline void let_others_run(void) {
#ifdef _WIN32
    SwitchToThread();
#else
    sched_yield();
#endif
}

/* Some 20 to 100 ns in which the core's other thread has its units to itself. */
static inline void pause_core(void) {
#if defined(_MSC_VER)
    YieldProcessor();
#elif defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
