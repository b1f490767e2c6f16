"""Mix eight tracks of sound: one pass from 16-bit integers to 16-bit integers.

The tracks are made here: a bass, three voices, an arpeggio and drums, each recorded as
loud as int16 allows. `fastadd.weighted_sum` mixes them in float32, rounds, and clamps
what is too loud, straight into the left and the right channel of stereo frames. A sum
in int16, as NumPy computes it, wraps there instead, which is heard as a crackle.

    python examples/mix_sounds.py --picture mix_sounds.png --sound mix_sounds.wav
"""

import argparse
import sys
import timeit
import wave
from functools import partial

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import track
from rich.table import Table

import fastadd

RATE, BEAT = 44100, 22050  # samples of a second and of a beat
CHORDS = (57, 60, 64), (53, 57, 60), (55, 60, 64), (55, 59, 62)  # a bar each, in MIDI
LOWEST, HIGHEST = -(2**15), 2**15 - 1
# Of each track: how much of it is heard on the left and on the right.
WEIGHTS = {
    "bass": (0.5, 0.5),
    "low voice": (0.3, 0.1),
    "middle voice": (0.2, 0.2),
    "high voice": (0.1, 0.3),
    "arpeggio": (0.35, 0.2),
    "kick": (0.6, 0.6),
    "snare": (0.3, 0.35),
    "hat": (0.1, 0.2),
}
SIDES = tuple(zip(*WEIGHTS.values(), strict=True))


def tone(key, beats, decay):
    """A note of a few harmonics that dies away."""
    t = np.arange(int(beats * BEAT)) / RATE
    phase = 2 * np.pi * 440 * 2 ** ((key - 69) / 12) * t
    harmonics = sum(np.sin(k * phase) / k**2 for k in range(1, 5))
    return harmonics * np.exp(-decay * t) * np.minimum(1, 200 * t)


def drum(noise, decay):
    """A beat of noise, or of a tone that falls."""
    t = np.arange(BEAT) / RATE
    falling = np.sin(2 * np.pi * (50 * t - 5 * np.exp(-30 * t)))
    hiss = np.random.default_rng(0).uniform(-1, 1, BEAT)
    return (noise * hiss + (1 - noise) * falling) * np.exp(-decay * t)


def notes(name, bar):
    """The notes of a bar: when they begin, in beats, and how they sound."""
    chord = CHORDS[bar % len(CHORDS)]
    match name:
        case "bass":
            return [(beat, tone(chord[0] - 24, 1, 3)) for beat in range(4)]
        case "arpeggio":
            keys = [chord[i] + 12 for i in (0, 1, 2, 1, 0, 1, 2, 1)]
            return [(i / 2, tone(key, 0.5, 6)) for i, key in enumerate(keys)]
        case "kick":
            return [(beat, drum(0, 8)) for beat in (0, 2, 2.5)]
        case "snare":
            return [(beat, drum(0.7, 18)) for beat in (1, 3)]
        case "hat":
            return [(i / 2, drum(1, 60)) for i in range(7)]
    voice = ("low voice", "middle voice", "high voice").index(name)
    return [(0, tone(chord[voice], 4, 0.5))]


def recorded(name, bars):
    """A track of int16, as loud as it can be."""
    sound = np.zeros(bars * 4 * BEAT)
    for bar in range(bars):
        for beat, samples in notes(name, bar):
            start = int((4 * bar + beat) * BEAT)
            fastadd.add_(sound[start : start + len(samples)], samples)
    return np.rint(sound * (HIGHEST / np.abs(sound).max())).astype(np.int16)


def by_fastadd(tracks, mix):
    for side, weights in enumerate(SIDES):
        out = mix[:, side]
        fastadd.weighted_sum(tracks, weights, casting="saturate", out=out)


def by_expressions(tracks, mix):
    for side, weights in enumerate(SIDES):
        total = np.float32(weights[0]) * tracks[0]
        for weight, sound in zip(weights[1:], tracks[1:], strict=True):
            total = total + np.float32(weight) * sound
        mix[:, side] = np.clip(np.rint(total), LOWEST, HIGHEST).astype(np.int16)


