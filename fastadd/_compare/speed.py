"""How fast this build is here, beside NumPy and the peers that are installed, in some
things that people do: ratios of times that were taken in turn, within one process."""

from time import perf_counter

import numpy as np

from fastadd import _machine
from fastadd._compare import cases, chains, others, peers
from fastadd._compare.measure import NOISE, busy, race, ratio, share_of_cores
from fastadd._compare.reference import reference

# Who is told of, by the first word of a contender's name. (Of several ways the fastest
# counts. BLAS is not among them: it takes what is stacked, or copied, beforehand.)
FAMILIES = {
    "fastadd": "fastadd",
    "numpy": "NumPy",
    "torch": "torch",
    "numexpr": "numexpr",
    "numba": "numba",
    "OpenCV": "OpenCV",
}
SCALE = 1.5
ROUNDS = 3  # at least
HEADLINE = "a + s*b into a buffer, 10^5"


def operands(shape, dtype="f4"):
    return (cases.moderate(shape, np.dtype(dtype), seed) for seed in (1, 2))


def row(n, fresh=False):
    a, b = operands(n)
    out = None if fresh else np.empty_like(a)
    expected = reference(a, b, SCALE, 1, a.dtype)
    return peers.checked(peers.rows(a, b, SCALE, out), expected)


def in_place(n):
    a, b = operands(n)
    return peers.in_place(a, b, SCALE, reference(a, b, SCALE, 1, a.dtype))


def grid(name):
    """By a name of `cases.grids`, with out."""
    a, b, _ = cases.grids(2048, np.dtype("f4"))[name]
    expected = reference(a, b, SCALE, 1, a.dtype)
    found = peers.layouts(a, b, SCALE, np.empty_like(expected))
    return peers.checked(found, expected)


# Where nothing else is said, of float32.
CASES = {
    "a + s*b into a buffer, 10": lambda: row(10),
    "a + s*b into a buffer, 1,000": lambda: row(1000),
    HEADLINE: lambda: row(10**5),
    "a + s*b into a buffer, 10^7": lambda: row(10**7),
    "a + s*b as a new array, 10^6": lambda: row(10**6, fresh=True),
    "a += s*b, 10^6": lambda: in_place(10**6),
    "a + s*b.T, 2048 x 2048": lambda: grid("a + b.T"),
    "RGB pixels + s*colour": lambda: grid("rows of 3"),
    "HD picture into another by a mask": chains.masked,
    "HD pictures of uint8, saturated": lambda: chains.pictures(False),
    "8 tracks of int16, saturated": chains.sounds,
    "weighted sum of 10 arrays, 10^6": lambda: others.weighted_sums(
        10**6, [0.1] * 10, np.float32
    ),
    "Adam's moments of 180 arrays": chains.moments,
    "180 arrays clipped by their norm": lambda: others.clipping(20_000, True),
    "relu in place, 10^6": lambda: others.relus(10**6, "float32", "in place"),
}


def of_families(times):
    """The best seconds of each family."""
    found = {}
    for name, seconds in times.items():
        family = FAMILIES[name.split()[0]]
        found[family] = min(seconds, found.get(family, seconds))
    return {name: found[name] for name in FAMILIES.values() if name in found}


def compare(seconds, advance):
    """Race all cases in about so many seconds: of each its name and the seconds of each
    family, or in words why it was not raced; and whether the machine was busy, in
    words, or None. `advance` is told what comes next, how much is done, and of how
    much."""
    cores = _machine.processors()
    begin, results = perf_counter(), []
    warning = busy(share_of_cores(cores))
    for place, (name, make) in enumerate(CASES.items()):
        advance(name, place, len(CASES))
        try:
            raced = {
                contender: call
                for contender, call in make().items()
                if contender.split()[0] in FAMILIES
            }
            # What has passed, preparations included, is shared by the rest.
            left = (begin + seconds - perf_counter()) / (len(CASES) - place)
            times = race(raced, max(left, 0) / len(raced), ROUNDS)
        except Exception as error:  # one case less, and told
            told = f"{type(error).__name__}: {str(error).strip()}"
            results.append({"case": name, "not raced": told})
        else:
            results.append({"case": name, "seconds": of_families(times)})
    return results, warning or busy(share_of_cores(cores))


def losses(results):
    """Who is faster than fastadd, in words."""
    for result in results:
        if "seconds" in result:
            lead, best = ratio(result["seconds"])
            if lead < NOISE:
                yield f"{result['case']}: {lead:.2f} times {best}'s speed"


def summary(results, config, warning):
    """One sentence."""
    raced = {r["case"]: r["seconds"] for r in results if "seconds" in r}
    count = config["threads"]
    told = (
        f"fastadd {config['version']} on {config['processor']}, "
        f"{count} thread{'s' if count > 1 else ''}: "
    )
    if HEADLINE in raced:
        times = raced[HEADLINE]["NumPy"] / raced[HEADLINE]["fastadd"]
        told += f"{HEADLINE} float32: {times:.1f} times NumPy's speed; "
    level = sum(t["NumPy"] >= NOISE * t["fastadd"] for t in raced.values())
    told += f"{level} of {len(CASES)} cases at least as fast as NumPy"
    rivals = [
        {name: time for name, time in times.items() if name != "NumPy"}
        for times in raced.values()
    ]
    rivals = [times for times in rivals if len(times) > 1]
    if rivals:
        level = sum(ratio(times)[0] >= NOISE for times in rivals)
        names = [name for name in FAMILIES.values() if any(name in t for t in rivals)]
        *first, last = names[1:]
        listed = f"{', '.join(first)} and {last}" if first else last
        told += f", {level} of {len(rivals)} as {listed}"
    return f"{told} (on a busy machine)" if warning else told
