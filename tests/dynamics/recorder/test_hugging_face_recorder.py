"""HuggingFaceRecorder: the path of Trainer.train."""

import numpy as np
import pytest
import torch
from torch.utils.data import SequentialSampler, TensorDataset
from transformers import Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_callback import TrainerControl, TrainerState

from dynamics.recorder.loops import by_hand, flat, made
from thalweg.core.errors import InputError
from thalweg.dynamics.recorder.hugging_face_recorder import HuggingFaceRecorder
from thalweg.dynamics.recorder.schedule import Every
from thalweg.store.folder import load


class Guest(torch.nn.Module):
    """A model that returns its loss, as those of transformers do."""

    def __init__(self):
        super().__init__()
        self.net, _, *data = made()
        self.data = TensorDataset(*data)

    def forward(self, inputs, labels):
        return {"loss": (self.net(inputs) - labels).square().mean()}


class InOrder(Trainer):
    """The examples in their order, as a loop by hand takes them."""

    def _get_train_sampler(self, *_):
        return SequentialSampler(self.train_dataset)


class Watching(TrainerCallback):
    """Copies by hand what a step did; raises at a step, if told to; says where training began."""

    def __init__(self, fails_at=None, begin=0):
        self.points, self.fails_at, self.begin = [], fails_at, begin

    def on_train_begin(self, args, state, control, model=None, **_):
        self.points.append(flat(model))
        state.global_step = self.begin  # as after a checkpoint; this one stands before the recorder

    def on_step_end(self, args, state, control, model=None, **_):
        self.points.append(flat(model))
        if state.global_step == self.fails_at:
            raise KeyError("mine")


def collated(rows):
    return {
        "inputs": torch.stack([x for x, _ in rows]),
        "labels": torch.stack([y for _, y in rows]),
    }


def train(callback, folder, guest=None, size=8, watching=None, **settings):
    guest = guest or Guest()
    watching = watching or Watching()
    arguments = TrainingArguments(
        str(folder),
        use_cpu=True,
        report_to=[],
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        max_grad_norm=0,
        num_train_epochs=1,
        per_device_train_batch_size=size,
        lr_scheduler_type="constant",
        **settings,
    )
    optimizer = torch.optim.SGD(guest.parameters(), 0.1)
    trainer = InOrder(
        guest,
        arguments,
        data_collator=collated,
        train_dataset=guest.data,
        callbacks=[watching, callback],
        optimizers=(optimizer, None),
    )
    trainer.train()
    assert not optimizer._optimizer_step_post_hooks
    return watching


def test_a_training_is_the_loop_by_hand(tmp_path):
    callback = HuggingFaceRecorder(tmp_path / "run", dtype=np.float64)
    watching = train(callback, tmp_path)
    points, _, norms = by_hand(5, size=8)
    run = callback.trajectory
    np.testing.assert_array_equal(run.point, points)
    np.testing.assert_array_equal(run.point, watching.points)
    np.testing.assert_allclose(run.gradient_norm, [*norms, np.nan], rtol=1e-12)
    assert np.isnan(run.loss).all()
    assert run.attrs["stepper"].startswith("SGD(lr=0.1, ")
    assert run.identical(load(tmp_path / "run"))


def test_accumulated_batches_are_one_step(tmp_path):
    callback = HuggingFaceRecorder(dtype=np.float64, keep=Every(2))
    watching = train(callback, tmp_path, size=4, gradient_accumulation_steps=2)
    run = callback.trajectory
    assert run.step.values.tolist() == [0, 2, 4, 5]
    np.testing.assert_array_equal(run.point, np.array(watching.points)[[0, 2, 4, 5]])


def test_a_training_that_failed_is_closed_by_hand_or_by_the_next(tmp_path):
    callback = HuggingFaceRecorder(tmp_path / "run")
    with pytest.raises(KeyError, match="mine"):
        train(callback, tmp_path, watching=Watching(fails_at=3))
    callback.close()
    assert load(tmp_path / "run").sizes["step"] == 4
    again = HuggingFaceRecorder(tmp_path / "other", append=True)
    with pytest.raises(KeyError, match="mine"):
        train(again, tmp_path, watching=Watching(fails_at=2))
    train(again, tmp_path, max_steps=3)
    assert load(tmp_path / "other").step.values.tolist() == [0, 1, 2, 3]


def test_a_resumed_training_counts_on(tmp_path):
    callback = HuggingFaceRecorder()
    train(callback, tmp_path, watching=Watching(begin=10), max_steps=13)
    assert callback.trajectory.step.values.tolist() == [10, 11, 12, 13]


def test_misuse_is_told():
    with pytest.raises(InputError, match="a run must have begun, got none"):
        _ = HuggingFaceRecorder().trajectory
    with pytest.raises(InputError, match="must tell its model and optimizer"):
        HuggingFaceRecorder().on_train_begin(None, TrainerState(), TrainerControl())
