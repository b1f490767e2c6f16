"""python -m fastadd, as people run it: in a process of its own, with rich and without,
beside NumPy alone and beside what is installed."""

import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from threading import Thread

import pytest
from fresh import run_python

import fastadd
from fastadd._compare.check import parts

PEERS = ("torch", "numba", "numexpr", "cv2", "scipy")
# What is no computation.
SETTINGS = {"cache_info", "clear_cache", "get_num_threads", "set_cache_limit"}
SETTINGS |= {"set_num_threads", "show_config", "threads"}


def without(folder, *names):
    """The environment in which these modules cannot be imported."""
    for name in names:
        (folder / f"{name}.py").write_text(f"raise ImportError('no {name} here')\n")
    path = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(path)}


def run(environment, *options, stderr=subprocess.PIPE):
    # -P: the installed package, not the source folder that we may stand in.
    command = [sys.executable, "-P", "-m", "fastadd", *options]
    return subprocess.run(
        command,
        check=False,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        env=environment,
    )


def fits(text):
    """Whether no line of it is longer than 80 columns."""
    return max(map(len, text.splitlines()), default=0) <= 80


@pytest.mark.parametrize("hidden", [(), ("rich",)], ids=["rich", "plain"])
def test_all_of_it(hidden, tmp_path):
    if not hidden:
        pytest.importorskip("rich")
    environment = without(tmp_path, *PEERS, *hidden) | {"PYTHONWARNINGS": "error"}
    done = run(environment, "--seconds", "0.5")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert fits(done.stdout)
    use, bits, speed, quote = done.stdout.split("\n\n")
    assert re.search(rf"^version +{re.escape(fastadd.__version__)}$", use, re.M)
    equal, results = re.search(
        r"^([\d,]+) of ([\d,]+) results have", bits, re.M
    ).groups()
    assert equal == results
    assert int(equal.replace(",", "")) > 20_000
    assert "first that has not" not in bits
    assert speed.splitlines()[1].split()[-2:] == ["fastadd", "NumPy"]
    assert "Not raced" not in speed
    assert re.match(rf"fastadd {re.escape(fastadd.__version__)} on ", quote)
    assert re.search(r"times NumPy's speed; \d+ of \d+ cases", " ".join(quote.split()))


@pytest.mark.parametrize("hidden", [(), ("rich",)], ids=["rich", "plain"])
@pytest.mark.skipif(sys.platform == "win32", reason="has no pseudoterminals")
def test_progress_is_shown_on_a_terminal(hidden, tmp_path):
    if not hidden:
        pytest.importorskip("rich")
    mine, its = os.openpty()
    environment = without(tmp_path, *PEERS, *hidden) | {"TERM": "xterm"}
    pieces = []

    def read():  # all along: who writes to a terminal that is full waits
        with suppress(OSError):  # of Linux, at the end
            while piece := os.read(mine, 1 << 16):
                pieces.append(piece)

    reader = Thread(target=read)
    reader.start()
    try:
        done = run(environment, "--speed", "--seconds", "0.1", stderr=its)
    finally:
        os.close(its)
        reader.join()
        os.close(mine)
    shown = b"".join(pieces).decode()
    assert done.returncode == 0
    assert "a + s*b into a buffer" in shown
    without_escapes = re.sub(r"\x1b\[[^a-zA-Z]*[a-zA-Z]", "", shown)
    assert all(fits(part) for part in without_escapes.split("\r"))
    assert "Speed" in done.stdout


def test_json_beside_what_is_installed():
    done = run(None, "--speed", "--json", "--seconds", "0.5")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    here = fastadd.show_config("dicts")
    for changing in ("pool", "threads"):  # which other tests have set
        del told["config"][changing], here[changing]
    assert told["config"] == here
    assert "check" not in told
    assert len(told["speed"]["cases"]) > 10
    for case in told["speed"]["cases"]:
        assert {"fastadd", "NumPy"} <= case["seconds"].keys()
        assert all(0 < seconds < 10 for seconds in case["seconds"].values())
    assert f"of {len(told['speed']['cases'])} cases" in told["speed"]["summary"]


WRONG = """
import runpy, sys
import fastadd
right = fastadd.lerp

def lerp(*arguments, **keywords):
    result = right(*arguments, **keywords)
    if result.shape == (67,) and result.dtype == "f4":
        result[66] = 7
    return result

def relu(x, out=None):
    raise RuntimeError("no zero")

fastadd.lerp, fastadd.relu = lerp, relu
sys.argv[1:] = ["--check", "--json"]
runpy.run_module("fastadd", run_name="__main__", alter_sys=True)
"""


def test_a_wrong_bit_is_found():
    done = run_python(WRONG)
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)["check"]
    assert 0 < told["results"] - told["equal"] < 60
    assert re.match(
        r"lerp, float32, 67 elements: 1 of 67 differ, first at \(66,\): \[7\.\] ",
        told["first different"],
    )


COUNTS = """
from fastadd._compare import speed
results = [
    {"case": speed.HEADLINE, "seconds": {"fastadd": 2.0, "NumPy": 5.0, "torch": 1.8}},
    {"case": "another", "seconds": {"fastadd": 2.0, "NumPy": 1.0}},
    {"case": "a third", "seconds": {"fastadd": 2.0, "NumPy": 9.0, "numba": 1.95}},
    {"case": "a fourth", "not raced": "MemoryError: too large"},
]
config = {"version": "9", "processor": "P", "threads": 1}
print(*speed.losses(results), sep=", ")
print(speed.summary(results, config, "The machine is busy"))
print(speed.of_families({"fastadd": 1, "numba": 3, "numba parallel": 2, "numpy x": 4}))
"""


def test_losses_are_counted(tmp_path):
    done = run_python(COUNTS, **without(tmp_path, *PEERS))
    losses, summary, families = done.stdout.splitlines()
    assert losses == (
        "a + s*b into a buffer, 10^5: 0.90 times torch's speed, "
        "another: 0.50 times NumPy's speed"
    )
    assert summary == (
        "fastadd 9 on P, 1 thread: a + s*b into a buffer, 10^5 float32: 2.5 times "
        "NumPy's speed; 2 of 15 cases at least as fast as NumPy, 1 of 2 as torch "
        "and numba (on a busy machine)"
    )
    assert families == str({"fastadd": 1, "NumPy": 4, "numba": 2})


def test_plot(tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "speed.png"
    environment = without(tmp_path, *PEERS)
    done = run(environment, "--speed", "--seconds", "0.1", "--plot", str(path))
    assert done.returncode == 0, done.stderr
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "options, says",
    [
        (["--seconds", "0"], "--seconds 0: pass a number above 0"),
        (["--seconds", "nan"], "--seconds nan"),
        (["--plot", "x.png", "--check"], "leave --check out"),
        (["--plot", "x.abc"], "the name must end in one of .*png"),
        (["--plot", "no such/x.png"], "there is no folder no such"),
    ],
)
def test_refusals(options, says):
    if "--plot" in options:
        pytest.importorskip("matplotlib")
    done = run(None, *options)
    assert done.returncode == 2
    assert done.stdout == ""
    assert re.search(says, " ".join(done.stderr.split()))


def test_plot_says_what_to_install(tmp_path):
    done = run(without(tmp_path, "matplotlib"), "--plot", "x.png")
    assert done.returncode == 2
    assert "pip install matplotlib" in done.stderr


def test_every_computation_is_checked():
    checked = {function for function, *_ in parts()}
    public = {name.removesuffix("_") for name in fastadd.__all__} - SETTINGS
    assert public == checked
