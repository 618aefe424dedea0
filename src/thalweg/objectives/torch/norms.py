"""Normalization layers and dropout of a double, set as the policies say.

Re-estimated statistics follow Garipov, Izmailov, Podoprikhin, Vetrov and Wilson 2018, "Loss
Surfaces, Mode Connectivity, and Fast Ensembling of DNNs": a cumulative average over all examples,
at every point.
"""

from collections.abc import Callable, Iterable

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from thalweg.objectives.torch.policies import FixedMasks, Normalisation


def tracked(model: nn.Module) -> list[_NormBase]:
    """Return the layers that keep running statistics."""
    return [
        module
        for module in model.modules()
        if isinstance(module, _NormBase) and module.running_mean is not None
    ]


def set_modes(double: nn.Module, normalisation: Normalisation, dropout: FixedMasks | None) -> None:
    """Set train and evaluation modes of a double, once."""
    double.train(dropout is not None)
    for module in double.modules():
        if isinstance(module, _NormBase):
            module.eval()
    if normalisation is Normalisation.BATCH:
        for module in tracked(double):  # training without tracking leaves the buffers alone
            module.train()
            module.track_running_stats = False


def reestimate(
    layers: list[_NormBase], batches: Iterable[tuple[int, Callable[[], object]]]
) -> None:
    """Average the statistics anew over all batches, weighted by their examples.

    Args:
        layers: those that keep running statistics.
        batches: for each its number of examples, and a function that runs the model on it.
    """
    kept = [layer.momentum for layer in layers]
    try:
        for layer in layers:
            layer.reset_running_stats()
            layer.train()
        seen = 0
        for count, forward in batches:
            seen += count
            for layer in layers:
                layer.momentum = count / seen
            forward()
    finally:
        for layer, momentum in zip(layers, kept, strict=True):
            layer.momentum = momentum
            layer.eval()
