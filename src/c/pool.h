/* The pool of threads: a call offers its chunks of work to threads that happen to be
 * free, and computes every chunk that none of them has taken.
 *
 * So no call waits for a thread that has not begun, as those of OpenMP do: beside a busy
 * process, or OpenBLAS's threads, which spin for milliseconds after each call, that takes
 * a time slice (8 ms instead of 20 us at 10**5 float32; Zen 5, 2 cores).
 *
 * Who may write what when:
 *
 * - A worker's `state` is a kind, and a number by which a caller knows its own offer.
 *       ABSENT    there is no thread; a caller may take it: -> RESERVED
 *       IDLE      it waits awake; a caller: -> RESERVED; itself: -> ASLEEP or ABSENT
 *       ASLEEP    it waits in the system; a caller: -> RESERVED
 *       RESERVED  its caller alone may write the offer: -> OFFERED
 *       OFFERED   the thread: -> RUNNING; its caller, which needs it no more: -> IDLE
 *       RUNNING   the thread reads the task: -> IDLE; its caller: -> AWAITED
 *       AWAITED   the same, and its caller sleeps on the word: -> IDLE, and wakes it
 *   Where two may do it, it is one compare-and-exchange, of which one succeeds.
 * - A task belongs to its caller, mostly on its stack. Others touch it only while their
 *   own state is RUNNING, and before the caller returns it has withdrawn each offer or
 *   has seen that state end. So a task, and its memory, may be used again at once.
 * - A chunk is claimed by raising a cursor, whoever does it; so each is claimed once. The
 *   caller leaves its own loop only when every cursor is at its end. Then what is not yet
 *   computed is being computed by a RUNNING worker, for which the caller waits.
 *
 * An idle worker spins for some microseconds and then sleeps. To wake it costs 5 us and is
 * too late for a short call, so it is done for large work, or where calls are so close that
 * it will be awake for the next; and, after a wake in vain, not for ever longer. */
#ifndef FASTADD_POOL_H
#define FASTADD_POOL_H

#include "chunks.h"

enum {
    MAX_THREADS = 256, /* of a call; more than memory can feed */
    MAX_WORKERS = MAX_THREADS - 1,
    /* How long an idle worker spins: if the time between the last two calls is CLOSELY
     * (us), twice that and a hiccup more (without it, float64 of 10**5 took 45 instead of
     * 13 us for a tenth of the time; virtual Sapphire Rapids), or else the least; also
     * while other threads want its processor, for which it asks after a while: then to
     * give way takes more than CROWDED_NS. */
    CLOSELY = 50,
    HICCUP_NS = 20000,
    LEAST_SPIN_NS = 3000,
    CROWDED_NS = 10000,
    CROWDED_FOR_NS = 5000000,
    /* How long a caller spins for the last chunks, which take 5 to 20 us. */
    AWAIT_NS = 20000,
    PAUSES = 8, /* of 20 to 100 ns, between two looks at the clock */
    /* A wake has paid when the worker has computed for so long before it sleeps again. */
    PAID_NS = 40000,
    /* Bytes of results that are worth a wake by themselves: some 50 us of one thread. And
     * those that are worth it however often it was in vain: some ms. */
    WORTH_WAKING = 1 << 20,
    ALWAYS_WORTH_WAKING = 1 << 24,
    /* us without another try after a wake in vain. (When it was up to 255 calls, those of
     * 0.1 ms computed alone for 25 ms after a library whose threads spin.) */
    LEAST_BACKOFF = 50, MOST_BACKOFF = 3000,
    RETRY = 1000000, /* us after a thread could not be started */
};

enum kind { ABSENT, IDLE, ASLEEP, RESERVED, OFFERED, RUNNING, AWAITED, KINDS = 8 };

typedef union {
    struct {
        word_t state;
        int share; /* the offer: with the processor that its caller runs on */
        task_t *task;
        word_t processor;
        word_t vain, backoff; /* when it was woken in vain; us to the next try */
        thread_t thread;
        int64_t computed, crowded; /* its own: since it was woken; until when, in ns */
    };
    char apart[CACHE_LINE]; /* from what other workers write */
} worker_t;

