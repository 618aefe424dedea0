"""Kinks of any PyTorch model: found while it runs, by watching the operations that have them.

Watched are torch's own operations on what depends on the mapped parameters. A kink that the
model makes by itself, with `torch.where` or a comparison, or inside a custom autograd function or
a compiled kernel, looks like any other arithmetic and is not seen.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from thalweg.core.arrays import FloatArray, IndexArray, require_finite
from thalweg.core.errors import InputError
from thalweg.objectives.torch.derivatives import differentiable, reported, weight_of
from thalweg.objectives.torch.kinked_operations import (
    REFUSED,
    RULES,
    Bend,
    Fan,
    Kink,
    Rule,
    rule_of,
)
from thalweg.objectives.torch.problem import Problem
from thalweg.objectives.torch.rows import Rows, wide

MEND = "choose a point and a direction where the model is finite"


@dataclass(frozen=True, eq=False)
class Seen:
    """One operation with kinks, as it ran: its output, and where its slope jumps."""

    output: Tensor
    kinks: list[Kink]


class Watch(TorchFunctionMode):
    """Remembers the kinked operations of a forward pass, and lets them give what they would.

    Attributes:
        seen: those that are followed, in order.
        unknown: what to say of one that is not; None if there was none.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Seen] = []
        self.unknown: InputError | None = None
        self._rectified: dict[int, tuple[Tensor, int, Tensor]] = {}

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run an operation of the model, and note its kinks if it has any."""
        named = kwargs or {}
        name = getattr(func, "__name__", "").removeprefix("__").rstrip("_")
        kinked = name in RULES or name in REFUSED
        if not (kinked and torch.is_grad_enabled() and _moves((*args, *named.values()))):
            return func(*args, **named)
        if not args:
            args = (named["input"],)
            named = {key: value for key, value in named.items() if key != "input"}
        try:
            rule = rule_of(name)
            source = args[0].clone()  # private, since the model may write into what it gave
            kinks = rule(source, *args[1:], **named)
        except InputError as fault:
            self.unknown = fault
            return func(*args, **named)
        return self._follow(func, rule, source, kinks, args[0], args[1:], named)

    def _follow(
        self,
        func: Callable[..., Any],
        rule: Rule,
        source: Tensor,
        kinks: list[Kink],
        given: Tensor,
        rest: tuple[Any, ...],
        named: dict[str, Any],
    ) -> Any:
        own = source.clone()  # likewise: the operation may work in place
        before = self._before_relu(given)
        if before is not None and all(isinstance(k, Fan) and k.sign > 0 for k in kinks):
            # The largest of relu(x) is that of x and 0; dead units, all 0, would tie for ever.
            kinks = [_with_zero(kink) for kink in rule(before, *rest, **named)]
            own = torch.relu(before)
        found = func(own, *rest, **named)
        first = found[0] if isinstance(found, tuple) else found
        self.seen.append(Seen(first, kinks))
        if first is own:  # in place
            given.copy_(first)
            shown = given
        else:
            shown = first.clone()
        if rule is RULES["relu"]:
            self._rectified[id(shown)] = shown, shown._version, source
        return type(found)((shown, *found[1:])) if isinstance(found, tuple) else shown

    def _before_relu(self, given: Tensor) -> Tensor | None:
        """What went into the ReLU that gave this very tensor, or None."""
        shown, version, source = self._rectified.get(id(given), (None, 0, None))
        return source if shown is given and given._version == version else None


def nearest_kink(problem: Problem) -> float:
    """Return the smallest |gap| to a kink where the double now is; inf if it has none.

    The gap of a unit is its input's distance from the kink, that of a maximum its two largest
    inputs' difference. NaN if there are operations whose kinks are not followed.
    """
    nearest = [np.inf]
    with differentiable(problem, twice=False):
        for number, batch in problem.batches():
            with Watch() as watch:
                problem.measure(problem.model, number, batch, False)
            if watch.unknown:
                return float("nan")
            for kink in (kink for seen in watch.seen for kink in seen.kinks):
                gaps = np.abs(_numbers(kink.gap)) if isinstance(kink, Bend) else _leads(kink)
                nearest.append(gaps.min(initial=np.inf))
    return float(np.min(nearest))


def kinks_crossed(problem: Problem, direction: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return where the line from where the double now is, along direction (n,), crosses kinks.

    To first order: t (m,), and the jumps (m,) of dL/dt there.

    Raises:
        InputError: an operation's kinks are not followed, or the model is not finite.
    """
    at, jumps = [np.empty(0)], [np.empty(0)]
    kept: list[Rows] = []
    with reported(), differentiable(problem, twice=True) as parameters:
        for number, batch in problem.batches():
            with Watch() as watch:
                rows = problem.measure(problem.model, number, batch, False)[0]
            if watch.unknown:
                raise watch.unknown
            kept.append(Rows(rows.values.detach(), rows.weights))
            total = wide(rows.values).sum()
            if not (watch.seen and total.requires_grad):
                continue
            outputs = [seen.output for seen in watch.seen]
            pulls = torch.autograd.grad(total, outputs, retain_graph=True, allow_unused=True)
            pairs = [
                (kink, pull)
                for seen, pull in zip(watch.seen, pulls, strict=True)
                for kink in seen.kinks
                if pull is not None
            ]
            heights = [k.gap if isinstance(k, Bend) else k.pieces for k, _ in pairs]
            changes = _changes(heights, parameters, direction)
            for (kink, pull), change in zip(pairs, changes, strict=True):
                if isinstance(kink, Bend):
                    t, jump = _bent(kink, pull, change)
                else:
                    t, jump = _overtaken(kink, pull, change)
                at.append(t)
                jumps.append(jump)
    return np.concatenate(at), np.concatenate(jumps) / weight_of(problem, kept)


