# How many threads a call may use.

from contextvars import ContextVar

cdef extern from "Python.h":
    int PyContextVar_Get(object var, object default, PyObject** value) except -1

cdef extern from "threads.h" nogil:
    const int OPENMP "FASTADD_OPENMP"
    int omp_get_max_threads()
    bint omp_in_parallel()
    int omp_get_thread_num()
    int omp_get_num_threads()
    void merge "fastadd_merge"(int* all, int some)
    int watch_forks "fastadd_watch_forks"()
    bint is_forked "fastadd_is_forked"()
    int enter "fastadd_enter"()
    void leave "fastadd_leave"()

cdef int num_threads = 1  # set_num_threads
cdef int openmp_threads = 1  # what OpenMP uses unless told otherwise
threads_here = ContextVar("fastadd.threads")  # threads(n)

if watch_forks() != 0:
    raise MemoryError("no memory for a fork handler")


cdef int allowed_threads() except -1:
    """What the caller's settings and surroundings allow, other calls disregarded."""
    cdef PyObject* value = NULL
    cdef int allowed = num_threads
    PyContextVar_Get(threads_here, <object>NULL, &value)
    if value != NULL:
        allowed = <object>value
        Py_DECREF(<object>value)
    # Below its default only if somebody limits it: threadpoolctl, omp_set_num_threads.
    if omp_get_max_threads() < openmp_threads:
        allowed = min(allowed, omp_get_max_threads())
    return 1 if is_forked() or omp_in_parallel() else allowed


cdef int take_threads(Py_ssize_t most) except -1:
    """Threads for a call that can use so many; where that is more than one, the caller
    must `leave` afterwards. Calls that run at once share what is allowed: the workers
    of Dask or a ThreadPool would multiply it instead."""
    cdef int threads = <int>min(most, allowed_threads())
    if threads > 1:
        threads = max(1, min(threads, allowed_threads() // enter()))
        if threads == 1:
            leave()
    return threads


def set_threads(int threads, int openmp):
    """The process's number of threads, and how many OpenMP uses by itself."""
    global num_threads, openmp_threads
    num_threads = threads
    openmp_threads = openmp


def get_threads():
    return allowed_threads()


def openmp_version():
    """Of the specification, as a date; 0 if there is no OpenMP in this build."""
    return OPENMP
