"""Recorder: the path of a training loop of one's own, without a change to the loop."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, DTypeLike
from torch import Tensor, nn
from torch.optim import LBFGS, Optimizer

from thalweg.core.errors import InputError
from thalweg.core.schema import Attr
from thalweg.dynamics.recorder.kept import kept_points
from thalweg.dynamics.recorder.projection import Projection
from thalweg.dynamics.recorder.reading import Reader
from thalweg.dynamics.recorder.schedule import Every, Schedule
from thalweg.store.rows import Row, TrajectoryDraft
from thalweg.store.trajectory import Flush, TrajectoryStore


class Recorder:
    """Keeps where an optimizer takes a model, as a *trajectory*.

    Row t is the point after t steps. Its loss and gradient norm are those of the minibatch on
    which step t + 1 was taken *from* it; so they are NaN at the last row, and the loss at every
    row where `step(loss)` was not called. The gradient is the one that the optimizer used: after
    clipping and unscaling; with LBFGS, which asks for several a step, its norm is NaN.

    The recorder only reads. It hooks on `optimizer.step`, leaves model, optimizer, gradients and
    random numbers as they are, and is gone after `close`. Steps that a gradient scaler skips are
    not steps. If it cannot go on (the disk is full, a parameter changed its shape, whatever it
    be), it warns, stops recording and lets the training go on; `fault` says why.

    Args:
        model: the module that is trained, also a compiled one.
        optimizer: whose steps count; None to call `step` by hand after each.
        store: a new folder for the run; None keeps it in memory.
        keep: which rows: Every(k), or Thinned(limit). The first point and the last always are.
        dtype: of the points: np.float64, np.float32, or np.float16, whose relative error is
            2^-11 down to 6e-5 (then the absolute one is 3e-8), and which turns what is beyond
            65504 into infinity. float32 holds bfloat16 and float16 parameters exactly.
        projection: keep *projections* instead of points: Projection(k, seed), or directions (k, n).
        parameters: patterns of names, as in `from_torch`; None for all that require gradients.
        append: go on with the run in `store`, if there is one, at the row that holds the model's
            parameters; rows after it are dropped.
        at: how many steps the model has behind it, 0 if None; with `append`, where to go on.
        flush: how much a run that is killed may lose.

    Raises:
        InputError: a model without parameters, an optimizer of another model, a bad argument.

    >>> import torch
    >>> model = torch.nn.Linear(1, 1, bias=False)
    >>> with Recorder(model) as recorder:
    ...     recorder.step(loss=0.5)
    >>> recorder.trajectory.loss.values
    array([0.5, nan])
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer | None = None,
        store: Path | str | None = None,
        *,
        keep: Schedule = Every(1),  # noqa: B008
        dtype: DTypeLike = np.float32,
        projection: Projection | ArrayLike | None = None,
        parameters: str | Sequence[str] | None = None,
        append: bool = False,
        at: int | None = None,
        flush: Flush = Flush(),  # noqa: B008
    ) -> None:
        reader = Reader(model, parameters)
        _check_optimizer(reader, optimizer)
        if append and store is None:
            raise InputError("append needs a store to go on with", "none", "pass store=folder")
        if at is not None and at < 0:
            raise InputError("at must be a number of steps from 0", str(at), "leave it out")
        self.fault: Exception | None = None
        self._points = kept_points(reader, dtype, projection)
        self._reader, self._optimizer, self._keep = reader, optimizer, keep
        self._store, self._append, self._at, self._flush = store, append, at, flush
        self._draft: TrajectoryDraft | None = None
        self._remove: Callable[[], None] | None = None  # the hook
        self._recording = self._closed = False
        self._step = 0
        self._open: dict[int, Row] = {}

    def __enter__(self) -> Self:
        return self.attach()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def steps(self) -> int:
        """How many steps the model has behind it."""
        return self._step

    @property
    def trajectory(self) -> xr.Dataset:
        """The run up to now, in memory.

        Raises:
            InputError: recording has not begun.
        """
        draft = self._begun()
        return draft.dataset(*self._last(draft)) if self._recording else draft.dataset()

    def attach(self) -> Self:
        """Begin: keep the point where the model is now, and follow the optimizer from there.

        Raises:
            InputError: it has begun already, or the model stands at no row to go on from.
            StoreError: the store holds another run, or cannot be read or written.
        """
        if self._draft is not None:
            mend = "make another one, with append=True to go on with the run"
            raise InputError("a Recorder begins once", "a second time", mend)
        draft, row = self._begin(self._points.blank(self._attrs()))
        draft.add(row)
        self._step, self._open, self._draft = row.step, {row.step: row}, draft
        self._recording = True
        if self._optimizer is not None:
            self._remove = self._optimizer.register_step_post_hook(self._after_step).remove
        return self

    def step(self, loss: float | Tensor | None = None) -> None:
        """Tell the loss on which the last step was taken; without an optimizer, count that step.

        Call it right after `optimizer.step()`. When recording is over, it does nothing.

        Args:
            loss: of the minibatch, one number.

        Raises:
            InputError: recording has not begun, no step was taken yet, or a loss of many numbers.
        """
        draft = self._begun()
        if isinstance(loss, Tensor) and loss.numel() != 1:
            wanted = "the loss must be one number"
            raise InputError(wanted, f"shape {tuple(loss.shape)}", "pass loss.mean()")
        if self._optimizer is None:
            self._advance(gradient=True)
        elif self._step == draft.first:
            wanted, mend = "step(loss) tells of a step", "call it after optimizer.step()"
            raise InputError(wanted, "none so far", mend)
        row = self._open.get(self._step - 1) if self._recording else None
        if loss is not None and row is not None:
            row.loss = float(loss.detach() if isinstance(loss, Tensor) else loss)

    def close(self) -> None:
        """End: keep the last point, write what waits, let go of the optimizer."""
        if self._draft is None or self._closed:
            return
        draft, last = self._draft, list[Row]()
        with self._watched():
            last = self._last(draft) if self._recording else last
        self._stop()
        self._closed = True
        with self._watched():
            draft.close(*last)

    def _after_step(self, optimizer: Optimizer, args: object, kwargs: object) -> None:
        skipped = getattr(optimizer, "found_inf", None)  # a scaler tells fused ones to skip so
        if skipped is None or not float(skipped):
            self._advance(gradient=not isinstance(optimizer, LBFGS))

    def _advance(self, gradient: bool) -> None:
        """Note that a step was taken; its gradient belongs to the point before it."""
        draft = self._begun()
        if not self._recording:
            return
        with self._watched():
            before = self._open.get(self._step)
            if before is not None and gradient:
                before.gradient_norm = self._reader.gradient_norm()
            self._step += 1
            if self._is_due(draft):
                row = Row(self._step, self._points.values(draft.blank))
                draft.add(row)
                self._open[self._step] = row
            self._open = {at: row for at, row in self._open.items() if at >= self._step - 1}

    def _is_due(self, draft: TrajectoryDraft) -> bool:
        """Return whether this step is kept, after making room for it."""
        after = self._step - draft.first
        if after % draft.stride:
            return False
        while self._keep.limit is not None and len(draft) >= self._keep.limit - 1:
            draft.thin(2 * draft.stride)  # one row stays free for the last point
        return after % draft.stride == 0

    def _begin(self, blank: xr.Dataset) -> tuple[TrajectoryDraft, Row]:
        """Return where rows go, and the row of the point where the model is now."""
        at, stride = self._at or 0, self._keep.steps
        if self._store is None:
            return TrajectoryDraft(blank, stride), Row(at, self._points.values(blank))
        draft = TrajectoryStore(self._store, blank, stride, self._flush, self._append)
        try:
            values = self._points.values(draft.blank)
            return draft, draft.take_back(values, self._at) if len(draft) else Row(at, values)
        except BaseException:
            draft.close()
            raise

    def _last(self, draft: TrajectoryDraft) -> list[Row]:
        """Return the row of the point where the model is now, unless it is kept already."""
        if draft.last == self._step:
            return []
        return [Row(self._step, self._points.values(draft.blank))]

    def _begun(self) -> TrajectoryDraft:
        if self._draft is None:
            mend = "open it: with Recorder(...) as recorder"
            raise InputError("a Recorder must have begun", "one that has not", mend)
        return self._draft

    def _stop(self) -> None:
        self._recording = False
        if self._remove is not None:
            self._remove()
            self._remove = None

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Stop recording at a fault of ours, and let the training go on."""
        try:
            yield
        except Exception as fault:
            first = self.fault is None
            self.fault = self.fault or fault
            self._stop()
            if first:
                said = str(fault) or type(fault).__name__
                warnings.warn(f"recording stopped: {said}", RuntimeWarning, stacklevel=2)

    def _attrs(self) -> dict[str, Attr]:
        attrs: dict[str, Attr] = {
            "objective": type(self._reader.model).__name__,
            "schedule": repr(self._keep),
            "loss_kind": "minibatch",
            "gradient_kind": "minibatch, as the optimizer used it",
        }
        if self._optimizer is not None:
            name = type(self._optimizer).__name__
            settings = ", ".join(f"{k}={v!r}" for k, v in self._optimizer.defaults.items())
            attrs |= {"optimizer": name, "stepper": f"{name}({settings})"}
        return attrs


def _check_optimizer(reader: Reader, optimizer: Optimizer | None) -> None:
    if optimizer is None:
        return
    if not isinstance(optimizer, Optimizer):
        mend = "pass None, and call recorder.step(loss) after each step"
        wanted = "optimizer must be a torch.optim.Optimizer"
        raise InputError(wanted, type(optimizer).__name__, mend)
    theirs = [tensor for group in optimizer.param_groups for tensor in group["params"]]
    if not reader.owns_any(theirs):
        mend = "pass the model that it trains"
        raise InputError("the optimizer must train this model", "one of another model", mend)