def _changes(
    heights: Sequence[Tensor], parameters: Sequence[nn.Parameter], direction: FloatArray
) -> list[FloatArray]:
    """Return d heights / dt along the direction: the transpose of the transpose, both by graph."""
    found = [np.zeros(tuple(height.shape)) for height in heights]
    moving = [i for i, height in enumerate(heights) if height.requires_grad]
    if not moving:
        return found
    weights = [torch.zeros_like(heights[i], requires_grad=True) for i in moving]
    slopes = torch.autograd.grad(
        [heights[i] for i in moving], parameters, weights, create_graph=True, allow_unused=True
    )
    parts = torch.tensor(direction).split([p.numel() for p in parameters])
    used = [
        (slope, part.reshape(p.shape).to(device=p.device, dtype=p.dtype))
        for slope, part, p in zip(slopes, parts, parameters, strict=True)
        if slope is not None and slope.requires_grad
    ]
    ends, ways = [slope for slope, _ in used], [way for _, way in used]
    for i, change in zip(
        moving, torch.autograd.grad(ends, weights, ways, allow_unused=True), strict=True
    ):
        if change is not None:
            found[i] = _numbers(change)
    return found


def _bent(kink: Bend, pull: Tensor, change: FloatArray) -> tuple[FloatArray, FloatArray]:
    gap = require_finite(_numbers(kink.gap), "inputs of units", MEND)
    require_finite(change, "changes of units", MEND)
    force = np.broadcast_to(_numbers(pull * kink.jump), gap.shape)
    with np.errstate(all="ignore"):
        t = -gap / change
    moving = np.isfinite(t)
    return t[moving], (force * np.abs(change))[moving]


def _overtaken(kink: Fan, pull: Tensor, change: FloatArray) -> tuple[FloatArray, FloatArray]:
    k = kink.pieces.shape[-1]
    pieces = kink.sign * _numbers(kink.pieces).reshape(-1, k)
    slopes = kink.sign * require_finite(change, "changes of units", MEND).reshape(-1, k)
    force = kink.sign * _numbers(pull).reshape(-1)
    require_finite(np.where(np.isneginf(pieces), 0.0, pieces), "inputs of units", MEND)  # padding
    after, before = _steepest(pieces, slopes), _steepest(pieces, -slopes)
    rows = np.arange(len(pieces))
    here = slopes[rows, after] - slopes[rows, before]
    tied = here > 0
    right = _ties_ahead(pieces, slopes, after, force)
    left = _ties_ahead(pieces, -slopes, before, force)
    at = np.concatenate([np.zeros(tied.sum()), right[0], -left[0]])
    return at, np.concatenate([(force * here)[tied], right[1], left[1]])


def _steepest(pieces: FloatArray, slopes: FloatArray) -> IndexArray:
    """Which piece (r,) is the largest just ahead of t = 0: of those that tie, the steepest."""
    best = pieces == pieces.max(axis=1, keepdims=True)
    return np.where(best, slopes, -np.inf).argmax(axis=1)


def _ties_ahead(
    pieces: FloatArray, slopes: FloatArray, top: IndexArray, force: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Walk along the upper hull of the lines pieces + t slopes (r, k): at t > 0, who overtakes?"""
    at, jumps = [np.empty(0)], [np.empty(0)]
    while len(pieces):
        rows = np.arange(len(pieces))
        steeper = slopes - slopes[rows, top][:, None]
        with np.errstate(all="ignore"):
            t = (pieces[rows, top][:, None] - pieces) / steeper
        t = np.where(steeper > 0, t, np.inf)
        first = t.min(axis=1)
        following = np.where(t == first[:, None], slopes, -np.inf).argmax(axis=1)
        more = np.isfinite(first)
        at.append(first[more])
        jumps.append((force * steeper[rows, following])[more])
        pieces, slopes, top, force = pieces[more], slopes[more], following[more], force[more]
    return np.concatenate(at), np.concatenate(jumps)


def _leads(kink: Fan) -> FloatArray:
    pieces = np.sort(kink.sign * _numbers(kink.pieces), axis=-1)
    return pieces[..., -1] - pieces[..., -2] if pieces.shape[-1] > 1 else np.empty(0)


def _with_zero(kink: Kink) -> Kink:
    assert isinstance(kink, Fan)
    return Fan(torch.cat([kink.pieces, torch.zeros_like(kink.pieces[..., :1])], dim=-1))


def _moves(given: Iterable[Any]) -> bool:
    return any(
        isinstance(each, Tensor) and each.requires_grad and each.is_floating_point()
        for each in given
    )


def _numbers(tensor: Tensor) -> FloatArray:
    return tensor.detach().cpu().double().numpy()
