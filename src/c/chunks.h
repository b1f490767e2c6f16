/* A task: work in chunks that any number of threads may claim, each chunk once. */
#ifndef FASTADD_CHUNKS_H
#define FASTADD_CHUNKS_H

#include "system.h"

enum {
    MAX_SHARES = 32, /* where there are more threads, several have one share */
    CACHE_LINE = 64,
};

/* How many chunks of a share are claimed, apart from what other threads write. */
typedef struct {
    word_t claimed;
    char apart[CACHE_LINE - sizeof(word_t)];
} cursor_t;

typedef struct task_t task_t;
struct task_t {
    /* Claims chunks, of this share first, until none is left; returns how many. */
    int (*compute)(task_t *task, int share);
    int chunks;
    int shares;
    cursor_t cursors[MAX_SHARES];
};

static void share_out(task_t *task, int threads) {
    task->shares = threads < 1 ? 1 : threads < MAX_SHARES ? threads : MAX_SHARES;
    for (int share = 0; share < task->shares; share++)
        word_store(&task->cursors[share].claimed, 0);
}

/* The next chunk that nobody has claimed; -1 if none is left. A thread claims from its own
 * share first, so that it finds there what its core's cache has kept since the last call,
 * and then helps with the others'. `passed` counts those it has found empty, 0 at first. */
static inline int claim_chunk(task_t *task, int own, int *passed) {
    for (; *passed < task->shares; ++*passed) {
        int share = (own + *passed) % task->shares;
        int begin = (int)((int64_t)task->chunks * share / task->shares);
        int end = (int)((int64_t)task->chunks * (share + 1) / task->shares);
        int chunk = begin + word_add(&task->cursors[share].claimed, 1);
        if (chunk < end) return chunk;
    }
    return -1;
}

#endif
