"""HuggingFaceRecorder: driven as the Trainer of transformers drives its callbacks."""

import numpy as np
import pytest
import torch
from transformers.trainer_callback import CallbackHandler, TrainerControl, TrainerState

from dynamics.recorder.loops import by_hand, made, step
from thalweg.core.errors import InputError
from thalweg.dynamics.recorder.hugging_face_recorder import HuggingFaceRecorder
from thalweg.store.folder import load


class Wrapped(torch.optim.Optimizer):
    """An optimizer inside another, as accelerate has it: the outer one never steps itself."""

    def __init__(self, optimizer):
        self.optimizer = optimizer
        self.param_groups = optimizer.param_groups

    def step(self, closure=None):
        self.optimizer.step(closure)

    def zero_grad(self, set_to_none=True):
        self.optimizer.zero_grad(set_to_none)


def trained(callback, steps=5, wrap=True, begin=0):
    """Train with the Trainer's own handler of callbacks, its events in its order."""
    model, optimizer, *data = made()
    outer = Wrapped(optimizer) if wrap else optimizer
    handler = CallbackHandler([callback], model, None, outer, None)
    arguments, state, control = None, TrainerState(global_step=begin), TrainerControl()
    control = handler.on_train_begin(arguments, state, control)
    for t in range(steps):
        control = handler.on_step_begin(arguments, state, control)
        step(model, outer, *data, t=t, size=8)
        control = handler.on_optimizer_step(arguments, state, control)
        state.global_step += 1
        control = handler.on_step_end(arguments, state, control)
    return handler, arguments, state, control


@pytest.mark.parametrize("wrap", [True, False])
def test_a_training_is_the_loop_by_hand(tmp_path, wrap):
    callback = HuggingFaceRecorder(tmp_path / "run", dtype=np.float64)
    handler, *rest = trained(callback, wrap=wrap)
    handler.on_train_end(*rest)
    points, _, norms = by_hand(5, size=8)
    run = callback.trajectory
    np.testing.assert_array_equal(run.point, points)
    np.testing.assert_allclose(run.gradient_norm, [*norms, np.nan], rtol=1e-12)
    assert np.isnan(run.loss).all()
    assert run.identical(load(tmp_path / "run"))


def test_a_training_that_failed_is_closed_by_hand_or_by_the_next(tmp_path):
    callback = HuggingFaceRecorder(tmp_path / "run", append=True)
    trained(callback, steps=3)
    callback.close()
    assert load(tmp_path / "run").sizes["step"] == 4
    again = HuggingFaceRecorder(tmp_path / "other", append=True)
    trained(again, steps=2)
    handler, *rest = trained(again, steps=3)
    handler.on_train_end(*rest)
    assert load(tmp_path / "other").step.values.tolist() == [0, 1, 2, 3]


def test_a_resumed_training_counts_on():
    callback = HuggingFaceRecorder()
    handler, *rest = trained(callback, begin=10)
    handler.on_train_end(*rest)
    assert callback.trajectory.step.values.tolist() == [10, 11, 12, 13, 14, 15]


def test_misuse_is_told():
    with pytest.raises(InputError, match="a run must have begun, got none"):
        _ = HuggingFaceRecorder().trajectory
    with pytest.raises(InputError, match="must tell its model and optimizer"):
        HuggingFaceRecorder().on_train_begin(None, TrainerState(), TrainerControl())