static worker_t workers[MAX_WORKERS];
static word_t most_workers;   /* those beyond end when they have nothing to do */
static word_t callers, helps; /* calls at this moment; how often a worker has helped */
static word_t last_call, last_failure, gap; /* when; us between the last two calls */

static int32_t now(void) { return (int32_t)(nanoseconds() / 1000); }
static uint32_t since(word_t *time) { return (uint32_t)now() - word_load(time); }
static int kind_of(int32_t state) { return state & (KINDS - 1); }
static int32_t as_kind(int32_t state, int kind) { return (state & -KINDS) | kind; }

/* ---- the worker --------------------------------------------------------------------- */

/* The state when it is no longer IDLE or RESERVED, or when the time is over. That begins
 * after the call: the caller may need longer for its last chunk than this thread. */
static int32_t spin(worker_t *self) {
    int64_t begin = nanoseconds(), time = begin, before = begin, spin_ns = LEAST_SPIN_NS;
    int32_t state = word_load(&self->state), us = word_load(&gap);
    if (us <= CLOSELY) spin_ns += 2000 * us + HICCUP_NS;
    while (kind_of(state) == RESERVED || (kind_of(state) == IDLE && time < begin + spin_ns)) {
        for (int k = 0; k < PAUSES; k++) pause_core();
        if (time > begin + LEAST_SPIN_NS) let_others_run();
        time = nanoseconds();
        if (time > before + CROWDED_NS) self->crowded = time + CROWDED_FOR_NS;
        if (time < self->crowded) spin_ns = LEAST_SPIN_NS;
        if (word_load(&callers) > 0) begin = time;
        before = time, state = word_load(&self->state);
    }
    return state;
}

static void accept_offer(worker_t *self, int32_t offer) {
    int64_t begin = nanoseconds();
    /* (On the caller's processor it would only keep the caller from work.) */
    if (is_here(word_load(&self->processor))) {
        move_thread(&self->thread, 0, NULL);
        if (is_here(word_load(&self->processor))) {
            self->crowded = begin + CROWDED_FOR_NS;
            word_replace(&self->state, offer, as_kind(offer, IDLE));
        }
    }
    if (!word_replace(&self->state, offer, as_kind(offer, RUNNING))) return;
    if (self->task->compute(self->task, self->share) > 0) {
        self->computed += nanoseconds() - begin;
        word_add(&helps, 1);
    }
    offer = word_exchange(&self->state, as_kind(offer, IDLE));
    if (kind_of(offer) == AWAITED) wake(&self->state);
}

/* Whether it paid to wake this worker, for the next time. */
static void learn(worker_t *self) {
    int32_t backoff = 2 * word_load(&self->backoff) + LEAST_BACKOFF;
    if (backoff > MOST_BACKOFF) backoff = MOST_BACKOFF;
    if (self->computed >= PAID_NS) backoff = 0;
    word_store(&self->backoff, backoff);
    word_store(&self->vain, now());
    self->computed = 0;
}

static thread_result_t THREAD_CALL work(void *given) {
    worker_t *self = (worker_t *)given;
    note_thread(&self->thread);
    for (;;) {
        int32_t state = spin(self), asleep = as_kind(state, ASLEEP);
        if (kind_of(state) == OFFERED) {
            accept_offer(self, state);
        } else if (self - workers >= word_load(&most_workers)) {
            if (word_replace(&self->state, state, as_kind(state, ABSENT))) return 0;
        } else {
            learn(self);
            if (word_replace(&self->state, state, asleep))
                while (word_load(&self->state) == asleep) sleep_on(&self->state, asleep);
        }
    }
}

/* ---- the caller --------------------------------------------------------------------- */

typedef struct {
    worker_t *worker;
    int32_t state; /* of kind OFFERED */
} offer_t;

/* Whether to make the effort of waking, or starting, a worker. */
static int is_worth_waking(worker_t *worker, int kind, ptrdiff_t nbytes) {
    uint32_t backoff = (uint32_t)word_load(&worker->backoff);
    if (kind == ABSENT && word_load(&last_failure) != 0 && since(&last_failure) < RETRY)
        return 0;
    if (nbytes >= ALWAYS_WORTH_WAKING) return 1;
    if (nbytes < WORTH_WAKING && since(&last_call) > CLOSELY) return 0;
    return backoff == 0 || since(&worker->vain) >= backoff;
}

