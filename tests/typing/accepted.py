"""Calls that type checkers must take, and the types that they must tell."""

from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

import fastadd


class Labelled:
    """As of pandas and xarray: a type of its own, which comes back."""

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any
    ) -> Any: ...

    def __array__(self) -> NDArray[Any]:
        return np.empty(3)


class Table(Labelled): ...


class Lazy:
    """As of Dask, which has another name for the first parameter."""

    def __array_ufunc__(
        self, numpy_ufunc: Any, method: Any, *inputs: Any, **kwargs: Any
    ) -> Any: ...


class Metres(np.ndarray[tuple[Any, ...], np.dtype[np.float64]]):
    """As of Astropy: an array with units."""

    def __array_ufunc__(
        self, ufunc: Any, method: Any, *inputs: Any, **kwargs: Any
    ) -> Any: ...


def arrays(
    f4: NDArray[np.float32],
    f8: NDArray[np.float64],
    i1: NDArray[np.int8],
    u1: NDArray[np.uint8],
    unknown: NDArray[Any],
    floats: NDArray[np.floating[Any]],
    dates: NDArray[np.datetime64],
    durations: NDArray[np.timedelta64],
    file: np.memmap[tuple[int], np.dtype[np.float32]],
) -> None:
    # Of one kind.
    assert_type(fastadd.add(f4, f4), NDArray[np.float32])
    assert_type(fastadd.add(i1, i1, alpha=-1, beta=np.int8(2)), NDArray[np.int8])
    assert_type(fastadd.add(u1, u1), NDArray[np.uint8])
    assert_type(fastadd.add(np.ones((2, 3)), np.ones(3)), NDArray[np.float64])
    assert_type(fastadd.add(file, f4), NDArray[np.float32])
    promoted: NDArray[np.floating[Any]] = fastadd.add(f4, f8)
    promoted = fastadd.add(floats, promoted)
    # Of two: promoted, to what stubs cannot tell.
    assert_type(fastadd.add(i1, u1), NDArray[Any])
    assert_type(fastadd.add(i1, f8), NDArray[Any])
    assert_type(fastadd.add(dates, durations, alpha=2), NDArray[Any])
    # One array, and what makes one.
    assert_type(fastadd.add(f4, 1.5), NDArray[Any])
    assert_type(fastadd.add([[1, 2], [3, 4]], i1), NDArray[Any])
    assert_type(fastadd.add(np.float32(2), f4), NDArray[Any])
    # Nothing known: mypy says Any.
    integers: NDArray[np.int64] = fastadd.add(unknown, unknown)
    fastadd.add(integers, unknown)
    # The dtype asked for.
    assert_type(fastadd.add(u1, i1, dtype=np.float32), NDArray[np.float32])
    assert_type(fastadd.add(u1, u1, dtype=np.float32), NDArray[np.float32])
    assert_type(fastadd.add(u1, 1, dtype=np.dtype(np.int16)), NDArray[np.int16])
    assert_type(fastadd.add(u1, 1, dtype=np.float64), NDArray[np.float64])
    assert_type(fastadd.add(1, u1, dtype=np.int16), NDArray[np.int16])
    assert_type(fastadd.add(u1, u1, dtype="float32"), NDArray[Any])
    assert_type(fastadd.add(u1, u1, dtype=np.dtypes.Float32DType), Any)
    assert_type(fastadd.add(u1, u1, dtype=float), Any)


def numbers(f4: NDArray[np.float32]) -> None:
    assert_type(fastadd.add(1, 2.5), Any)
    assert_type(fastadd.add([1, 2], [3, 4], dtype=np.float32), Any)
    assert_type(fastadd.add(np.float32(1), np.float32(2)), Any)
    for number in (True, 1, 1.5, 1j, np.uint8(1), np.float16(1), np.bool(True)):
        fastadd.add(f4, f4, alpha=number, beta=number)
    fastadd.add(f4, f4, alpha=np.array(1.5), beta=f4[0])


def keywords(f4: NDArray[np.float32], mask: NDArray[np.bool], lazy: Lazy) -> None:
    fastadd.add(f4, f4, casting="unsafe", where=mask)
    fastadd.add(f4, f4, where=[[True, False], [False, True]])
    fastadd.add(f4, f4, where=f4 > 0)
    fastadd.add(f4, f4, where=lazy)
    fastadd.add(input=f4, other=f4)


def into_out(
    f4: NDArray[np.float32],
    u1: NDArray[np.uint8],
    file: np.memmap[tuple[int], np.dtype[np.float32]],
    maybe: NDArray[np.float32] | None,
    table: Table,
    lazy: Lazy,
) -> None:
    assert_type(fastadd.add(u1, u1, out=f4), NDArray[np.float32])
    assert_type(fastadd.add(1, 2, out=f4), NDArray[np.float32])
    assert_type(
        fastadd.add(f4, f4, out=file), np.memmap[tuple[int], np.dtype[np.float32]]
    )
    assert_type(fastadd.add(f4, f4, out=maybe), NDArray[np.float32])
    assert_type(fastadd.add(table, f4, out=f4), NDArray[np.float32])
    assert_type(fastadd.add(f4, f4, out=table), Table)
    assert_type(fastadd.add(lazy, 1, out=lazy), Lazy)
    assert_type(fastadd.add_(f4, [1, 2], alpha=-0.25, beta=2), NDArray[np.float32])


