"""Follow three bodies under their gravity, with the method of Dormand and Prince.

Each stage, the solution and the estimate of its error are weighted sums of slopes, and
each is one pass by `fastadd.weighted_sum`, into a buffer of its own. That pays when
many systems are followed at once: here, copies of the figure-eight orbit that start a
little off it.

    python examples/three_bodies.py --picture three_bodies.png
"""

import argparse
import sys
import time

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table
from scipy.integrate import solve_ivp

import fastadd

STAGES = (
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    (35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),  # the solution
)
ERROR = (71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)

# Three bodies, each at (x, y) with the velocity (u, v).
EIGHT = np.array(
    [
        [0.97000436, -0.24308753, 0.466203685, 0.43236573],
        [-0.97000436, 0.24308753, 0.466203685, 0.43236573],
        [0, 0, -0.93240737, -0.86473146],
    ]
)
EQUAL, PERIOD = (1.0, 1.0, 1.0), 6.32591398
# At rest in the corners of a triangle with sides of 3, 4 and 5, each as heavy as the
# side across from it is long.
TRIANGLE = np.array([[1.0, 3, 0, 0], [-2, -1, 0, 0], [1, -1, 0, 0]])
HEAVY = 3.0, 4.0, 5.0
TRIES = 20_000  # four times as many as the triangle takes
PAIRS = (0, 1), (0, 2), (1, 2)
COLOURS = "#d62728", "#1f77b4", "#2ca02c"


def slope(state, masses, out):
    """Velocities and accelerations of states of shape (..., 3, 4)."""
    out[..., :2] = state[..., 2:]
    out[..., 2:] = 0
    for i, j in PAIRS:
        pull = state[..., j, :2] - state[..., i, :2]
        pull /= np.hypot(pull[..., 0], pull[..., 1])[..., None] ** 3
        fastadd.add_(out[..., i, 2:], pull, alpha=masses[j])
        fastadd.add_(out[..., j, 2:], pull, alpha=-masses[i])
    return out


def energy(state, masses):
    total = (np.square(state[..., 2:]).sum(axis=-1) * masses).sum(axis=-1) / 2
    for i, j in PAIRS:
        x, y = np.moveaxis(state[..., j, :2] - state[..., i, :2], -1, 0)
        total = total - masses[i] * masses[j] / np.hypot(x, y)
    return total


def integrate(state, masses, end, tolerance, weighted_sum=fastadd.weighted_sum):
    """Yield the time and the state of each step; both are of use until the next."""
    state, stage, error = state.copy(), np.empty_like(state), np.empty_like(state)
    slopes = [np.empty_like(state) for _ in range(7)]
    slope(state, masses, slopes[0])
    now, step = 0.0, 1e-3
    yield now, state
    tries = 0
    while now < end:
        tries += 1
        if tries > TRIES:
            sys.exit(f"the steps are too small: after {TRIES:,} the time is {now}")
        step = min(step, end - now)
        for done, row in enumerate(STAGES, 1):
            used = [place for place in range(done) if row[place]]
            arrays = [state, *(slopes[place] for place in used)]
            weighted_sum(arrays, [1, *(step * row[place] for place in used)], out=stage)
            slope(stage, masses, slopes[done])
        used = [place for place in range(7) if ERROR[place]]
        arrays = [slopes[place] for place in used]
        weighted_sum(arrays, [step * ERROR[place] for place in used], out=error)
        error_norm = float(np.abs(error).max()) / tolerance
        if error_norm <= 1:
            now += step
            state, stage = stage, state
            slopes[0], slopes[6] = slopes[6], slopes[0]
            yield now, state
        step *= min(5, max(0.2, 0.9 * max(error_norm, 1e-10) ** -0.2))


def follow(state, masses, end):
    """The times and states of all steps of one system, the errors of its energy, and
    how far from the last state two of SciPy's methods end."""

    def rate(_, y):
        return slope(y.reshape(3, 4), masses, np.empty((3, 4))).ravel()

    steps = integrate(state, masses, end, tolerance=1e-10)
    times, states = zip(*((now, there.copy()) for now, there in steps), strict=True)
    away = []
    for method in ("RK45", "DOP853"):
        known = solve_ivp(rate, (0, end), state.ravel(), method, rtol=1e-12, atol=1e-12)
        away.append(np.abs(known.y[:, -1] - states[-1].ravel()).max())
    energies = energy(np.array(states), masses)
    return times, np.array(states), np.abs(energies / energies[0] - 1), away


