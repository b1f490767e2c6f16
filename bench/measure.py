"""How a time is taken: every contender in turn within one process, round after round,
and the best round of each. On a shared machine the best of many is what repeats, and
the ratio of two that took turns is what can be trusted."""

import random
from time import perf_counter
from timeit import Timer


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


def race(contenders, seconds):
    """The best seconds of each contender, by name; `seconds` is for each.

    A sample takes at least 0.2 ms, so that the clock costs under 1 %.
    """
    repeats = {}
    for name, contender in contenders.items():
        repeats[name] = 1
        contender()
        while contender.sample(repeats[name]) * repeats[name] < 2e-4:
            repeats[name] *= 2
    best = dict.fromkeys(contenders, float("inf"))
    rounds, end = 0, perf_counter() + seconds * len(contenders)
    turns, shuffle = list(contenders.items()), random.Random(0).shuffle
    while rounds < 8 or perf_counter() < end:
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