def foreign(
    f4: NDArray[np.float32],
    labelled: Labelled,
    lazy: Lazy,
    metres: Metres,
) -> None:
    assert_type(fastadd.add(lazy, lazy, alpha=2), Lazy)
    assert_type(fastadd.add(lazy, f4), Lazy)
    assert_type(fastadd.add(f4, lazy), Lazy)
    assert_type(fastadd.add(lazy, 1.5, dtype=np.float32), Lazy)
    assert_type(fastadd.add([1, 2], lazy), Lazy)
    assert_type(fastadd.add(labelled, f4), Labelled)
    assert_type(fastadd.add(f4, labelled), Labelled)
    assert_type(fastadd.add(metres, f4), Metres)
    assert_type(fastadd.add(f4, metres), Metres)
    assert_type(fastadd.add(lazy, labelled), Lazy | Labelled)


def sums(f4: NDArray[np.float32], f8: NDArray[np.float64], lazy: Lazy) -> None:
    assert_type(fastadd.weighted_sum([f4, f4], [1, 0.5]), NDArray[np.float32])
    assert_type(fastadd.weighted_sum([f4, f8, 1.5], out=f4), NDArray[np.float32])
    assert_type(fastadd.weighted_sum([f4, [1, 2]], np.ones(2)), Any)
    assert_type(fastadd.weighted_sum((f4, f4), dtype=np.float64), Any)
    fastadd.weighted_sum(np.ones((3, 4)), (1, 2, 3))
    fastadd.weighted_sum([lazy, f4])


def lists(f4: NDArray[np.float32], f8: NDArray[np.float64]) -> None:
    assert_type(fastadd.foreach_add([f4, f4], [f4, f8], alpha=0.5), list[Any])
    assert_type(
        fastadd.foreach_add([f4], 2, alpha=[1, 2], out=[f4]), list[NDArray[np.float32]]
    )
    assert_type(fastadd.add_dot(f4, f4), tuple[NDArray[np.float32], np.floating[Any]])
    assert_type(
        fastadd.add_dot_(f8, f4, f4, alpha=2),
        tuple[NDArray[np.float64], np.floating[Any]],
    )
    assert_type(
        fastadd.foreach_adam_([f4], [f8], [f4], (f8,), step=1, betas=[0.9, 0.99]),
        list[NDArray[np.float32]],
    )
    assert_type(
        fastadd.clip_grad_norm([f4], 1.0),
        tuple[list[NDArray[np.float32]], np.floating[Any]],
    )
    assert_type(
        fastadd.clip_grad_norm(f4, 1), tuple[NDArray[np.float32], np.floating[Any]]
    )
    assert_type(
        fastadd.clip_grad_norm(f8, 1, out=f4),
        tuple[NDArray[np.float32], np.floating[Any]],
    )
    assert_type(
        fastadd.clip_grad_norm(
            (f4, f4), np.float32(1), out=[f4], error_if_nonfinite=True
        ),
        tuple[list[NDArray[np.float32]], np.floating[Any]],
    )


def rectified(
    f4: NDArray[np.float32], u1: NDArray[np.uint8], mask: NDArray[np.bool], lazy: Lazy
) -> None:
    assert_type(fastadd.relu(f4), NDArray[np.float32])
    assert_type(fastadd.relu(u1), NDArray[np.uint8])
    assert_type(fastadd.relu(mask), NDArray[np.bool])
    assert_type(fastadd.relu(lazy), Lazy)
    assert_type(fastadd.relu([1, -2]), Any)
    assert_type(fastadd.relu(-2.5), Any)
    assert_type(fastadd.relu(u1, out=f4), NDArray[np.float32])


def settings() -> None:
    assert_type(fastadd.__version__, str)
    assert_type(fastadd.set_num_threads(np.int64(2)), None)
    assert_type(fastadd.get_num_threads(), int)
    with fastadd.threads(1) as nothing:
        assert_type(nothing, None)
    assert_type(fastadd.set_cache_limit(1 << 30), None)
    assert_type(fastadd.clear_cache(), None)
    assert_type(fastadd.cache_info().kept, int)
    hits, misses, limit, kept = fastadd.cache_info()
    assert_type((hits, misses, limit, kept), tuple[int, int, int, int])
    assert_type(fastadd.show_config(), None)
    assert_type(fastadd.show_config("dicts"), dict[str, Any])


def operations(f4: NDArray[np.float32], u1: NDArray[np.uint8]) -> None:
    assert_type(fastadd.lerp(f4, f4, 0.5), NDArray[np.float32])
    assert_type(fastadd.lerp(f4, f4, f4, out=f4), NDArray[np.float32])
    assert_type(fastadd.addcmul(f4, f4, f4, value=0.5), NDArray[np.float32])
    assert_type(fastadd.addcdiv(f4, f4, f4, beta=0.5), NDArray[np.float32])
    assert_type(fastadd.sub(f4, f4, alpha=f4), NDArray[np.float32])
    assert_type(fastadd.add(f4, f4, alpha=f4, beta=[1, 2]), NDArray[np.float32])
    fastadd.add(u1, u1, alpha=0.5, casting="saturate")
