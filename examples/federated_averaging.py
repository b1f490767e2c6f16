"""Train one network on the data of many clients, which keep them to themselves.

In each round every client trains a copy of the network on its own handwritten digits,
and `foreach_weighted_sum` averages the copies, weighted by how many digits each client
has, into the network: one pass over the copies of each array, and no temporary. NumPy's
chain makes the same bits; `tracemalloc` tells how much memory each way takes.

    python examples/federated_averaging.py --picture federated_averaging.png
"""

import argparse
import sys
import timeit
import tracemalloc
from functools import partial

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import fastadd

HIDDEN, BATCH, RATE, EPOCHS = 512, 16, 0.1, 2
LEAST = 90.0  # percent of the digits of the test that must be recognised


def shared_out(y, clients, rng):
    """The digits that each client has: of each kind, unequal parts."""
    parts = [np.empty(0, int)] * clients
    for kind in range(10):
        ends = np.cumsum(rng.dirichlet(np.full(clients, 0.3)))[:-1]
        own = rng.permutation(np.flatnonzero(y == kind))
        pieces = np.split(own, (ends * len(own)).astype(int))
        parts = [np.append(*both) for both in zip(parts, pieces, strict=True)]
    return parts


def forward(w, x):
    """The hidden layer, and the probabilities of the ten digits."""
    hidden = fastadd.relu_(fastadd.add_(x @ w[0], w[1]))
    score = fastadd.add_(hidden @ w[2], w[3])
    score = np.exp(score - score.max(axis=1, keepdims=True))
    return hidden, score / score.sum(axis=1, keepdims=True)


def train(w, x, y, rng):
    """Gradient descent, in place."""
    for _ in range(EPOCHS):
        order = rng.permutation(len(y))
        for start in range(0, len(y), BATCH):
            some = order[start : start + BATCH]
            hidden, error = forward(w, x[some])
            error[np.arange(len(some)), y[some]] -= 1
            inner = error @ w[2].T * (hidden > 0)
            layers = (x[some], inner), (hidden, error)
            gradients = [g for a, e in layers for g in (a.T @ e, e.sum(axis=0))]
            fastadd.foreach_sub_(w, gradients, alpha=RATE / len(some))


def recognised(w, x, y):
    return 100 * np.mean(forward(w, x)[1].argmax(axis=1) == y)


def by_chain(copies, weights, out):
    for place, (first, *others) in zip(out, zip(*copies, strict=True), strict=True):
        total = weights[0] * first
        for weight, other in zip(weights[1:], others, strict=True):
            total = total + weight * other
        place[...] = total


def by_calls(copies, weights, out):
    for place, (first, *others) in zip(out, zip(*copies, strict=True), strict=True):
        np.multiply(first, weights[0], out=place)
        term = np.empty_like(place)
        for weight, other in zip(weights[1:], others, strict=True):
            np.multiply(other, weight, out=term)
            np.add(place, term, out=place)


def by_average(copies, weights, out):
    for place, arrays in zip(out, zip(*copies, strict=True), strict=True):
        place[...] = np.average(arrays, axis=0, weights=weights)


WAYS = {
    "foreach_weighted_sum": fastadd.foreach_weighted_sum,
    "NumPy's chain": by_chain,
    "NumPy's calls, out=": by_calls,
    "np.average": by_average,
}


def check(copies, weights, w):
    other = [np.empty_like(x) for x in w]
    for way in (by_chain, by_calls):
        way(copies, weights, other)
        if any(x.tobytes() != y.tobytes() for x, y in zip(w, other, strict=True)):
            sys.exit(f"fastadd's average is not, to the bit, that of {way.__name__}")


def measure(copies, weights, w):
    """A table, and the bytes that each way allocates at most."""
    table, first, peaks = Table("", "ms", "time / fastadd's", "allocated"), None, []
    for name, way in WAYS.items():
        call = partial(way, copies, weights, out=w)
        ms = 1000 * min(timeit.repeat(call, number=1, repeat=50))
        first = first or ms
        tracemalloc.start()
        call()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        kb = f"{peaks[-1] / 1000:,.0f} kB"
        table.add_row(name, f"{ms:.3f}", f"{ms / first:.1f}", kb)
    return table, peaks


def draw(curves, kinds, path):
    """What the network and the copies recognise, beside what the clients have."""
    figure = Figure(figsize=(10, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    rounds = range(1, len(curves) + 1)
    grey, *_ = left.plot(rounds, curves[:, 1:], color="#a0a0a0", linewidth=0.7)
    (red,) = left.plot(rounds, curves[:, 0], color="#d62728", linewidth=2)
    left.legend([red, grey], ["the average", "the copies"], frameon=False)
    left.set(xlabel="round", ylabel="% of the test recognised", ylim=(0, 100))
    left.xaxis.get_major_locator().set_params(integer=True)
    left.grid(alpha=0.3)
    clients, below = range(1, kinds.shape[1] + 1), 0
    for kind, heights in enumerate(kinds):
        right.bar(clients, heights, bottom=below, label=str(kind))
        below = below + heights
    right.set(xlabel="client", ylabel="digits of each kind", xticks=clients)
    right.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1), reverse=True)
    for axis in (left, right):
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", default=20, type=int)
    parser.add_argument("--clients", default=10, type=int)
    parser.add_argument("--picture", help="where to draw one, a PNG for example")
    given = parser.parse_args(argv)
    rng = np.random.default_rng(0)
    x, y = load_digits(return_X_y=True)  # 8 x 8 pixels, and what they show
    x, x_test, y, y_test = train_test_split(x.astype("f4") / 16, y, random_state=0)
    parts = shared_out(y, given.clients, rng)
    weights = [len(part) / len(y) for part in parts]
    shapes = (64, HIDDEN), (HIDDEN,), (HIDDEN, 10), (10,)
    w = [rng.normal(0, len(s) > 1 and s[0] ** -0.5, s).astype("f4") for s in shapes]
    curves = []
    for _ in track(range(given.rounds), "training"):
        copies = [[array.copy() for array in w] for _ in parts]
        for copy, part in zip(copies, parts, strict=True):
            train(copy, x[part], y[part], rng)
        fastadd.foreach_weighted_sum(copies, weights, out=w)
        check(copies, weights, w)
        curves.append([recognised(model, x_test, y_test) for model in (w, *copies)])
    table, (allocated, *_) = measure(copies, weights, w)
    Console().print(table)
    average, *others = curves[-1]
    print(f"{average:.1f} % recognised by the network, {max(others):.1f} by a copy")
    if given.picture:
        kinds = np.array([np.bincount(y[part], minlength=10) for part in parts]).T
        draw(np.array(curves), kinds, given.picture)
    if average < LEAST:
        sys.exit(f"less than {LEAST} % of the digits of the test were recognised")
    if allocated > sum(x.nbytes for x in w) / 5:
        sys.exit("the average took memory that grows with the network")


if __name__ == "__main__":
    main()
