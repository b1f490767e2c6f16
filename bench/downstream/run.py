"""Released programs against themselves with a few lines of theirs changed to fastadd:
the results, the time of these lines and of the whole run, and its memory. Each case is
run in processes of its own. `make downstream`, or

python bench/downstream/run.py scipy_krylov skimage_tv --json results.json
"""

import argparse
import importlib
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

FOLDER = Path(__file__).parent
PROGRAMS = [
    "nvflare_average",
    "skimage_tv",
    "moviepy_fade",
    "flower_average",
    "odl_solvers",
    "scipy_krylov",
    "sklearn_adam",
    "blend_modes_layer",
]


def trial(*arguments):
    """What trial.py prints."""
    done = subprocess.run(
        [sys.executable, FOLDER / "trial.py", *arguments],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def measured(name, case, rounds):
    row = trial(name, case, "--rounds", str(rounds))
    for variant in ("released", "patched"):
        row[variant]["MiB"] = trial(name, case, "--memory", variant)
    return row


def results(row):
    """Whether they are equal, in words."""
    if row["distance"] == 0:
        return "equal"
    far = f"{row['distance']:.0e} apart"
    return far if row["distance"] <= row["tolerance"] else f"[red]{far}[/]"


def table(rows, markdown):
    sheet = Table(box=box.MARKDOWN if markdown else box.HEAVY_HEAD)
    sheet.add_column("program")
    sheet.add_column("case")
    for title in (
        "results",
        "share of the lines",
        "lines, ratio",
        "run, s",
        "run, ratio",
        "memory, MiB",
    ):
        sheet.add_column(title, justify="right")
    for row in rows:
        old, new = row["released"], row["patched"]
        sheet.add_row(
            row["program"],
            row["case"],
            results(row),
            f"{old['share']:.0%}",
            f"{old['step'] / new['step']:.2f}",
            f"{old['seconds']:.3f} to {new['seconds']:.3f}",
            f"[bold]{old['seconds'] / new['seconds']:.2f}[/]",
            f"{old['MiB']:.0f} to {new['MiB']:.0f}",
        )
    Console(width=200 if markdown else None).print(sheet)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PROGRAMS))
    parser.add_argument("--rounds", type=int, default=7, help="of which the median")
    parser.add_argument("--json", type=Path, help="where to write what was measured")
    parser.add_argument("--markdown", action="store_true", help="a table for docs")
    given = parser.parse_args()
    if unknown := set(given.names) - set(PROGRAMS):
        parser.error(f"no such program: {', '.join(unknown)}; there are {PROGRAMS}")
    cases = []
    for name in given.names or PROGRAMS:
        try:
            program = importlib.import_module(name)
        except ImportError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
            continue
        title = f"{program.DISTRIBUTION} {version(program.DISTRIBUTION)}"
        cases += [(name, title, case) for case in program.CASES]
    rows = []
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=len(cases))
        for name, title, case in cases:
            progress.update(task, description=f"{title}, {case}")
            row = {"program": title, "case": case}
            rows.append(row | measured(name, case, given.rounds))
            progress.advance(task)
    table(rows, given.markdown)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1))
    if any(row["distance"] > row["tolerance"] for row in rows):
        raise SystemExit("results are farther apart than the program allows")


if __name__ == "__main__":
    main()
