"""`add_dot` and `add_dot_`: an addition, and a dot product of what it makes."""

import numpy as np

from fastadd import _core
from fastadd._add import ADD
from fastadd._call import careful, in_place, public
from fastadd._checks import (
    as_operand,
    as_out,
    broadcast,
    check_is_array,
    common_dtype,
    common_shape,
    computes_itself,
    describe,
    is_factor,
    is_native,
    is_python_number,
    kind_of,
)

ADD_DOT = ADD._replace(
    name="add_dot",
    wider="Pass operands of {}",
    other_out="Pass an out of dtype {}",
)
REAL = "add_dot takes real floating-point numbers."
VDOT = "Of others, compute np.vdot(vector, result) after add."


@public
def add_dot(input, other, vector=None, *, alpha=1, beta=1, out=None):
    """Compute ``beta*input + alpha*other`` and a dot product of it, in one pass.

    An iterative solver updates its residual and then asks for the square of its norm,
    or for its product with another vector: each element is multiplied here while it is
    in a register, so that memory is read once less.

    Parameters
    ----------
    input, other : array_like
        The operands, as in `add`, of a common dtype of real floating-point numbers.
    vector : array_like of real numbers, optional
        What the result is multiplied by, element by element; it must broadcast to the
        result's shape. None stands for the result itself.
    alpha, beta : number or array_like, optional
        The coefficients, as in `add`.
    out : ndarray, tuple of one, or Ellipsis, optional
        Where to write the result, as in `add`.

    Returns
    -------
    result : ndarray or scalar
        `out` itself if given. Otherwise a new array, or a NumPy scalar if its shape is
        ``()``. Its bits are those of `add`.
    dot : numpy.float64 or numpy.longdouble
        The sum of ``result * vector`` or, without one, of ``result * result``.

    Raises
    ------
    TypeError
        If the common dtype is not of real floating-point numbers, if `vector` is not of
        real numbers, or if an array is of a type that computes in its own way (of Dask,
        pandas, ...).
    ValueError
        If `vector` does not broadcast to the result's shape.
    TypeError, ValueError, OverflowError, FloatingPointError
        As `add`.

    See Also
    --------
    add : the result alone.
    clip_grad_norm : the norm of many arrays.

    Notes
    -----
    This is AXPY_DOT of the BLAS Technical Forum Standard [1]_, which computes
    ``w - alpha*v`` and its product with ``u``.

    The dot product is of the result as it is stored, rounded to its dtype. It is summed
    up in float64 (longdouble if the result or `vector` is), in which products of
    float32 and of 16-bit floats are exact: block by block, and with compensation from
    block to block, so that the error is some 1e-15 of the sum of magnitudes, whatever
    their number. Sums are not scaled: they may overflow to infinity. Of no numbers the
    dot product is 0. It depends on neither the number of threads nor the instruction
    set, to the bit; arrays in another memory order, or that are converted first, can
    move its last bit.

    `vector` is read before anything is written, also where it is `out` or `input`:
    ``add_dot(r, q, r, alpha=-a, out=r)`` returns the product of the new ``r`` with the
    one before.

    References
    ----------
    .. [1] `BLAS Technical Forum Standard, 2.8.5: combined axpy and dot product
       <https://www.netlib.org/blas/blast-forum/>`_

    Examples
    --------
    The method of conjugate gradients:

    >>> import numpy as np
    >>> import fastadd
    >>> matrix = np.array([[4.0, 1.0], [1.0, 3.0]])
    >>> x, r = np.zeros(2), np.array([1.0, 2.0])
    >>> p, rho = r.copy(), r @ r
    >>> while rho > 1e-20:
    ...     q = matrix @ p
    ...     alpha, before = rho / (p @ q), rho
    ...     x = fastadd.add_(x, p, alpha=alpha)
    ...     r, rho = fastadd.add_dot_(r, q, alpha=-alpha)
    ...     p = fastadd.add(r, p, alpha=rho / before, out=p)
    >>> np.allclose(x, [1 / 11, 7 / 11])
    True
    """
    given = as_out(out) if out is not ... else None
    for name, x in {
        "input": input,
        "other": other,
        "vector": vector,
        "alpha": alpha,
        "beta": beta,
        "out": given,
    }.items():
        check_lies_in_memory(name, x)
    for name, x in {"alpha": alpha, "beta": beta}.items():
        if np.iscomplexobj(x):
            raise TypeError(f"{name} is complex: {REAL} {VDOT}")
    if given is not None:
        check_is_array(given)
        if not is_native(given) or kind_of(given.dtype) != "f":
            raise TypeError(
                f"out has dtype {given.dtype}: {REAL} Pass an out of np.float64."
            )
    operands = {
        name: as_operand(name, x)
        for name, x in {"input": input, "other": other}.items()
    }
    check_dtype(operands)
    factors = {
        name: np.asarray(x)
        for name, x in {"alpha": alpha, "beta": beta}.items()
        if is_factor(x)
    }
    call = careful(ADD_DOT, operands, {"beta": beta, "alpha": alpha}, out)
    arrays = {name: np.asarray(x) for name, x in operands.items()} | factors
    shape = common_shape(arrays) if given is None else given.shape
    return _core.with_dot, (call, checked_vector(vector, shape, given)), {}


def check_lies_in_memory(name, x):
    if computes_itself(x):
        raise TypeError(
            f"{name} is {describe(x)}, which computes in its own way: add_dot takes "
            "numbers that lie in memory. Pass np.asarray(x)."
        )


def check_is_real(name, x):
    """Of floats; anything else is explained."""
    kind = kind_of(x.dtype) if is_native(x) else None
    if kind != "f":
        advice = VDOT if kind == "c" else f"Pass x.astype(np.float64). {VDOT}"
        raise TypeError(f"{name} has dtype {x.dtype}: {REAL} {advice}")


def check_dtype(operands):
    """Refuse operands whose common dtype is none of real floats."""
    for name, x in operands.items():
        if not is_native(x):
            check_is_real(name, x)
    dtype = common_dtype(operands)
    if kind_of(dtype) != "f":
        for name, x in operands.items():
            if not is_python_number(x):
                check_is_real(name, x)
        check_is_real("input + other", np.empty(0, dtype))


def checked_vector(vector, shape, out):
    """The vector as an array, or a copy of it if writing out would change it."""
    if vector is None:
        return None
    x = np.asarray(as_operand("vector", vector))
    if not is_native(x) or kind_of(x.dtype) == "c":
        check_is_real("vector", x)
    if broadcast(x.shape, shape) != shape:
        raise ValueError(
            f"vector has shape {x.shape}, which does not broadcast to the result's "
            f"shape {shape}. Pass one of that shape."
        )
    # (The dot product is computed after the addition here.)
    overlaps = out is not None and np.may_share_memory(x, out)
    return np.array(x) if overlaps else x


add_dot_ = in_place(
    "add_dot",
    "x, [1.0, 1.0], alpha=2",
    "(array([3., 0.]), np.float64(9.0))",
    "tuple",
    ", and the dot product",
)
