"""Recorder: what it keeps of a PyTorch training loop."""

import copy
import gc
import warnings
import weakref

import numpy as np
import pytest
import torch
from torch import nn

from cases import Case
from dynamics.recorder.loops import by_hand, flat, made, step
from thalweg.core.arrays import digest
from thalweg.core.errors import InputError
from thalweg.core.layout import Role
from thalweg.core.layout_attrs import check_layout, layout_of
from thalweg.core.schema import require_kind
from thalweg.dynamics.diagnostics import diagnose
from thalweg.dynamics.record import record
from thalweg.dynamics.recorder.recorder import Recorder
from thalweg.dynamics.recorder.schedule import Every, Thinned
from thalweg.dynamics.steppers import SGD, Adam, Momentum, Nesterov
from thalweg.objectives.activations import Activation
from thalweg.objectives.losses import Loss
from thalweg.objectives.torch.selection import select

CASE = Case((5,), Activation.TANH, Loss.BINARY_CROSS_ENTROPY, 0.0)


def recorded(steps, tell=True, size=None, loop=None, **arguments):
    """The trajectory of a loop of so many steps, and the model at its end."""
    model, optimizer, *data = made(**(loop or {}))
    with Recorder(model, optimizer, **arguments) as recorder:
        for t in range(steps):
            loss = step(model, optimizer, *data, t=t, size=size)
            if tell:
                recorder.step(loss)
    return recorder.trajectory, model


@pytest.mark.parametrize("size", [None, 7])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_are_bit_for_bit_those_of_a_loop_that_copies_by_hand(dtype, size):
    loop = {"kind": torch.optim.Adam, "dtype": getattr(torch, dtype)}
    points, losses, norms = by_hand(9, size, **loop)
    run, _ = recorded(9, size=size, loop=loop, dtype=dtype)
    assert run.point.dtype == dtype
    np.testing.assert_array_equal(run.point, points.astype(dtype))
    np.testing.assert_array_equal(run.loss, [*losses, np.nan])
    np.testing.assert_allclose(run.gradient_norm, [*norms, np.nan], rtol=1e-12)
    moved = np.linalg.norm(np.diff(points.astype(dtype).astype(float), axis=0), axis=1)
    np.testing.assert_allclose(run.step_length, [0, *moved], rtol=1e-12)
    assert run.step.values.tolist() == [*range(10)]


class Chapter(nn.Module):
    """The network of CASE, with its parameters in the order of our own layout."""

    def __init__(self):
        super().__init__()
        for block, at in CASE.network.layout.slices():
            values = torch.tensor(CASE.point[at]).reshape(block.shape)
            self.register_parameter(block.name, nn.Parameter(values))

    def forward(self, x):
        return torch.tanh(x @ self.W1 + self.b1) @ self.W2 + self.b2


@pytest.mark.parametrize(
    ("stepper", "optimizer"),
    [
        (SGD(0.3), lambda p: torch.optim.SGD(p, 0.3)),
        (Momentum(0.1), lambda p: torch.optim.SGD(p, 0.1, momentum=0.9)),
        (Nesterov(0.1), lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, nesterov=True)),
        (Adam(0.05), lambda p: torch.optim.Adam(p, 0.05)),
    ],
    ids=lambda x: getattr(x, "name", ""),
)
def test_agrees_with_our_own_record(stepper, optimizer):
    wanted = record(CASE.objective, CASE.point, stepper, steps=20)
    model = Chapter()
    optimizer = optimizer(model.parameters())
    inputs, targets = map(torch.tensor, CASE.data)
    with Recorder(model, optimizer, dtype=np.float64) as recorder:
        for _ in range(20):
            optimizer.zero_grad()
            loss = nn.functional.binary_cross_entropy_with_logits(model(inputs)[:, 0], targets)
            loss.backward()
            optimizer.step()
            recorder.step(loss)
    found = recorder.trajectory
    np.testing.assert_allclose(found.point, wanted.point, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.step_length, wanted.step_length, rtol=0, atol=1e-12)
    for name in ("loss", "gradient_norm"):
        np.testing.assert_allclose(found[name][:-1], wanted[name][:-1], rtol=0, atol=1e-12)
    assert diagnose(found).path_ratio == pytest.approx(diagnose(wanted).path_ratio, rel=1e-11)


