"""The types of what is public.

Apart from the code, because the overloads of one function are longer than the function,
and because `add` itself is compiled.
"""

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from types import EllipsisType
from typing import Any, Literal, Protocol, SupportsIndex, TypeAlias, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from typing_extensions import TypeVar

from fastadd._cache import CacheInfo

__all__ = [
    "add",
    "add_",
    "add_dot",
    "add_dot_",
    "addcdiv",
    "addcdiv_",
    "addcmul",
    "addcmul_",
    "cache_info",
    "clear_cache",
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value",
    "clip_grad_value_",
    "foreach_adam_",
    "foreach_add",
    "foreach_add_",
    "foreach_addcdiv",
    "foreach_addcdiv_",
    "foreach_addcmul",
    "foreach_addcmul_",
    "foreach_lerp",
    "foreach_lerp_",
    "foreach_sub",
    "foreach_sub_",
    "foreach_weighted_sum",
    "get_num_threads",
    "lerp",
    "lerp_",
    "relu",
    "relu_",
    "scaled_add",
    "set_cache_limit",
    "set_num_threads",
    "show_config",
    "sub",
    "sub_",
    "threads",
    "weighted_sum",
]

__version__: str

scaled_add: np.ufunc

class _Foreign(Protocol):
    """What computes by itself: of pandas, xarray, Dask, a subclass with units.

    ndarray is not among them: the `method` of its own takes a few literals, not str.
    """

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, /, *inputs: Any, **kwargs: Any
    ) -> Any: ...

_Out = TypeVar("_Out", bound=NDArray[Any] | _Foreign)
_Input = TypeVar("_Input", bound=_Foreign)
_Other = TypeVar("_Other", bound=_Foreign)
_Scalar = TypeVar("_Scalar", bound=np.generic, default=Any)
# Promotion stays within each of these. Not within np.generic, of which an int8 and a
# uint8 would make "int8 or uint8", where they make an int16. (Bools and complex numbers
# do without, for an overload each: theirs is an array of Any.)
_Float = TypeVar("_Float", bound=np.floating[Any])
_Signed = TypeVar("_Signed", bound=np.signedinteger[Any])
_Unsigned = TypeVar("_Unsigned", bound=np.unsignedinteger[Any])
_Number = TypeVar("_Number", bound=np.number[Any])
_Real = TypeVar("_Real", bound=np.floating[Any] | np.integer[Any] | np.bool)
_Inexact = TypeVar("_Inexact", bound=np.inexact[Any])
_Floating = TypeVar("_Floating", bound=np.floating[Any])
_Array = TypeVar("_Array", bound=NDArray[np.inexact[Any]])
_Outs = TypeVar("_Outs", bound=Sequence[NDArray[Any]])

# (An array of no dimensions is one too. Where the shape is not known, it may be that.)
_Coefficient: TypeAlias = (
    complex
    | np.number[Any]
    | np.bool
    | np.ndarray[tuple[()], np.dtype[np.number[Any] | np.bool]]
)
_Limit: TypeAlias = float | np.floating[Any] | np.integer[Any]
# (Not DTypeLike, in which mypy would not find the scalar: what else that is makes Any.)
_DType: TypeAlias = type[_Scalar] | np.dtype[_Scalar] | str | None
_Casting: TypeAlias = Literal["no", "equiv", "safe", "same_kind", "unsafe", "saturate"]
# A number, or one for each element.
_Factor: TypeAlias = (
    _Coefficient
    | NDArray[np.number[Any] | np.bool]
    | list[Any]
    | tuple[Any, ...]
    | _Foreign
)
_Mask: TypeAlias = bool | np.bool | NDArray[np.bool] | Sequence[_Mask] | _Foreign

_Factors: TypeAlias = Iterable[_Factor] | _Coefficient
_Numbers: TypeAlias = Iterable[_Coefficient] | _Coefficient
_Arrays: TypeAlias = Iterable[ArrayLike | _Foreign]
_Others: TypeAlias = _Arrays | _Coefficient

