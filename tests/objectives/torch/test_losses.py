"""Losses of every form: however the data are cut, the loss is that of all examples at once."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from thalweg.core.errors import InputError
from thalweg.core.plane import Plane
from thalweg.objectives.torch.from_torch import from_torch
from thalweg.objectives.torch.losses import OnBatch, PerExample
from thalweg.objectives.torch.metrics import Metric, accuracy
from thalweg.objectives.torch.rows import Rows

N, C = 23, 4
DRAW = torch.Generator().manual_seed(1)
X = torch.randn(N, 5, generator=DRAW, dtype=torch.float64)
CLASSES = torch.randint(0, C, (N,), generator=DRAW)
GAPS = torch.where(torch.rand(N, generator=DRAW) < 0.4, -100, CLASSES)
NUMBERS = torch.randn(N, C, generator=DRAW, dtype=torch.float64)
SHARES = torch.softmax(NUMBERS, 1)
SIGNS = torch.sign(NUMBERS)
WEIGHTS = torch.tensor([0.2, 1.0, 3.0, 0.5], dtype=torch.float64)


def linear(seed=0, outputs=C):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Linear(5, outputs).double()


def log_model():
    return nn.Sequential(linear(), nn.LogSoftmax(1))


MODULES = [
    (nn.CrossEntropyLoss(), CLASSES, linear),
    (nn.CrossEntropyLoss(weight=WEIGHTS), CLASSES, linear),
    (nn.CrossEntropyLoss(weight=WEIGHTS, label_smoothing=0.2), GAPS, linear),
    (nn.CrossEntropyLoss(label_smoothing=0.1), GAPS, linear),
    (nn.CrossEntropyLoss(ignore_index=2), CLASSES, linear),
    (nn.CrossEntropyLoss(weight=WEIGHTS), SHARES, linear),
    (nn.CrossEntropyLoss(reduction="sum", weight=WEIGHTS), GAPS, linear),
    (nn.NLLLoss(weight=WEIGHTS), GAPS, log_model),
    (nn.MSELoss(), NUMBERS, linear),
    (nn.MSELoss(reduction="sum"), NUMBERS, linear),
    (nn.L1Loss(), NUMBERS, linear),
    (nn.HuberLoss(delta=0.3), NUMBERS, linear),
    (nn.SmoothL1Loss(beta=0.5), NUMBERS, linear),
    (nn.BCEWithLogitsLoss(pos_weight=WEIGHTS), SHARES, linear),
    (nn.KLDivLoss(reduction="batchmean"), SHARES, log_model),
    (nn.KLDivLoss(reduction="batchmean", log_target=True), SHARES.log(), log_model),
    (nn.SoftMarginLoss(), SIGNS, linear),
    (nn.MultiMarginLoss(weight=WEIGHTS), CLASSES, linear),
    (nn.MultiLabelSoftMarginLoss(), SHARES.round(), linear),
    (nn.PoissonNLLLoss(), SHARES, linear),
    (F.cross_entropy, GAPS, linear),
    (partial(F.cross_entropy, weight=WEIGHTS, ignore_index=1), CLASSES, linear),
    (partial(F.mse_loss, reduction="sum"), NUMBERS, linear),
    (F.smooth_l1_loss, NUMBERS, linear),
    (lambda outputs, targets: ((outputs - targets) ** 2).mean(), NUMBERS, linear),
    (PerExample(lambda outputs, targets: (outputs - targets).abs().sum(1)), NUMBERS, linear),
]


def at_once(loss, targets, model):
    """The loss of all examples in one call of the loss itself."""
    if isinstance(loss, PerExample):
        return loss.function(model(X), targets).mean()
    return loss(model(X), targets)


@pytest.mark.parametrize("case", range(len(MODULES)))
@pytest.mark.parametrize("size", [1, 5, 23])
def test_the_split_does_not_matter(case, size):
    loss, targets, make = MODULES[case]
    model = make()
    objective = from_torch(model, loss, (X, targets), batch_size=size)
    whole = at_once(loss, targets, model)
    value, gradient = objective.value_and_gradient(objective.start)
    assert value == pytest.approx(whole.item(), rel=1e-13)
    assert value == objective.value(objective.start)
    slopes = torch.autograd.grad(whole, list(model.parameters()))
    flat = torch.cat([s.ravel() for s in slopes]).numpy()
    np.testing.assert_allclose(gradient, flat, rtol=1e-11, atol=1e-13)


def stderr(objective):
    plane = Plane(objective.start, np.eye(objective.layout.size)[:1])
    return objective.restrict(plane, ["loss_stderr"])(np.zeros((1, 1)))["loss_stderr"][0]


@pytest.mark.parametrize("size", [4, 23])
def test_standard_error_over_examples(size):
    model = linear()
    each = F.cross_entropy(model(X), CLASSES, reduction="none").detach().numpy()
    wanted = each.std(ddof=1) / np.sqrt(N)
    for loss in (
        nn.CrossEntropyLoss(),
        F.cross_entropy,
        PerExample(lambda o, t: F.cross_entropy(o, t, reduction="none")),
        OnBatch(lambda m, b: F.cross_entropy(m(b[0]), b[1], reduction="none"), per_example=True),
    ):
        objective = from_torch(model, loss, (X, CLASSES), batch_size=size)
        assert stderr(objective) == pytest.approx(wanted, rel=1e-12)
    for loss in (lambda o, t: F.cross_entropy(o, t), nn.CrossEntropyLoss(reduction="sum")):
        assert "loss_stderr" not in from_torch(model, loss, (X, CLASSES)).fields


def test_standard_error_of_a_weighted_mean_is_that_of_many_draws():
    """Against the spread of the weighted mean over bootstrap draws of the examples."""
    model = linear()
    objective = from_torch(model, nn.CrossEntropyLoss(weight=WEIGHTS), (X, CLASSES))
    draws = np.random.default_rng(0).integers(0, N, (2000, N))
    each = F.cross_entropy(model(X), CLASSES, weight=WEIGHTS, reduction="none").detach().numpy()
    weights = WEIGHTS[CLASSES].numpy()
    means = each[draws].sum(1) / weights[draws].sum(1)
    assert stderr(objective) == pytest.approx(means.std(), rel=0.1)


def test_segmentation_and_images():
    pixels = torch.randn(6, 3, 4, 4, generator=DRAW, dtype=torch.float64)
    labels = torch.randint(0, 2, (6, 4, 4), generator=DRAW)
    labels[0] = -100
    model = nn.Conv2d(3, 2, 1).double()
    objective = from_torch(
        model, nn.CrossEntropyLoss(), (pixels, labels), metrics=[accuracy], batch_size=4
    )
    wanted = nn.CrossEntropyLoss()(model(pixels), labels)
    assert objective.value(objective.start) == pytest.approx(wanted.item(), rel=1e-13)
    plane = Plane(objective.start, np.eye(objective.layout.size)[:1])
    found = objective.restrict(plane, ["accuracy"])(np.zeros((1, 1)))["accuracy"][0]
    hits = (model(pixels).argmax(1) == labels)[labels >= 0].double().mean()
    assert found == pytest.approx(float(hits), rel=1e-13)


@dataclass
class Output:
    loss: torch.Tensor
    logits: torch.Tensor


class Talker(nn.Module):
    """As Hugging Face models are: keywords in, an object with a loss out."""

    def __init__(self):
        super().__init__()
        self.inner = linear()

    def forward(self, inputs, mask, labels=None):
        logits = self.inner(inputs * mask)
        loss = None if labels is None else F.cross_entropy(logits, labels)
        return Output(loss, logits)


def talk(rows):
    return {"inputs": X[rows], "mask": torch.ones(len(X[rows]), 5), "labels": CLASSES[rows]}


@pytest.mark.parametrize("whole", [True, False])
def test_batches_of_keywords_with_the_models_own_loss(whole):
    batches = talk(slice(None)) if whole else [talk(slice(0, 10)), talk(slice(10, 23))]
    model = Talker()
    size = 7 if whole else None
    objective = from_torch(model, None, batches, metrics=[accuracy], batch_size=size)
    wanted = F.cross_entropy(model.inner(X), CLASSES)
    assert objective.value(objective.start) == pytest.approx(wanted.item(), rel=1e-13)
    assert "accuracy" in objective.fields
    assert objective.subset(np.array([1, 5])).n_examples == 2
    unlabeled = {k: v for k, v in talk(slice(None)).items() if k != "labels"}
    with pytest.raises(InputError, match="a model that returns its loss, got none; put labels"):
        from_torch(model, None, unlabeled)


def test_a_weight_of_batches_gives_the_mean_over_tokens():
    loss = OnBatch(
        lambda m, b: F.cross_entropy(m(b["x"]), b["y"]),
        weight=lambda b: (b["y"] != -100).sum(),
    )
    batches = [{"x": X[:9], "y": GAPS[:9]}, {"x": X[9:], "y": GAPS[9:]}]
    model = linear()
    objective = from_torch(model, loss, batches)
    wanted = F.cross_entropy(model(X), GAPS)
    assert objective.value(objective.start) == pytest.approx(wanted.item(), rel=1e-13)


def test_several_inputs_and_metrics_of_every_form():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = linear(outputs=1)

        def forward(self, x, scale):
            return self.inner(x)[:, 0] * scale

    scale = torch.rand(N, generator=DRAW, dtype=torch.float64)
    signs = (NUMBERS[:, 0] > 0).double()
    metrics = [
        accuracy,
        Metric("each", lambda o, t: (o - t).abs()),
        Metric("mean", lambda o, t: (o - t).abs().mean()),
        Metric("own", lambda o, t: Rows((o - t).abs() * 2, torch.full_like(o, 2))),
    ]
    model = Two()
    objective = from_torch(
        model, nn.BCEWithLogitsLoss(), (X, scale, signs), metrics=metrics, batch_size=6
    )
    plane = Plane(objective.start, np.eye(objective.layout.size)[:1])
    found = objective.restrict(plane, objective.fields)(np.zeros((1, 1)))
    outputs = model(X, scale).detach()
    error = float((outputs - signs).abs().mean())
    for name in ("each", "mean", "own"):
        assert found[name][0] == pytest.approx(error, rel=1e-13)
    wanted = ((outputs > 0) == (signs > 0)).double().mean()
    assert found["accuracy"][0] == pytest.approx(wanted.item())


def test_the_loss_module_is_copied():
    loss = nn.CrossEntropyLoss(weight=WEIGHTS.clone())
    objective = from_torch(linear(), loss, (X, CLASSES))
    before = objective.value(objective.start)
    loss.weight.fill_(0.0)
    loss.weight[0] = 1.0
    assert objective.value(objective.start) == before
    assert loss.reduction == "mean"