/* Whether the worker may now accept `offer`. */
static int make_offer(worker_t *worker, task_t *task, int share, ptrdiff_t nbytes,
                      offer_t *offer) {
    int32_t before = word_load(&worker->state), kind = kind_of(before);
    *offer = (offer_t){worker, as_kind((int32_t)((uint32_t)before + KINDS), OFFERED)};
    if (kind > ASLEEP || (kind != IDLE && !is_worth_waking(worker, kind, nbytes)) ||
        !word_replace(&worker->state, before, as_kind(offer->state, RESERVED)))
        return 0;
    worker->task = task, worker->share = share;
    word_store(&worker->processor, processor());
    word_store(&worker->state, offer->state);
    /* (Linux prefers the waker's processor, also where others are idle.) */
    if (kind == ASLEEP) move_thread(&worker->thread, 0, &worker->state);
    if (kind == ABSENT && !start_thread(work, worker)) {
        word_store(&last_failure, now());
        word_store(&worker->state, as_kind(offer->state, ABSENT));
        return 0;
    }
    return 1;
}

/* Take an offer back. If it was accepted, wait until the worker has done its last chunk:
 * awake at first, then asleep, and the worker, if it waits for a processor, gets this one
 * (without which it can take a time slice: 8 ms instead of 0.03). */
static void end_offer(const offer_t *offer) {
    worker_t *worker = offer->worker;
    int32_t running = as_kind(offer->state, RUNNING);
    int32_t awaited = as_kind(offer->state, AWAITED);
    int64_t end = nanoseconds() + AWAIT_NS;
    if (word_replace(&worker->state, offer->state, as_kind(offer->state, IDLE))) return;
    while (word_load(&worker->state) == running) {
        for (int k = 0; k < PAUSES && word_load(&worker->state) == running; k++) pause_core();
        if (nanoseconds() >= end && word_replace(&worker->state, running, awaited))
            move_thread(&worker->thread, 1, NULL);
    }
    while (word_load(&worker->state) == awaited) sleep_on(&worker->state, awaited);
}

/* Compute a task by so many threads at most, the caller's included, of those that are
 * allowed in all. */
static void compute_task(task_t *task, int threads, int allowed, ptrdiff_t nbytes) {
    offer_t offers[MAX_WORKERS];
    int count = 0, others = word_add(&callers, 1);
    word_store(&gap, since(&last_call) > CLOSELY ? CLOSELY + 1 : (int)since(&last_call));
    if (word_load(&most_workers) < allowed - 1) word_store(&most_workers, allowed - 1);
    if (threads > allowed - others) threads = allowed - others;
    share_out(task, threads);
    for (int k = 0; k < allowed - 1 && count < threads - 1; k++)
        count += make_offer(&workers[k], task, (count + 1) % task->shares, nbytes,
                            &offers[count]);
    task->compute(task, 0);
    for (int k = 0; k < count; k++) end_offer(&offers[k]);
    word_store(&last_call, now());
    word_add(&callers, -1);
}

/* Let workers beyond so many end, once they have nothing to do. */
static void limit_workers(int most) {
    word_store(&most_workers, most);
    for (worker_t *worker = workers + most; worker < workers + MAX_WORKERS; worker++) {
        int32_t state = word_load(&worker->state), awake = as_kind(state, IDLE);
        if (kind_of(state) == ASLEEP && word_replace(&worker->state, state, awake))
            wake(&worker->state);
    }
}

EXPORTED int fastadd_workers_alive(void) {
    int count = 0;
    for (int k = 0; k < MAX_WORKERS; k++)
        count += kind_of(word_load(&workers[k].state)) != ABSENT;
    return count;
}

/* A forked child has the thread that forked and no other. */
static void forget_workers(void) {
    for (int k = 0; k < MAX_WORKERS; k++) workers[k] = (worker_t){.share = 0};
    word_store(&callers, 0);
    wake_after_fork();
}

#endif