def test_the_trajectory_says_where_it_is_from():
    run, model = recorded(3, loop={"momentum": 0.5})
    require_kind(run, "trajectory")
    assert run.attrs["objective"] == "Sequential"
    assert run.attrs["optimizer"] == "SGD"
    assert run.attrs["stepper"].startswith("SGD(lr=0.1, momentum=0.5, ")
    assert run.attrs["loss_kind"] == "minibatch"
    assert run.attrs["schedule"] == "Every(steps=1)"
    assert run.attrs["start_digest"] == digest(run.point.values[0])
    assert run.attrs["steps"] == 3
    layout = layout_of(run)
    assert layout == select(model, None).layout
    assert layout.blocks[0].role is Role.WEIGHT
    check_layout(run, layout)
    other = select(nn.Linear(3, 4), None).layout
    with pytest.raises(
        InputError, match=r"from this model, got 0.weight \(4, 3\) in place of None"
    ):
        check_layout(run, other)
    with pytest.raises(InputError, match="must name the blocks"):
        layout_of(run.drop_attrs())


@pytest.mark.parametrize("every", [2, 3, 10, 99])
def test_every_kth_row_and_the_last_are_kept(every):
    points, losses, norms = by_hand(10)
    run, _ = recorded(10, keep=Every(every), dtype=np.float64)
    kept = sorted({*range(0, 11, every), 10})
    assert run.step.values.tolist() == kept
    np.testing.assert_array_equal(run.point, points[kept])
    np.testing.assert_array_equal(run.loss, np.append(losses, np.nan)[kept])
    np.testing.assert_allclose(run.gradient_norm, np.append(norms, np.nan)[kept], rtol=1e-12)


def test_a_loss_that_is_not_told_is_nan():
    run, _ = recorded(3, tell=False)
    assert np.isnan(run.loss).all()
    assert np.isfinite(run.gradient_norm[:-1]).all()


def test_without_an_optimizer_each_call_is_a_step():
    model, optimizer, *data = made()
    points, losses, norms = by_hand(6)
    with Recorder(model, dtype=np.float64, keep=Every(2)) as recorder:
        for _ in range(6):
            recorder.step(step(model, optimizer, *data))
    run = recorder.trajectory
    assert "optimizer" not in run.attrs
    np.testing.assert_array_equal(run.point, points[::2])
    np.testing.assert_array_equal(run.loss, [*losses[::2], np.nan])
    np.testing.assert_allclose(run.gradient_norm, [*norms[::2], np.nan], rtol=1e-12)


def test_the_trajectory_can_be_read_at_any_time():
    model, optimizer, *data = made()
    recorder = Recorder(model, optimizer, keep=Every(4)).attach()
    for t in range(7):
        step(model, optimizer, *data)
        now = recorder.trajectory
        assert now.step.values[-1] == t + 1 == recorder.steps
        np.testing.assert_array_equal(now.point[-1], flat(model).astype(np.float32))
    recorder.close()
    recorder.close()
    assert recorder.trajectory.step.values.tolist() == [0, 4, 7]


def state(model, optimizer):
    """All that belongs to the caller, as bytes and plain values."""
    tensors = [*model.state_dict().values(), *(p.grad for p in model.parameters())]
    tensors += [v for s in optimizer.state.values() for v in s.values()]
    hooks = [*optimizer._optimizer_step_post_hooks, *optimizer._optimizer_step_pre_hooks]
    hooks += [*model._forward_hooks, *model._backward_hooks]
    return (
        [t.numpy().tobytes() for t in tensors if t is not None],
        [p.requires_grad for p in model.parameters()],
        copy.deepcopy({k: v for k, v in optimizer.param_groups[0].items() if k != "params"}),
        [m.training for m in model.modules()],
        torch.get_rng_state().numpy().tobytes(),
        np.random.get_state()[1].tobytes(),
        torch.is_grad_enabled(),
        hooks,
        sorted(vars(model)),
        sorted(vars(optimizer)),
    )


