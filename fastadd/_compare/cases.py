"""The one list of cases: dtypes, lengths, layouts, broadcasts and aliasings, crossed by
the tests and by `python -m fastadd`, and timed by the benchmark."""

import numpy as np

from fastadd import _core

try:
    from ml_dtypes import bfloat16
except ImportError:
    bfloat16 = None

DTYPES = {
    name: np.dtype(bfloat16 if name == "bfloat16" else name)
    for name in _core.NAMES
    if name != "bfloat16" or bfloat16 is not None
}

# Around the vector widths of every instruction set, for elements of 1 to 32 bytes.
LENGTHS = (
    *(0, 1, 7, 8, 9, 15, 17, 31, 33, 63, 65, 1003),
    *(4096 + more for more in (1, 63, 67, 130)),
)

SHAPES = (
    (),
    (1,),
    (7,),
    (3, 5),
    (5, 1, 4),
    (2, 3, 4, 5),
    (1, 3, 1, 2, 1, 2, 1, 1, 3, 2),
)

# Pairs of shapes that broadcast together.
BROADCASTS = (
    ((8, 8), (8,)),
    ((8, 8), (8, 1)),
    ((1, 33), (17, 1)),
    ((4, 4, 4), (4, 1, 1)),
    ((3, 1), (1, 4)),
    ((64, 3), (3,)),
    ((2, 5, 3, 4), (5, 1, 1)),
    ((6, 1, 5), (7, 1)),
    ((), (3, 4)),
    ((0,), (1,)),
    ((1, 0, 3), (2, 1, 1)),
    ((2, 0), ()),
)

COEFFICIENTS = {
    "b": ((1, 1), (0, True), (True, False)),
    "i": ((1, 1), (3, 1), (1, -2), (-7, 5), (0, 1)),
    "f": ((1, 1), (1.5, 1), (1, 0.1), (-0.3, 1.7), (0, 1), (float("inf"), -1)),
    "c": ((1, 1), (1.5, 1), (-0.3, 1.7), (0.5 - 2j, 1), (2, 1j), (0.1 + 0.2j, 3 - 1j)),
}


def kind(dtype):
    """'b', 'i', 'f' or 'c' of a native dtype."""
    return {"u": "i", "V": "f"}.get(dtype.kind, dtype.kind)


def coefficients(dtype):
    """Pairs of alpha and beta; negative ones wrap where the dtype is unsigned."""
    return COEFFICIENTS[kind(dtype)]


def limits(dtype):
    """Smallest subnormal, smallest normal and largest number of a float dtype."""
    if dtype.kind == "V":
        return 2.0**-133, 2.0**-126, 3.3895313892515355e38
    about = np.finfo(dtype)
    return about.smallest_subnormal, about.smallest_normal, about.max


def values(shape, dtype, seed=0):
    """Numbers over the whole range of a dtype, its hardest ones among them."""
    rng = np.random.default_rng([seed, dtype.itemsize])
    shape = (shape,) if isinstance(shape, int) else shape
    size = int(np.prod(shape))
    if dtype.kind == "b":
        return rng.integers(0, 2, shape).astype(dtype)
    if dtype.kind in "iu":
        memory = rng.integers(0, 256, size * dtype.itemsize, np.uint8)
        return memory.view(dtype).reshape(shape)
    if dtype.kind == "c":
        x = np.empty(shape, dtype)
        part = np.dtype(dtype.char.lower())
        x.real, x.imag = values(shape, part, seed), values(shape, part, seed + 1)
        return x
    with np.errstate(all="ignore"):
        x = (rng.standard_normal(size) * 10.0 ** rng.integers(-6, 5, size)).astype(
            dtype
        )
        special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, *limits(dtype)])
        where = rng.random(size) < 0.15
        x[where] = rng.choice(special, where.sum()).astype(dtype)
    return x.reshape(shape)