def by_calls(tracks, mix, total, term):
    for side, weights in enumerate(SIDES):
        np.multiply(tracks[0], np.float32(weights[0]), out=total)
        for weight, sound in zip(weights[1:], tracks[1:], strict=True):
            np.multiply(sound, np.float32(weight), out=term)
            np.add(total, term, out=total)
        np.rint(total, out=total)
        np.clip(total, LOWEST, HIGHEST, out=mix[:, side], casting="unsafe")


def wrapping(tracks, mix):
    """The tracks scaled, and summed in int16."""
    for side, weights in enumerate(SIDES):
        pairs = zip(tracks, weights, strict=True)
        scaled = [np.rint(np.float32(w) * sound).astype(np.int16) for sound, w in pairs]
        np.sum(scaled, axis=0, dtype=np.int16, out=mix[:, side])


def draw(mix, wrapped, wrong, path):
    """The first bar of the left channel, and 20 ms of it around the worst sample."""
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    bar, part = figure.subplots(1, 2, width_ratios=(3, 2), sharey=True)
    ms = np.arange(4 * BEAT) * (1000 / RATE)
    mix, wrapped, wrong = (samples[: 4 * BEAT, 0] for samples in (mix, wrapped, wrong))
    bar.plot(ms, mix, color="#1f77b4", linewidth=0.3)
    bar.plot(ms[wrong], wrapped[wrong], ".", color="#d62728", markersize=2)
    part.plot(ms, wrapped, color="#d62728", label="wrapped")
    part.plot(ms, mix, color="#1f77b4", label="saturated")
    worst = ms[np.abs(mix.astype(int) - wrapped).argmax()]
    bar.set(xlabel="ms", xlim=(0, ms[-1]), title="a bar of the left channel")
    part.set(xlabel="ms", xlim=(worst - 10, worst + 10), title="20 ms of it")
    for axis in (bar, part):
        axis.spines[["top", "right"]].set_visible(False)
    figure.legend(frameon=False, loc="outside right upper")
    figure.savefig(path, dpi=110)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bars", default=8, type=int, help="of 2 seconds")
    parser.add_argument("--sound", help="where to write the mix, as WAV")
    parser.add_argument("--picture", help="where to draw one, a PNG for example")
    given = parser.parse_args(argv)
    tracks = [recorded(name, given.bars) for name in track(WEIGHTS, "recording")]
    mix, expected, wrapped = np.empty((3, len(tracks[0]), 2), np.int16)
    total, term = np.empty((2, len(mix)), np.float32)
    ways = {
        f"fastadd, threads: {fastadd.get_num_threads()}": by_fastadd,
        "fastadd, threads: 1": fastadd.threads(1)(by_fastadd),
        "NumPy's expressions": by_expressions,
        "NumPy's calls, out=": partial(by_calls, total=total, term=term),
    }
    by_expressions(tracks, expected)
    seconds = {}
    for name, way in ways.items():
        mix[...] = 0
        call = partial(way, tracks, mix)
        seconds[name] = min(timeit.repeat(call, number=1, repeat=20))
        if not np.array_equal(mix, expected):
            sys.exit(f"{name}: the mix is not that of NumPy's expressions")
    first = next(iter(seconds.values()))
    table = Table("", "ms", "time / fastadd's")
    for name, second in seconds.items():
        table.add_row(name, f"{1000 * second:.2f}", f"{second / first:.1f}")
    Console().print(table)
    wrapping(tracks, wrapped)
    wrong = np.abs(mix.astype(int) - wrapped) > len(tracks)  # more than by rounding
    print(f"{np.count_nonzero(wrong):,} of {wrong.size:,} samples overflow int16.")
    if not wrong.any():
        sys.exit("so nothing was clamped")
    if given.sound:
        with wave.open(given.sound, "wb") as file:
            file.setparams((2, 2, RATE, len(mix), "NONE", ""))
            file.writeframes(mix.astype("<i2").tobytes())
    if given.picture:
        draw(mix, wrapped, wrong, given.picture)


if __name__ == "__main__":
    main()
