"""The examples check themselves: each runs in a process of its own, on little data."""

import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(name, options, needs):
    for module in ("matplotlib", "rich", *needs):
        pytest.importorskip(module)
    done = subprocess.run(
        [
            *(sys.executable, "-P", "-W", "error::RuntimeWarning"),
            *(EXAMPLES / f"{name}.py", *options),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "name, options, needs",
    (
        ("optimizers", ("--epochs", "12"), ("sklearn",)),
        ("three_bodies", ("--copies", "50"), ("scipy",)),
        ("cross_fade", ("--frames", "5"), ("sklearn",)),
        ("watermark", ("--repeats", "2"), ("sklearn",)),
        ("mix_sounds", ("--bars", "1"), ()),
        ("federated_averaging", ("--rounds", "6"), ("sklearn",)),
        ("moving_average", ("--size", "8"), ("scipy",)),
    ),
)
def test_example(name, options, needs, tmp_path):
    picture = tmp_path / "picture.png"
    run(name, (*options, "--picture", picture), needs)
    assert picture.stat().st_size > 0


def test_sound(tmp_path):
    """The WAV is stereo, is two seconds long, and was clamped at both ends."""
    path = tmp_path / "mix.wav"
    run("mix_sounds", ("--bars", "1", "--sound", path), ())
    with wave.open(str(path)) as file:
        assert file.getparams()[:4] == (2, 2, 44100, 88200)
        samples = np.frombuffer(file.readframes(88200), "<i2")
    assert (samples.min(), samples.max()) == (-(2**15), 2**15 - 1)
