"""Stability: thresholds by walking on both sides of them, the edge on real networks."""

import numpy as np
import pytest
import torch
import xarray as xr

from dynamics.networks import on_chebyshev, on_spiral
from thalweg.core.errors import InputError
from thalweg.curvature.dense import hessian
from thalweg.dynamics.record import Minibatches, batch_drawer, record
from thalweg.dynamics.recorder.recorder import Recorder
from thalweg.dynamics.stability import stability_along
from thalweg.dynamics.stepper_of import batches_of
from thalweg.dynamics.steppers import SGD, Adam, AdamW, Momentum, Nesterov, RMSprop, State, Stepper
from thalweg.objectives.activations import Activation
from thalweg.objectives.torch.from_torch import from_torch
from thalweg.objectives.zoo import quadratic

STEPPERS = [
    SGD(0.3),
    Momentum(0.1, 0.9),
    Momentum(0.1, 0.0),
    Momentum(0.1, 0.5),
    Nesterov(0.1, 0.9),
    Nesterov(0.1, 0.3),
    RMSprop(0.1, eps=1.0),  # eps far above the gradients: P is eps, as the theory has it
    Adam(0.1, eps=1.0),
    Adam(0.01, beta1=0.5, eps=1.0),
    AdamW(0.1, eps=1.0, weight_decay=0.5),
]


def walk(stepper, curvature, steps=4000, start=1e-100):
    """Positions on curvature / 2 w^2, from so near 0 that squares of gradients vanish."""
    point, state, path = np.array([start]), stepper.start(np.zeros(1)), []
    for _ in range(steps):
        state, point = stepper.step(state, point, curvature * point)
        path.append(point[0] / start)
    return np.array(path)


@pytest.mark.parametrize("stepper", STEPPERS, ids=str)
def test_below_the_threshold_steps_die_out_and_above_it_they_grow(stepper):
    with np.errstate(over="ignore"):
        below = walk(stepper, 0.99 * stepper.stability_threshold)
        above = walk(stepper, 1.01 * stepper.stability_threshold)
    assert np.abs(below[-100:]).max() < 1e-3
    assert np.abs(above[-100:]).max() > 1e3


@pytest.mark.parametrize("beta", [0.3, 0.5, 0.9, 0.95])
def test_the_heavy_ball_oscillates_from_its_damping_limit_on(beta):
    lr, limit = 0.1, (1 - np.sqrt(beta)) ** 2
    assert (walk(Momentum(lr, beta), 0.99 * limit / lr) > 0).all()
    assert (walk(Momentum(lr, beta), 1.01 * limit / lr) < 0).any()


def test_adam_of_the_literature_breaks_at_38_over_the_rate():
    assert Adam(0.01).stability_threshold == pytest.approx(38 / 0.01)


@pytest.mark.parametrize("stepper", [SGD(0.1), Momentum(0.1, 0.8), Nesterov(0.1, 0.8)], ids=str)
def test_on_a_quadratic_the_ratio_is_the_top_eigenvalue_over_the_threshold(stepper):
    bowl = quadratic([1.0, 7.0, 3.0], seed=2)
    found = stability_along(bowl, record(bowl, bowl.start, stepper, 5), [0, 3, -1])
    assert found.stability_ratio.values == pytest.approx(7 / stepper.stability_threshold)
    assert found.step.values.tolist() == [0, 3, 5]
    assert found.attrs["threshold"] == stepper.stability_threshold
    assert found.residual.values.max() < 1e-12


@pytest.mark.parametrize("stepper", [Adam(0.05), AdamW(0.05), RMSprop(0.05)], ids=str)
def test_an_adaptive_optimizer_feels_the_hessian_over_what_it_divides_by(stepper):
    bowl = quadratic([1.0, 7.0, 3.0], seed=2)
    run = record(bowl, bowl.start, stepper, 30)
    found = stability_along(bowl, run, [0, 30])
    assert found.attrs["replay_error"] < 1e-12
    second = np.zeros(3)
    for t, point in enumerate(run.point.values, start=1):  # the formulas, written out once more
        g = bowl.gradient(point)
        b1, b2 = (0.9, 0.999) if isinstance(stepper, Adam) else (0.0, 0.99)
        second = b2 * second + (1 - b2) * g * g
        corrected = second / (1 - b2**t) if isinstance(stepper, Adam) else second
        divided = (1 - b1**t) * (np.sqrt(corrected) + 1e-8)
        if t in (1, 31):
            top = np.linalg.eigvals(bowl.hessian(point) / divided[:, None]).real.max()
            got = float(found.top_eigenvalue.values[0 if t == 1 else 1])
            assert got == pytest.approx(top, rel=1e-9)


@pytest.mark.parametrize("seed", [0, 1])
def test_gradient_descent_ends_at_the_edge(seed):
    objective = on_chebyshev(seed)
    run = record(objective, objective.start, SGD(0.2), 3000)
    ratio = stability_along(objective, run, np.linspace(2250, 3000, 12)).stability_ratio.values
    assert ratio.mean() == pytest.approx(1.0, abs=0.02)


