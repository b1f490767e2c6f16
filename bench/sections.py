"""The cases of the benchmark by sections: how each is made, checked and raced."""

from collections.abc import Callable
from typing import NamedTuple

import jobs
import limit
import more_peers
import numpy as np
import report

import fastadd
from fastadd import _machine
from fastadd._compare import cases, chains, others, peers
from fastadd._compare.measure import Contender, race
from fastadd._compare.reference import assert_same_bits, reference


class Case(NamedTuple):
    """A cell of the matrix."""

    group: str
    name: str
    contenders: Callable[[], dict]  # made and checked when its turn comes
    row: tuple = ()  # dtype, length and "out=" or "fresh" of contiguous arrays


SCALE = 1.5
CORES = _machine.processors()


def scale(dtype):
    """An alpha of the dtype's kind."""
    return {"b": True, "i": 3}.get(cases.kind(dtype), SCALE)


def row(n, name, fresh):
    a, b = (cases.moderate(n, cases.DTYPES[name], seed) for seed in (1, 2))
    s = scale(a.dtype)
    out = None if fresh else np.empty_like(a)
    found = peers.rows(a, b, s, out) | more_peers.additions(a, b, s, out)
    return peers.checked(found, reference(a, b, s, 1, a.dtype))


def rows(full):
    """Contiguous arrays, from one element to 4*10**7."""
    small = (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000)
    large = tuple(int(m * 10**e) for e in (5, 6, 7) for m in (1, 2, 4))
    for group, names, sizes in (
        ("small", ("float32", "float64", "int64"), small if full else small[::2]),
        ("large", ("float32", "float64"), large if full else large[::3]),
    ):
        for name in names if full else names[:1]:
            for fresh in (False, True):
                way = "fresh" if fresh else "out="
                for n in sizes:
                    yield Case(
                        # Small results cost no memory of their own.
                        group if group == "small" else f"{group}, {way}",
                        f"{name}, n = {n:,}, {way}",
                        lambda n=n, name=name, fresh=fresh: row(n, name, fresh),
                        (name, n, way),
                    )


def layouts(full):
    for name in ("float32", "float64") if full else ("float32",):
        for layout in cases.grids(8, cases.DTYPES[name]):
            yield Case(
                "layouts",
                f"{name}, {layout}",
                lambda layout=layout, name=name: grid(layout, name),
            )


def views(full):
    for name in ("float32", "float64", "uint8") if full else ("float32",):
        for view, operands in cases.views(2000, cases.DTYPES[name]).items():
            yield Case(
                "views",
                f"{name}, {view}",
                lambda operands=operands: one_view(*operands()),
            )


def one_view(a, b):
    s = scale(a.dtype)
    expected = reference(a, b, s, 1, a.dtype)
    return peers.checked(peers.layouts(a, b, s, np.empty_like(expected)), expected)


def grid(layout, name):
    a, b, out = cases.grids(2048, cases.DTYPES[name])[layout]
    expected = reference(a, b, SCALE, 1, a.dtype)
    if out is a:
        return peers.in_place(a, b, SCALE, expected)
    out = np.empty_like(expected) if out is None else out
    return peers.checked(peers.layouts(a, b, SCALE, out), expected)


def mixture(one, two):
    a = cases.moderate(2_000_000, cases.DTYPES[one], 1)
    b = cases.moderate(2_000_000, cases.DTYPES[two], 2)
    dtype = np.result_type(a, b)
    s = scale(dtype)
    expected = reference(a, b, s, 1, dtype)
    out = np.empty_like(expected)
    found = peers.layouts(a, b, s, out) | more_peers.additions(a, b, s, out)
    return peers.checked(found, expected)


def dtypes(_):
    """Of 2*10**6 elements, with out."""
    for one, two in (*((name, name) for name in cases.DTYPES), *cases.MIXTURES):
        yield Case(
            "dtypes",
            one if one == two else f"{one} + {two}",
            lambda one=one, two=two: mixture(one, two),
        )


def small_broadcasts(full):
    for name, (a, b) in cases.small_grids().items():
        for fresh in (False, True) if full else (True,):
            yield Case(
                "small broadcasts",
                f"{name}, {'fresh' if fresh else 'out='}",
                lambda a=a, b=b, fresh=fresh: small_broadcast(a, b, fresh),
            )


def small_broadcast(a, b, fresh):
    expected = reference(a, np.asarray(b, a.dtype), SCALE, 1, a.dtype)
    out = None if fresh else np.empty_like(expected)
    return peers.checked(peers.broadcasts(a, b, SCALE, out), expected)


def other_functions(full):
    for n in (1000, 100_000, 1_000_000, 4_000_000):
        yield Case(
            "weighted_sum",
            f"7 operands of {n:,} float64, out=",
            lambda n=n: others.weighted_sums(n),
        )
    for largest in (2000, 20_000):
        yield Case(
            "foreach_add",
            f"180 arrays of 10 to {largest:,} float32, in place",
            lambda largest=largest: others.steps(largest),
        )
    for largest in (2000, 20_000):
        for clips in (False, True):
            yield Case(
                "clip_grad_norm",
                f"180 arrays of 10 to {largest:,} float32"
                f"{', scaled in place' if clips else ''}",
                lambda largest=largest, clips=clips: others.clipping(largest, clips),
            )
    for name in ("float32", "float64", "int32") if full else ("float32",):
        for way in ("out=", "fresh", "in place"):
            for n in (1, 10, 100, 1000, 10**4, 10**5, 10**6, 4 * 10**6, 2 * 10**7):
                yield Case(
                    "relu",
                    f"relu of {name}, n = {n:,}, {way}",
                    lambda n=n, name=name, way=way: others.relus(n, name, way),
                )


