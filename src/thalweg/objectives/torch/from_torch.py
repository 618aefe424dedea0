"""from_torch: a PyTorch model, a loss and batches become an objective."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from thalweg.core.errors import InputError
from thalweg.objectives.torch.data import Data, Resident, To, kept, streamed
from thalweg.objectives.torch.double import BufferKeeper, double_of, unwrapped
from thalweg.objectives.torch.guest import guarded, seed_all
from thalweg.objectives.torch.identity import Names, code_digest, structure_digest
from thalweg.objectives.torch.losses import batch_loss
from thalweg.objectives.torch.metrics import Metric
from thalweg.objectives.torch.norms import set_modes
from thalweg.objectives.torch.objective import SampledTorchObjective, TorchObjective
from thalweg.objectives.torch.policies import FixedMasks, Normalisation, Residence
from thalweg.objectives.torch.probe import check_finite, probe
from thalweg.objectives.torch.problem import Problem
from thalweg.objectives.torch.rows import Total
from thalweg.objectives.torch.selection import select
from thalweg.objectives.torch.strategies.auto import Auto
from thalweg.objectives.torch.strategy import Strategy


def from_torch(
    model: nn.Module,
    loss: Any,
    batches: Any,
    *,
    metrics: Sequence[Metric] = (),
    parameters: str | Sequence[str] | None = None,
    normalisation: Normalisation = Normalisation.FROZEN,
    dropout: FixedMasks | None = None,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
    batch_size: int | None = None,
    name: str = "",
    resident: Residence = Residence.DEVICE,
    allow_nonfinite: bool = False,
    strategy: Strategy | None = None,
) -> TorchObjective:
    """Return the loss of a model on fixed data as an objective of its parameters.

    The model is copied once; the copy is evaluated in evaluation mode, the model itself is never
    touched. Points are summed in float64 and rounded once to the dtype of each parameter.

    Args:
        model: any module; torch.compile, DataParallel and the like are taken off.
        loss: a callable of (outputs, targets), `PerExample(function)`, `OnBatch(function)`, or
            None for the loss that the model itself returns. Means over batches are weighted such
            that the result is the loss of all examples at once: by examples, or by the
            denominators that torch's own losses use.
        batches: a DataLoader or a list of batches; a dataset; or all data at once, as a tuple or
            a dict of tensors. A batch is (inputs, targets), (input, input, ..., targets), or any
            nest of tensors if the loss takes it. Data are drawn once and kept in that order; random
            numbers of a fixed seed shuffle and augment them, so that a second run draws the same.
        metrics: further fields, from the same forward pass.
        parameters: which to map: shell-style patterns of names, such as "*.lora_*"; None: all
            that require gradients. Tied ones count once; buffers are never moved.
        normalisation: which statistics layers such as BatchNorm use.
        dropout: None switches it off; `FixedMasks(seed)` keeps training mode with fixed masks.
        device: of the copy and the data; None: where the model is.
        dtype: of the copy and of floating-point data; None: as they are. Relative rounding of
            the loss: about 1e-6 in float32, 1e-13 in float64, 1e-2 in bfloat16.
        batch_size: examples at a time; None: as the loader does.
        name: for captions; default: the class of the model.
        resident: where the data live.
        allow_nonfinite: map a model although some of its numbers are NaN or infinite.
        strategy: how points are evaluated; changes speed and the last bits, nothing else. None:
            the fastest that fits, see `strategies/auto.py`.

    Raises:
        InputError: data, model or loss do not fit, or the same point gives two losses.

    >>> model = torch.nn.Linear(1, 1)
    >>> data = torch.ones(4, 1), torch.zeros(4, 1)
    >>> objective = from_torch(model, torch.nn.MSELoss(), data, dtype=torch.float64)
    >>> objective.value([3.0, 1.0]), objective.gradient([3.0, 1.0])
    (16.0, array([8., 8.]))
    """
    if not isinstance(model, nn.Module):
        mend = "pass the module, not its class, function or weights"
        raise InputError("the model must be a torch.nn.Module", type(model).__name__, mend)
    if any(isinstance(each, torch.jit.ScriptModule) for each in model.modules()):
        mend = "pass the module that was scripted"
        raise InputError("the model must be made of Python modules", "TorchScript", mend)
    check_choices(normalisation, dropout, resident, batch_size)
    guest = unwrapped(model)
    selection = select(guest, parameters)
    if not allow_nonfinite:
        check_finite(guest)
    with guarded(*generators(batches)):
        place_of = None if device is None else torch.device(device)
        double = double_of(guest, place_of, dtype)
        structure = structure_digest(double)
        set_modes(double, normalisation, dropout)
        base = tuple(p.detach().clone() for p in selection.parameters(double))
        place = To(base[0].device, dtype)
        if resident is Residence.STREAM:
            data: Data = streamed(batches, batch_size, place)
        else:
            home = torch.device("cpu") if resident is Residence.HOST else base[0].device
            seed_all()
            data = kept(batches, batch_size, To(home, dtype), place)
        form = batch_loss(loss, place)
    problem = Problem(
        double,
        base,
        selection,
        data,
        form,
        check_metrics(metrics),
        normalisation,
        dropout,
        BufferKeeper(double),
    )
    probe(problem)
    chosen = tuple(block.name for block in selection.layout.blocks)
    dtypes = tuple(str(each.dtype) for each in base)
    strategy = Auto() if strategy is None else strategy
    how = (normalisation, dropout, dtypes, sizes(data), chosen, repr(strategy))
    settings = code_digest(how)
    names = Names(structure, code_digest(loss), settings)
    indexable = isinstance(data, Resident) and data.indexable and form.total is Total.MEAN
    kind = SampledTorchObjective if indexable else TorchObjective
    return kind(problem, name or type(guest).__name__, names, strategy)


def check_choices(
    normalisation: object, dropout: object, resident: object, batch_size: int | None
) -> None:
    """Raise InputError for a choice of the wrong type."""
    choices = (
        ("normalisation", normalisation, Normalisation, "Normalisation.FROZEN"),
        ("dropout", dropout, FixedMasks | None, "None or FixedMasks(seed=0)"),
        ("resident", resident, Residence, "Residence.DEVICE"),
    )
    for what, given, wanted, mend in choices:
        if not isinstance(given, wanted):
            kind = wanted.__name__ if isinstance(wanted, type) else "FixedMasks or None"
            raise InputError(f"{what} must be a {kind}", repr(given), f"pass {mend}")
    if batch_size is not None and batch_size < 1:
        raise InputError("batch_size must be at least 1", str(batch_size), "leave it out")


def check_metrics(metrics: Sequence[Metric]) -> tuple[Metric, ...]:
    """Return the metrics, or raise InputError unless they are metrics with names of their own."""
    for metric in metrics:
        if not isinstance(metric, Metric):
            mend = "write Metric(name, function)"
            raise InputError("metrics must be Metric values", type(metric).__name__, mend)
    names = [metric.name for metric in metrics]
    if len(set(names)) != len(names):
        raise InputError("metrics must have different names", ", ".join(names), "rename one")
    return tuple(metrics)


def generators(batches: Any) -> list[torch.Generator]:
    """Return the random generators of a loader, so that they can be put back."""
    owners = (batches, getattr(batches, "sampler", None))
    found = (getattr(owner, "generator", None) for owner in owners)
    return [each for each in found if isinstance(each, torch.Generator)]


def sizes(data: Data) -> str:
    """Return how the data are cut into batches, as far as that is known."""
    return str(data.counts) if isinstance(data, Resident) else "streamed"
