"""Train a small network on handwritten digits with two optimisers made of fastadd.

Momentum is two additions with coefficients, and Adam one call. Each is written three
times, in fastadd's calls, in NumPy's expressions and in NumPy's calls into buffers; all
are given the same gradients, must make the same weights to the bit, and are timed in
turn.

    python examples/optimizers.py --picture optimizers.png
"""

import argparse
import math
import sys
import time

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits

import fastadd

BATCH, HIDDEN = 32, 256
MAX_NORM = 1.0  # of all gradients of a step
LEAST = 97.0  # percent of the digits of the test that must be recognised


class Momentum:
    """v = 0.9*v + g; w -= rate*v"""

    rate, colour = 0.2, "#d62728"

    def __init__(self, w):
        self.w = [x.copy() for x in w]
        self.v = [np.zeros_like(x) for x in w]

    def by_fastadd(self, gradients, rate):
        fastadd.foreach_add_(self.v, gradients, beta=0.9)
        fastadd.foreach_add_(self.w, self.v, alpha=-rate)

    def by_numpy(self, gradients, rate):
        for i, g in enumerate(gradients):
            self.v[i] = 0.9 * self.v[i] + g
            self.w[i] = self.w[i] - rate * self.v[i]

    def into_buffers(self, gradients, rate):
        for w, v, g in zip(self.w, self.v, gradients, strict=True):
            np.multiply(v, 0.9, out=v)
            np.add(v, g, out=v)
            np.multiply(v, rate, out=g)  # the gradient is not needed any more
            np.subtract(w, g, out=w)


class Adam:
    """m and s, averages of g and g*g that forget; w -= rate*m / (sqrt(s) + 1e-8), with
    both averages made up for their begin at zero"""

    rate, colour = 0.005, "#1f77b4"

    def __init__(self, w):
        self.w = [x.copy() for x in w]
        self.m = [np.zeros_like(x) for x in w]
        self.s = [np.zeros_like(x) for x in w]
        self.own = [np.empty_like(x) for x in w]
        self.steps = 0

    def corrections(self):
        """What the averages lack yet."""
        self.steps += 1
        return 1 - 0.9**self.steps, math.sqrt(1 - 0.999**self.steps)

    def by_fastadd(self, gradients, rate):
        self.steps += 1
        fastadd.foreach_adam_(
            self.w, gradients, self.m, self.s, step=self.steps, lr=rate
        )

    def by_numpy(self, gradients, rate):
        lack, root = self.corrections()
        for i, g in enumerate(gradients):
            self.m[i] = 0.9 * self.m[i] + (1 - 0.9) * g
            self.s[i] = 0.999 * self.s[i] + (1 - 0.999) * g * g
            scale = np.sqrt(self.s[i]) / root + 1e-8
            self.w[i] = self.w[i] - rate / lack * self.m[i] / scale

    def into_buffers(self, gradients, rate):
        lack, root = self.corrections()
        for w, m, s, t, g in zip(
            self.w, self.m, self.s, self.own, gradients, strict=True
        ):
            np.multiply(g, 1 - 0.9, out=t)
            np.multiply(m, 0.9, out=m)
            np.add(m, t, out=m)
            np.multiply(g, 1 - 0.999, out=t)
            np.multiply(t, g, out=t)
            np.multiply(s, 0.999, out=s)
            np.add(s, t, out=s)
            np.sqrt(s, out=t)
            np.divide(t, root, out=t)
            np.add(t, 1e-8, out=t)
            np.multiply(m, rate / lack, out=g)  # the gradient is not needed any more
            np.divide(g, t, out=g)
            np.subtract(w, g, out=w)


def clip_by_fastadd(gradients):
    return fastadd.clip_grad_norm_(gradients, MAX_NORM)


def clip_by_numpy(gradients):
    norm = math.sqrt(sum(np.square(g, dtype=np.float64).sum() for g in gradients))
    if norm > MAX_NORM:
        gradients = [MAX_NORM / norm * g for g in gradients]
    return gradients, norm


def clip_into_buffers(gradients):
    norm = math.sqrt(sum(np.square(g, dtype=np.float64).sum() for g in gradients))
    if norm > MAX_NORM:
        for g in gradients:
            np.multiply(g, MAX_NORM / norm, out=g)
    return gradients, norm


def digits():
    """8 x 8 pixels, and what they show; one in five is for the test."""
    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32)
    test = np.arange(len(x)) % 5 == 0
    return x[~test], y[~test], x[test], y[test]


def forward(w, x):
    """The hidden layer, and the probabilities of the ten digits."""
    hidden = fastadd.add_(x @ w[0], w[1])
    fastadd.relu(hidden, out=hidden)
    score = fastadd.add_(hidden @ w[2], w[3])
    score = np.exp(score - score.max(axis=1, keepdims=True))
    return hidden, score / score.sum(axis=1, keepdims=True)


