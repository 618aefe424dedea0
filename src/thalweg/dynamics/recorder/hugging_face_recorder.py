"""HuggingFaceRecorder: a Recorder as a callback of the Trainer of transformers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, DTypeLike
from torch import nn
from torch.optim import Optimizer

from thalweg.core.errors import InputError, MissingExtraError
from thalweg.dynamics.recorder.projection import Projection
from thalweg.dynamics.recorder.recorder import Recorder
from thalweg.dynamics.recorder.schedule import Every, Schedule
from thalweg.store.trajectory import Flush

try:
    from transformers.trainer_callback import (
        TrainerCallback,
        TrainerControl,
        TrainerState,
    )
    from transformers.training_args import TrainingArguments
except ImportError as fault:
    wanted, mend = "HuggingFaceRecorder needs transformers", "pip install transformers accelerate"
    raise MissingExtraError(wanted, "not installed", mend) from fault


class HuggingFaceRecorder(TrainerCallback):
    """Keeps where `Trainer.train` takes a model.

    The Trainer tells callbacks no loss of a single step, so the loss of every row is NaN. See
    `Recorder` for the arguments and for what is kept.
    """

    def __init__(
        self,
        store: Path | str | None = None,
        *,
        keep: Schedule = Every(1),  # noqa: B008
        dtype: DTypeLike = np.float32,
        projection: Projection | ArrayLike | None = None,
        parameters: str | Sequence[str] | None = None,
        append: bool = False,
        flush: Flush = Flush(),  # noqa: B008
    ) -> None:
        self._store, self._keep, self._dtype, self._projection = store, keep, dtype, projection
        self._parameters, self._append, self._flush = parameters, append, flush
        self._recorder: Recorder | None = None

    @property
    def trajectory(self) -> xr.Dataset:
        """The run up to now, in memory; see `Recorder.trajectory`."""
        if self._recorder is None:
            mend = "pass it to Trainer(callbacks=[...]) and train"
            raise InputError("a run must have begun", "none", mend)
        return self._recorder.trajectory

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: nn.Module | None = None,
        optimizer: Optimizer | None = None,
        **kwargs: Any,
    ) -> None:
        """Begin."""
        if model is None or optimizer is None:
            wanted, mend = "the Trainer must tell its model and optimizer", "pass it as a callback"
            raise InputError(wanted, "none", mend)
        self.close()  # an earlier run, if it failed
        inner = getattr(optimizer, "optimizer", optimizer)  # accelerate wraps the one that steps
        self._recorder = Recorder(
            model,
            inner,
            self._store,
            keep=self._keep,
            dtype=self._dtype,
            projection=self._projection,
            parameters=self._parameters,
            append=self._append,
            at=state.global_step or None,
            flush=self._flush,
        ).attach()

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """End."""
        self.close()

    def close(self) -> None:
        """End by hand, where `train` raised: the Trainer does not tell its callbacks of that."""
        if self._recorder is not None:
            self._recorder.close()
