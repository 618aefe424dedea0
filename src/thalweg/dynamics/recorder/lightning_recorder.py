"""LightningRecorder: a Recorder as a callback of Lightning's Trainer."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, DTypeLike
from torch import Tensor

from thalweg.core.errors import InputError, MissingExtraError
from thalweg.dynamics.recorder.projection import Projection
from thalweg.dynamics.recorder.recorder import Recorder
from thalweg.dynamics.recorder.schedule import Every, Schedule
from thalweg.store.trajectory import Flush

try:
    from lightning.pytorch import Callback, LightningModule, Trainer
except ImportError as fault:
    wanted, mend = "LightningRecorder needs lightning", "pip install lightning"
    raise MissingExtraError(wanted, "not installed", mend) from fault


class LightningRecorder(Callback):
    """Keeps where `Trainer.fit` takes a LightningModule; for one optimizer, one process.

    The loss of a row is that of the last batch of the step, as `training_step` gave it. See
    `Recorder` for the arguments and for what is kept.

    Raises:
        InputError: when the fit starts, with another number of optimizers than one.
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
        self._told = 0  # steps whose loss is known

    @property
    def trajectory(self) -> xr.Dataset:
        """The run up to now, in memory; see `Recorder.trajectory`."""
        if self._recorder is None:
            mend = "pass it to Trainer(callbacks=[...]) and fit"
            raise InputError("a run must have begun", "none", mend)
        return self._recorder.trajectory

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin."""
        if len(trainer.optimizers) != 1:
            mend = "use a Recorder for each in training_step"
            raise InputError("a run needs one optimizer", str(len(trainer.optimizers)), mend)
        self._recorder = Recorder(
            pl_module,
            trainer.optimizers[0],
            self._store,
            keep=self._keep,
            dtype=self._dtype,
            projection=self._projection,
            parameters=self._parameters,
            append=self._append,
            at=trainer.global_step or None,
            flush=self._flush,
        ).attach()
        self._told = self._recorder.steps

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Tensor | Mapping[str, Any] | None,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Tell the loss of the batch, if it ended a step."""
        loss = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
        if self._recorder is not None and self._recorder.steps > self._told:
            if loss is not None and pl_module.automatic_optimization:
                loss = loss * trainer.accumulate_grad_batches  # by which Lightning divided it
            self._recorder.step(loss)
            self._told = self._recorder.steps

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """End."""
        self.close()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Keep the path of a fit that was interrupted."""
        self.close()

    def close(self) -> None:
        """End by hand; a fit does so itself, also one that fails."""
        if self._recorder is not None:
            self._recorder.close()