def test_the_guest_is_left_as_it_was():
    plain, ours = made(torch.optim.Adam), made(torch.optim.Adam)
    for t in range(5):
        step(*plain, t=t, size=8)
    with Recorder(*ours[:2], keep=Thinned(3)) as recorder:
        for t in range(5):
            recorder.step(step(*ours, t=t, size=8))
    assert state(*ours[:2]) == state(*plain[:2])
    before = state(*ours[:2])
    with Recorder(*ours[:2]) as recorder:
        assert state(*ours[:2])[:7] == before[:7]
    assert state(*ours[:2]) == before


def test_no_graph_is_kept_alive_and_rows_do_not_share_memory():
    model, optimizer, *data = made()
    with Recorder(model, optimizer, dtype=np.float64) as recorder:
        loss = step(model, optimizer, *data)
        recorder.step(loss)
        gone = weakref.ref(loss)
        first = recorder.trajectory.point.values[1].copy()
        del loss
        gc.collect()
        assert gone() is None
        with torch.no_grad():
            model[0].weight.fill_(9.0)
        np.testing.assert_array_equal(recorder.trajectory.point[1], first)


@pytest.mark.parametrize("fault", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_whatever_ends_the_loop_the_path_is_kept_and_the_hook_is_gone(fault):
    model, optimizer, *data = made()
    recorder = Recorder(model, optimizer, keep=Every(2))

    def train():
        with recorder:
            for _ in range(5):
                step(model, optimizer, *data)
            raise fault

    with pytest.raises(fault):
        train()
    assert recorder.trajectory.step.values.tolist() == [0, 2, 4, 5]
    assert not optimizer._optimizer_step_post_hooks
    step(model, optimizer, *data)
    assert recorder.steps == 5


def test_tied_frozen_and_selected_parameters():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 3))
    model[2].weight = model[0].weight
    model[1].weight.requires_grad_(False)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], 0.1)
    names = {
        None: ["0.weight", "0.bias", "1.bias", "2.bias"],
        "*": ["0.weight", "0.bias", "1.weight", "1.bias", "2.bias"],
        "1.*": ["1.weight", "1.bias"],
    }
    for patterns, wanted in names.items():
        with Recorder(model, optimizer, parameters=patterns) as recorder:
            optimizer.zero_grad()
            model(torch.ones(1, 3)).sum().backward()
            norm = [
                p.grad.norm()
                for n, p in model.named_parameters()
                if n in wanted and n != "1.weight"
            ]
            optimizer.step()
        run = recorder.trajectory
        assert [block.name for block in layout_of(run).blocks] == wanted
        assert run.gradient_norm[0] == pytest.approx(torch.stack(norm).norm().item(), rel=1e-6)
        last = torch.cat([model.get_parameter(name).detach().ravel() for name in wanted])
        np.testing.assert_array_equal(run.point[-1], last)


def test_a_compiled_model_is_recorded_under_its_own_names():
    model, optimizer, *data = made()
    compiled = torch.compile(model, backend="eager")
    with Recorder(compiled, optimizer, dtype=np.float64) as recorder:
        for _ in range(3):
            step(compiled, optimizer, *data)
    run = recorder.trajectory
    assert layout_of(run) == select(model, None).layout
    np.testing.assert_array_equal(run.point, by_hand(3)[0])