def test_adam_trains_at_38_over_its_rate():
    objective = on_spiral(Activation.TANH, seed=42, n_points=200)
    run = record(objective, objective.start, Adam(0.1), 2000)
    found = stability_along(objective, run, np.linspace(500, 2000, 16))
    assert found.stability_ratio.values.mean() == pytest.approx(1.0, abs=0.06)
    assert found.top_eigenvalue.values.mean() * 0.1 == pytest.approx(38, abs=2.3)


def test_a_loop_in_pytorch_is_replayed_as_its_own_optimizer_remembers_it():
    torch.set_num_threads(1)
    inputs = torch.linspace(-1, 1, 30)[:, None]
    targets = (inputs[:, 0] > 0.2).long()
    torch.manual_seed(0)
    model, measure = torch.nn.Linear(1, 2), torch.nn.CrossEntropyLoss()
    objective = from_torch(model, measure, (inputs, targets), dtype=torch.float64)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    with Recorder(model, optimizer) as recorder:
        for _ in range(20):
            optimizer.zero_grad()
            measure(model(inputs), targets).backward()
            optimizer.step()
    run = recorder.trajectory
    found = stability_along(objective, run, [19])
    assert found.attrs["replay_error"] < 1e-4
    second = [optimizer.state[p]["exp_avg_sq"].numpy().ravel() for p in model.parameters()]
    corrected = np.sqrt(np.concatenate(second).astype(float) / (1 - 0.999**20)) + 1e-8
    matrix = hessian(objective, run["point"].values[19]) / ((1 - 0.9**20) * corrected[:, None])
    top = np.linalg.eigvals(matrix).real.max()
    assert float(found.stability_ratio[0]) == pytest.approx(top / 380, rel=1e-5)


def test_a_run_that_left_all_bounds_has_no_ratio():
    bowl = quadratic([1.0, 7.0])
    run = record(bowl, bowl.start, SGD(100.0), 400)
    found = stability_along(bowl, run, [0, 400])
    assert np.isnan(found.stability_ratio.values).tolist() == [False, True]


def test_a_run_without_all_steps_or_of_other_gradients_is_refused():
    objective = on_spiral(n_points=20)
    thinned = record(objective, objective.start, Adam(0.1), 20, every=2)
    with pytest.raises(InputError, match="every step from the first"):
        stability_along(objective, thinned, [0])
    assert stability_along(objective, thinned, [0], SGD(0.1)).sizes["step"] == 1
    drawn = record(objective, objective.start, Adam(0.1), 20, batches=Minibatches(5))
    drawn.attrs["batches"] = repr(Minibatches(5, seed=1))
    with pytest.raises(InputError, match="with the gradients of"):
        stability_along(objective, drawn, [0])
    other = record(objective, objective.start, Adam(0.1), 20)
    with pytest.raises(InputError, match="with the gradients of"):
        stability_along(objective, other, [0], Adam(0.2))


@pytest.mark.parametrize("said", ["None", "", "Minibatches(5", "Other(size=5, seed=0)"])
def test_what_is_not_said_to_be_minibatches_is_full_batch(said):
    assert batches_of(xr.Dataset(attrs={"batches": said})) is None


def test_minibatches_are_drawn_again_for_what_adam_divides_by():
    objective, batches, lr = on_spiral(n_points=20), Minibatches(7, seed=2), 0.05
    run = record(objective, objective.start, Adam(lr), 25, batches)
    found = stability_along(objective, run, [25])
    assert found.attrs["replay_error"] < 1e-9
    draw, second = batch_drawer(objective, batches), np.zeros(objective.layout.size)
    for point in run["point"].values:  # the last step of all is taken in thought
        second = 0.999 * second + 0.001 * draw().gradient(point) ** 2
    divided = (1 - 0.9**26) * (np.sqrt(second / (1 - 0.999**26)) + 1e-8)
    matrix = hessian(objective, run["point"].values[25]) / divided[:, None]
    top = np.linalg.eigvals(matrix).real.max()
    assert float(found.stability_ratio[0]) == pytest.approx(top / (38 / lr), rel=1e-5)


class Sign(Stepper):
    def step(self, state: State, point, gradient):
        return state._replace(t=state.t + 1), point - self.lr * np.sign(gradient)


def test_an_optimizer_without_a_known_threshold_says_so():
    bowl = quadratic([1.0])
    run = record(bowl, bowl.start, Sign(0.1), 2)
    with pytest.raises(InputError, match="threshold must be known, got Sign"):
        stability_along(bowl, run, [0], Sign(0.1))
    with pytest.raises(InputError, match="must name an optimizer that is known"):
        stability_along(bowl, run, [0])


def test_progress_is_told():
    bowl, seen = quadratic([1.0, 2.0]), []
    run = record(bowl, bowl.start, SGD(0.1), 3)
    stability_along(bowl, run, [0, 1], progress=lambda done, of: seen.append((done, of)))
    assert seen == [(1, 2), (2, 2)]
