"""stepper_of: the optimizer of a trajectory, read from what the trajectory says of it."""

import ast
from collections.abc import Callable

import xarray as xr

from thalweg.core.errors import InputError
from thalweg.dynamics.record import Minibatches
from thalweg.dynamics.steppers import SGD, Adam, AdamW, Momentum, Nesterov, RMSprop, Stepper

_MEND = "pass the stepper that has the same rule, such as SGD(0.1)"


def stepper_of(trajectory: xr.Dataset) -> Stepper:
    """Return the optimizer that a trajectory names in its attribute `stepper`.

    Read are the steppers of `record`, and SGD, RMSprop, Adam and AdamW of PyTorch with the
    settings that a `Recorder` found at the start; a schedule of learning rates is not seen.

    Raises:
        InputError: none is named, or one whose rule is not among the steppers.

    >>> stepper_of(xr.Dataset(attrs={"stepper": "SGD(lr=0.1, momentum=0.9, nesterov=True)"}))
    Nesterov(lr=0.1, beta=0.9)
    """
    text = str(trajectory.attrs.get("stepper", ""))
    wanted = "the trajectory must name an optimizer that is known"
    try:
        name, said = _call(text)
        make = _KNOWN[name]
    except (KeyError, SyntaxError, ValueError):
        raise InputError(wanted, text or "none", _MEND) from None
    return make(said)


def batches_of(trajectory: xr.Dataset) -> Minibatches | None:
    """Return the minibatches that a trajectory of `record` followed; None for full-batch steps.

    What is said otherwise, or not at all, counts as full-batch: a replay finds out if it was not.

    >>> batches_of(xr.Dataset(attrs={"batches": "Minibatches(size=8, seed=3)"}))
    Minibatches(size=8, seed=3)
    """
    try:
        name, said = _call(str(trajectory.attrs.get("batches", "")))
    except (SyntaxError, ValueError):
        return None
    size, seed = said.get("size"), said.get("seed")
    if name != "Minibatches" or not isinstance(size, int) or not isinstance(seed, int):
        return None
    return Minibatches(size, seed)


def _call(text: str) -> tuple[str, dict[str, object]]:
    """Return the name and the settings of a call that is only read, never made.

    Raises:
        SyntaxError, ValueError: it is none.
    """
    call = ast.parse(text, mode="eval").body
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise ValueError
    found = {word.arg: word.value for word in call.keywords if word.arg}
    return call.func.id, {name: _value(node) for name, node in found.items()}


def _value(node: ast.expr) -> object:
    """Return a literal, or the text of what is none, such as tensor(0.1)."""
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


def _number(said: dict[str, object], name: str, default: float) -> float:
    value = said.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{name} of the optimizer must be a number", str(value), _MEND)
    return float(value)


def _require_off(said: dict[str, object], *names: str) -> None:
    """Raise InputError for settings that change the rule of the step."""
    for name in names:
        if said.get(name):
            wanted = f"{name} of the optimizer must be off"
            mend = "its stability threshold is not known"
            raise InputError(wanted, str(said[name]), mend)


def _sgd(said: dict[str, object]) -> Stepper:
    _require_off(said, "dampening", "weight_decay", "maximize")
    lr, beta = _number(said, "lr", 1e-3), _number(said, "momentum", 0.0)
    if not beta:
        return SGD(lr)
    return Nesterov(lr, beta) if said.get("nesterov") else Momentum(lr, beta)


def _rmsprop(said: dict[str, object]) -> Stepper:
    _require_off(said, "momentum", "centered", "weight_decay", "maximize")
    decay = _number(said, "decay" if "decay" in said else "alpha", 0.99)
    return RMSprop(_number(said, "lr", 1e-2), decay, _number(said, "eps", 1e-8))


def _adam(said: dict[str, object]) -> Stepper:
    if said.get("decoupled_weight_decay"):
        return _adamw(said)
    _require_off(said, "weight_decay", "amsgrad", "maximize")
    return Adam(_number(said, "lr", 1e-3), *_betas(said), _number(said, "eps", 1e-8))


def _adamw(said: dict[str, object]) -> Stepper:
    _require_off(said, "amsgrad", "maximize")
    eps, decay = _number(said, "eps", 1e-8), _number(said, "weight_decay", 0.01)
    return AdamW(_number(said, "lr", 1e-3), *_betas(said), eps, decay)


def _betas(said: dict[str, object]) -> tuple[float, float]:
    pair = said.get("betas")
    if isinstance(pair, tuple) and len(pair) == 2:
        said = {**said, "beta1": pair[0], "beta2": pair[1]}
    return _number(said, "beta1", 0.9), _number(said, "beta2", 0.999)


_KNOWN: dict[str, Callable[[dict[str, object]], Stepper]] = {
    "SGD": _sgd,
    "Momentum": lambda said: Momentum(_number(said, "lr", 0.0), _number(said, "beta", 0.9)),
    "Nesterov": lambda said: Nesterov(_number(said, "lr", 0.0), _number(said, "beta", 0.9)),
    "RMSprop": _rmsprop,
    "Adam": _adam,
    "AdamW": _adamw,
}