def test_lbfgs_has_one_row_a_step_and_no_gradient():
    model, _, inputs, targets = made()
    optimizer = torch.optim.LBFGS(model.parameters(), 0.5, max_iter=4)

    def closure():
        optimizer.zero_grad()
        loss = (model(inputs) - targets).square().mean()
        loss.backward()
        return loss

    points = [flat(model)]
    with Recorder(model, optimizer, dtype=np.float64) as recorder:
        for _ in range(3):
            recorder.step(optimizer.step(closure))
            points.append(flat(model))
    run = recorder.trajectory
    np.testing.assert_array_equal(run.point, points)
    assert np.isnan(run.gradient_norm).all()
    assert (np.diff(run.loss[:-1]) < 0).all()


@pytest.mark.parametrize("fused", [False, True])  # the scaler lets fused ones skip by themselves
def test_a_step_that_the_gradient_scaler_skips_is_none(fused):
    model, optimizer, inputs, targets = made(dtype=torch.float32, fused=fused)
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    with Recorder(model, optimizer) as recorder:
        for t in range(4):
            optimizer.zero_grad()
            loss = (model(inputs) - targets).square().mean()
            scaler.scale(loss * (torch.inf if t == 1 else 1)).backward()
            scaler.step(optimizer)
            scaler.update()
    run = recorder.trajectory
    assert run.sizes["step"] == 4
    np.testing.assert_allclose(run.gradient_norm[:-1], by_hand(3)[2], rtol=1e-5)  # unscaled


def test_a_group_added_and_parameters_replaced_on_the_way():
    model, _, inputs, targets = made()
    optimizer = torch.optim.SGD(model[2].parameters(), 0.1)
    with Recorder(model, optimizer, dtype=np.float64) as recorder:
        step(model, optimizer, inputs, targets)
        optimizer.add_param_group({"params": [*model[0].parameters()]})
        step(model, optimizer, inputs, targets)
        model[0].weight = nn.Parameter(model[0].weight.detach() + 1)  # as some moves do
        step(model, optimizer, inputs, targets)
        last = flat(model)
    run = recorder.trajectory
    size = model[0].weight.numel()
    moved = np.abs(np.diff(run.point.values[:, :size], axis=0)).max(axis=1)
    assert moved[0] == 0
    assert 0 < moved[1] < 0.5 < moved[2]
    np.testing.assert_array_equal(run.point[-1], last)


def test_a_model_that_changes_its_shape_ends_the_recording_not_the_training():
    model, optimizer, inputs, targets = made()
    recorder = Recorder(model, optimizer, dtype=np.float64).attach()
    step(model, optimizer, inputs, targets)
    model[2] = nn.Linear(4, 2, dtype=torch.float64)
    with pytest.warns(RuntimeWarning, match=r"recording stopped: .*2.weight of shape \(2, 4\)"):
        step(model, optimizer, inputs, targets)
    for _ in range(3):
        step(model, optimizer, inputs, targets)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        recorder.close()
    assert isinstance(recorder.fault, InputError)
    np.testing.assert_array_equal(recorder.trajectory.point, by_hand(1)[0])


@pytest.mark.parametrize("ended", ["closed", "shape", "memory"])
@pytest.mark.parametrize("by_optimizer", [True, False])
def test_losses_told_when_recording_is_over_change_no_row(monkeypatch, ended, by_optimizer):
    model, optimizer, *data = made()
    recorder = Recorder(model, optimizer if by_optimizer else None, dtype=np.float64).attach()
    for _ in range(3):
        recorder.step(step(model, optimizer, *data))
    if ended == "closed":
        recorder.close()
    elif ended == "shape":
        model[2] = nn.Linear(4, 2, dtype=torch.float64)
    else:
        monkeypatch.setattr(recorder._points, "values", _no_memory)
    if ended != "closed":
        with pytest.warns(RuntimeWarning, match="recording stopped: (a recorded|MemoryError)"):
            recorder.step(step(model, optimizer, *data))
    for loss in (99.0, torch.tensor(98.0)):
        step(model, optimizer, *data)
        recorder.step(loss)
    recorder.close()
    points, losses, _ = by_hand(3)
    np.testing.assert_array_equal(recorder.trajectory.loss, [*losses, np.nan])
    np.testing.assert_array_equal(recorder.trajectory.point, points)
    assert recorder.fault is None or ended != "closed"


