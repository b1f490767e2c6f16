"""What a public function is: its name, what it takes and how it computes; how it is
made of a careful one, and what is said of arguments that do not fit it.
"""

import difflib
from collections.abc import Callable
from functools import cache, partial, update_wrapper
from typing import NamedTuple

import numpy as np

from fastadd import _core
from fastadd._checks import kind_of, kind_of_number, sentence, shortened


class Function(NamedTuple):
    """What the careful path needs to know of a public function, and the advice that its
    errors give: of what it takes, not of what others do."""

    name: str
    # What of the compiled part computes checked operands and coefficients, and from
    # which arrays, factors and numbers:
    arrange: Callable
    by_numpy: Callable  # the call that leaves them to NumPy's protocols
    factors: tuple = ()  # the coefficients that may be arrays
    takes: tuple = ("dtype", "casting")
    kinds: str = "bifc"  # of results that it has,
    instead: str = ""  # and why it has no others
    out: str = "out"  # what the argument that is written is called
    in_place: bool = False

    @property
    def fresh(self):
        """The name of the function that has fresh results."""
        return self.name.rstrip("_")

    def passing(self, argument):
        """How to pass what a function that computes in place does not take itself."""
        use = f"use {self.fresh} with" if self.in_place else "pass"
        return f"{use} {argument}"

    def wider(self, dtype):
        """How to compute in another dtype."""
        if "dtype" in self.takes:
            return self.passing(f"dtype=np.{dtype}")
        return f"convert the arrays by x.astype(np.{dtype})"

    def saturating(self, dtype):
        """How a result of integers takes what is out of its range or between two."""
        if "casting" not in self.takes or kind_of(dtype) != "i":
            return ""
        out = f" and out={self.out.partition('[')[0]}" if self.in_place else ""
        how = self.passing(f"casting='saturate'{out}")
        return f", or {how}, which rounds to {dtype} and saturates"

    def floats(self, dtype):
        """How a result of integers or bools is computed in floats."""
        return sentence(
            f"{self.wider('float64')} for a result of floats{self.saturating(dtype)}."
        )

    def refuses(self, dtype):
        """Why it has no result of a dtype."""
        reason = (
            self.instead or f"{self.fresh} computes with numbers of NumPy's dtypes."
        )
        return f"{reason} {self.floats(dtype)}"

    def other_out(self, dtype):
        """How to get a result that the array to write does not take."""
        if self.in_place:
            return f"For a new result, of {dtype}, use {self.fresh}."
        casting = ", or casting='unsafe'" if "casting" in self.takes else ""
        return f"Pass an out of dtype {dtype}{casting}."


# ---- in place ------------------------------------------------------------------------


class InPlace(NamedTuple):
    """What is passed as the out of a careful function that is to compute in place."""

    first: object
    name: str  # of the first argument, by which its user knows it


def written(function, out):
    """The function that is to compute, and the array that it writes."""
    if type(out) is not InPlace:
        return function, out
    return made_in_place(function, out.name), out.first


@cache  # 1 us
def made_in_place(function, name):
    out = function.out.replace("out", name)
    return function._replace(name=function.name + "_", out=out, in_place=True)


@cache
def of_one(function):
    """A function of lists that is given an array alone."""
    return function._replace(out=function.out.partition("[")[0])


def call_in_place(careful, name, *arguments, out, **others):
    return careful(*arguments, out=InPlace(out, name), **others)


IN_PLACE = """Compute `{name}` into the first argument.

    ``{name}_({first}, ...)`` is ``{name}({first}, ..., out={first})``.

    Parameters
    ----------
    {parameters}
        As in `{name}`.

    Returns
    -------
    {returns}
        `{first}`{and_what}.

    Raises
    ------
    TypeError, ValueError, OverflowError, FloatingPointError
        As `{name}`.

    See Also
    --------
    {name} : the same, into a new array or one of your choice.

    Examples
    --------
    >>> import numpy as np
    >>> import fastadd
    >>> x = np.array([1.0, -2.0])
    >>> fastadd.{name}_({example})
    {result}
    """

# What is read of a careful function to make it public.
SIGNATURE = ("__name__", "__doc__", "__code__", "__defaults__", "__kwdefaults__")


def in_place(name, example, result, returns="ndarray", and_what=""):
    """The function that computes in place, by the name of the one with an out, with an
    example: arguments of which x is the array [1, -2], and what comes of them."""
    careful = _core.careful_functions[name]
    names = parameters(careful)
    names = names[: names.index("out")]
    text = IN_PLACE.format(
        name=name,
        first=names[0],
        parameters=", ".join(names),
        example=example,
        result=result,
        returns=returns,
        and_what=and_what,
    )
    careful_in_place = partial(call_in_place, careful, names[0])
    update_wrapper(careful_in_place, careful, SIGNATURE)
    return _core.public(careful_in_place, explain_arguments, text)


# ---- arguments -----------------------------------------------------------------------

# What other libraries take, and what does it here.
ELSEWHERE = {
    "order": "A fresh result has the memory order of the operands; pass out= to choose "
    "another.",
    "subok": "A subclass computes itself, so that its type comes back; pass "
    "np.asarray(x) for a plain array.",
    "axis": "It computes element by element; np.sum adds along an axis.",
    "inplace": "Pass out= the array itself to compute in place.",
    "out": "It writes into its first argument; {} takes an out.",
}


def public(careful):
    """Make a public function of a careful one: its calls that are ready to run never
    reach Python."""
    return _core.public(careful, explain_arguments)


def parameters(careful):
    code = careful.__code__
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def explain_arguments(careful, name, positional, by_name, count):
    """Raise what is wrong with arguments that do not fit a function's signature, which
    has so many."""
    code = careful.__code__
    most = code.co_argcount
    names = parameters(careful)[:count]
    first, others = ", ".join(names[:most]), ", ".join(names[most:])
    takes = f"It takes {first}" + (f" and, by name, {others}." if others else ".")
    for given in by_name:
        if given not in names:
            near = difflib.get_close_matches(given, names, 1)
            advice = f"Did you mean {near[0]}=? " if near else ""
            advice += takes
            if name.removesuffix("_") in _core.careful_functions:  # one with an out
                advice = ELSEWHERE.get(given, advice).format(name[:-1])
            raise TypeError(
                f"{name}() has no argument {given}={shortened(by_name[given])}. "
                f"{advice}"
            )
    if len(positional) > most:
        advice = f"Pass {others} by name." if others else ""
        if name == "add" and len(positional) == 3:
            middle = positional[1]
            if kind_of_number(middle) and kind_of_number(positional[2]) is None:
                advice = (
                    f"For torch's add(input, alpha, other): add(input, other, "
                    f"alpha={shortened(middle)})."
                )
            elif isinstance(positional[2], np.ndarray):
                advice = f"For an out: add({first}, out=out)."
        raise TypeError(
            f"{name}() was given {len(positional)} arguments by position and takes "
            f"{most}: {first}. {advice}"
        )
    for place, given in enumerate(names[: len(positional)]):
        if given in by_name:
            raise TypeError(
                f"{name}() was given {given} twice: by position "
                f"({shortened(positional[place])}) and by name "
                f"({shortened(by_name[given])}). Leave one out."
            )
    required = names[: most - len(careful.__defaults__ or ())]
    required += tuple(
        each for each in names[most:] if each not in (careful.__kwdefaults__ or {})
    )
    missing = [each for each in required[len(positional) :] if each not in by_name]
    raise TypeError(f"{name}() lacks {' and '.join(missing)}. {takes}")
