"""How many threads a large addition may use."""

import operator
import os
from contextlib import contextmanager

from fastadd import _core, _machine


def count(n):
    """n as a number of threads."""
    try:
        n = operator.index(n)
    except TypeError:
        raise TypeError(
            f"{n!r} is a {type(n).__name__}: the number of threads must be an integer"
        ) from None
    if not 1 <= n <= MOST:
        raise ValueError(f"{n} threads: 1 to {MOST} are allowed")
    return n


def set_num_threads(n):
    """Set how many threads an addition may use, in all threads of the process.

    The default is the environment variable FASTADD_NUM_THREADS, or else
    OMP_NUM_THREADS, or else the number of processors that the process may use: its
    affinity and the quota of its control group are asked.

    Parameters
    ----------
    n : int
        At least 1. No result depends on it, to the bit.

    Raises
    ------
    TypeError, ValueError
        If n is not an integer of at least 1.

    See Also
    --------
    threads : for a block of code only.
    get_num_threads : what holds for a call.

    Notes
    -----
    It is a limit. Small additions use one thread, larger ones as many as pay; calls
    that run at once share them; and there is one inside an OpenMP parallel region and
    in a forked process, where more could hang. `threadpoolctl` sees and limits these
    threads too.

    Examples
    --------
    >>> import fastadd
    >>> before = fastadd.get_num_threads()
    >>> fastadd.set_num_threads(1)
    >>> fastadd.get_num_threads()
    1
    >>> fastadd.set_num_threads(before)
    """
    _core.set_threads(count(n), openmp)


def get_num_threads():
    """How many threads an addition may use that is called here and now.

    Returns
    -------
    int
        The number of `set_num_threads` or of the innermost ``with threads(n):``, or
        less where OpenMP is limited to less (by `threadpoolctl`, for example); 1 inside
        a parallel region, in a forked process and in a build without OpenMP.

    Examples
    --------
    >>> import fastadd
    >>> with fastadd.threads(1):
    ...     fastadd.get_num_threads()
    1
    """
    return _core.get_threads()


@contextmanager
def threads(n):
    """Set how many threads the additions within a `with` block may use.

    It holds for the calls of this thread (or asynchronous task), in this block; others
    keep theirs.

    Parameters
    ----------
    n : int
        At least 1.

    Raises
    ------
    TypeError, ValueError
        If n is not an integer of at least 1.

    Examples
    --------
    >>> import numpy as np
    >>> import fastadd
    >>> x = np.ones(1_000_000)
    >>> with fastadd.threads(1):
    ...     y = fastadd.add(x, x)
    """
    token = _core.threads_here.set(count(n))
    try:
        yield
    finally:
        _core.threads_here.reset(token)


def from_environment():
    """What FASTADD_NUM_THREADS asks for; None if it is not set."""
    asked = os.environ.get("FASTADD_NUM_THREADS")
    if asked is None:
        return None
    if not asked.isascii() or not asked.isdigit() or not 1 <= int(asked) <= MOST:
        raise ImportError(
            f"FASTADD_NUM_THREADS={asked!r}: set it to a number of threads, "
            f"1 to {MOST}, or unset it."
        )
    return int(asked)


def of_openmp():
    """What OpenMP uses by itself: OMP_NUM_THREADS (its first level), or all."""
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(asked) if asked.isdigit() and int(asked) > 0 else _machine.processors()


MOST = 1 << 15  # far above any machine, far below what OpenMP could not count
openmp = of_openmp()
_core.set_threads(from_environment() or openmp, openmp)
