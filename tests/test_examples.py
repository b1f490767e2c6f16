"""The examples check themselves: each runs in a process of its own, on little data."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.mark.parametrize(
    "name, options, needs",
    (
        ("optimizers", ("--epochs", "12"), ("sklearn",)),
        ("three_bodies", ("--copies", "50"), ("scipy",)),
        ("cross_fade", ("--frames", "5"), ("sklearn",)),
        ("moving_average", ("--size", "8"), ("scipy",)),
    ),
)
def test_example(name, options, needs, tmp_path):
    for module in ("matplotlib", "rich", *needs):
        pytest.importorskip(module)
    picture = tmp_path / "picture.png"
    done = subprocess.run(
        [
            *(sys.executable, "-P", "-W", "error::RuntimeWarning"),
            *(EXAMPLES / f"{name}.py", *options, "--picture", picture),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert picture.stat().st_size > 0
