"""How a time is taken: every contender in turn within one process, round after round,
and the best round of each. On a shared machine the best of many is what repeats, and
the ratio of two that took turns is what can be trusted."""

from time import perf_counter, sleep


def sample(call, repeats):
    """Seconds per call."""
    begin = perf_counter()
    for _ in range(repeats):
        call()
    return (perf_counter() - begin) / repeats


def race(contenders, seconds):
    """The best seconds per call of each contender, by name.

    `contenders` maps names to functions without arguments; `seconds` is for each. A
    sample takes at least 0.2 ms, so that the clock and this loop cost under 1 %.
    """
    repeats = {}
    for name, call in contenders.items():
        repeats[name] = 1
        call()
        while sample(call, repeats[name]) * repeats[name] < 2e-4:
            repeats[name] *= 2
    best = dict.fromkeys(contenders, float("inf"))
    rounds, end = 0, perf_counter() + seconds * len(contenders)
    while rounds < 8 or perf_counter() < end:
        for name, call in contenders.items():
            # The threads of the one before may still spin (libgomp waits so for a
            # millisecond), and 2 cores are too few for them and the next. So they are
            # given time to go to sleep, and the next time to wake, spread over the
            # cores and warm its caches.
            sleep(0.002)
            warm = perf_counter() + 0.005
            call()
            while perf_counter() < warm:
                call()
            best[name] = min(best[name], sample(call, repeats[name]))
        rounds += 1
    return best
