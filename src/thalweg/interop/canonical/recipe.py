"""The random directions of tomgoldstein/loss-landscape, to the last bit (Li et al. 2018).

That code seeds PyTorch, builds the model (which draws from the same stream), and then draws one
normal number a parameter in the model's order: all of x, then all of y, in single precision.
"""

from collections.abc import Callable, Iterable

from thalweg.core.errors import InputError, MissingExtraError
from thalweg.interop.canonical.directions import CanonicalDirections
from thalweg.interop.canonical.names import CanonicalNorm

try:
    import torch
    from torch import Tensor, nn
except ImportError as fault:
    wanted, mend = "canonical directions need torch", "pip install 'thalweg[torch]'"
    raise MissingExtraError(wanted, "not installed", mend) from fault

_EPSILON = 1e-10


def canonical_directions(
    make_model: Callable[[], nn.Module],
    *,
    seed: int = 123,
    norm: CanonicalNorm = CanonicalNorm.FILTER,
    ignore_biases: bool = True,
    k: int = 2,
) -> CanonicalDirections:
    """Return the directions that code draws around a model.

    Args:
        make_model: builds the model on the CPU and loads its weights; called once, after the
            seed is set, because building a model draws random numbers.
        seed: that code knows 123 only.
        norm: how tensors with two axes or more are scaled to the weights.
        ignore_biases: whether tensors with one axis stay put ("biasbn"). Without it that code
            makes their direction equal to the weights, which is not random; so does this.
        k: 1 or 2.

    PyTorch's own stream on the CPU is left as it was found.

    Raises:
        InputError: k is not 1 or 2.
    """
    if k not in (1, 2):
        raise InputError("that code knows 1 or 2 directions", str(k), "take random_plane")
    stream = torch.default_generator
    kept = stream.get_state()
    try:
        stream.manual_seed(seed)
        weights = [p.detach().cpu() for p in make_model().parameters()]
        drawn = [[torch.randn(w.size()) for w in weights] for _ in range(k)]
    finally:
        stream.set_state(kept)
    for direction in drawn:
        for part, weight in zip(direction, weights, strict=True):
            _scale(part, weight, norm, ignore_biases)
    return CanonicalDirections(tuple(tuple(part.numpy() for part in parts) for parts in drawn))


def _scale(part: Tensor, weight: Tensor, norm: CanonicalNorm, ignore_biases: bool) -> None:
    """Scale one tensor in place, operation by operation as that code does, for the same bits."""
    if part.dim() <= 1:
        part.copy_(torch.zeros_like(weight) if ignore_biases else weight)
    elif norm is CanonicalNorm.FILTER:
        for own, wanted in _slices(part, weight):
            own.mul_(wanted.norm() / (own.norm() + _EPSILON))
    elif norm is CanonicalNorm.LAYER:
        part.mul_(weight.norm() / part.norm())
    elif norm is CanonicalNorm.WEIGHT:
        part.mul_(weight)
    elif norm is CanonicalNorm.UNIT_FILTER:
        for own, _ in _slices(part, weight):
            own.div_(own.norm() + _EPSILON)
    elif norm is CanonicalNorm.UNIT_LAYER:
        part.div_(part.norm())


def _slices(part: Tensor, weight: Tensor) -> Iterable[tuple[Tensor, Tensor]]:
    return zip(part.unbind(0), weight.unbind(0), strict=True)