# As in NumPy's own stubs, arrays make an array, though those of no dimensions make a
# scalar, and lists and numbers make Any.
@overload  # into out
def add(
    input: ArrayLike | _Foreign,
    other: ArrayLike | _Foreign,
    *,
    alpha: _Factor = 1,
    beta: _Factor = 1,
    out: _Out | tuple[_Out],
    dtype: DTypeLike | None = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> _Out: ...
@overload  # an array, where a scalar would be returned
def add(
    input: ArrayLike,
    other: ArrayLike,
    *,
    alpha: _Factor = 1,
    beta: _Factor = 1,
    out: EllipsisType,
    dtype: DTypeLike | None = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> NDArray[Any]: ...
@overload  # foreign types come back, of two one or the other
def add(
    input: _Input,
    other: _Other,
    *,
    alpha: _Factor = 1,
    beta: _Factor = 1,
    out: None = None,
    dtype: DTypeLike | None = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> _Input | _Other: ...
@overload
def add(
    input: _Input,
    other: ArrayLike,
    *,
    alpha: _Factor = 1,
    beta: _Factor = 1,
    out: None = None,
    dtype: DTypeLike | None = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> _Input: ...
@overload
def add(
    input: ArrayLike,
    other: _Other,
    *,
    alpha: _Factor = 1,
    beta: _Factor = 1,
    out: None = None,
    dtype: DTypeLike | None = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> _Other: ...
@overload  # two arrays of one kind, and the wider dtype
def add(
    input: NDArray[_Float],
    other: NDArray[_Float],
    *,
    alpha: _Factor = 1,
    beta: _Factor = 1,
    out: None = None,
    dtype: None = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> NDArray[_Float]: ...
@overload
def add(
    input: NDArray[_Signed],
    other: NDArray[_Signed],
    *,
    alpha: _Factor = 1,
    beta: _Factor = 1,
    out: None = None,
    dtype: None = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> NDArray[_Signed]: ...
@overload
def add(
    input: NDArray[_Unsigned],
    other: NDArray[_Unsigned],
    *,
    alpha: _Factor = 1,
    beta: _Factor = 1,
    out: None = None,
    dtype: None = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> NDArray[_Unsigned]: ...
@overload  # one array at least, and the dtype that is asked for
def add(
    input: NDArray[Any],
    other: ArrayLike,
    *,
    alpha: _Factor = 1,
    beta: _Factor = 1,
    out: None = None,
    dtype: _DType[_Scalar] = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> NDArray[_Scalar]: ...
@overload
def add(
    input: ArrayLike,
    other: NDArray[Any],
    *,
    alpha: _Factor = 1,
    beta: _Factor = 1,
    out: None = None,
    dtype: _DType[_Scalar] = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> NDArray[_Scalar]: ...
@overload  # lists and numbers
def add(
    input: ArrayLike,
    other: ArrayLike,
    *,
    alpha: _Factor = 1,
    beta: _Factor = 1,
    out: None = None,
    dtype: DTypeLike | None = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> Any: ...
def add_(
    input: _Out,
    other: ArrayLike | _Foreign,
    *,
    alpha: _Factor = 1,
    beta: _Factor = 1,
) -> _Out: ...
@overload  # into out
def sub(
    input: ArrayLike | _Foreign,
    other: ArrayLike | _Foreign,
    *,
    alpha: _Factor = 1,
    out: _Out | tuple[_Out],
    dtype: DTypeLike | None = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> _Out: ...
@overload  # arrays of one kind, and the wider dtype
def sub(
    input: NDArray[_Float],
    other: NDArray[_Float],
    *,
    alpha: _Factor = 1,
    out: None = None,
    dtype: None = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> NDArray[_Float]: ...
@overload
def sub(
    input: ArrayLike | _Foreign,
    other: ArrayLike | _Foreign,
    *,
    alpha: _Factor = 1,
    out: EllipsisType | None = None,
    dtype: DTypeLike | None = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> Any: ...
@overload  # into out
def lerp(
    input: ArrayLike | _Foreign,
    end: ArrayLike | _Foreign,
    weight: _Factor,
    *,
    out: _Out | tuple[_Out],
    dtype: DTypeLike | None = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> _Out: ...
@overload  # arrays of one kind, and the wider dtype
def lerp(
    input: NDArray[_Float],
    end: NDArray[_Float],
    weight: _Factor,
    *,
    out: None = None,
    dtype: None = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> NDArray[_Float]: ...
@overload
def lerp(
    input: ArrayLike | _Foreign,
    end: ArrayLike | _Foreign,
    weight: _Factor,
    *,
    out: EllipsisType | None = None,
    dtype: DTypeLike | None = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> Any: ...
@overload  # into out
def addcmul(
    input: ArrayLike | _Foreign,
    tensor1: ArrayLike | _Foreign,
    tensor2: ArrayLike | _Foreign,
    *,
    value: _Coefficient = 1,
    beta: _Coefficient = 1,
    out: _Out | tuple[_Out],
    dtype: DTypeLike | None = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> _Out: ...
@overload  # arrays of one kind, and the wider dtype
def addcmul(
    input: NDArray[_Float],
    tensor1: NDArray[_Float],
    tensor2: NDArray[_Float],
    *,
    value: _Coefficient = 1,
    beta: _Coefficient = 1,
    out: None = None,
    dtype: None = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> NDArray[_Float]: ...
@overload
def addcmul(
    input: ArrayLike | _Foreign,
    tensor1: ArrayLike | _Foreign,
    tensor2: ArrayLike | _Foreign,
    *,
    value: _Coefficient = 1,
    beta: _Coefficient = 1,
    out: EllipsisType | None = None,
    dtype: DTypeLike | None = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> Any: ...
@overload  # into out
def addcdiv(
    input: ArrayLike | _Foreign,
    tensor1: ArrayLike | _Foreign,
    tensor2: ArrayLike | _Foreign,
    *,
    value: _Coefficient = 1,
    beta: _Coefficient = 1,
    out: _Out | tuple[_Out],
    dtype: DTypeLike | None = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> _Out: ...
@overload  # arrays of one kind, and the wider dtype
def addcdiv(
    input: NDArray[_Float],
    tensor1: NDArray[_Float],
    tensor2: NDArray[_Float],
    *,
    value: _Coefficient = 1,
    beta: _Coefficient = 1,
    out: None = None,
    dtype: None = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> NDArray[_Float]: ...
@overload
def addcdiv(
    input: ArrayLike | _Foreign,
    tensor1: ArrayLike | _Foreign,
    tensor2: ArrayLike | _Foreign,
    *,
    value: _Coefficient = 1,
    beta: _Coefficient = 1,
    out: EllipsisType | None = None,
    dtype: DTypeLike | None = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> Any: ...
def cache_info() -> CacheInfo: ...
def clear_cache() -> None: ...
def get_num_threads() -> int: ...
def set_cache_limit(limit: SupportsIndex) -> None: ...
def set_num_threads(n: SupportsIndex) -> None: ...
@overload
def show_config(mode: Literal["stdout"] = "stdout") -> None: ...
@overload
def show_config(mode: Literal["dicts"]) -> dict[str, Any]: ...
@contextmanager
def threads(n: SupportsIndex) -> Generator[None]: ...
@overload  # into out
def weighted_sum(
    arrays: Iterable[ArrayLike | _Foreign],
    weights: Iterable[_Coefficient] | None = None,
    *,
    out: _Out | tuple[_Out],
    dtype: DTypeLike | None = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> _Out: ...
@overload
def weighted_sum(
    arrays: Iterable[ArrayLike],
    weights: Iterable[_Coefficient] | None = None,
    *,
    out: EllipsisType,
    dtype: DTypeLike | None = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> NDArray[Any]: ...
@overload  # arrays of one dtype
def weighted_sum(
    arrays: Iterable[NDArray[_Number]],
    weights: Iterable[_Coefficient] | None = None,
    *,
    out: None = None,
    dtype: None = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> NDArray[_Number]: ...
@overload
def weighted_sum(
    arrays: Iterable[ArrayLike | _Foreign],
    weights: Iterable[_Coefficient] | None = None,
    *,
    out: None = None,
    dtype: DTypeLike | None = None,
    casting: _Casting = "same_kind",
    where: _Mask = True,
) -> Any: ...
@overload  # into out
def foreach_add(
    inputs: Iterable[ArrayLike | _Foreign],
    others: Iterable[ArrayLike | _Foreign] | _Coefficient,
    *,
    alpha: _Factors = 1,
    beta: _Factors = 1,
    out: _Outs,
    casting: _Casting = "same_kind",
) -> _Outs: ...
@overload
def foreach_add(
    inputs: Iterable[ArrayLike | _Foreign],
    others: Iterable[ArrayLike | _Foreign] | _Coefficient,
    *,
    alpha: _Factors = 1,
    beta: _Factors = 1,
    out: None = None,
    casting: _Casting = "same_kind",
) -> list[Any]: ...
@overload  # into out
def foreach_sub(
    inputs: _Arrays,
    others: _Others,
    *,
    alpha: _Factors = 1,
    out: _Outs,
    casting: _Casting = "same_kind",
) -> _Outs: ...
@overload
def foreach_sub(
    inputs: _Arrays,
    others: _Others,
    *,
    alpha: _Factors = 1,
    out: None = None,
    casting: _Casting = "same_kind",
) -> list[Any]: ...
def foreach_sub_(
    inputs: _Outs,
    others: _Others,
    *,
    alpha: _Factors = 1,
) -> _Outs: ...
@overload  # into out
def foreach_lerp(
    inputs: _Arrays,
    ends: _Others,
    weight: _Factors,
    *,
    out: _Outs,
    casting: _Casting = "same_kind",
) -> _Outs: ...
@overload
def foreach_lerp(
    inputs: _Arrays,
    ends: _Others,
    weight: _Factors,
    *,
    out: None = None,
    casting: _Casting = "same_kind",
) -> list[Any]: ...
def foreach_lerp_(
    inputs: _Outs,
    ends: _Others,
    weight: _Factors,
) -> _Outs: ...
@overload  # into out
def foreach_addcmul(
    inputs: _Arrays,
    tensors1: _Others,
    tensors2: _Others,
    *,
    value: _Numbers = 1,
    beta: _Numbers = 1,
    out: _Outs,
    casting: _Casting = "same_kind",
) -> _Outs: ...
@overload
def foreach_addcmul(
    inputs: _Arrays,
    tensors1: _Others,
    tensors2: _Others,
    *,
    value: _Numbers = 1,
    beta: _Numbers = 1,
    out: None = None,
    casting: _Casting = "same_kind",
) -> list[Any]: ...
def foreach_addcmul_(
    inputs: _Outs,
    tensors1: _Others,
    tensors2: _Others,
    *,
    value: _Numbers = 1,
    beta: _Numbers = 1,
) -> _Outs: ...
@overload  # into out
def foreach_addcdiv(
    inputs: _Arrays,
    tensors1: _Others,
    tensors2: _Others,
    *,
    value: _Numbers = 1,
    beta: _Numbers = 1,
    out: _Outs,
    casting: _Casting = "same_kind",
) -> _Outs: ...
@overload
def foreach_addcdiv(
    inputs: _Arrays,
    tensors1: _Others,
    tensors2: _Others,
    *,
    value: _Numbers = 1,
    beta: _Numbers = 1,
    out: None = None,
    casting: _Casting = "same_kind",
) -> list[Any]: ...
def foreach_addcdiv_(
    inputs: _Outs,
    tensors1: _Others,
    tensors2: _Others,
    *,
    value: _Numbers = 1,
    beta: _Numbers = 1,
) -> _Outs: ...
def foreach_add_(
    inputs: _Outs,
    others: _Others,
    *,
    alpha: _Factors = 1,
    beta: _Factors = 1,
) -> _Outs: ...
def foreach_adam_(
    params: _Outs,
    grads: _Arrays,
    exp_avgs: Iterable[NDArray[np.floating[Any]]],
    exp_avg_sqs: Iterable[NDArray[np.floating[Any]]],
    *,
    step: SupportsIndex,
    lr: _Limit = 1e-3,
    betas: Sequence[_Limit] = (0.9, 0.999),
    eps: _Limit = 1e-8,
    weight_decay: _Limit = 0,
    decoupled: bool = False,
) -> _Outs: ...
@overload  # into out
def foreach_weighted_sum(
    lists: Iterable[_Arrays],
    weights: Iterable[_Coefficient] | None = None,
    *,
    out: _Outs,
    casting: _Casting = "same_kind",
) -> _Outs: ...
@overload
def foreach_weighted_sum(
    lists: Iterable[_Arrays],
    weights: Iterable[_Coefficient] | None = None,
    *,
    out: None = None,
    casting: _Casting = "same_kind",
) -> list[Any]: ...
def relu_(x: _Out) -> _Out: ...
def sub_(input: _Out, other: ArrayLike | _Foreign, *, alpha: _Factor = 1) -> _Out: ...
def lerp_(input: _Out, end: ArrayLike | _Foreign, weight: _Factor) -> _Out: ...
def addcmul_(
    input: _Out,
    tensor1: ArrayLike | _Foreign,
    tensor2: ArrayLike | _Foreign,
    *,
    value: _Coefficient = 1,
    beta: _Coefficient = 1,
) -> _Out: ...
def addcdiv_(
    input: _Out,
    tensor1: ArrayLike | _Foreign,
    tensor2: ArrayLike | _Foreign,
    *,
    value: _Coefficient = 1,
    beta: _Coefficient = 1,
) -> _Out: ...
@overload  # one array
def clip_grad_norm_(
    grads: _Array,
    max_norm: _Limit,
    norm_type: _Limit = 2.0,
    *,
    error_if_nonfinite: bool = False,
) -> tuple[_Array, np.floating[Any]]: ...
@overload  # several
def clip_grad_norm_(
    grads: _Outs,
    max_norm: _Limit,
    norm_type: _Limit = 2.0,
    *,
    error_if_nonfinite: bool = False,
) -> tuple[_Outs, np.floating[Any]]: ...
@overload  # into out
def add_dot(
    input: ArrayLike,
    other: ArrayLike,
    vector: ArrayLike | None = None,
    *,
    alpha: _Factor = 1,
    beta: _Factor = 1,
    out: _Array | tuple[_Array],
) -> tuple[_Array, np.floating[Any]]: ...
@overload
def add_dot(
    input: ArrayLike,
    other: ArrayLike,
    vector: ArrayLike | None = None,
    *,
    alpha: _Factor = 1,
    beta: _Factor = 1,
    out: EllipsisType,
) -> tuple[NDArray[Any], np.floating[Any]]: ...
@overload  # two arrays of one dtype
def add_dot(
    input: NDArray[_Floating],
    other: NDArray[_Floating],
    vector: ArrayLike | None = None,
    *,
    alpha: _Factor = 1,
    beta: _Factor = 1,
    out: None = None,
) -> tuple[NDArray[_Floating], np.floating[Any]]: ...
@overload
def add_dot(
    input: ArrayLike,
    other: ArrayLike,
    vector: ArrayLike | None = None,
    *,
    alpha: _Factor = 1,
    beta: _Factor = 1,
    out: None = None,
) -> tuple[Any, np.floating[Any]]: ...
def add_dot_(
    input: _Array,
    other: ArrayLike,
    vector: ArrayLike | None = None,
    *,
    alpha: _Factor = 1,
    beta: _Factor = 1,
) -> tuple[_Array, np.floating[Any]]: ...
@overload  # into out
def relu(x: ArrayLike | _Foreign, *, out: _Out | tuple[_Out]) -> _Out: ...
@overload
def relu(x: ArrayLike, *, out: EllipsisType) -> NDArray[Any]: ...
@overload
def relu(x: _Input, *, out: None = None) -> _Input: ...
@overload
def relu(x: NDArray[_Real], *, out: None = None) -> NDArray[_Real]: ...
@overload
def relu(x: ArrayLike, *, out: None = None) -> Any: ...
@overload  # one array
def clip_grad_norm(
    grads: NDArray[_Inexact],
    max_norm: _Limit,
    norm_type: _Limit = 2.0,
    *,
    error_if_nonfinite: bool = False,
    out: None = None,
) -> tuple[NDArray[_Inexact], np.floating[Any]]: ...
@overload
def clip_grad_norm(
    grads: NDArray[np.inexact[Any]],
    max_norm: _Limit,
    norm_type: _Limit = 2.0,
    *,
    error_if_nonfinite: bool = False,
    out: _Array,
) -> tuple[_Array, np.floating[Any]]: ...
@overload  # several
def clip_grad_norm(
    grads: Sequence[NDArray[_Inexact]],
    max_norm: _Limit,
    norm_type: _Limit = 2.0,
    *,
    error_if_nonfinite: bool = False,
    out: None = None,
) -> tuple[list[NDArray[_Inexact]], np.floating[Any]]: ...
@overload
def clip_grad_norm(
    grads: Sequence[NDArray[np.inexact[Any]]],
    max_norm: _Limit,
    norm_type: _Limit = 2.0,
    *,
    error_if_nonfinite: bool = False,
    out: _Outs,
) -> tuple[_Outs, np.floating[Any]]: ...
@overload  # one array
def clip_grad_value(
    grads: NDArray[_Floating], clip_value: _Limit, *, out: None = None
) -> NDArray[_Floating]: ...
@overload
def clip_grad_value(
    grads: NDArray[np.floating[Any]], clip_value: _Limit, *, out: _Array
) -> _Array: ...
@overload  # several
def clip_grad_value(
    grads: Sequence[NDArray[_Floating]], clip_value: _Limit, *, out: None = None
) -> list[NDArray[_Floating]]: ...
@overload
def clip_grad_value(
    grads: Sequence[NDArray[np.floating[Any]]], clip_value: _Limit, *, out: _Outs
) -> _Outs: ...
@overload  # one array
def clip_grad_value_(grads: _Array, clip_value: _Limit) -> _Array: ...
@overload  # several
def clip_grad_value_(grads: _Outs, clip_value: _Limit) -> _Outs: ...
