"""Unit rules: what single operations of PyTorch do to the sign and the scale of a unit."""

import torch
from torch import nn

from thalweg.core.units import Nature

_ODD = "tanh tanh_ sin asinh arcsinh atan arctan erf sinh softsign tanhshrink hardshrink softshrink"
_HOMOGENEOUS = "relu relu_ leaky_relu leaky_relu_ abs absolute"
_PLAIN = (
    "sigmoid gelu silu softplus elu elu_ selu celu mish relu6 hardtanh hardswish hardsigmoid "
    "logsigmoid threshold clamp exp square pow cos sqrt rsqrt log log1p sign"
)
_LINEAR = "neg negative identity contiguous clone detach to float double half bfloat16 type"
NAMES = {
    name: nature
    for nature, names in (
        (Nature.ODD, _ODD),
        (Nature.HOMOGENEOUS, _HOMOGENEOUS),
        (Nature.PLAIN, _PLAIN),
        (Nature.LINEAR, _LINEAR),
    )
    for name in names.split()
}
"""What each elementwise function or method allows; `pow` and the like are taken as plain."""

ELEMENTWISE: dict[type[nn.Module], Nature] = {
    **dict.fromkeys(
        (nn.Tanh, nn.Softsign, nn.Tanhshrink, nn.Hardshrink, nn.Softshrink), Nature.ODD
    ),
    **dict.fromkeys((nn.ReLU, nn.LeakyReLU), Nature.HOMOGENEOUS),
    **dict.fromkeys((nn.GELU, nn.SiLU, nn.Softplus, nn.Sigmoid, nn.ELU, nn.SELU), Nature.PLAIN),
    **dict.fromkeys((nn.CELU, nn.Mish, nn.ReLU6, nn.Hardtanh, nn.Hardswish), Nature.PLAIN),
    **dict.fromkeys((nn.Hardsigmoid, nn.LogSigmoid, nn.Threshold), Nature.PLAIN),
    nn.Identity: Nature.LINEAR,
}

POOLS: dict[str, tuple[int, Nature]] = {
    f"{name}{k}d": (k, nature)
    for name, nature in (
        ("max_pool", Nature.HOMOGENEOUS),
        ("adaptive_max_pool", Nature.HOMOGENEOUS),
        ("avg_pool", Nature.LINEAR),
        ("adaptive_avg_pool", Nature.LINEAR),
    )
    for k in (1, 2, 3)
}
"""Pooling functions: over how many last axes, and what they allow."""

POOL_MODULES: dict[type[nn.Module], str] = {
    getattr(nn, f"{title}{k}d"): f"{name}{k}d"
    for title, name in (
        ("MaxPool", "max_pool"),
        ("AdaptiveMaxPool", "adaptive_max_pool"),
        ("AvgPool", "avg_pool"),
        ("AdaptiveAvgPool", "adaptive_avg_pool"),
    )
    for k in (1, 2, 3)
}
REDUCTIONS = {
    "mean": Nature.LINEAR,
    "sum": Nature.LINEAR,
    "amax": Nature.HOMOGENEOUS,
    "amin": Nature.HOMOGENEOUS,
}
RESHAPES = ("flatten", "view", "reshape", "squeeze", "unsqueeze", "unflatten")
SHAPES = ("size", "dim", "getattr", "ndimension", "numel")  # look at the shape only


def after_reshape(
    before: torch.Size, after: torch.Size, axis: int, repeat: int
) -> tuple[int, int] | None:
    """Return where an axis of units goes, and how often it is repeated there; None if it is lost.

    >>> after_reshape(torch.Size([8, 3, 5, 5]), torch.Size([8, 75]), 1, 1)
    (1, 25)
    """
    ahead, units = before[:axis].numel(), before[axis] // repeat
    for there, length in enumerate(after):
        fits = after[:there].numel() == ahead and length % units == 0
        if fits and length >= units:
            return there, length // units
    return None