def chain(arrays, weights, out):
    """What weighted_sum computes, by NumPy."""
    total = weights[0] * arrays[0]
    for weight, array in zip(weights[1:], arrays[1:], strict=True):
        total = total + weight * array
    out[...] = total


def timed(state, weighted_sum):
    """The last of the states of many copies of the eight, and the mean times of the
    sums of a step and of the rest of it, in ms."""
    seconds = 0.0

    def watched(*args, **keywords):
        nonlocal seconds
        start = time.perf_counter()
        weighted_sum(*args, **keywords)
        seconds += time.perf_counter() - start

    start = time.perf_counter()
    steps = list(integrate(state, EQUAL, PERIOD, 1e-8, watched))
    rest = time.perf_counter() - start - seconds
    scale = 1000 / (len(steps) - 1)
    return steps[-1][1], seconds * scale, rest * scale


def draw(eight, triangle, last, path):
    """Both orbits, the first with the copies after a period, beside the errors."""
    figure = Figure(figsize=(11, 3.9), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(4, 3, 4))
    for axis, (_, states, *_) in ((left, eight), (middle, triangle)):
        for body, colour in enumerate(COLOURS):
            x, y = states[:, body, 0], states[:, body, 1]
            axis.plot(x, y, color=colour, linewidth=0.8)
            axis.plot(x[-1], y[-1], "o", color=colour, markersize=7)
        axis.set_aspect("equal", adjustable="datalim")
        axis.axis("off")
    for body, colour in enumerate(COLOURS):
        cloud = last[:, body, 0], last[:, body, 1]
        left.plot(*cloud, ".", color=colour, markersize=1, alpha=0.3)
    left.set_title(f"figure eight, and {len(last):,} neighbours")
    middle.set_title("from rest in a triangle of 3, 4, 5")
    for name, (times, _, errors, _) in (
        ("figure eight", eight),
        ("triangle", triangle),
    ):
        right.semilogy(times[1:], np.maximum(errors[1:], 2**-53), label=name)
    right.set(xlabel="time", ylim=(1e-14, 1e-8), title="relative error of the energy")
    right.grid(alpha=0.3)
    right.spines[["top", "right"]].set_visible(False)
    right.legend(frameon=False, loc="lower right")
    figure.savefig(path, dpi=110)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--copies", default=2000, type=int, help="of the figure eight")
    parser.add_argument("--picture", help="where to draw one, a PNG for example")
    given = parser.parse_args(argv)
    eight = follow(EIGHT, EQUAL, 3 * PERIOD)
    triangle = follow(TRIANGLE, HEAVY, 20.0)
    table = Table("", "steps", "from RK45", "from DOP853", "energy")
    for name, (times, _, errors, away) in (("eight", eight), ("triangle", triangle)):
        numbers = (f"{number:.0e}" for number in (*away, errors.max()))
        table.add_row(name, str(len(times) - 1), *numbers)
    Console().print(table)

    noise = np.random.default_rng(0).standard_normal((given.copies, 3, 4))
    start = fastadd.add(EIGHT, noise, alpha=0.01)
    with fastadd.threads(1):  # as many as NumPy
        last, ours, rest = timed(start, fastadd.weighted_sum)
    expected, numpys, _ = timed(start, chain)
    print(f"{given.copies:,} systems at once, each step:")
    print(f"  {ours:.3f} ms for the sums by weighted_sum, on one thread")
    print(f"  {numpys:.3f} ms for the sums by NumPy, {numpys / ours:.1f} times as much")
    print(f"  {rest:.3f} ms for the slopes and all the rest")
    if given.picture:
        draw(eight, triangle, last, given.picture)
    if last.tobytes() != expected.tobytes():
        sys.exit("weighted_sum and NumPy's chain do not end in the same bits")
    drift = np.abs(energy(last, EQUAL) / energy(start, EQUAL) - 1).max()
    for what, error, bound in (
        ("the eight from its start", np.abs(eight[1][-1] - EIGHT).max(), 1e-6),
        ("the eight from SciPy's", max(eight[3]), 1e-7),
        ("the triangle from SciPy's", max(triangle[3]), 1e-6),
        ("the energy of the eight", eight[2].max(), 1e-8),
        ("the energy of the triangle", triangle[2].max(), 1e-7),
        ("the energy of a neighbour", drift, 1e-6),
    ):
        if not error <= bound:
            sys.exit(f"{what} ends {error:.1e} away, more than {bound}")


if __name__ == "__main__":
    main()
