"""Whether a million calls of each function, refused ones included, leave anything
behind: references to what was given, blocks of Python's memory, memory of the process.
`make leaks`.
"""

import argparse
import gc
import math
import sys
from contextlib import suppress

import numpy as np
from rich.progress import track

import fastadd

X = np.arange(10, dtype="f4")
Y = np.ones(10, "f4")
WIDE = np.ones(10)
OUT = np.empty(10, "f4")
ZEROS = np.zeros(10)
SHORT = np.empty(3, "f4")
SWAPPED = X.astype(">f4")
LISTS = [X, Y, X], [Y, Y, X], [np.empty(10, "f4") for _ in range(3)]
ADAM = [[np.ones(10, "f4")] for _ in range(4)]
BYTES = np.arange(10, dtype="u1")
GRADS = [X + 1, Y.astype(complex)]
MASK = X > 3
BATCH = np.ones((300, 4, 4), "f4")
ERRORS = (TypeError, ValueError, OverflowError, RuntimeError)

# Each way through: the gates, the Python layer, the ufunc, and every kind of refusal.
CALLS = {
    "add": lambda: fastadd.add(X, Y, alpha=2.0),
    "add, out=": lambda: fastadd.add(X, Y, alpha=2.0, out=OUT),
    "add, mixed": lambda: fastadd.add(X, WIDE),
    "add, a number": lambda: fastadd.add(X, 3.0),
    "add, swapped": lambda: fastadd.add(X, SWAPPED, out=OUT),
    "add, overlapping": lambda: fastadd.add(ZEROS, ZEROS[::-1], out=ZEROS),
    "add, where=": lambda: fastadd.add(X, Y, out=OUT, where=MASK),
    "add, scalars": lambda: fastadd.add(1.5, 2),
    "add, 0-d": lambda: fastadd.add(X[0], Y[:1].reshape(())),
    "add, refused shape": lambda: fastadd.add(X, SHORT),
    "add, refused out": lambda: fastadd.add(X, Y, out=SHORT),
    "add, refused alpha": lambda: fastadd.add(X, Y, alpha="2"),
    "add, refused number": lambda: fastadd.add(X, Y, alpha=1e300),
    "add, refused argument": lambda: fastadd.add(X, Y, OUT),
    "add, refused keyword": lambda: fastadd.add(X, Y, alhpa=OUT),
    "add, twice": lambda: fastadd.add(X, Y, other=X),
    "add, out=...": lambda: fastadd.add(X, SWAPPED, out=...),
    "add, batch": lambda: fastadd.add(BATCH, BATCH[0].T),
    "add_": lambda: fastadd.add_(OUT, Y, alpha=0.5),
    "add_, refused": lambda: fastadd.add_([1.0], Y),
    "scaled_add": lambda: fastadd.scaled_add(X, Y, 2, 1),
    "scaled_add, refused": lambda: fastadd.scaled_add(X, Y, 2j, 1),
    "weighted_sum": lambda: fastadd.weighted_sum(LISTS[0], [1, 2.0, 3]),
    "weighted_sum, mixed": lambda: fastadd.weighted_sum([X, WIDE, SWAPPED]),
    "weighted_sum, refused": lambda: fastadd.weighted_sum([X, SHORT, Y], out=OUT),
    "weighted_sum, refused weight": lambda: fastadd.weighted_sum([X, Y], [1, None]),
    "foreach_add": lambda: fastadd.foreach_add(LISTS[0], LISTS[1], alpha=2.0),
    "foreach_add, out=": lambda: fastadd.foreach_add(*LISTS[:2], out=LISTS[2]),
    "foreach_add, mixed": lambda: fastadd.foreach_add([X, WIDE], [WIDE, SWAPPED]),
    "foreach_add, refused": lambda: fastadd.foreach_add([X, Y], [Y, SHORT]),
    "foreach_add, refused out": lambda: fastadd.foreach_add([X, Y], 1, out=[OUT, OUT]),
    "add, alpha of each": lambda: fastadd.add(X, Y, alpha=X),
    "add, both of each": lambda: fastadd.add(X, WIDE, alpha=X, beta=[2.0]),
    "add, saturating": lambda: fastadd.add(BYTES, BYTES, alpha=2, casting="saturate"),
    "add, refused factor": lambda: fastadd.add(X, Y, alpha=SHORT),
    "sub": lambda: fastadd.sub(X, Y, alpha=2),
    "lerp": lambda: fastadd.lerp(X, Y, 0.5),
    "lerp_": lambda: fastadd.lerp_(OUT, Y, ZEROS[:1]),
    "lerp, saturating": lambda: fastadd.lerp(BYTES, BYTES, X, casting="saturate"),
    "lerp, refused": lambda: fastadd.lerp(X, Y, None),
    "addcmul": lambda: fastadd.addcmul(X, Y, Y, value=0.5),
    "addcdiv": lambda: fastadd.addcdiv(X, SWAPPED, Y, out=OUT),
    "foreach_lerp": lambda: fastadd.foreach_lerp(*LISTS[:2], 0.5),
    "foreach_addcmul": lambda: fastadd.foreach_addcmul(*LISTS[:2], LISTS[0]),
    "foreach_addcmul, mixed": lambda: fastadd.foreach_addcmul([X], [WIDE], [SWAPPED]),
    "foreach_addcmul, refused": lambda: fastadd.foreach_addcmul([X], [X], [SHORT]),
    "foreach_weighted_sum": lambda: fastadd.foreach_weighted_sum(LISTS[:2], [1, 2]),
    "weighted_sum, where=": lambda: fastadd.weighted_sum([X, Y], out=OUT, where=MASK),
    "add_dot": lambda: fastadd.add_dot(X, Y),
    "add_dot, with a vector": lambda: fastadd.add_dot(X, Y, X, alpha=2.0, out=OUT),
    "add_dot, broadcast": lambda: fastadd.add_dot(X, Y, X[:1]),
    "add_dot, mixed": lambda: fastadd.add_dot(X, SWAPPED, WIDE),
    "add_dot, refused": lambda: fastadd.add_dot(X, Y, SHORT),
    "add_dot_": lambda: fastadd.add_dot_(OUT, Y, alpha=0.0),
    "relu": lambda: fastadd.relu(X),
    "relu, out=": lambda: fastadd.relu(SWAPPED, out=OUT),
    "relu, refused": lambda: fastadd.relu(1j),
    "clip_grad_norm": lambda: fastadd.clip_grad_norm(GRADS, 1.0),
    "clip_grad_norm, not clipped": lambda: fastadd.clip_grad_norm(GRADS, math.inf),
    "clip_grad_norm, of magnitudes": lambda: fastadd.clip_grad_norm(GRADS, 1.0, 1),
    "clip_grad_value": lambda: fastadd.clip_grad_value(GRADS, 0.5),
    "foreach_add, saturated": lambda: fastadd.foreach_add(
        [BYTES], [BYTES], alpha=0.5, casting="saturate"
    ),
    "foreach_adam_": lambda: fastadd.foreach_adam_(*ADAM, step=3, weight_decay=0.1),
    "foreach_adam_, mixed": lambda: fastadd.foreach_adam_(
        [OUT], [SWAPPED], *ADAM[2:], step=np.int64(3)
    ),
    "foreach_adam_, refused": lambda: fastadd.foreach_adam_(
        *ADAM[:2], ADAM[0], ADAM[3], step=3
    ),
    "foreach_adam_, refused step": lambda: fastadd.foreach_adam_(*ADAM, step=0),
    "foreach_adam_, refused argument": lambda: fastadd.foreach_adam_(*ADAM),
    "clip_grad_norm, refused": lambda: fastadd.clip_grad_norm(GRADS, -1),
}
GIVEN = [
    X,
    Y,
    WIDE,
    ZEROS,
    OUT,
    SHORT,
    SWAPPED,
    MASK,
    BATCH,
    BYTES,
    *GRADS,
    *LISTS,
    *LISTS[2],
    *ADAM,
    *(each[0] for each in ADAM),
]


def repeat(call, times):
    for _ in range(times):
        with suppress(*ERRORS):
            call()


def resident():
    """Bytes of memory of this process; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) << 12
    except OSError:
        return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--calls", type=int, default=1_000_000, help="of each")
    options = parser.parse_args()
    leaks = []
    for name, call in track(CALLS.items(), description="calling"):
        repeat(call, 1000)
        gc.collect()
        references = [sys.getrefcount(x) for x in GIVEN]
        blocks, bytes_before = sys.getallocatedblocks(), resident()
        repeat(call, options.calls)
        gc.collect()
        blocks, grown = (
            sys.getallocatedblocks() - blocks,
            resident() - bytes_before,
        )
        # Caches fill up: less than a thousandth of a block or a byte a call is no leak.
        if (
            [sys.getrefcount(x) for x in GIVEN] != references
            or blocks > options.calls // 1000 + 500
            or grown > options.calls + (1 << 20)
        ):
            leaks.append(f"{name}: {blocks} blocks, {grown} bytes")
    for leak in leaks:
        print(leak)
    print(f"{len(CALLS)} ways, {options.calls:,} calls each: {len(leaks)} leak")
    sys.exit(bool(leaks))


if __name__ == "__main__":
    main()
