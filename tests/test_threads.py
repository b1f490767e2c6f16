"""How many threads a call uses, and that it matters to nothing but time: the bits, the
error state, forked processes, other libraries' threads."""

import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from fresh import run_python

import fastadd
from fastadd import _core, _machine
from fastadd._compare import cases
from fastadd._compare.cases import DTYPES, coefficients
from fastadd._compare.reference import assert_same_bits, reference

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs fork and /proc")

# Large enough for 5 threads, whatever is computed, and divisible by nothing.
MANY = 5 * 65536 + 1009


@pytest.fixture
def five():
    """More threads than most machines that test this have cores."""
    with fastadd.threads(5):
        yield


# ---- the number ---------------------------------------------------------------------


def test_set_get_and_context():
    before = fastadd.get_num_threads()
    try:
        fastadd.set_num_threads(3)
        assert fastadd.get_num_threads() == 3
        with fastadd.threads(2):
            assert fastadd.get_num_threads() == 2
            with fastadd.threads(np.int64(7)):
                assert fastadd.get_num_threads() == 7
            assert fastadd.get_num_threads() == 2
            # Another thread has its own.
            with ThreadPoolExecutor(1) as pool:
                assert pool.submit(fastadd.get_num_threads).result() == 3
        assert fastadd.get_num_threads() == 3
        with pytest.raises(KeyError), fastadd.threads(1):
            raise KeyError
        assert fastadd.get_num_threads() == 3
    finally:
        fastadd.set_num_threads(before)


@pytest.mark.parametrize("set_them", [fastadd.set_num_threads, fastadd.threads])
@pytest.mark.parametrize(
    ("n", "error", "message"),
    [
        (0, ValueError, "0 threads: 1 to 32768 are allowed"),
        (-1, ValueError, "-1 threads"),
        (10**9, ValueError, "1000000000 threads"),
        (1.5, TypeError, "1.5 is a float: the number of threads must be an integer"),
        ("2", TypeError, "'2' is a str"),
        (None, TypeError, "None is a NoneType"),
    ],
)
def test_refusals(set_them, n, error, message):
    before = fastadd.get_num_threads()
    with pytest.raises(error, match=message), set_them(n):
        pass
    assert fastadd.get_num_threads() == before


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"FASTADD_NUM_THREADS": "3"}, "3"),
        ({"FASTADD_NUM_THREADS": "32768"}, "32768"),
        ({"OMP_NUM_THREADS": "3"}, "3"),
        ({"OMP_NUM_THREADS": "4,2"}, "4"),
        ({"FASTADD_NUM_THREADS": "3", "OMP_NUM_THREADS": "1"}, "3"),
        ({"FASTADD_NUM_THREADS": "1", "OMP_NUM_THREADS": "3"}, "1"),
        ({"OMP_NUM_THREADS": "nonsense"}, str(_machine.processors())),
        ({"OMP_NUM_THREADS": "²"}, str(_machine.processors())),
        ({"OMP_NUM_THREADS": "40000"}, str(_machine.processors())),
        ({"OMP_NUM_THREADS": "9" * 5000}, str(_machine.processors())),
        ({"OMP_NUM_THREADS": "3", "FASTADD_NUM_THREADS": ""}, "3"),
        ({"OMP_PROC_BIND": "true"}, str(_machine.processors())),
        ({}, str(_machine.processors())),
    ],
)
def test_environment(environment, expected):
    for name in ("FASTADD_NUM_THREADS", "OMP_NUM_THREADS"):
        environment.setdefault(name, None)
    done = run_python("import fastadd; print(fastadd.get_num_threads())", **environment)
    assert done.stdout.strip() == expected, done.stderr


@pytest.mark.parametrize(
    "asked", ["0", "-1", "two", "1.5", "32769", "99999999999", "²"]
)
def test_environment_refused(asked):
    done = run_python("import fastadd", FASTADD_NUM_THREADS=asked)
    assert "ImportError: FASTADD_NUM_THREADS=" in done.stderr