def backward(w, x, y):
    """The mean cross entropy and its gradients."""
    hidden, error = forward(w, x)
    rows = np.arange(len(y))
    loss = -np.log(error[rows, y]).mean()
    error[rows, y] -= 1
    error /= len(y)
    inner = error @ w[2].T * (hidden > 0)
    gradients = [x.T @ inner, inner.sum(axis=0), hidden.T @ error, error.sum(axis=0)]
    return loss, gradients


def train(kind, epochs):
    """The loss of each epoch, what each digit of the test is taken for in the end, how
    many steps were clipped, and the seconds that all steps took in both ways."""
    rng = np.random.default_rng(0)
    x, y, test, _ = digits()
    shapes = (64, HIDDEN), (HIDDEN,), (HIDDEN, 10), (10,)
    w = [rng.normal(0, len(s) > 1 and s[0] ** -0.5, s).astype("f4") for s in shapes]
    ours, expressions, buffers = kind(w), kind(w), kind(w)
    ways = [
        ("fastadd", clip_by_fastadd, ours.by_fastadd),
        ("NumPy", clip_by_numpy, expressions.by_numpy),
        ("NumPy, out=", clip_into_buffers, buffers.into_buffers),
    ]
    seconds = {name: 0.0 for name, *_ in ways}
    losses, clipped, done = [], 0, 0
    batches = math.ceil(len(x) / BATCH)
    for _ in range(epochs):
        losses.append(0.0)
        for some in np.array_split(rng.permutation(len(x)), batches):
            loss, gradients = backward(ours.w, x[some], y[some])
            losses[-1] += loss / batches
            rate = kind.rate * (1 + math.cos(math.pi * done / (epochs * batches))) / 2
            for name, clip, step in ways:
                own = [g.copy() for g in gradients]
                start = time.perf_counter()
                own, norm = clip(own)
                step(own, rate)
                seconds[name] += time.perf_counter() - start
            ways.append(ways.pop(0))  # none is always the first to read the gradients
            clipped += norm > MAX_NORM
            done += 1
    for other in (expressions, buffers):
        same = (
            a.tobytes() == b.tobytes() for a, b in zip(ours.w, other.w, strict=True)
        )
        if not all(same):
            sys.exit(f"{kind.__name__}: fastadd's weights are not those of NumPy")
    if not clipped:
        sys.exit(f"{kind.__name__}: no gradient was clipped, so clipping is untested")
    return losses, forward(ours.w, test)[1].argmax(axis=1), clipped, seconds


def draw(results, recognised, path):
    """The losses, beside the first digits that one of the two took for others."""
    figure = Figure(figsize=(10, 3.8), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(6, 5))
    axis = left.subplots()
    for kind, (losses, *_) in results.items():
        label = f"{kind.__name__}: {recognised[kind]:.1f} % of the test recognised"
        axis.semilogy(range(1, len(losses) + 1), losses, color=kind.colour, label=label)
    axis.set(xlabel="epoch", ylabel="cross entropy in training")
    axis.grid(alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False)

    _, _, x, y = digits()
    first, second = (taken_for for _, taken_for, *_ in results.values())
    seen = np.where(first != y, first, second)
    right.suptitle("mistakes of one or both", fontsize="medium")
    axes = right.subplots(2, 3).ravel()
    for axis in axes:
        axis.axis("off")
    for axis, i in zip(axes, np.flatnonzero(seen != y), strict=False):
        axis.imshow(x[i].reshape(8, 8), cmap="gray_r")
        axis.set_title(f"{y[i]}, not {seen[i]}", fontsize="medium")
    figure.savefig(path, dpi=110)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", default=40, type=int)
    parser.add_argument("--picture", help="where to draw one, a PNG for example")
    given = parser.parse_args(argv)
    results = {kind: train(kind, given.epochs) for kind in (Momentum, Adam)}
    recognised = {
        kind: 100 * np.mean(r[1] == digits()[3]) for kind, r in results.items()
    }
    table = Table(
        *("", "recognised", "clipped", "fastadd", "NumPy", "NumPy, out=", "ratios")
    )
    for kind, (_, _, clipped, seconds) in results.items():
        table.add_row(
            kind.__name__,
            f"{recognised[kind]:.1f} %",
            f"{clipped} steps",
            *(f"{1000 * second:.0f} ms" for second in seconds.values()),
            ", ".join(
                f"{seconds[name] / seconds['fastadd']:.2f}"
                for name in ("NumPy", "NumPy, out=")
            ),
        )
    Console().print(table)
    if given.picture:
        draw(results, recognised, given.picture)
    if min(recognised.values()) < LEAST:
        sys.exit(f"less than {LEAST} % of the digits of the test were recognised")


if __name__ == "__main__":
    main()