def _no_memory(_):
    raise MemoryError


def test_a_run_that_diverges_is_kept_as_it_went():
    loop = {"lr": 1e200}
    with np.errstate(all="ignore"):
        points, losses, _ = by_hand(4, **loop)
    run, _ = recorded(4, loop=loop, dtype=np.float64)
    assert not np.isfinite(points).all()
    np.testing.assert_array_equal(run.point, points)
    np.testing.assert_array_equal(run.loss, [*losses, np.nan])


def test_half_precision_is_as_near_as_it_says():
    points = by_hand(5, dtype=torch.float32)[0]
    run, _ = recorded(5, loop={"dtype": torch.float32}, dtype=np.float16)
    error = np.abs(run.point.astype(float) - points)
    assert run.point.dtype == np.float16
    assert (error <= np.maximum(np.abs(points) * 2.0**-11, 3e-8)).all()
    assert (error > 0).any()
    loop = {"dtype": torch.bfloat16, "lr": 0.25}
    run, _ = recorded(5, loop=loop)  # bfloat16 in float32: exact
    np.testing.assert_array_equal(run.point, by_hand(5, **loop)[0])


def test_sparse_gradients_have_a_norm():
    torch.manual_seed(0)
    model = nn.Embedding(9, 2, sparse=True)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Recorder(model, optimizer) as recorder:
        model(torch.tensor([1, 1, 4])).sum().backward()
        optimizer.step()
    assert recorder.trajectory.gradient_norm[0] == pytest.approx(np.sqrt(4 + 4 + 1 + 1))


def test_steps_may_begin_later():
    model, optimizer, *data = made()
    with Recorder(model, optimizer, at=7, keep=Every(5)) as recorder:
        for _ in range(11):
            step(model, optimizer, *data)
    assert recorder.trajectory.step.values.tolist() == [7, 12, 17, 18]


def test_misuse_is_told_in_one_line():
    model, optimizer, *_ = made()
    other = nn.Linear(2, 2)
    wrong = [
        (lambda: Every(0), "at least 1 step apart, got 0"),
        (lambda: Thinned(2), "room for 3 rows or more, got 2"),
        (lambda: Thinned(9, 0), "at least 1 step apart, got 0"),
        (lambda: Recorder(nn.Tanh()), "must have parameters, got none"),
        (lambda: Recorder(optimizer, model), "must be a torch.nn.Module, got SGD"),
        (lambda: Recorder(model, model), "must be a torch.optim.Optimizer, got Sequential"),
        (lambda: Recorder(other, optimizer), "must train this model, got one of another model"),
        (lambda: Recorder(model, optimizer, dtype="int8"), "dtype must be .*, got 'int8'"),
        (lambda: Recorder(model, optimizer, dtype="bfloat16"), "dtype must be .*'bfloat16'"),
        (lambda: Recorder(model, optimizer, append=True), "append needs a store"),
        (lambda: Recorder(model, optimizer, at=-1), "steps from 0, got -1"),
        (lambda: Recorder(model, optimizer, parameters="nothing"), "must match a parameter"),
        (lambda: Recorder(model, optimizer).step(), "must have begun"),
        (lambda: Recorder(model, optimizer).trajectory, "must have begun"),
        (lambda: Recorder(model, optimizer).attach().step(0.1), "tells of a step, got none so far"),
        (lambda: Recorder(model, optimizer).attach().attach(), "begins once, got a second time"),
        (lambda: Recorder(model).attach().step(torch.ones(2)), r"one number, got shape \(2,\)"),
    ]
    for call, said in wrong:
        with pytest.raises(InputError, match=said) as caught:
            call()
        assert "\n" not in str(caught.value)
