"""`addcmul` and `addcdiv`: a product, or a quotient, of two arrays added to a third."""

from fastadd import _core
from fastadd._call import by_owner_of, careful
from fastadd._function import Function, in_place, public


def arranged_product(operands, coefficients, dtype):
    return "addcmul", operands, [], coefficients


def arranged_quotient(operands, coefficients, dtype):
    return "addcdiv", operands, [], coefficients


ADDCMUL = Function(
    name="addcmul",
    arrange=arranged_product,
    by_numpy=by_owner_of(_core.addcmul_by_operators),
)
ADDCDIV = ADDCMUL._replace(
    name="addcdiv",
    arrange=arranged_quotient,
    by_numpy=by_owner_of(_core.addcdiv_by_operators),
    kinds="fc",
    instead="a quotient is of floats or complex numbers.",
)


@public
def addcmul(
    input,
    tensor1,
    tensor2,
    *,
    value=1,
    beta=1,
    out=None,
    dtype=None,
    casting="same_kind",
    where=True,
):
    """Compute ``beta*input + value*tensor1*tensor2``, element by element, in one pass.

    Parameters
    ----------
    input, tensor1, tensor2 : array_like
        The operands, of any shapes that broadcast together, by the rules of `add`.
    value, beta : number, optional
        The coefficients, by the rules of `add`.
    out : ndarray, optional
        Where to write the result, by the rules of `add`.
    dtype : dtype_like, optional
        The dtype of the computation; by default that of
        ``np.result_type(input, tensor1, tensor2)``.
    casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe', 'saturate'}, optional
        As in `add`.
    where : array_like of bool, optional
        As in `add`.

    Returns
    -------
    ndarray or scalar
        `out` itself if given. Otherwise a new array of the broadcast shape, or a NumPy
        scalar if that shape is ``()``.

    Raises
    ------
    TypeError, ValueError, OverflowError, FloatingPointError
        As `add`.

    See Also
    --------
    addcdiv : the same with a quotient.
    add : with one product, of which the factor may be an array.

    Notes
    -----
    ``beta*input + (value*tensor1)*tensor2``, as ``torch.addcmul`` [1]_; each operation
    is rounded, but of float16 and bfloat16 only the result. Integers wrap.

    References
    ----------
    .. [1] https://docs.pytorch.org/docs/stable/generated/torch.addcmul.html

    Examples
    --------
    A running mean of squares, in place:

    >>> import numpy as np
    >>> import fastadd
    >>> v, g = np.array([1.0, 4.0]), np.array([3.0, 0.0])
    >>> fastadd.addcmul(v, g, g, beta=0.5, value=0.5, out=v)
    array([5., 2.])
    """
    return careful(
        *(ADDCMUL, {"input": input, "tensor1": tensor1, "tensor2": tensor2}),
        *({"beta": beta, "value": value}, out, dtype, casting, where),
    )


@public
def addcdiv(
    input,
    tensor1,
    tensor2,
    *,
    value=1,
    beta=1,
    out=None,
    dtype=None,
    casting="same_kind",
    where=True,
):
    """Compute ``beta*input + value*tensor1/tensor2``, element by element, in one pass.

    Parameters
    ----------
    input, tensor1, tensor2 : array_like
        The operands, of any shapes that broadcast together, by the rules of `add`.
    value, beta : number, optional
        The coefficients, by the rules of `add`.
    out : ndarray, optional
        Where to write the result, by the rules of `add`.
    dtype : dtype_like, optional
        The dtype of the computation; by default that of
        ``np.result_type(input, tensor1, tensor2)``, which must be of floating-point
        or complex numbers.
    casting : {'no', 'equiv', 'safe', 'same_kind', 'unsafe', 'saturate'}, optional
        As in `add`.
    where : array_like of bool, optional
        As in `add`.

    Returns
    -------
    ndarray or scalar
        `out` itself if given. Otherwise a new array of the broadcast shape, or a NumPy
        scalar if that shape is ``()``.

    Raises
    ------
    TypeError, ValueError, OverflowError, FloatingPointError
        As `add`; also TypeError if the result is of integers that are not to be
        rounded to.

    See Also
    --------
    addcmul : the same with a product.

    Notes
    -----
    ``beta*input + (value*tensor1)/tensor2``, as ``torch.addcdiv`` [1]_; each operation
    is rounded, but of float16 and bfloat16 only the result.

    References
    ----------
    .. [1] https://docs.pytorch.org/docs/stable/generated/torch.addcdiv.html

    Examples
    --------
    >>> import numpy as np
    >>> import fastadd
    >>> x, step, root = np.array([1.0, 1.0]), np.array([2.0, 4.0]), np.array([4.0, 2.0])
    >>> fastadd.addcdiv(x, step, root, value=-0.5)
    array([0.75, 0.  ])
    """
    return careful(
        *(ADDCDIV, {"input": input, "tensor1": tensor1, "tensor2": tensor2}),
        *({"beta": beta, "value": value}, out, dtype, casting, where),
    )


addcmul_ = in_place("addcmul", "x, x, x", "array([2., 2.])")
addcdiv_ = in_place("addcdiv", "x, x, x", "array([ 2., -1.])")