def moderate(shape, dtype, seed=0):
    """Finite numbers of ordinary size, for which no operation raises a flag."""
    rng = np.random.default_rng([seed, dtype.itemsize])
    x = rng.integers(0 if dtype.kind in "ub" else -5, 6, shape)
    return x.astype(bool).astype(dtype) if dtype.kind == "b" else x.astype(dtype)


def packed_field(x):
    """A field of a packed struct: strides one byte more than a multiple."""
    field = np.zeros(x.shape, np.dtype([("pad", "u1"), ("x", x.dtype)]))["x"]
    field[...] = x
    return field


def misaligned(x):
    memory = np.zeros(x.nbytes + 1, np.uint8)[1:]
    view = memory.view(x.dtype).reshape(x.shape)
    view[...] = x
    return view


def twin(x):
    """An array like x that begins as far behind a line of the cache, which decides how
    fast it is written."""
    memory = np.empty(x.nbytes + 64, "u1")
    begin = (x.ctypes.data - memory.ctypes.data) % 64
    return memory[begin:][: x.nbytes].view(x.dtype).reshape(x.shape)


def stepped(x):
    wide = np.zeros((*x.shape[:-1], 3 * x.shape[-1]), x.dtype)
    view = wide[..., ::3]
    view[...] = x
    return view


def permuted(x):
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 0, -1)), -1, 0)


# The same values in other memory. Each takes an array of at least one dimension.
LAYOUTS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "permuted": permuted,
    "reversed": lambda x: np.ascontiguousarray(x[::-1])[::-1],
    "reversed rows": lambda x: np.ascontiguousarray(x[..., ::-1])[..., ::-1],
    "stepped": stepped,
    "packed field": packed_field,
    "misaligned": misaligned,
    "swapped": lambda x: x.astype(x.dtype.newbyteorder()) if x.dtype.kind != "V" else x,
    "read-only": lambda x: np.lib.stride_tricks.as_strided(x.copy(), writeable=False),
}

# Views of one line of 40 elements, by which out and an operand come to overlap.
ALIASINGS = {
    "same": lambda line: (line[:30], line[:30]),
    "ahead": lambda line: (line[1:31], line[:30]),
    "behind": lambda line: (line[:30], line[1:31]),
    "far ahead": lambda line: (line[9:39], line[:30]),
    "reversed": lambda line: (line[:30], line[:30][::-1]),
    "other step": lambda line: (line[:20], line[:40:2]),
    "interleaved": lambda line: (line[:40:2], line[1:40:2]),
    "transposed": lambda line: (line[:36].reshape(6, 6), line[:36].reshape(6, 6).T),
    "row of itself": lambda line: (line[:36].reshape(6, 6), line[6:12]),
    "column of itself": lambda line: (
        line[:36].reshape(6, 6),
        line[:36].reshape(6, 6)[:, 2:3],
    ),
    "element of itself": lambda line: (line[:30], line[7:8]),
}


