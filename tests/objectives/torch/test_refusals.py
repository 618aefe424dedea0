"""What cannot be mapped is refused in one line that says wanted, got and mend."""

import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from thalweg.core.errors import InputError
from thalweg.objectives.torch.from_torch import from_torch
from thalweg.objectives.torch.losses import PerExample
from thalweg.objectives.torch.metrics import Metric, accuracy
from thalweg.objectives.torch.policies import FixedMasks, Residence

X, Y = torch.randn(12, 4), torch.randint(0, 3, (12,))
LOSS = nn.CrossEntropyLoss()


def model(*extra):
    return nn.Sequential(nn.Linear(4, 5), *extra, nn.Tanh(), nn.Linear(5, 3))


def poisoned():
    made = model()
    with torch.no_grad():
        made[2].weight[0, :2] = float("nan")
        made[2].weight[1, 0] = float("inf")
    return made


def shared():
    made = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 3))
    made[1].weight.data = made[0].weight.data
    return made


class Noisy(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = model()

    def forward(self, x):
        return self.inner(x + 0.1 * torch.randn_like(x))


class Counting(nn.Module):
    """Gives another answer each time without any random number."""

    def __init__(self):
        super().__init__()
        self.inner, self.calls = model(), 0

    def forward(self, x):
        self.calls += 1
        return self.inner(x) * self.calls


class Locked(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.lines = model(), (line for line in ())

    def forward(self, x):
        return self.inner(x)


def scripted():
    with warnings.catch_warnings(action="ignore"):
        return torch.jit.script(model())


def complex_model():
    return nn.Linear(4, 3, dtype=torch.complex64)


def sparse():
    made = model()
    made.extra = nn.Parameter(torch.eye(3).to_sparse())
    return made


class Augmented(TensorDataset):
    """Draws noise each time an example is asked for."""

    def __getitem__(self, i):
        x, y = super().__getitem__(i)
        return x + torch.randn_like(x), y


def stream(**options):
    return {"resident": Residence.STREAM, **options}


SHUFFLED = DataLoader(TensorDataset(X, Y), 4, shuffle=True)
CASES = {
    "no module": (lambda: nn.Linear, LOSS, (X, Y), {}, "model must be a torch.nn.Module, got type"),
    "scripted": (scripted, LOSS, (X, Y), {}, "made of Python modules, got TorchScript; pass"),
    "lazy": (lambda: nn.LazyLinear(3), LOSS, (X, Y), {}, "must have shapes, got the lazy weight;"),
    "complex": (complex_model, LOSS, (X, Y), {}, "dense real numbers, got complex64 in weight"),
    "sparse": (sparse, LOSS, (X, Y), {}, "dense real numbers, got a sparse_coo extra"),
    "meta": (lambda: model().to("meta"), LOSS, (X, Y), {}, "got 0.weight on the meta device"),
    "shared": (
        shared,
        LOSS,
        (X, Y),
        {},
        "got 0.weight and 1.weight over one memory",
    ),
    "nan": (poisoned, LOSS, (X, Y), {}, "must be finite, got 3 of 15 not finite in 2.weight; pass"),
    "uncopyable": (Locked, LOSS, (X, Y), {}, "must be copyable, got TypeError: cannot pickle"),
    "noise": (Noisy, LOSS, (X, Y), {}, "the same loss twice, got two values that differ; look for"),
    "counter": (Counting, LOSS, (X, Y), {}, "the same loss twice, got two values that differ"),
    "vector": (
        *(model, lambda o, t: F.cross_entropy(o, t, reduction="none"), (X, Y), {}),
        r"the loss must be one number, a tensor, got shape \(12,\); take its mean, or wrap",
    ),
    "unreduced": (
        model,
        nn.MSELoss(reduction="none"),
        (X, X),
        {},
        "got reduction 'none'; make",
    ),
    "number": (model, lambda o, t: 1.0, (X, Y), {}, "one number, a tensor, got float"),
    "matrix": (model, PerExample(lambda o, t: o), (X, Y), {}, r"shape \(N,\), got shape \(12, 3\)"),
    "no loss": (model, 3.0, (X, Y), {}, "the loss must be callable, got float"),
    "class": (model, nn.MSELoss, (X, Y), {}, "the loss must be callable, got the class MSELoss"),
    "empty list": (model, LOSS, [], {}, "the data must not be empty, got no examples"),
    "used up": (model, LOSS, iter(()), {}, "the data must not be empty, got no examples"),
    "no rows": (model, LOSS, (X[:0], Y[:0]), {}, "the data must not be empty, got no examples"),
    "lengths": (model, LOSS, (X, Y[:5]), {}, r"one row an example, got \(12, 4\), \(5,\)"),
    "no batches": (model, LOSS, 7, {}, "batches must be iterable, got int"),
    "one tensor": (model, LOSS, [X], {}, r"needs batches \(inputs, targets\), got a Tensor"),
    "lone": (model, LOSS, TensorDataset(X), {}, r"\(inputs, targets\), got a tuple of 1; wrap"),
    "keywords": (model, LOSS, {"x": X, "y": Y}, {}, r"\(inputs, targets\), got a dict; wrap"),
    "own loss": (model, None, (X, Y), {}, "needs batches of keywords for the model, got tuple"),
    "text": (model, LOSS, ["ab"], {}, "a batch must hold a tensor, got str"),
    "wrong width": (model, LOSS, (X[:, :2], Y), {}, "must take a batch, got RuntimeError: mat1"),
    "wrong dtype": (model, LOSS, (X.double(), Y), {}, "must take a batch, got RuntimeError: mat1"),
    "policy": (
        model,
        LOSS,
        (X, Y),
        {"normalisation": "frozen"},
        "be a Normalisation, got 'fro",
    ),
    "dropout": (model, LOSS, (X, Y), {"dropout": 0.5}, "a FixedMasks or None, got 0.5"),
    "place": (model, LOSS, (X, Y), {"resident": True}, "must be a Residence, got True"),
    "size": (model, LOSS, (X, Y), {"batch_size": 0}, "at least 1, got 0"),
    "metric": (model, LOSS, (X, Y), {"metrics": [len]}, "Metric values, got builtin_function"),
    "twins": (
        model,
        LOSS,
        (X, Y),
        {"metrics": [accuracy] * 2},
        "different names, got accuracy, a",
    ),
    "shuffled": (model, LOSS, SHUFFLED, stream(), "every time, got a loader with RandomSampler"),
    "augmented": (
        *(model, LOSS, DataLoader(Augmented(X, Y), 4), stream()),
        "every time, got two passes that differ; pass a loader",
    ),
    "iterator": (model, LOSS, iter([(X, Y)]), stream(), "an iterator that is used up once"),
    "ragged": (
        *(model, LOSS, [(X[:, :4], Y), (torch.randn(3, 2, 4), Y[:3])], {"batch_size": 5}),
        "batches of unlike shapes keep their size, got 5",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_refused_in_one_line(case):
    make, loss, batches, options, said = CASES[case]
    with pytest.raises(InputError, match=said) as caught:
        from_torch(make(), loss, batches, **options)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_names_of_metrics():
    for name in ("loss", "gradient_norm", "two words", ""):
        with pytest.raises(InputError, match="a metric's name must be a free identifier"):
            Metric(name, lambda o, t: o)
    with pytest.raises(InputError, match="a seed must be a whole number from 0"):
        FixedMasks(-1)


def test_a_model_that_diverged_is_mapped_if_asked():
    objective = from_torch(poisoned(), LOSS, (X, Y), allow_nonfinite=True)
    assert np.isnan(objective.value(objective.start))
    assert np.isfinite(objective.value(np.nan_to_num(objective.start, posinf=0.0)))


def test_what_lies_outside_the_choice_may_be_odd():
    made = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))
    made.register_parameter("odd", nn.Parameter(torch.ones(2, dtype=torch.complex64)))
    objective = from_torch(made, LOSS, (X, Y), parameters=("0.*", "2.*"))
    assert np.isfinite(objective.value(objective.start))


def test_overflow_is_a_value():
    objective = from_torch(model(), nn.MSELoss(), (X, torch.randn(12, 3)))
    point = objective.start * 1e38
    assert np.isinf(objective.value(point))
    value, gradient = objective.value_and_gradient(point)
    assert not np.isfinite(value)
    assert gradient.shape == point.shape
