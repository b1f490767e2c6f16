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
    It is a limit, which counts the calling thread. Small additions use that alone,
    larger ones as many as pay and are free: a call never waits for a thread that has
    not begun to help it. Calls that run at once share the threads. A forked process
    starts threads of its own. `threadpoolctl` sees and limits these threads too, as
    OpenMP's; what is set here later than there holds.

    Examples
    --------
    >>> import fastadd
    >>> before = fastadd.get_num_threads()
    >>> fastadd.set_num_threads(1)
    >>> fastadd.get_num_threads()
    1
    >>> fastadd.set_num_threads(before)
    """
    _core.set_threads(count(n))


def get_num_threads():
    """How many threads an addition may use that is called here and now.

    Returns
    -------
    int
        The number of `set_num_threads` or of the innermost ``with threads(n):``, or
        less where `threadpoolctl` limits OpenMP, or everything, to less.

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
    """What the environment asks for; None if it does not."""
    asked = os.environ.get("FASTADD_NUM_THREADS", "").strip()
    if asked:
        if not is_count(asked):
            raise ImportError(
                f"FASTADD_NUM_THREADS={asked!r}: set it to a number of threads, "
                f"1 to {MOST}, or unset it."
            )
        return int(asked)
    # Of OpenMP's levels, the first. What makes no sense is left to OpenMP to refuse.
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(asked) if is_count(asked) else None


def is_count(text):
    return (
        text.isascii()
        and text.isdigit()
        and len(text) <= len(str(MOST))
        and 1 <= int(text) <= MOST
    )


def register():
    """Let threadpoolctl, if it is installed, see and limit these threads, together with
    OpenMP's: what its users set for those is meant for all threads that compute. To
    import it takes 2 to 4 ms."""
    try:
        import threadpoolctl  # noqa: PLC0415
    except ImportError:
        return

    class Controller(threadpoolctl.LibController):
        user_api = "openmp"
        internal_api = "fastadd"
        filename_prefixes = ("_core.",)
        check_symbols = ("fastadd_workers_alive",)

        def get_num_threads(self):
            return _core.process_threads()

        def set_num_threads(self, num_threads):
            _core.limit_threads(num_threads)

        def get_version(self):
            return None

    threadpoolctl.register(Controller)


MOST = 1 << 15  # far above any machine
_core.set_threads(from_environment() or _machine.processors())
register()