@linux
def test_affinity_is_the_default():
    code = """
import os
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import fastadd
print(fastadd.get_num_threads())
"""
    done = run_python(code, FASTADD_NUM_THREADS=None, OMP_NUM_THREADS=None)
    assert done.stdout.strip() == "1", done.stderr


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, float("inf")),
        ({"proc/self/cgroup": "0::/a/b\n"}, float("inf")),
        (
            {"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/cpu.max": "max 100000"},
            float("inf"),
        ),
        (
            {
                "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/a/b/cpu.max": "450000 100000",
                "sys/fs/cgroup/a/cpu.max": "250000 100000\n",
                "sys/fs/cpu.max": "50000 100000\n",  # above all control groups
            },
            3,
        ),
        (
            {
                "proc/self/cgroup": "0::/a:b\n",
                "sys/fs/cgroup/a:b/cpu.max": "150000 100000",
            },
            2,
        ),
        (
            {
                "proc/self/cgroup": "0::/../elsewhere\n",
                "sys/fs/cgroup/cpu.max": "50000 100000",
            },
            1,
        ),
        (
            {
                "proc/self/cgroup": "5:memory:/m\n3:cpu,cpuacct:/a\n1:name=x:/y\n",
                "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "200000\n",
                "sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000\n",
                "sys/fs/cgroup/cpu/m/cpu.cfs_quota_us": "100000\n",  # not ours
                "sys/fs/cgroup/cpu/m/cpu.cfs_period_us": "100000\n",
            },
            2,
        ),
        (
            {
                "proc/self/cgroup": "3:cpu:/a\n",
                "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000\n",
            },
            float("inf"),
        ),
    ],
)
def test_quota(tmp_path, files, expected):
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert _machine.quota(tmp_path) == expected


@pytest.mark.parametrize(
    ("sizes", "processors", "expected"),
    [
        ({}, 3, 32 << 20),
        ({"index0": "48K", "index2": "2048K", "index3": "4M"}, 1, 4 << 20),
        ({"index0": "48K", "index3": "1G"}, 3, 3 * (32 << 20)),
        ({"index0": "48K", "index3": "1G"}, 40, 1 << 30),
        ({"index0": "512K", "index3": "unknown"}, 1, 512 << 10),
    ],
)
def test_last_level_cache(tmp_path, monkeypatch, sizes, processors, expected):
    """As Linux tells it, but no more than 32 MiB for each processor."""
    for name, size in sizes.items():
        path = tmp_path / "sys/devices/system/cpu/cpu0/cache" / name / "size"
        path.parent.mkdir(parents=True)
        path.write_text(size + "\n")
    monkeypatch.setattr(_machine, "processors", lambda: processors)
    assert _machine.last_level_cache(tmp_path) == expected


@pytest.mark.parametrize(
    ("vendor", "family", "expected"),
    [
        ("AuthenticAMD", "26", (32 << 20, 64 << 20, False)),
        ("AuthenticAMD", "25", (32 << 20, 32 << 20, True)),
        ("GenuineIntel", "26", (32 << 20, 32 << 20, True)),
    ],
)
def test_cache_habits(tmp_path, monkeypatch, vendor, family, expected):
    Path(tmp_path, "proc").mkdir()
    told = ("processor\t: 0", f"vendor_id\t: {vendor}", f"cpu family\t: {family}", "")
    Path(tmp_path, "proc/cpuinfo").write_text("\n".join(told))
    monkeypatch.setattr(_machine, "processors", lambda: 2)
    assert _machine.cache_habits(tmp_path) == expected


