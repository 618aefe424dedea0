"""The optimizer that a trajectory names: of `record`, and of PyTorch."""

import pytest
import torch
import xarray as xr

from thalweg.core.errors import InputError
from thalweg.dynamics.stepper_of import stepper_of
from thalweg.dynamics.steppers import SGD, Adam, AdamW, Momentum, Nesterov, RMSprop

OWN = [
    SGD(0.5),
    Momentum(0.5, 0.8),
    Nesterov(0.5, 0.8),
    RMSprop(0.5, 0.8, 1e-3),
    Adam(0.5, 0.8, 0.7, 1e-3),
    AdamW(0.5, 0.8, 0.7, 1e-3, 0.2),
]


def named(text):
    return xr.Dataset(attrs={"stepper": text})


def of_torch(kind, **settings):
    """What the recorder writes of an optimizer."""
    optimizer = kind([torch.zeros(1, requires_grad=True)], **settings)
    said = ", ".join(f"{k}={v!r}" for k, v in optimizer.defaults.items())
    return named(f"{kind.__name__}({said})")


@pytest.mark.parametrize("stepper", OWN, ids=str)
def test_a_stepper_is_read_back_from_its_own_words(stepper):
    assert stepper_of(named(repr(stepper))) == stepper


@pytest.mark.parametrize(
    ("kind", "settings", "stepper"),
    [
        (torch.optim.SGD, {"lr": 0.3}, SGD(0.3)),
        (torch.optim.SGD, {"lr": 0.3, "momentum": 0.9}, Momentum(0.3, 0.9)),
        (torch.optim.SGD, {"lr": 0.3, "momentum": 0.9, "nesterov": True}, Nesterov(0.3, 0.9)),
        (torch.optim.RMSprop, {"lr": 0.3, "alpha": 0.7}, RMSprop(0.3, 0.7)),
        (torch.optim.Adam, {"lr": 0.3, "betas": (0.8, 0.9)}, Adam(0.3, 0.8, 0.9)),
        (torch.optim.AdamW, {"weight_decay": 0.2}, AdamW(1e-3, weight_decay=0.2)),
        (
            torch.optim.Adam,
            {"weight_decay": 0.2, "decoupled_weight_decay": True},
            AdamW(1e-3, weight_decay=0.2),
        ),
    ],
)
def test_an_optimizer_of_pytorch_is_the_stepper_of_the_same_rule(kind, settings, stepper):
    assert stepper_of(of_torch(kind, **settings)) == stepper


@pytest.mark.parametrize(
    ("trajectory", "message"),
    [
        (of_torch(torch.optim.SGD, lr=0.1, momentum=0.9, dampening=0.5), "dampening .* be off"),
        (of_torch(torch.optim.Adam, weight_decay=0.1), "weight_decay .* be off, got 0.1"),
        (of_torch(torch.optim.Adam, amsgrad=True), "amsgrad"),
        (of_torch(torch.optim.AdamW, maximize=True), "maximize"),
        (of_torch(torch.optim.RMSprop, centered=True), "centered"),
        (of_torch(torch.optim.SGD, lr=torch.tensor(0.1)), "lr .* must be a number"),
        (of_torch(torch.optim.Adagrad), "optimizer that is known, got Adagrad"),
        (named("SGD"), "optimizer that is known, got SGD"),
        (named("a b"), "optimizer that is known"),
        (xr.Dataset(), "optimizer that is known, got none"),
    ],
)
def test_what_has_another_rule_is_refused(trajectory, message):
    with pytest.raises(InputError, match=message):
        stepper_of(trajectory)
