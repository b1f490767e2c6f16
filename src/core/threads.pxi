# How many threads a call may use. The pool of them is pool.h.
# Uses: nothing.

from contextvars import ContextVar

cdef extern from "Python.h":
    int PyContextVar_Get(object var, object default, PyObject** value) except -1

cdef extern from "pool.h" nogil:
    enum:
        MAX_THREADS
    ctypedef struct word_t:
        pass
    ctypedef struct task_t:
        int (*compute)(task_t*, int) noexcept nogil
        int chunks
    int claim_chunk(task_t* task, int share, int* passed)
    void compute_task(task_t* task, int threads, int allowed, Py_ssize_t work_nbytes)
    void limit_workers(int most)
    int count_workers "fastadd_workers_alive"()
    word_t helps
    void forget_workers() noexcept
    int watch_forks(void (*in_child)() noexcept nogil)
    int word_load(word_t* word)
    void word_store(word_t* word, int value)
    int word_or(word_t* word, int value)

cdef enum:
    NO_LIMIT = 1 << 30

cdef int num_threads = 1  # set_num_threads
cdef int thread_limit = NO_LIMIT  # of threadpoolctl
threads_here = ContextVar("fastadd.threads")  # threads(n)

if watch_forks(forget_workers) != 0:
    raise MemoryError("no memory for a fork handler")


cdef int allowed_threads() except -1:
    """What the caller's settings allow, other calls disregarded."""
    cdef PyObject* value = NULL
    cdef int allowed = num_threads
    PyContextVar_Get(threads_here, <object>NULL, &value)
    if value != NULL:
        allowed = <object>value
        Py_DECREF(<object>value)
    return min(allowed, thread_limit)


def set_threads(int threads):
    """The process's number, whatever has limited it until now."""
    global num_threads, thread_limit
    num_threads = threads
    thread_limit = NO_LIMIT
    limit_workers(min(threads, <int>MAX_THREADS) - 1)


def limit_threads(int threads):
    """As another library asks, to one at least; to the process's number, or more, is no
    limit."""
    global thread_limit
    threads = max(threads, 1)
    thread_limit = threads if threads < num_threads else NO_LIMIT
    limit_workers(min(num_threads, thread_limit, <int>MAX_THREADS) - 1)


def process_threads():
    """The process's number, as it is limited."""
    return min(num_threads, thread_limit)


def get_threads():
    return allowed_threads()


def workers_alive():
    return count_workers()


def workers_help():
    """How often a worker has computed a part of a call, until now."""
    return word_load(&helps)
