"""LightningRecorder: the path of Trainer.fit."""

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from dynamics.recorder.loops import by_hand, made
from thalweg.core.errors import InputError
from thalweg.dynamics.recorder.lightning_recorder import LightningRecorder
from thalweg.dynamics.recorder.schedule import Every
from thalweg.store.folder import load

pytestmark = [  # both are said of Lightning by itself
    pytest.mark.filterwarnings("ignore:.*does not have many workers:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*LeafSpec.* is deprecated:FutureWarning"),
]


class Guest(pl.LightningModule):
    def __init__(self, optimizers=1, fails_at=None, by_hand=False):
        super().__init__()
        self.net, _, self.inputs, self.targets = made()
        self.count, self.fails_at, self.losses = optimizers, fails_at, []
        self.automatic_optimization = not by_hand

    def training_step(self, batch, index):
        if index == self.fails_at:
            raise KeyError("mine")
        inputs, targets = batch
        loss = (self.net(inputs) - targets).square().mean()
        self.losses.append(loss.item())
        if not self.automatic_optimization:
            self.optimizers().zero_grad()
            self.manual_backward(loss)
            self.optimizers().step()
        return loss

    def configure_optimizers(self):
        found = [torch.optim.SGD(self.net.parameters(), 0.1) for _ in range(self.count)]
        return found[0] if self.count == 1 else found


def fit(callback, guest, size=8, **settings):
    data = DataLoader(TensorDataset(guest.inputs, guest.targets), size)
    trainer = pl.Trainer(
        accelerator="cpu",
        devices=1,
        max_epochs=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[callback],
        **settings,
    )
    trainer.fit(guest, data)


@pytest.mark.parametrize("manual", [False, True])
def test_a_fit_is_the_loop_by_hand(tmp_path, manual):
    callback = LightningRecorder(tmp_path / "run", dtype=np.float64)
    fit(callback, Guest(by_hand=manual))
    points, losses, norms = by_hand(5, size=8)
    run = callback.trajectory
    np.testing.assert_array_equal(run.point, points)
    np.testing.assert_allclose(run.loss, [*losses, np.nan], rtol=1e-12)
    np.testing.assert_allclose(run.gradient_norm, [*norms, np.nan], rtol=1e-12)
    assert run.identical(load(tmp_path / "run"))


def test_accumulated_batches_are_one_step():
    callback, guest = LightningRecorder(keep=Every(2)), Guest()
    fit(callback, guest, size=4, accumulate_grad_batches=3, max_steps=3)
    run = callback.trajectory
    assert run.step.values.tolist() == [0, 2, 3]
    np.testing.assert_allclose(run.loss[:-1], guest.losses[2::6], rtol=1e-12)


def test_a_fit_that_fails_keeps_its_path(tmp_path):
    callback = LightningRecorder(tmp_path / "run")
    with pytest.raises(KeyError, match="mine"):
        fit(callback, Guest(fails_at=3))
    assert load(tmp_path / "run").sizes["step"] == 4


def test_misuse_is_told():
    with pytest.raises(InputError, match="a run must have begun, got none"):
        _ = LightningRecorder().trajectory
    callback = LightningRecorder()

    with pytest.raises(InputError, match="needs one optimizer, got 2"):
        fit(callback, Guest(optimizers=2, by_hand=True))