def test_processors_of_a_system_that_does_not_tell(monkeypatch):
    for name in ("process_cpu_count", "sched_getaffinity"):
        monkeypatch.delattr(os, name, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert _machine.processors() == 1


def test_settings_are_those_of_this_machine(monkeypatch):
    asked = set()

    def nowhere(*parts):
        asked.add(str(Path(*parts)))
        return Path("nowhere")

    monkeypatch.setattr(_machine, "Path", nowhere)
    _machine.quota()
    _machine.memory()
    _machine.last_level_cache()
    assert "/proc/self/cgroup" in asked
    assert "/sys/devices/system/cpu/cpu0/cache" in asked


def test_threadpoolctl_sees_and_limits():
    pytest.importorskip("threadpoolctl")
    code = """
import threadpoolctl, fastadd
info = threadpoolctl.threadpool_info()
print(*(each["num_threads"] for each in info if each["internal_api"] == "fastadd"))
fastadd.set_num_threads(8)
for limit in 1, 4, {"openmp": 3}, {"blas": 1}, 9, None:
    with threadpoolctl.threadpool_limits(limit):
        print(fastadd.get_num_threads())
    print(fastadd.get_num_threads())
with threadpoolctl.threadpool_limits(2), fastadd.threads(5):
    print(fastadd.get_num_threads())  # the less of both,
with threadpoolctl.threadpool_limits(2):
    fastadd.set_num_threads(6)  # and what is said last
    print(fastadd.get_num_threads())
print(fastadd.get_num_threads())
fastadd.set_num_threads(6)
print(fastadd.get_num_threads())
"""
    done = run_python(code, OMP_NUM_THREADS="2", FASTADD_NUM_THREADS=None)
    assert done.stdout.split() == [
        *("2", "1", "8", "4", "8", "3", "8", "8", "8", "8", "8", "8", "8"),
        *("2", "6", "6", "6"),
    ], done.stderr


# ---- the bits -----------------------------------------------------------------------


@pytest.mark.usefixtures("five", "instruction_set")
@pytest.mark.parametrize("name", DTYPES)
def test_rows(name):
    dtype = DTYPES[name]
    a, b = cases.values(MANY, dtype, 1), cases.values(MANY, dtype, 2)
    for alpha, beta in coefficients(dtype):
        result = fastadd.add(a, b, alpha=alpha, beta=beta)
        assert_same_bits(result, reference(a, b, alpha, beta, dtype))


@pytest.mark.usefixtures("five")
@pytest.mark.parametrize("name", ["float32", "int8", "float16", "complex128"])
@pytest.mark.parametrize("layout", cases.grids(4, np.dtype("f4")))
def test_layouts(name, layout):
    dtype = DTYPES[name]
    for n in (577, 640):
        a, b, out = cases.grids(n, dtype)[layout]
        expected = reference(a, b, 3, 1, dtype)
        assert_same_bits(fastadd.add(a, b, alpha=3), expected)
        if out is None:
            out = np.empty_like(expected)
        assert_same_bits(fastadd.add(a, b, alpha=3, out=out), expected)


@pytest.mark.usefixtures("five")
@pytest.mark.parametrize(("one", "two"), cases.MIXTURES)
def test_mixtures(one, two):
    a = cases.moderate((600, 603), DTYPES[one], 1)
    b = cases.moderate((603, 600), DTYPES[two], 2)
    dtype = np.result_type(a, b)
    s = 1 if dtype.kind == "b" else 3
    for x, y in ((a, b.T), (a.T, b), (a, b.T.astype(b.dtype.newbyteorder()))):
        expected = reference(x, y, s, 1, dtype)
        assert_same_bits(fastadd.add(x, y, alpha=s), expected)
        for out in (np.empty_like(x, dtype), np.empty_like(x, "c16")):
            assert_same_bits(
                fastadd.add(x, y, alpha=s, out=out), expected.astype(out.dtype)
            )


@pytest.mark.usefixtures("five")
@pytest.mark.parametrize(
    "shape",
    [
        *((3, MANY // 3), (MANY // 3, 3), (1, MANY), (7, 7, 7, 7, 7, 7, 3)),
        *((2, MANY // 2), (5, 2, MANY // 7), (65536, 1, 9), (4, 300, 300)),
    ],
)
@pytest.mark.parametrize("order", ["C", "F", "K"])
def test_every_axis_can_be_the_long_one(shape, order):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, *shape)).astype("f4")
    out = np.empty(shape, "f4", order="F" if order == "F" else "C")
    x = a.transpose().copy().transpose() if order == "K" else a
    assert_same_bits(
        fastadd.add(x, b, alpha=0.1, out=out), reference(a, b, 0.1, 1, a.dtype)
    )


@pytest.mark.usefixtures("five")
def test_tiles_of_three_orders():
    """out, a and b each have another nearest axis."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((70, 71, 72))
    y = rng.standard_normal((71, 72, 70)).transpose(2, 0, 1)
    z = rng.standard_normal((72, 70, 71)).transpose(1, 2, 0)
    for a, b, c in ((x, y, z), (y, z, x), (z, x, y), (y, y, x), (x[::-1], y, z)):
        out = np.empty_like(c)
        assert_same_bits(
            fastadd.add(a, b, alpha=0.1, out=out), reference(a, b, 0.1, 1, a.dtype)
        )


@pytest.fixture(params=[0, 1 << 15, 1 << 16, 1 << 60])
def last_level_cache(request):
    """Every large out is streamed, or none, or some (and operands are prefetched)."""
    _core.set_last_level_cache(request.param)
    yield
    _core.set_last_level_cache(*_machine.cache_habits())


@pytest.mark.usefixtures("five", "last_level_cache")
@pytest.mark.parametrize("shift", [0, 1, 5, 16])
def test_streaming_writes_no_other_byte(shift):
    a, b = np.random.default_rng(0).standard_normal((2, 3, MANY)).astype("f4")
    memory = np.full(3 * (MANY + 64), 7, "f4")
    out = memory[shift : shift + 3 * (MANY + 16)].reshape(3, -1)[:, :MANY]
    expected = reference(a, b, 0.1, 1, a.dtype)
    fastadd.add(a, b, alpha=0.1, out=out)
    assert_same_bits(out, expected)
    out[...] = 7
    assert (memory == 7).all()


@pytest.mark.usefixtures("five")
@pytest.mark.parametrize("name", ["int8", "int16", "float32", "float64", "complex128"])
@pytest.mark.parametrize("operand_dtype", [None, ">f4", "i4"])
def test_wherever_in_a_line_out_begins(name, operand_dtype):
    """Blocks begin with a line of out: the first one is shorter."""
    dtype = DTYPES[name]
    a, b = cases.values(MANY, dtype, 1), cases.values(MANY, dtype, 2)
    if operand_dtype:
        b = np.arange(MANY).astype(operand_dtype)
    if np.result_type(a, b) != dtype and dtype.kind == "i":
        pytest.skip("no out of this dtype")
    alpha, beta = list(coefficients(np.result_type(a, b)))[-1]
    expected = reference(a, b, alpha, beta, np.result_type(a, b)).astype(dtype)
    size = MANY * dtype.itemsize
    for shift in range(0, 64, dtype.alignment):
        memory = np.full(size + 128, 7, np.uint8)
        out = memory[shift : shift + size].view(dtype)
        fastadd.add(a, b, alpha=alpha, beta=beta, out=out)
        assert_same_bits(out, expected)
        total = fastadd.weighted_sum([a, b, a], out=out, casting="unsafe")
        assert total is out
        assert_same_bits(out, fastadd.weighted_sum([a, b, a]).astype(dtype))
        out[...] = a
        fastadd.add(out, b, alpha=alpha, beta=beta, out=out, casting="unsafe")
        assert_same_bits(out, expected)
        out.view(np.uint8)[...] = 7
        assert (memory == 7).all()


@pytest.mark.usefixtures("instruction_set", "last_level_cache")
@pytest.mark.parametrize("name", DTYPES)
def test_streaming_changes_no_bit(name):
    """In rows whose first element lies anywhere in a line, or even across two."""
    dtype = DTYPES[name]
    n = 5003
    memory = np.empty(n * dtype.itemsize + 128, np.uint8)
    a, b = cases.values(n, dtype, 1), cases.values(n, dtype, 2)
    wide = np.zeros((n, 2), dtype)
    wide[:, 1] = b
    for alpha, beta in coefficients(dtype):
        for x, y in ((a, b), (a, b[7:8]), (a[7:8], b), (a[::-1], wide[:, 1])):
            expected = reference(x, y, alpha, beta, dtype)
            for shift in range(0, 64, dtype.alignment * 3):
                out = memory[shift : shift + n * dtype.itemsize].view(dtype)
                out.view(np.uint8)[...] = 7
                fastadd.add(x, y, alpha=alpha, beta=beta, out=out)
                assert_same_bits(out, expected)


@pytest.mark.usefixtures("instruction_set", "last_level_cache")
@pytest.mark.parametrize("one", DTYPES)
def test_streaming_of_mixtures(one):
    a = cases.values(5003, DTYPES[one], 1)
    for two in DTYPES:
        b = cases.values(5003, DTYPES[two], 2)
        try:
            dtype = np.result_type(a, b)
        except TypeError:
            continue
        alpha, beta = list(coefficients(dtype))[-1]
        for x, y in ((a, b), (a[::-1], b), (a, b[9:10])):
            expected = reference(x, y, alpha, beta, dtype)
            assert_same_bits(fastadd.add(x, y, alpha=alpha, beta=beta), expected)
            out = np.empty(5004, dtype)[1:]
            assert_same_bits(
                fastadd.add(x, y, alpha=alpha, beta=beta, out=out), expected
            )


@pytest.mark.usefixtures("five", "last_level_cache")
@pytest.mark.parametrize("out_dtype", ["float32", "float64", ">f4", "complex64"])
def test_streaming_of_what_is_converted(out_dtype):
    rng = np.random.default_rng(0)
    a = rng.standard_normal((3, MANY)).astype("f4")
    b = rng.integers(-9, 9, (3, MANY)).astype("i2")
    out = np.empty(a.shape, out_dtype)
    expected = reference(a, b, 0.1, 1, a.dtype)
    fastadd.add(a, b, alpha=0.1, out=out)
    assert_same_bits(
        out.astype(out.dtype.newbyteorder("=")),
        expected.astype(out.dtype.newbyteorder("=")),
    )
    fastadd.add(a, b, alpha=0.1, out=a)
    assert_same_bits(a, expected)


# ---- the error state ----------------------------------------------------------------


@pytest.mark.usefixtures("five")
@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64", "g"])
def test_flags_of_every_thread(name):
    if name == "bfloat16" and "bfloat16" not in DTYPES:
        pytest.skip("needs ml_dtypes")
    dtype = DTYPES.get(name, np.dtype(name))
    a = np.ones(MANY, dtype)
    largest = cases.limits(dtype)[2]
    for place in range(0, MANY, MANY // 9):
        b = np.ones(MANY, dtype)
        b[place] = largest
        with np.errstate(all="raise"):
            fastadd.add(a, a)
            with pytest.raises(FloatingPointError, match="overflow"):
                fastadd.add(a, b, alpha=3)
            fastadd.add(a, a)


@linux
def test_threads_compute_as_their_caller_does():
    """Rounding upwards, which only the calling thread has been told."""
    code = """
import ctypes, ctypes.util
import numpy as np, fastadd
libm = ctypes.CDLL(ctypes.util.find_library("m"))
x, y = np.ones(400_000), np.full(400_000, 1e-30)
fastadd.add(x, y)
UPWARD = 0x800
assert libm.fesetround(UPWARD) == 0
with fastadd.threads(5):
    up = fastadd.add(x, y)
assert libm.fesetround(0) == 0
with fastadd.threads(5):
    nearest = fastadd.add(x, y)
print((up > 1).all(), (nearest == 1).all())
"""
    done = run_python(code)
    assert done.stdout.split() == ["True", "True"], done.stderr


# ---- other threads and processes ----------------------------------------------------


@linux
def test_threads_are_used_and_only_for_large_calls():
    code = """
import os
import numpy as np, fastadd
count = lambda: len(os.listdir("/proc/self/task"))
fastadd.set_num_threads(3)
a = np.ones(400_000, "f4")
before = count()
fastadd.add(a[:10_000], a[:10_000])
print(count() - before)
fastadd.add(a, a)
print(count() - before)
"""
    done = run_python(code)
    assert done.stdout.split() == ["0", "2"], done.stderr


FORK = """
import multiprocessing, os, signal, sys, threading
import numpy as np, fastadd
signal.alarm(60)
fastadd.set_num_threads(4)
a = np.arange(1_000_000, dtype="f4")
expected = a + np.float32(2) * a
def right(_=None):
    return (fastadd.add(a, a, alpha=2) == expected).all() and fastadd.get_num_threads()
assert right() == 4
"""


@linux
def test_os_fork():
    code = f"""{FORK}
child = os.fork()
if child == 0:
    grandchild = os.fork()
    if grandchild == 0:
        os._exit(10 + right())
    status = os.waitpid(grandchild, 0)[1]
    os._exit(right() + os.waitstatus_to_exitcode(status))
status = os.waitpid(child, 0)[1]
print(os.waitstatus_to_exitcode(status), right())
"""
    done = run_python(code)
    assert done.stdout.split() == ["18", "4"], done.stderr


@linux
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_multiprocessing_pool(method, tmp_path):
    script = tmp_path / "pool.py"
    script.write_text(f"""{FORK}
if __name__ == "__main__":
    with multiprocessing.get_context({method!r}).Pool(3) as pool:
        print(sorted(set(pool.map(right, range(12)))), right())
""")
    done = subprocess.run(
        [sys.executable, str(script)], check=False, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[4] 4", done.stderr


@linux
def test_fork_while_other_threads_compute():
    code = f"""{FORK}
stop = threading.Event()
def work():
    while not stop.is_set():
        right()
threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
codes = set()
for _ in range(20):
    child = os.fork()
    if child == 0:
        os._exit(right())
    codes.add(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
stop.set()
for thread in threads:
    thread.join()
print(codes)
"""
    done = run_python(code)
    assert done.stdout.strip() == "{4}", done.stderr


def test_calls_at_once_share_the_threads():
    """Eight threads that each could use four leave no more than a few at work."""
    code = """
import os, threading
import numpy as np, fastadd
fastadd.set_num_threads(4)
a = np.ones(2_000_000, "f4")
barrier = threading.Barrier(8)
wrong = []
def work():
    out = np.empty_like(a)
    barrier.wait()
    for i in range(30):
        fastadd.add(a, a, alpha=i, out=out)
        if not (out == 1 + i).all():
            wrong.append(i)
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
fastadd.add(a, a)
print(len(wrong), fastadd.get_num_threads())
"""
    done = run_python(code)
    assert done.stdout.split() == ["0", "4"], done.stderr


def test_joblib_workers_do_not_multiply():
    pytest.importorskip("joblib")
    code = """
import fastadd
from joblib import Parallel, delayed, parallel_config
def ask():
    import fastadd
    return fastadd.get_num_threads()
if __name__ == "__main__":
    with parallel_config("loky", inner_max_num_threads=1):
        print(*set(Parallel(2)(delayed(ask)() for _ in range(4))))
"""
    done = run_python(code, FASTADD_NUM_THREADS=None, OMP_NUM_THREADS=None)
    assert done.stdout.strip() == "1", done.stderr


def test_limits_reach_workers_of_joblib_and_scikit_learn():
    """Which share the cores out among their workers, or limit OpenMP in them."""
    pytest.importorskip("sklearn")
    code = """
import numpy as np, threadpoolctl
from sklearn.model_selection import cross_val_score
from sklearn.base import BaseEstimator
import fastadd
class Asks(BaseEstimator):
    def fit(self, x, y=None): return self
    def score(self, x, y=None):
        import fastadd
        return fastadd.get_num_threads()
class Limits(Asks):
    def score(self, x, y=None):
        with threadpoolctl.threadpool_limits(1, user_api="openmp"):
            return super().score(x)
if __name__ == "__main__":
    import os
    x, all = np.zeros((8, 1)), os.cpu_count()
    print(set(map(int, cross_val_score(Asks(), x, cv=4, n_jobs=all))))
    fastadd.set_num_threads(5)
    print(set(map(int, cross_val_score(Asks(), x, cv=4, n_jobs=1))))
    print(set(map(int, cross_val_score(Limits(), x, cv=4, n_jobs=1))))
    print(fastadd.get_num_threads())
"""
    done = run_python(code, FASTADD_NUM_THREADS=None, OMP_NUM_THREADS=None)
    assert done.stdout.split() == ["{1}", "{5}", "{1}", "5"], done.stderr


def test_everything_at_once():
    """Eight threads, the same inputs and memory, while the settings change."""
    rng = np.random.default_rng(5)
    shared = [
        (rng.standard_normal(shape).astype(one), rng.standard_normal(shape).astype(two))
        for shape, one, two in (
            ((10,), "f4", "f4"),
            ((1000, 1000), "f8", "f8"),
            ((2_000_003,), "f4", "f4"),
            ((300, 301), "i4", "f4"),
            ((700, 300), "f2", "f2"),
        )
    ]
    jobs = [((x, y), reference(x, y, 2, -1, np.result_type(x, y))) for x, y in shared]

    def settings(i):
        fastadd.set_num_threads(1 + i % 7)
        fastadd.set_cache_limit((i % 3) << 24)
        if i % 5 == 0:
            fastadd.clear_cache()

    ways = (
        lambda x, y, out: fastadd.add(x, y, alpha=2, beta=-1, out=out),
        lambda x, y, out: fastadd.add(
            x, y, alpha=2, beta=-1, out=x + y if out is None else out, where=[True]
        ),
        lambda x, y, out: fastadd.scaled_add(x, y, 2, -1, out),
        lambda x, y, out: fastadd.add(x.T, y.T, alpha=2, beta=-1).T,
        lambda x, y, out: fastadd.weighted_sum([x, y], [-1, 2], out=out),
        lambda x, y, out: fastadd.foreach_add([-x, x, y], [y, x, y], alpha=2)[0],
    )

    def compute(seed):
        choose = random.Random(seed)
        for _ in range(60):
            (x, y), right = choose.choice(jobs)
            out = choose.choice((None, np.empty_like(right)))
            with fastadd.threads(choose.randint(1, 4)):
                assert_same_bits(choose.choice(ways)(x, y, out), right)
            settings(choose.randrange(100))
        assert fastadd.cache_info().kept <= 2 << 24

    threads, limit = fastadd.get_num_threads(), fastadd.cache_info().limit
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(compute, range(8)))
    finally:
        fastadd.set_num_threads(threads)
        fastadd.set_cache_limit(limit)


@pytest.mark.parametrize("asked", [0, -3, 1])
def test_another_library_leaves_one_thread(asked):
    before = fastadd.get_num_threads()
    try:
        _core.limit_threads(asked)
        assert fastadd.get_num_threads() == 1
        assert (fastadd.add(np.ones(10**6), 1) == 2).all()
    finally:
        fastadd.set_num_threads(before)
