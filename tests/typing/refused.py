"""Calls that are errors, each of them.

`type: ignore` is for both checkers, and both complain where there is nothing to ignore.
"""

import numpy as np
from numpy.typing import NDArray

import fastadd


def operands(f4: NDArray[np.float32]) -> None:
    fastadd.add(f4)  # type: ignore[call-overload]
    fastadd.add(f4, None)  # type: ignore[call-overload]
    fastadd.add({}, f4)  # type: ignore[call-overload]
    fastadd.add(f4, f4, 2)  # type: ignore[call-overload]
    fastadd.add(f4, f4, gamma=2)  # type: ignore[call-overload]


def coefficients(f4: NDArray[np.float32]) -> None:
    fastadd.add(f4, f4, alpha=None)  # type: ignore[call-overload]
    fastadd.add(f4, f4, alpha="2")  # type: ignore[call-overload]
    fastadd.add(f4, f4, beta=np.timedelta64(1))  # type: ignore[call-overload]
    fastadd.add_(f4, f4, alpha="2")  # type: ignore[arg-type]


def keywords(f4: NDArray[np.float32]) -> None:
    fastadd.add(f4, f4, out=[0.0])  # type: ignore[call-overload]
    fastadd.add(f4, f4, dtype=32)  # type: ignore[call-overload]
    fastadd.add(f4, f4, casting="safest")  # type: ignore[call-overload]
    fastadd.add(f4, f4, where=None)  # type: ignore[call-overload]
    fastadd.add(f4, f4, where=[0, 1])  # type: ignore[list-item]
    fastadd.add(f4, f4, where=f4)  # type: ignore[arg-type]
    fastadd.add_([1.0], f4)  # type: ignore[type-var]
    fastadd.add_(f4, f4, out=f4)  # type: ignore[call-arg]


def others(f4: NDArray[np.float32], i1: NDArray[np.int8]) -> None:
    fastadd.weighted_sum(f4, 3)  # type: ignore[call-overload]
    fastadd.weighted_sum([f4], ["1"])  # type: ignore[list-item]
    fastadd.foreach_add(1, [f4])  # type: ignore[call-overload]
    fastadd.foreach_add([f4], None)  # type: ignore[call-overload]
    fastadd.foreach_add([f4], [f4], out=f4)  # type: ignore[call-overload]
    fastadd.relu(f4, out=[1.0])  # type: ignore[call-overload]
    fastadd.foreach_adam_([f4], [f4], [f4], [f4])  # type: ignore[call-arg]
    fastadd.add_dot_(i1, f4)  # type: ignore[type-var]
    fastadd.clip_grad_norm(i1, 1)  # type: ignore[type-var]
    fastadd.clip_grad_norm([f4], "1")  # type: ignore[call-overload]
    fastadd.clip_grad_norm([f4])  # type: ignore[call-overload]


# (In two steps: in one, mypy would look for an overload that fits the left side.)
def results(f4: NDArray[np.float32], i1: NDArray[np.int8]) -> None:
    same = fastadd.add(f4, f4)
    i1 = same  # type: ignore[assignment]
    asked_for = fastadd.add(i1, i1, dtype=np.int16)
    i1 = asked_for  # type: ignore[assignment]
    out = fastadd.add(i1, i1, out=f4)
    i1 = out  # type: ignore[assignment]


def settings() -> None:
    fastadd.set_num_threads(1.5)  # type: ignore[arg-type]
    fastadd.set_cache_limit("1G")  # type: ignore[arg-type]
    fastadd.clear_cache(1)  # type: ignore[call-arg]
    print(fastadd.cache_info().size)  # type: ignore[attr-defined]
    fastadd.show_config("dict")  # type: ignore[call-overload]
    print(fastadd.show_config()["version"])  # type: ignore[index]
    with fastadd.threads():  # type: ignore[call-arg]
        pass
    fastadd.threads("2")  # type: ignore[arg-type]
