"""Recycled results: arrays like any other, and never more memory than is said."""

import importlib
import os
import sys
import threading

import numpy as np
import pytest
from fresh import run_python

import fastadd
from fastadd import _cache, _core, _machine

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="results are recycled where there is mmap"
)
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

MIB = 1 << 20
LARGE = 40 * MIB


@pytest.fixture(autouse=True)
def limit():
    before = fastadd.cache_info().limit
    fastadd.clear_cache()
    fastadd.set_cache_limit(256 * MIB)
    yield
    fastadd.set_cache_limit(before)
    fastadd.clear_cache()


def result(size=LARGE, value=1):
    """A result of so many bytes."""
    return fastadd.add(np.broadcast_to(np.uint8(value), size), np.uint8(0))


def address(x):
    return x.__array_interface__["data"][0]


def test_what_one_leaves_the_next_one_takes():
    x = result()
    assert x.flags.owndata
    assert x.base is None
    assert fastadd.cache_info().kept == 0
    where, before = address(x), fastadd.cache_info()
    del x
    assert LARGE < fastadd.cache_info().kept < LARGE + (1 << 16) + 4096
    y = result(value=7)
    after = fastadd.cache_info()
    assert address(y) == where
    assert (y == 7).all()
    assert after.kept == 0
    assert (after.hits, after.misses) == (before.hits + 1, before.misses)
    assert address(result()) != where
    assert y.ctypes.data % 64 == 0


def test_general_layouts_are_recycled_too():
    x, y = np.ones((1, 3500), "f4"), np.ones((3000, 1), "f4")
    z = fastadd.add(x, y)
    where = address(z)
    del z
    z = fastadd.add(x.T, y.T)
    assert address(z) == where
    assert (z == 2).all()


def test_an_array_has_no_more_memory_than_it_needs():
    result(100 * MIB)
    assert fastadd.cache_info().kept > 100 * MIB
    # So much less would leave more unused than it saves.
    x = result(60 * MIB)
    assert fastadd.cache_info().kept > 100 * MIB
    # This takes it and gives the rest back.
    hits = fastadd.cache_info().hits
    y = result(90 * MIB)
    assert fastadd.cache_info()[::3] == (hits + 1, 0)
    y[...] = 3
    del y, x
    assert 150 * MIB < fastadd.cache_info().kept < 151 * MIB


def test_the_oldest_are_given_back():
    arrays = [result((50 + 20 * i) * MIB) for i in range(5)]  # 50, 70, ... 130 MiB
    for i in range(5):
        arrays[i] = None
        assert fastadd.cache_info().kept <= 256 * MIB
    assert 240 * MIB < fastadd.cache_info().kept < 241 * MIB  # 110 and 130
    fastadd.set_cache_limit(200 * MIB)
    assert 130 * MIB < fastadd.cache_info().kept < 131 * MIB
    result(300 * MIB)  # larger than the limit
    assert 130 * MIB < fastadd.cache_info().kept < 131 * MIB
    fastadd.clear_cache()
    assert fastadd.cache_info()[2:] == (200 * MIB, 0)


def test_no_more_than_64_are_kept():
    arrays = [result() for _ in range(2)]
    for _ in range(70):
        x = result()
        x.resize(4096, refcheck=False)  # realloc, through the same hook
        arrays.append(x)
    del x
    while arrays:  # the large ones first
        del arrays[0]
    assert fastadd.cache_info().kept == 64 * (1 << 16)


def test_limit_of_nothing():
    fastadd.set_cache_limit(0)
    before = fastadd.cache_info()
    for _ in range(3):
        assert result().flags.owndata
    assert fastadd.cache_info() == before
    assert before[2:] == (0, 0)


@pytest.mark.parametrize(
    ("limit", "error", "message"),
    [
        (-1, ValueError, "a limit of -1 bytes: 0, which keeps nothing, to"),
        (1 << 63, ValueError, "a limit of 9223372036854775808 bytes"),
        (1e9, TypeError, "1000000000.0 is a float: the limit must be an integer"),
        ("1G", TypeError, "'1G' is a str"),
        (None, TypeError, "None is a NoneType"),
    ],
)
def test_refused_limits(limit, error, message):
    before = fastadd.cache_info()
    with pytest.raises(error, match=message):
        fastadd.set_cache_limit(limit)
    assert fastadd.cache_info() == before


def test_numpy_may_resize_and_copy():
    x = result()
    x[:] = np.arange(LARGE, dtype=np.uint8)
    x.resize(2 * LARGE, refcheck=False)
    assert (x[:LARGE] == np.arange(LARGE, dtype=np.uint8)).all()
    assert not x[LARGE:].any()
    x.resize(10, refcheck=False)
    assert x.tolist() == list(range(10))
    y = x.copy()
    x[...] = 0
    assert y.tolist() == list(range(10))


def test_no_memory():
    huge = np.broadcast_to(np.float64(1), (1 << 30, 1 << 16))
    with pytest.raises(MemoryError):
        fastadd.add(huge, huge)
    assert result().flags.owndata


def test_handler_is_ours_for_our_results_alone():
    handler_name = np._core.multiarray.get_handler_name
    assert handler_name(np.empty(3)) == "default_allocator"
    assert handler_name(result()) == "fastadd"
    assert handler_name(result(1000)) == "default_allocator"
    assert handler_name(np.empty(LARGE, np.uint8)) == "default_allocator"
    assert handler_name() == "default_allocator"


