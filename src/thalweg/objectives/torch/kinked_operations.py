"""Operations with kinks: for each of torch's own, where its slope jumps and by how much."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from thalweg.core.errors import InputError


@dataclass(frozen=True, eq=False)
class Bend:
    """A kink of an elementwise operation.

    Attributes:
        gap: zero at the kink; of a shape that the operation's output broadcasts to.
        jump: slope of the output after the kink minus slope before, as the gap grows.
    """

    gap: Tensor
    jump: float | Tensor


@dataclass(frozen=True, eq=False)
class Fan:
    """The largest of several pieces, or the smallest: it kinks where the two best tie.

    Attributes:
        pieces: (..., k), one row of k that compete for each number that comes out, in its order.
        sign: 1 for the largest, -1 for the smallest.
    """

    pieces: Tensor
    sign: float = 1.0


Kink = Bend | Fan
Rule = Callable[..., list[Kink]]  # takes what the operation takes


def unknown(what: str) -> InputError:
    """Return the error for an operation whose kinks are not followed."""
    wanted = "kinks must come from operations that are followed (relu, abs, clamp, max, ...)"
    return InputError(wanted, what, "write it with those, or ask for smooth curvature only")


def _at_zero(jump: float) -> Rule:
    def rule(x: Tensor, *_: Any, **__: Any) -> list[Kink]:
        return [Bend(x, jump)]

    return rule


def _leaky(x: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> list[Kink]:
    return [Bend(x, 1.0 - negative_slope)]


def _prelu(x: Tensor, weight: Tensor) -> list[Kink]:
    own = weight.detach()
    return [Bend(x, 1.0 - (own.reshape(-1, *[1] * (x.ndim - 2)) if x.ndim > 1 else own))]


def _elu(x: Tensor, alpha: float = 1.0, inplace: bool = False) -> list[Kink]:
    return [Bend(x, 1.0 - alpha)] if alpha != 1 else []


def _hardtanh(
    x: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> list[Kink]:
    return _clamp(x, min_val, max_val)


def _clamp(x: Tensor, min: Any = None, max: Any = None) -> list[Kink]:
    return [Bend(x - edge, jump) for edge, jump in ((min, 1.0), (max, -1.0)) if edge is not None]


def _softshrink(x: Tensor, lambd: float = 0.5) -> list[Kink]:
    return [Bend(x - lambd, 1.0), Bend(x + lambd, -1.0)]


def _between_threes(below: float, above: float) -> Rule:
    def rule(x: Tensor, inplace: bool = False) -> list[Kink]:
        return [Bend(x + 3.0, below), Bend(x - 3.0, above)]

    return rule


def _l1(
    x: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> list[Kink]:
    gap = x - target
    return [Bend(gap, 2.0 / gap.numel() if reduction == "mean" else 2.0)]


def _extreme(sign: float) -> Rule:
    def rule(x: Tensor, dim: Any = None, keepdim: bool = False, **named: Any) -> list[Kink]:
        other = named.get("other", dim)
        if isinstance(other, Tensor):
            return [Bend(x - other, sign)]
        whole = range(x.ndim) if dim is None or dim == () else dim
        dims = [d % x.ndim for d in (whole if not isinstance(whole, int) else (whole,))]
        rest = [d for d in range(x.ndim) if d not in dims]
        pieces = x.permute(*rest, *dims).flatten(len(rest)) if dims else x[..., None]
        return [Fan(pieces, sign)]

    return rule


def _pool(dims: int) -> Rule:
    def rule(
        x: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> list[Kink]:
        if ceil_mode:
            raise unknown("max pooling with ceil_mode=True")
        sizes = (kernel_size, stride if stride else kernel_size, padding, dilation)
        return [_windows(x, dims, *(_each(size, dims) for size in sizes))]

    return rule


def _adaptive(dims: int) -> Rule:
    def rule(x: Tensor, output_size: Any, return_indices: bool = False) -> list[Kink]:
        have = x.shape[-dims:]
        given = _each(output_size, dims)
        want = [h if w is None else w for h, w in zip(have, given, strict=True)]
        if any(h % w for h, w in zip(have, want, strict=True)):
            raise unknown("adaptive max pooling into windows of unlike sizes")
        kernel = tuple(h // w for h, w in zip(have, want, strict=True))
        return [_windows(x, dims, kernel, kernel, (0,) * dims, (1,) * dims)]

    return rule


def _windows(x: Tensor, dims: int, kernel: Any, stride: Any, padding: Any, dilation: Any) -> Fan:
    """The windows that compete in max pooling, as (..., places of a window)."""
    x = F.pad(x, [p for p in reversed(padding) for _ in range(2)], value=-torch.inf)
    for axis in range(-dims, 0):  # the places of a window gather behind
        at = axis - (dims + axis)
        starts = torch.arange(
            0, x.shape[at] - dilation[axis] * (kernel[axis] - 1), stride[axis], device=x.device
        )
        places = starts[:, None] + dilation[axis] * torch.arange(kernel[axis], device=x.device)
        x = x.index_select(at, places.flatten()).unflatten(at, places.shape).movedim(at, -1)
    return Fan(x.flatten(-dims))


def _each(size: Any, dims: int) -> tuple[Any, ...]:
    return tuple(size) if isinstance(size, tuple | list) else (size,) * dims


RULES: dict[str, Rule] = {
    "relu": _at_zero(1.0),
    "relu6": lambda x, *_, **__: _clamp(x, 0.0, 6.0),
    "leaky_relu": _leaky,
    "prelu": _prelu,
    "elu": _elu,
    "selu": _at_zero(1.0507009873554805 * (1.0 - 1.6732632423543772)),
    "hardtanh": _hardtanh,
    "hardsigmoid": _between_threes(1 / 6, -1 / 6),
    "hardswish": _between_threes(-0.5, -0.5),
    "softshrink": _softshrink,
    "clamp": _clamp,
    "clip": _clamp,
    "clamp_min": lambda x, min: _clamp(x, min),
    "clamp_max": lambda x, max: _clamp(x, None, max),
    "abs": _at_zero(2.0),
    "absolute": _at_zero(2.0),
    "l1_loss": _l1,
    **dict.fromkeys(("maximum", "fmax", "max", "amax"), _extreme(1.0)),
    **dict.fromkeys(("minimum", "fmin", "min", "amin"), _extreme(-1.0)),
    **dict.fromkeys(("max_pool1d", "max_pool1d_with_indices"), _pool(1)),
    **dict.fromkeys(("max_pool2d", "max_pool2d_with_indices"), _pool(2)),
    **dict.fromkeys(("adaptive_max_pool1d", "adaptive_max_pool1d_with_indices"), _adaptive(1)),
    **dict.fromkeys(("adaptive_max_pool2d", "adaptive_max_pool2d_with_indices"), _adaptive(2)),
}
REFUSED = frozenset(
    (
        *("threshold", "_threshold", "hardshrink", "rrelu", "rnn_relu", "rnn_relu_cell"),
        *("max_pool3d", "max_pool3d_with_indices", "fractional_max_pool2d"),
        *("adaptive_max_pool3d", "adaptive_max_pool3d_with_indices", "fractional_max_pool3d"),
        *("median", "nanmedian", "quantile", "nanquantile", "kthvalue", "topk", "sort", "msort"),
        *("cummax", "cummin", "aminmax", "hinge_embedding_loss", "margin_ranking_loss"),
        *("multi_margin_loss", "multilabel_margin_loss", "triplet_margin_loss"),
        *("triplet_margin_with_distance_loss", "cosine_embedding_loss"),
    )
)


def rule_of(name: str) -> Rule:
    """Return the rule of an operation.

    Raises:
        InputError: its kinks are not followed.
    """
    if name in REFUSED:
        raise unknown(name)
    return RULES[name]
