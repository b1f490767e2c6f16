"""How much memory freed results may leave for the next ones."""

import operator
from typing import NamedTuple

from fastadd import _core, _machine


class CacheInfo(NamedTuple):
    """What `cache_info` tells."""

    hits: int
    """Large results that took over the memory of one before them."""
    misses: int
    """Large results that the system gave new memory for."""
    limit: int
    """Bytes that may be kept."""
    kept: int
    """Bytes that are kept now."""


def set_cache_limit(limit):
    """Set how much memory freed results may leave for the next ones.

    The system gives a large array new memory page by page, as it is first written. For
    ``a + s*b`` that takes longer than all the rest. So the memory of large results of
    `add`, from 4 MiB on, is kept when they are freed, and the next result of about
    the size takes it over.

    Parameters
    ----------
    limit : int
        Bytes, for the whole process. 0 keeps nothing. If more are kept now, the oldest
        are given back at once.

    Raises
    ------
    TypeError, ValueError
        If limit is not an integer, or is negative.

    See Also
    --------
    clear_cache : give all of it back now.
    cache_info : how much is kept.

    Notes
    -----
    The default is 512 MiB or, if that is less, a sixteenth of the memory that the
    process may use. A process holds its arrays and at most the limit besides. Results
    own their data like any other array (NumPy's data-allocator hook, NEP 49, with
    which they are made); where somebody else has set that hook, theirs is used.
    Smaller results are left to ``malloc``.

    Examples
    --------
    >>> import fastadd
    >>> before = fastadd.cache_info().limit
    >>> fastadd.set_cache_limit(1 << 30)
    >>> fastadd.cache_info().limit
    1073741824
    >>> fastadd.set_cache_limit(before)
    """
    try:
        limit = operator.index(limit)
    except TypeError:
        raise TypeError(
            f"{limit!r} is a {type(limit).__name__}: the limit must be an integer, in "
            "bytes"
        ) from None
    if not 0 <= limit <= MOST:
        raise ValueError(
            f"a limit of {limit} bytes: 0, which keeps nothing, to {MOST} are allowed"
        )
    _core.set_cache_limit(limit)


def clear_cache():
    """Give the memory that freed results have left back to the system.

    The limit stays, and results to come leave theirs again.

    Examples
    --------
    >>> import fastadd
    >>> fastadd.clear_cache()
    >>> fastadd.cache_info().kept
    0
    """
    _core.clear_cache()


def cache_info():
    """How much memory freed results have left, and how often it was of use.

    Returns
    -------
    CacheInfo
        A named tuple: `hits` and `misses` (large results that took over such memory,
        and that did not, since fastadd was imported), `limit` and `kept` (bytes).

    Examples
    --------
    >>> import fastadd
    >>> info = fastadd.cache_info()
    >>> info.kept <= info.limit
    True
    """
    return CacheInfo(*_core.cache_info())


MOST = (1 << 63) - 1
_core.set_cache_limit(min(512 << 20, _machine.memory() // 16))