def test_somebody_elses_handler_stays():
    """One that is set through NumPy's C API gets large results too."""
    code = """
import ctypes
import numpy as np
import fastadd
libc = ctypes.CDLL(None)
size, pointer = ctypes.c_size_t, ctypes.c_void_p
for name in ("malloc", "calloc", "realloc"):
    getattr(libc, name).restype = pointer
malloc = ctypes.CFUNCTYPE(pointer, pointer, size)(lambda _, n: libc.malloc(size(n)))
calloc = ctypes.CFUNCTYPE(pointer, pointer, size, size)(
    lambda _, m, n: libc.calloc(size(m), size(n)))
realloc = ctypes.CFUNCTYPE(pointer, pointer, pointer, size)(
    lambda _, p, n: libc.realloc(pointer(p), size(n)))
free = ctypes.CFUNCTYPE(None, pointer, pointer, size)(
    lambda _, p, n: libc.free(pointer(p)))

class Handler(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char * 127), ("version", ctypes.c_uint8)] + [
        (name, pointer) for name in ("ctx", "malloc", "calloc", "realloc", "free")]

handler = Handler(b"other", 1, None, *(
    ctypes.cast(each, pointer) for each in (malloc, calloc, realloc, free)))
api = ctypes.pythonapi
api.PyCapsule_New.restype = ctypes.py_object
api.PyCapsule_New.argtypes = [pointer, ctypes.c_char_p, pointer]
api.PyCapsule_GetPointer.restype = pointer
api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
table = api.PyCapsule_GetPointer(np._core._multiarray_umath._ARRAY_API, None)
set_handler = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(
    ctypes.cast(table, ctypes.POINTER(pointer))[304])  # PyDataMem_SetHandler
before = set_handler(api.PyCapsule_New(ctypes.addressof(handler), b"mem_handler", None))
one = np.broadcast_to(np.uint8(1), 40 << 20)
x = fastadd.add(one, one)
name = np._core.multiarray.get_handler_name
print(name(x), name(), (x == 2).all(), fastadd.cache_info().misses)
del x
set_handler(before)
print(name(fastadd.add(one, one)), name())
"""
    done = run_python(code)
    assert done.stdout.split() == [
        *("other", "other", "True", "0"),
        *("fastadd", "default_allocator"),
    ], done.stderr


def test_threads():
    errors = []

    def work(value):
        for _ in range(12):
            x = result(LARGE + 4096 * value, value)
            y = fastadd.add(x, x)
            if x[0] != value or (y[:: 1 << 16] != 2 * value).any():
                errors.append(value)

    threads = [threading.Thread(target=work, args=(value,)) for value in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert fastadd.cache_info().kept <= 256 * MIB


def test_fork():
    code = """
import os, threading
import numpy as np
import fastadd
a = np.ones(10 << 20, "f4")
stop = False

def work():
    while not stop:
        fastadd.add(a, a)

threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
codes = []
for _ in range(20):
    child = os.fork()
    if child == 0:
        for _ in range(3):
            x = fastadd.add(a, a)
        fastadd.clear_cache()
        os._exit(0 if (x == 2).all() and fastadd.cache_info().kept == 0 else 1)
    codes.append(os.waitpid(child, 0)[1])
stop = True
for thread in threads:
    thread.join()
print(codes == [0] * 20)
"""
    done = run_python(code, PYTHONWARNINGS="ignore")
    assert done.stdout.strip() == "True", done.stderr


@linux
def test_memory_is_bounded_and_returns():
    """Never more than the limit and the live arrays; all of it back when cleared."""
    code = """
import numpy as np
import fastadd
MIB = 1 << 20

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / MIB

one = np.uint8(1)
def result(mib):
    return fastadd.add(np.broadcast_to(one, mib * MIB), one)

fastadd.set_cache_limit(200 * MIB)
result(1)
base = resident()
rng = np.random.default_rng(0)
most, live = 0, []
for _ in range(60):
    if len(live) > 3 or live and rng.random() < 0.4:
        live.pop(rng.integers(len(live)))
    else:
        live.append(result(int(rng.integers(33, 120))))
    held = sum(x.nbytes for x in live) / MIB
    over = resident() - base - held
    most = max(most, over)
    assert over < 200 + 8, over
assert most > 100, most
live.clear()
fastadd.clear_cache()
assert resident() - base < 8, resident() - base
"""
    done = run_python(code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "max\n"}, None),
        ({"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/memory.max": "4096\n"}, 4096),
        (
            {
                "proc/self/cgroup": "4:cpu:/b\n2:memory:/a\n",
                "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "8192\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            },
            8192,
        ),
    ],
)
def test_memory_of_a_control_group(tmp_path, files, expected):
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    everything = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert _machine.memory(tmp_path) == (expected or everything)


def test_memory_of_a_system_that_does_not_tell(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "sysconf")
    assert _machine.memory(tmp_path) == 4 << 30


def test_default_limit():
    done = run_python("import fastadd; print(fastadd.cache_info())")
    limit = min(512 * MIB, _machine.memory() // 16)
    assert done.stdout.strip() == str(
        fastadd.cache_info()._replace(hits=0, misses=0, limit=limit, kept=0)
    )
    assert _core.cache_info()[2] == 256 * MIB


@pytest.mark.parametrize("memory, limit", [(1 << 30, 64 * MIB), (1 << 40, 512 * MIB)])
def test_default_limit_of_other_machines(monkeypatch, memory, limit):
    monkeypatch.setattr(_machine, "memory", lambda: memory)
    importlib.reload(_cache)
    assert fastadd.cache_info().limit == limit
