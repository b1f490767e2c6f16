/* The pool under stress, for ThreadSanitizer: `make tsan` compiles and runs it.
 *
 * Several callers compute tasks of all sizes at once, each on memory of its own and on its
 * own stack, while the number of workers is limited and unlimited, and while children are
 * forked that compute too. Every chunk must have been computed exactly once.
 *
 *     pool_stress SECONDS [fork] */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../src/c/pool.h"

enum { CALLERS = 6, MAX_CHUNKS = 400, LENGTH = 64 };

typedef struct {
    task_t task;
    int (*numbers)[LENGTH]; /* plain memory: a race on it is what is looked for */
    int length;
} sum_t;

static int compute(task_t *task, int share) {
    sum_t *sum = (sum_t *)task;
    int passed = 0, computed = 0, chunk;
    while ((chunk = claim_chunk(task, share, &passed)) >= 0) {
        for (int k = 0; k < sum->length; k++) sum->numbers[chunk][k] += chunk + k;
        computed++;
    }
    return computed;
}

static word_t stop, calls, errors;

static void call(int numbers[MAX_CHUNKS][LENGTH], unsigned *seed) {
    static const ptrdiff_t nbytes[] = {1 << 16, 1 << 20, 1 << 25};
    int allowed = 1 + rand_r(seed) % 8;
    sum_t sum = {.numbers = numbers, .length = 1 + rand_r(seed) % LENGTH};
    sum.task.compute = compute;
    sum.task.chunks = 1 + rand_r(seed) % MAX_CHUNKS;
    memset(numbers, 0, sizeof(int[MAX_CHUNKS][LENGTH]));
    compute_task(&sum.task, 1 + rand_r(seed) % allowed, allowed,
                 nbytes[rand_r(seed) % 3]);
    for (int chunk = 0; chunk < MAX_CHUNKS; chunk++)
        for (int k = 0; k < LENGTH; k++) {
            int computed = chunk < sum.task.chunks && k < sum.length;
            if (numbers[chunk][k] != (computed ? chunk + k : 0)) word_add(&errors, 1);
        }
    word_add(&calls, 1);
}

static void *caller(void *given) {
    unsigned seed = (unsigned)(size_t)given;
    int(*numbers)[LENGTH] = malloc(sizeof(int[MAX_CHUNKS][LENGTH]));
    while (!word_load(&stop)) {
        call(numbers, &seed);
        if (rand_r(&seed) % 64 == 0) sched_yield();
        if (rand_r(&seed) % 512 == 0) limit_workers(rand_r(&seed) % 8);
        if (rand_r(&seed) % 1024 == 0) nanosleep(&(struct timespec){0, 200000}, NULL);
    }
    free(numbers);
    return NULL;
}

static void fork_and_compute(unsigned seed) {
    pid_t child = fork();
    int status;
    if (child == 0) {
        static int numbers[MAX_CHUNKS][LENGTH];
        alarm(60);
        word_store(&errors, 0);
        for (int k = 0; k < 50; k++) call(numbers, &seed);
        _exit(word_load(&errors) != 0 || fastadd_workers_alive() > 7);
    }
    waitpid(child, &status, 0);
    if (status != 0) word_add(&errors, 1);
}

int main(int count, char **given) {
    int64_t end = nanoseconds() + (int64_t)(atof(given[1]) * 1e9);
    int forks = count > 2 && strcmp(given[2], "fork") == 0, forked = 0;
    pthread_t threads[CALLERS];
    watch_forks(forget_workers);
    for (size_t k = 0; k < CALLERS; k++)
        pthread_create(&threads[k], NULL, caller, (void *)(k + 1));
    while (nanoseconds() < end) {
        nanosleep(&(struct timespec){0, 20000000}, NULL);
        if (forks) fork_and_compute((unsigned)++forked);
        if (fastadd_workers_alive() > 7) word_add(&errors, 1);
    }
    word_store(&stop, 1);
    for (int k = 0; k < CALLERS; k++) pthread_join(threads[k], NULL);
    printf("%d calls, %d forks, %d errors\n", word_load(&calls), forked,
           word_load(&errors));
    return word_load(&errors) != 0;
}
