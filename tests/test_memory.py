"""What a call may take: no temporary of the size of its operands, and the GIL only as
long as it must. (That it touches no byte beyond them is tests/test_guarded.py.)"""

import sys
import threading
import time

import numpy as np
import pytest
from fresh import run_python

import fastadd
from fastadd._compare import cases

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and mprotect")


@linux
def test_a_mixed_call_has_no_temporary():
    """400 MB of result from float32 and byte-swapped float64: 4 MB at the most beyond
    the result."""
    code = """
import numpy as np, fastadd
n = 50_000_000
a, b, out = np.ones(n, "f4"), np.ones(n, ">f8"), np.ones(n)
fastadd.add(a[:10], b[:10])
def status(field):
    for line in open("/proc/self/status"):
        if line.startswith(field):
            return int(line.split()[1]) * 1024
for into in (out, None):
    open("/proc/self/clear_refs", "w").write("5")
    before = status("VmRSS")
    result = fastadd.add(a, b, alpha=2, out=into)
    print(status("VmHWM") - before - (0 if into is out else result.nbytes))
assert (result == 3).all()
"""
    done = run_python(code)
    assert done.returncode == 0, done.stderr
    assert all(int(grown) < 4_000_000 for grown in done.stdout.split()), done.stdout


@linux
@pytest.mark.parametrize("dtype, total", [("f4", "f4"), ("i2", "f4")])
def test_models_are_averaged_within_one_more(dtype, total):
    """Three of 80 MB of float32: at most 1.05 of one beyond them, and with out none."""
    code = f"""
import numpy as np, fastadd
models = [[np.ones(10**6, "{dtype}") for _ in range(20)] for _ in range(3)]
def status(field):
    for line in open("/proc/self/status"):
        if line.startswith(field):
            return int(line.split()[1]) * 1024
fastadd.foreach_weighted_sum([model[:1] for model in models], [1, 2, 3])
nbytes = 20 * 10**6 * np.dtype("{total}").itemsize
out = [np.ones(10**6, "{total}") for _ in range(20)]
for into in (out, None) if "{dtype}" == "{total}" else (out,):
    open("/proc/self/clear_refs", "w").write("5")
    before = status("VmRSS")
    result = fastadd.foreach_weighted_sum(models, [1, 2, 3], out=into)
    print((status("VmHWM") - before) / nbytes)
    assert all((x == 6).all() for x in result)
"""
    done = run_python(code)
    assert done.returncode == 0, done.stderr
    grown = [float(each) for each in done.stdout.split()]
    assert grown[0] < 0.05
    assert all(each < 1.05 for each in grown), grown


def test_large_calls_release_the_gil():
    x = np.ones(30_000_000)
    out = np.empty_like(x)
    beats, done = [], threading.Event()

    def beat():
        while not done.is_set():
            beats.append(time.perf_counter())
            time.sleep(0.001)

    other = threading.Thread(target=beat)
    other.start()
    try:
        begin = time.perf_counter()
        for _ in range(5):
            fastadd.add(x, x, alpha=0.5, out=out)
        end = time.perf_counter()
    finally:
        done.set()
        other.join()
    during = [t for t in beats if begin < t < end]
    assert len(during) > (end - begin) / 0.02


def test_threads_do_not_disturb_one_another():
    """Small and large calls at once, each with results and error states of its own."""
    failures = []

    def work(seed):
        a, b = (cases.values(40_000, np.dtype("f4"), seed + i) for i in range(2))
        with np.errstate(all="ignore"):
            expected = a + np.float32(0.5) * b
        ones = np.ones(100, "f4")
        for _ in range(50):
            with np.errstate(all="ignore"):
                same = fastadd.add(a, b, alpha=0.5) == expected
            with np.errstate(all="raise"):
                fine = fastadd.add(ones, ones)
            if not (same | np.isnan(expected)).all() or not (fine == 2).all():
                failures.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@linux
def test_nothing_leaks():
    code = """
import numpy as np, fastadd
a, b, out = np.ones(1000, "f4"), np.ones(1000, "f8"), np.ones(1000, "f4")
def calls():
    for _ in range(3000):
        fastadd.add(a, a)
        fastadd.add(a, 2.5, alpha=3)
        fastadd.add(a, b, out=out)
        fastadd.add(a, a[::-1], out=a)
        for bad in (dict(alpha=1j), dict(out=out[:3]), dict(alpha=1e300), dict(out=3)):
            try:
                fastadd.add(a, a, **bad)
            except (TypeError, ValueError, OverflowError):
                pass
            else:
                raise AssertionError(bad)
        try:
            with np.errstate(over="raise"):
                fastadd.add(big, big)
        except FloatingPointError:
            pass
        else:
            raise AssertionError
import gc, resource, sys
big = np.full(1000, 3e38, "f4")
def size():
    gc.collect()
    return int(open("/proc/self/statm").read().split()[1]) * 4096
calls()
before, references = size(), [sys.getrefcount(x) for x in (a, b, out, a.dtype, None)]
calls()
print(size() - before)
after = [sys.getrefcount(x) for x in (a, b, out, a.dtype, None)]
assert all(abs(x - y) < 50 for x, y in zip(references, after)), (references, after)
"""
    done = run_python(code)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 500_000
