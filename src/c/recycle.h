/* Memory for large results: what one leaves when it is freed, the next one takes. The
 * page faults of new memory cost more than the addition that fills it.
 *
 * NumPy calls these functions through its data-allocator hook (NEP 49) for the arrays
 * that were made with them, so those own their data like any other. Each block is a
 * mapping of its own: a page that tells its length, then the data. (On a page of their
 * own, because a result that lies a little further into a page than the operands makes
 * loads wait for unrelated stores.) */
#ifndef FASTADD_RECYCLE_H
#define FASTADD_RECYCLE_H

#include <numpy/arrayobject.h>
#include <stdint.h>
#include <string.h>

#if defined(__unix__) || defined(__APPLE__)
#define FASTADD_CAN_RECYCLE 1
#include <pthread.h>
#include <sys/mman.h>

enum {
    HEAD = 4096,
    PAGES = 1 << 16, /* whole pages, of whatever size the system has them */
    KEPT_BLOCKS = 64
};

typedef struct {
    char *start;
    size_t length;
} block_t;

/* All of this under the lock. The blocks are in the order in which they were freed. */
static pthread_mutex_t recycle_lock = PTHREAD_MUTEX_INITIALIZER;
static block_t kept[KEPT_BLOCKS];
static int kept_count = 0;
static size_t kept_bytes = 0, kept_limit = 0, recycle_hits = 0, recycle_misses = 0;

static block_t remove_kept(int i) {
    const block_t block = kept[i];
    kept_count--;
    memmove(kept + i, kept + i + 1, (size_t)(kept_count - i) * sizeof *kept);
    kept_bytes -= block.length;
    return block;
}

/* Gives the oldest blocks back to the system until so many bytes are free under the
 * limit. Called with the lock, which munmap (1 us a MiB) holds for long; it is rare. */
static void make_room(size_t bytes) {
    while (kept_count > 0 &&
           (kept_count == KEPT_BLOCKS || kept_bytes + bytes > kept_limit)) {
        const block_t block = remove_kept(0);
        munmap(block.start, block.length);
    }
}

static char *map_memory(size_t length) {
    char *start = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                       -1, 0);
    if (start == MAP_FAILED)
        return NULL;
#ifdef MADV_HUGEPAGE
    madvise(start, length, MADV_HUGEPAGE); /* as NumPy does */
#endif
    return start;
}

static void *recycle_malloc(void *context, size_t size) {
    const size_t length = (size + HEAD + PAGES - 1) / PAGES * PAGES;
    block_t block = {NULL, 0};
    int i, best = -1;
    if (size > SIZE_MAX - HEAD - PAGES)
        return NULL;
    pthread_mutex_lock(&recycle_lock);
    for (i = 0; i < kept_count; i++)
        if (kept[i].length >= length && kept[i].length <= length + length / 4 &&
            (best < 0 || kept[i].length < kept[best].length))
            best = i;
    if (best >= 0) {
        block = remove_kept(best);
        recycle_hits++;
    } else {
        recycle_misses++;
    }
    pthread_mutex_unlock(&recycle_lock);
    if (block.length > length) /* No array has more memory than it needs. */
        munmap(block.start + length, block.length - length);
    if (block.start == NULL) {
        block.start = map_memory(length);
        if (block.start == NULL) { /* What is kept may be what is missing. */
            pthread_mutex_lock(&recycle_lock);
            make_room(SIZE_MAX / 2);
            pthread_mutex_unlock(&recycle_lock);
            block.start = map_memory(length);
        }
        if (block.start == NULL)
            return NULL;
    }
    memcpy(block.start, &length, sizeof length);
    return block.start + HEAD;
}

static void recycle_free(void *context, void *data, size_t size) {
    block_t block = {(char *)data - HEAD, 0};
    if (data == NULL)
        return;
    memcpy(&block.length, block.start, sizeof block.length);
    pthread_mutex_lock(&recycle_lock);
    if (block.length <= kept_limit) {
        make_room(block.length);
        kept[kept_count++] = block;
        kept_bytes += block.length;
        block.start = NULL;
    }
    pthread_mutex_unlock(&recycle_lock);
    if (block.start != NULL)
        munmap(block.start, block.length);
}

static void *recycle_calloc(void *context, size_t count, size_t size) {
    void *data;
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    data = recycle_malloc(context, count * size);
    if (data != NULL)
        memset(data, 0, count * size);
    return data;
}

static void *recycle_realloc(void *context, void *data, size_t size) {
    size_t length;
    void *moved;
    if (data == NULL)
        return recycle_malloc(context, size);
    memcpy(&length, (char *)data - HEAD, sizeof length);
    moved = recycle_malloc(context, size);
    if (moved != NULL) {
        memcpy(moved, data, size < length - HEAD ? size : length - HEAD);
        recycle_free(context, data, 0);
    }
    return moved;
}

/* A fork must not copy the lock while another thread holds it. */
static void recycle_before_fork(void) { pthread_mutex_lock(&recycle_lock); }
static void recycle_after_fork(void) { pthread_mutex_unlock(&recycle_lock); }

static int recycle_start(void) {
    return pthread_atfork(recycle_before_fork, recycle_after_fork, recycle_after_fork);
}

static void recycle_set_limit(size_t limit) {
    pthread_mutex_lock(&recycle_lock);
    kept_limit = limit;
    make_room(0);
    pthread_mutex_unlock(&recycle_lock);
}

static void recycle_clear(void) {
    pthread_mutex_lock(&recycle_lock);
    make_room(SIZE_MAX / 2);
    pthread_mutex_unlock(&recycle_lock);
}

static void recycle_info(size_t *info) {
    pthread_mutex_lock(&recycle_lock);
    info[0] = recycle_hits;
    info[1] = recycle_misses;
    info[2] = kept_limit;
    info[3] = kept_bytes;
    pthread_mutex_unlock(&recycle_lock);
}

static PyDataMem_Handler recycle_handler = {
    "fastadd", 1,
    {NULL, recycle_malloc, recycle_calloc, recycle_realloc, recycle_free}};

#else
#define FASTADD_CAN_RECYCLE 0
static PyDataMem_Handler recycle_handler;
static int recycle_start(void) { return 0; }
static void recycle_set_limit(size_t limit) {}
static void recycle_clear(void) {}
static void recycle_info(size_t *info) { memset(info, 0, 4 * sizeof *info); }
#endif

#endif