def grids(n, dtype):
    """Two operands, and an out that is not C-ordered where it matters, by the name of
    what is hard about their layout: n x n, or as many elements in another shape."""
    a, b = moderate((n, n), dtype, 1), moderate((n, n), dtype, 2)
    bands, side = max(n // 32, 1), max(n // 64, 1)
    images = moderate((bands, bands, side, side), dtype, 3)
    return {
        "contiguous": (a, b, None),
        "a + b.T": (a, b.T, None),
        "F + F into C": (a.T, b.T, np.empty((n, n), dtype)),
        "a row": (a, b[0], None),
        "a column": (a, b[:, :1], None),
        "outer sum": (a[:1], b[:, :1], None),
        "step 2 in columns": (a[:, ::2], b[:, ::2], None),
        "step 2 in rows": (a[::2], b[::2], None),
        "reversed": (a[::-1, ::-1], b[::-1, ::-1], None),
        "rows of 3": (a.ravel()[: n * n // 3 * 3].reshape(-1, 3), b[0, :3], None),
        "NCHW + channel bias": (images, images[0, :, :1, :1], None),
        "4-d permuted": (
            images.transpose(0, 2, 3, 1),
            moderate((bands, side, side, bands), dtype, 4),
            None,
        ),
        "in place": (in_place := a.copy(), b, in_place),
    }


# Mixtures that people meet: photographs, counters, masks, half-precision weights.
MIXTURES = (
    ("float32", "float64"),
    ("int32", "float32"),
    ("uint8", "float32"),
    ("int64", "float64"),
    ("bool", "int32"),
    ("float16", "float32"),
    ("int16", "int64"),
)


def small_grids():
    """Pairs of small float32 operands that broadcast, by name."""
    pairs = {}
    for one, two in (
        ((8, 8), (8,)),
        ((32, 32), (32,)),
        ((32, 32), (32, 1)),
        ((4, 4, 4), (4, 1, 1)),
        ((3, 1), (1, 4)),
        ((64, 3), (3,)),
    ):
        pairs[f"{one} + {two}"] = (
            moderate(one, np.dtype("f4"), 1),
            moderate(two, np.dtype("f4"), 2),
        )
    a, b = (moderate((64, 64), np.dtype("f4"), seed) for seed in (1, 2))
    return pairs | {"(64, 64) + T": (a, b.T), "(64, 64) + Python float": (a, 2.5)}


def views(n, dtype):
    """What people have, by name: slices, columns, channels, windows, batches, permuted
    axes. Functions that make two operands of about n * n numbers each."""

    def ones(*shape):
        return np.ones(shape, dtype)

    def slices(one, two, *shape):
        x = ones(*shape)
        return lambda: (x[one], x[two])

    def batch(side, each):
        x = ones(n * n // side // side // 2 + 1, side, side)
        return x, x.mT if each else x[0].T

    def permuted(shape, axes):
        moved = ones(*(shape[axis] for axis in axes)).transpose(np.argsort(axes))
        return ones(*shape), moved

    half, m = n // 2, max(int(n**0.5), 4)
    upper, lower = np.s_[:half, n // 7 : half], np.s_[half : 2 * half, n // 7 : half]
    pairs = {
        name: lambda one=one, two=two, shape=shape: slices(one, two, *shape)()
        for name, one, two, shape in (
            ("x[1:] + x[:-1]", np.s_[1:], np.s_[:-1], (n * n,)),
            ("one reversed", np.s_[::-1], np.s_[:], (n * n,)),
            ("interior of an image", np.s_[1:-1, 2:], np.s_[1:-1, :-2], (n, n)),
            ("a window", upper, lower, (n, n)),
            ("columns of one array", np.s_[:, 3], np.s_[:, 7], (n, n)),
            ("every other row", np.s_[0:-1:2], np.s_[1::2], (2 * half, n)),
            ("a channel", np.s_[..., 0], np.s_[..., 1], (half, half, 3)),
            ("channels + (3,)", np.s_[...], np.s_[0, 0], (half, half, 3)),
        )
    }
    pairs["channels last + first"] = lambda: (
        ones(half, half, 3),
        ones(3, half, half).transpose(1, 2, 0),
    )
    pairs["every other column, transposed"] = lambda: (
        ones(half, n),
        ones(n, 2 * half)[:, ::2].T,
    )
    for side in (2, 3, 4, 8, 16):
        for each in (False, True):
            name = "each" if each else "one"
            pairs[f"batch of {side} x {side} + {name} transposed"] = (
                lambda side=side, each=each: batch(side, each)
            )
    for side in (max(n // 32, 2), n // 8, n // 4, n - 16, n):
        pairs[f"{side} x {side} + transposed"] = lambda side=side: (
            ones(side, side),
            ones(side, side).T,
        )
    for shape, axes in (
        ((m, m + 3, n), (1, 0, 2)),
        ((m, m + 3, n), (0, 2, 1)),
        ((m, m + 3, n), (2, 1, 0)),
        ((m, m + 3, m, m - 1), (0, 3, 1, 2)),
        ((m, m + 3, m, m - 1), (3, 2, 1, 0)),
    ):
        pairs[f"permuted {axes}"] = lambda shape=shape, axes=axes: permuted(shape, axes)
    return pairs
