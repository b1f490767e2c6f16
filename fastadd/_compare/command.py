"""`python -m fastadd`: what is in use, whether its bits are NumPy's on this CPU, and
how fast it is beside NumPy and the peers that are installed."""

import argparse
import json
import sys
from pathlib import Path

import fastadd
from fastadd._compare import show
from fastadd._compare.cases import DTYPES
from fastadd._compare.check import check
from fastadd._compare.measure import NOISE, duration


def parsed(arguments):
    parser = argparse.ArgumentParser(
        prog="python -m fastadd",
        description="Show what is in use, check the bits of every operation against "
        "NumPy on this CPU, and compare speeds with NumPy and with torch, numexpr, "
        "numba and OpenCV where these are installed.",
        epilog="The exit status is 1 if a result is not NumPy's.",
    )
    parser.add_argument("--check", action="store_true", help="only check the bits")
    parser.add_argument("--speed", action="store_true", help="only compare speeds")
    parser.add_argument(
        *("--seconds", "-s"),
        type=float,
        default=10,
        metavar="N",
        help="how long the speeds are measured, about (default: 10; what other "
        "libraries take to load comes on top)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, nothing else")
    parser.add_argument("--plot", metavar="FILE", help="draw the speeds (matplotlib)")
    options = parser.parse_args(arguments)
    if not 0 < options.seconds < float("inf"):
        parser.error(f"--seconds {options.seconds:g}: pass a number above 0")
    if not options.check and not options.speed:
        options.check = options.speed = True
    if options.plot:
        refuse_plot(parser, options)
    return options


def refuse_plot(parser, options):
    """What would go wrong only in the end, now."""
    if not options.speed:
        parser.error("--plot draws the speeds: leave --check out, or add --speed")
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415, may not be there
    except ImportError:
        parser.error("--plot needs matplotlib: pip install matplotlib")
    kinds = sorted(Figure().canvas.get_supported_filetypes())
    path = Path(options.plot)
    if path.suffix[1:].lower() not in kinds:
        parser.error(f"--plot {path}: the name must end in one of .{', .'.join(kinds)}")
    if not path.parent.is_dir():
        parser.error(f"--plot {path}: there is no folder {path.parent}")


def show_check(counts, first):
    show.say("Bits: every operation, in every dtype, against NumPy on this CPU", "bold")
    rows = [
        (
            name,
            f"{compared:,}",
            f"{equal:,}" if equal == compared else (f"{equal:,}", "bold red"),
        )
        for name, (compared, equal) in counts.items()
    ]
    show.table(("", "results", "equal"), rows)
    compared, equal = map(sum, zip(*counts.values(), strict=True))
    show.say(
        f"{equal:,} of {compared:,} results have NumPy's bits.",
        "green" if equal == compared else "bold red",
    )
    if first:
        show.say(f"The first that has not: {first}", "red")
    if "bfloat16" not in DTYPES:
        show.say("(bfloat16 was left out, since ml_dtypes is not installed.)")
    show.say(
        "A result is a whole array. They had 0 to 40,000 elements, and lay in order, "
        "transposed, reversed, strided, byte-swapped, misaligned and over one another. "
        "NumPy computed 16-bit floats in float32 and rounded them once, and complex "
        "numbers by their parts."
    )


def show_speed(results, losses, warning):
    names = {name: None for r in results for name in r.get("seconds", ())}
    columns = [name for name in names if name != "fastadd"]
    show.say(
        "Speed: fastadd's time, and the times of others as multiples of it", "bold"
    )
    rows = []
    for result in results:
        times = result.get("seconds", {})
        cells = [result["case"], duration(times["fastadd"]) if times else "not raced"]
        for name in columns:
            of_ours = times[name] / times["fastadd"] if name in times else None
            text = "" if of_ours is None else show.three_digits(of_ours)
            lost = of_ours is not None and of_ours < NOISE
            cells.append((text, "bold red") if lost else text)
        rows.append(cells)
    show.table(("float32 unless stated", "fastadd", *columns), rows)
    show.say(
        "Above 1 fastadd is faster, below 1 the other; within 5 % they are level. Each "
        "time is the best of rounds in which all took turns."
    )
    for loss in losses:
        show.say(f"Slower: {loss}", "red")
    for result in results:
        if "not raced" in result:
            show.say(f"Not raced: {result['case']}: {result['not raced']}", "red")
    if warning:
        show.say(f"{warning}: the ratios mean little.", "bold red")


def main(arguments=None):
    options = parsed(arguments)
    config = fastadd.show_config("dicts")
    told, status = {"config": config}, 0
    if not options.json:
        show.say("In use", "bold")
        fastadd.show_config()
    if options.check:
        with show.progress() as advance:
            counts, first = check(advance)
        compared, equal = map(sum, zip(*counts.values(), strict=True))
        status = int(equal < compared)
        told["check"] = {"results": compared, "equal": equal, "first different": first}
        if not options.json:
            print()
            show_check(counts, first)
    if options.speed:
        with show.progress() as advance:
            advance("loading the libraries to compare with", 0, 1)
            from fastadd._compare import speed  # noqa: PLC0415, torch takes seconds

            results, warning = speed.compare(options.seconds, advance)
        summary = speed.summary(results, config, warning)
        status |= any("not raced" in result for result in results)
        told["speed"] = {"cases": results, "busy": warning, "summary": summary}
        if options.plot:
            from fastadd._compare.plot import plot  # noqa: PLC0415, needs matplotlib

            plot(results, summary, options.plot)
        if not options.json:
            print()
            show_speed(results, speed.losses(results), warning)
            if options.plot:
                show.say(f"Drawn in {options.plot}")
            print()
            show.say(summary)
    if options.json:
        json.dump(told, sys.stdout, indent=1)
        print()
    return int(status)
