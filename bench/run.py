"""The benchmark: `a + s*b` against NumPy and whatever peers are installed, over sizes,
layouts, dtypes and broadcasts, against the limit of the machine, and in two real jobs.
Each result is checked before it is timed.

    make bench          (2 to 6 minutes, by how many peers are installed)
    make bench-full     (the whole matrix, more rounds)
"""

import argparse
import platform
from contextlib import contextmanager

import beside
import more_peers
import page
import pictures
import report
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from sections import CORES, SECTIONS, scaling
from tables import console

import fastadd
from fastadd import _machine
from fastadd._compare import peers
from fastadd._compare.measure import ALONE, race, share_of_cores

# Peers by how they are installed.
TARGETS = {
    "make bench": ("numexpr",),
    "make peers": ("numba", "OpenCV", "SciPy", "NumKong", "JAX"),
    "make torch": ("torch",),
    "make peers torch": ("albucore",),
}
PREPARE = 0.4  # seconds to make and check a case, about


def machine():
    return {
        "processor": _machine.processor(),
        "cores": CORES,
        "python": platform.python_version(),
        "instruction set": fastadd.show_config("dicts")["instruction set"],
        "versions": peers.versions() | more_peers.versions(),
    }


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--full", action="store_true", help="the matrix, more rounds")
    parser.add_argument(
        "--readme",
        action="store_true",
        help=f"remake the tables of {page.PAGE.relative_to(page.ROOT)}, and the plots",
    )
    parser.add_argument(
        "--only",
        choices=[*SECTIONS, "beside"],
        nargs="+",
        default=[*SECTIONS, "beside"],
        help="these sections",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        metavar="N",
        help="for each contender of each case (default: 0.1, and 0.7 with --full)",
    )
    options = parser.parse_args()
    if options.seconds is None:
        options.seconds = 0.7 if options.full else 0.1
    if not 0 < options.seconds < float("inf"):
        parser.error(f"--seconds {options.seconds:g}: pass a number above 0")
    if options.readme:
        names = list(report.BESIDE) if "beside" in options.only else []
        names += ["readme"] if set(options.only) & SECTIONS.keys() else []
        wrong = page.missing(names)
        if wrong:
            parser.error(f"--readme: {wrong}")
    return options


@contextmanager
def progress(total):
    """A function to tell what is done next, and one to tell that it is done."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(20),
        TextColumn("{task.completed}/{task.total}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as shown:
        bar = shown.add_task("", total=total)
        yield (
            lambda text: shown.update(bar, description=f"{text[:58]:58}"),
            lambda: shown.advance(bar),
        )


def announce(name, count, seconds):
    """What comes, how long that takes, and whether the machine is busy."""
    about = f"{max(seconds, 1):.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
    share = share_of_cores(CORES)
    busy = f"; the machine is busy, {share:.0%} of it is free" if share < ALONE else ""
    report.say(f"{name}: {count} cases, about {about}{busy}", "bold")


def raced(name, full, seconds):
    """The cells of a section."""
    todo = list(SECTIONS[name].cases(full))
    if not todo:
        return []
    contenders = min(SECTIONS[name].contenders, 2 + len(machine()["versions"]))
    # A round takes 5 ms to warm up, and there are some rounds at least.
    announce(name, len(todo), len(todo) * (PREPARE + contenders * (seconds + 0.06)))
    cells = []
    with progress(len(todo)) as (tell, advance):
        for case in todo:
            tell(f"{case.group}: {case.name}")
            times = race(case.contenders(), seconds)
            cells.append(
                {"group": case.group, "case": case.name, "row": case.row}
                | {"times": times}
            )
            advance()
    return cells


def raced_beside(seconds):
    """Rows by kind."""
    found = {}
    for kind, (measured, count, contenders) in {
        "pairs": (beside.pairs, 15, 3),
        "processes": (beside.beside_processes, 9, 6),
    }.items():
        _, title = report.BESIDE[kind]
        announce(title, count, count * contenders * seconds)
        with progress(count) as (tell, advance):
            tell(title)
            found[kind] = list(measured(seconds, advance))
    return found


def introduce(known):
    versions = known["versions"]
    report.say("fastadd benchmark: a + s*b, best of many rounds, all in turn", "bold")
    report.say(
        f"{known['processor']}, {known['cores']} cores, {known['instruction set']}; "
        + ", ".join(f"{name} {version}" for name, version in versions.items())
    )
    for target, names in TARGETS.items():
        absent = [name for name in names if name not in versions]
        if absent:
            report.say(f"Not installed: {', '.join(absent)} ({target} adds them)")
    report.say(
        "Tables have fastadd's time, and the times of others as multiples of it: above "
        "1 fastadd is faster, below 0.95 it is slower, and that is told. JAX and "
        "albucore have no out: they return new arrays where others write into one."
    )
    report.warn_if_busy(share_of_cores(CORES))
    console.print()


def main():
    options = parsed()
    known = machine()
    introduce(known)
    cells, curves, beside_rows = [], {}, {}
    for name in options.only:
        if name in SECTIONS:
            found = raced(name, options.full, options.seconds)
            if found:
                report.section(name, found)
            cells += found
    if any(cell["row"] for cell in cells):  # for the plot
        announce("scaling with threads", 3, 3 * CORES.bit_length() * options.seconds)
        curves = scaling(options.seconds)
        console.print()
    if "beside" in options.only:
        beside_rows = raced_beside(3 * options.seconds)
        report.beside_tables(beside_rows)
    if cells:
        report.summary(cells)
        pictures.plots(cells, curves, report.RESULTS)
    report.warn_if_busy(share_of_cores(CORES))
    report.save(cells, known, beside_rows)
    report.say(f"JSON and plots: {report.RESULTS}")
    if options.readme:
        page.remake(cells, curves, beside_rows)


if __name__ == "__main__":
    main()
