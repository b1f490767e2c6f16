"""How a time is taken: every contender in turn within one process, round after round,
and the best round of each. On a shared machine the best of many is what repeats, and
the ratio of two that took turns is what can be trusted."""

import hashlib
import os
import random
import threading
from statistics import mean
from time import perf_counter, thread_time
from timeit import Timer

ALONE = 0.9  # below this share of its cores a process is not alone
NOISE = 0.95  # below this ratio of the best peer's time to ours a case is lost


class Contender:
    """An expression as one would write it, over names; timed without the 40 ns that a
    function around it would add to a call of 90."""

    def __init__(self, expression, **names):
        self.expression = expression
        self.names = names
        self.timer = Timer(expression, globals=names)

    def __call__(self):
        return eval(self.expression, self.names)

    def sample(self, repeats):
        """Seconds per evaluation."""
        return self.timer.timeit(repeats) / repeats


def race(contenders, seconds, least=None):
    """The best seconds of each contender, by name; `seconds` is for each, and `least`
    how many rounds there are at least: 8, or fewer in less than 0.1 seconds.

    A sample takes at least 0.2 ms, so that the clock costs under 1 %.
    """
    if least is None:
        least = max(1, min(8, round(80 * seconds)))
    repeats = {}
    for name, contender in contenders.items():
        repeats[name] = 1
        contender()
        while contender.sample(repeats[name]) * repeats[name] < 2e-4:
            repeats[name] *= 2
    best = dict.fromkeys(contenders, float("inf"))
    rounds, end = 0, perf_counter() + seconds * len(contenders)
    turns, shuffle = list(contenders.items()), random.Random(0).shuffle
    while rounds < least or perf_counter() < end:
        # In another order each time: threads of the one before may still spin, those of
        # libgomp for some milliseconds.
        shuffle(turns)
        for name, contender in turns:
            # Time to wake threads, to spread over the cores and to warm the caches.
            warm = perf_counter() + 0.005
            contender()
            while perf_counter() < warm:
                contender.sample(repeats[name])
            best[name] = min(best[name], contender.sample(repeats[name]))
        rounds += 1
    return best


def ratio(times):
    """The best peer's time over ours, and its name."""
    peers = {name: time for name, time in times.items() if name != "fastadd"}
    best = min(peers, key=peers.get)
    return peers[best] / times["fastadd"], best


def duration(seconds):
    """Three digits and a unit."""
    for unit, scale in (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3)):
        if seconds < 999.5 * scale:
            value = seconds / scale
            return f"{value:.{max(0, 2 - len(str(int(value))) + 1)}f} {unit}"
    return f"{seconds:.2f} s"


def share_of_cores(cores, seconds=0.3):
    """What this process gets of so many cores if it asks for all: 1 if it is alone."""
    shares = []

    def work():
        data = bytes(1 << 20)
        begin, end = thread_time(), perf_counter() + seconds
        start = perf_counter()
        while perf_counter() < end:
            hashlib.sha256(data)  # without the GIL
        shares.append((thread_time() - begin) / (perf_counter() - start))

    threads = [threading.Thread(target=work) for _ in range(cores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return mean(shares)


def load():
    """The mean number of threads that wanted a core in the last minute, if known."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def busy(share):
    """What to tell where ratios mean little, with the share that was measured."""
    if share >= ALONE:
        return None
    now = load()
    average = "" if now is None else f" (load average {now:.1f})"
    return (
        f"The machine is busy: this process gets {share:.0%} of its cores{average}. "
        "Wait until it is quiet"
    )