def three_arrays(full):
    sizes = (10, 1000, 30_000, 10**6, 4 * 10**6) if full else (10, 1000, 10**6)
    for dtype in ("float32", "float64") if full else ("float32",):
        for name in chains.OURS:
            for n in sizes:
                yield Case(
                    "operations",
                    f"{name}, {dtype}, n = {n:,}, out=",
                    lambda name=name, n=n, dtype=dtype: more_peers.three(
                        name, chains.three(name, n, dtype)
                    ),
                )
    for name, make in (
        (
            "1080p float32, lerp by a mask of one channel",
            lambda: more_peers.three("lerp by an array", chains.masked()),
        ),
        ("1080p uint8, blend, saturating", lambda: pictures_of_bytes(False)),
        ("1080p uint8, lerp by a mask, saturating", lambda: pictures_of_bytes(True)),
        ("8 tracks of int16 mixed, saturating", chains.sounds),
        ("180 arrays, Adam's moments in place", chains.moments),
        ("180 arrays, a step of Adam in place", chains.adam),
        ("10 models of 10**7 float32 averaged in place", chains.models),
    ):
        yield Case("operations", name, make)


def pictures_of_bytes(by_mask):
    return more_peers.pictures(by_mask, chains.pictures(by_mask))


def triads(_):
    """float32 with out beside the loops that one would write in C."""
    if limit.triad() is None:
        report.say("triad: left out, since there is no C compiler with OpenMP", "red")
        return
    for n in (10_000_000, 50_000_000):
        yield Case("triad", f"float32, n = {n:,}, out=", lambda n=n: triad(n))


def triad(n):
    n -= n % 16
    a, b = (cases.moderate(n, np.dtype("f4"), seed) for seed in (1, 2))
    contenders = {
        "fastadd": Contender(
            "add(a, b, alpha=1.5, out=o)", add=fastadd.add, a=a, b=b, o=np.empty_like(a)
        )
    }
    return contenders | dict(limit.triads(a, b, SCALE, sorted({1, CORES})))


def real_jobs(_):
    if jobs.datasets is None:
        report.say(
            "jobs: left out, since scikit-learn, which has their data, is not "
            "installed (make peers)",
            "red",
        )
        return

    def blend():
        assert_same_bits(jobs.blend_by_fastadd(), jobs.blend_by_numpy())
        return {
            "fastadd": Contender("f()", f=jobs.blend_by_fastadd),
            "numpy a + s*b": Contender("f()", f=jobs.blend_by_numpy),
        }

    def training():
        ours, theirs = jobs.train(jobs.step_by_fastadd), jobs.train(jobs.step_by_numpy)
        assert_same_bits(ours, theirs)
        report.say(
            f"Softmax regression on the digits: {jobs.accuracy(ours):.1%} of the test "
            "digits are right, with the same weights to the bit from both."
        )
        return {
            "fastadd": Contender("f(s)", f=jobs.train, s=jobs.step_by_fastadd),
            "numpy a + s*b": Contender("f(s)", f=jobs.train, s=jobs.step_by_numpy),
        }

    def step():
        w, g = np.random.default_rng(0).standard_normal((2, 65, 10)).astype(np.float32)
        mine, yours = w.copy(), w.copy()
        jobs.step_by_fastadd(mine, g, 0.1)
        jobs.step_by_numpy(yours, g, 0.1)
        assert_same_bits(mine, yours)
        return {
            "fastadd": Contender("f(w, g, 0.1)", f=jobs.step_by_fastadd, w=mine, g=g),
            "numpy a + s*b": Contender(
                "f(w, g, 0.1)", f=jobs.step_by_numpy, w=yours, g=g
            ),
        }

    yield Case("jobs", "blend two photographs, uint8 to float32", blend)
    yield Case("jobs", "train on the digits, 900 steps", training)
    yield Case("jobs", "one such step alone", step)


def scaling(seconds):
    """Seconds of one call on 1, 2, 4 ... threads, by what is added."""
    counts = [1 << k for k in range(CORES.bit_length()) if 1 << k <= CORES]
    counts = sorted({*counts, CORES})
    curves = {}
    for name, n in (("float32", 10**6), ("float32", 10**7), ("complex64", 10**6)):
        a, b = (cases.moderate(n, cases.DTYPES[name], seed) for seed in (1, 2))
        names = {"add": fastadd.add, "a": a, "b": b, "o": np.empty_like(a)}
        times = {}
        for count in counts:
            with fastadd.threads(count):
                call = Contender("add(a, b, alpha=1.5, out=o)", **names)
                times[count] = race({"": call}, seconds)[""]
        curves[f"{name}, n = {n:,}"] = times
    return curves


class Section(NamedTuple):
    """Cases, and how many contenders each has, about, with all peers."""

    cases: Callable
    contenders: int


SECTIONS = {
    "rows": Section(rows, 9),
    "layouts": Section(layouts, 5),
    "views": Section(views, 5),
    "dtypes": Section(dtypes, 6),
    "broadcasts": Section(small_broadcasts, 4),
    "others": Section(other_functions, 3),
    "operations": Section(three_arrays, 5),
    "triad": Section(triads, 5),
    "jobs": Section(real_jobs, 2),
}
