"""Optimizers against literal loops, and against the laws they must obey."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.core.errors import InputError
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD, Adam, AdamW, Momentum, Nesterov, RMSprop
from thalweg.objectives.zoo import quadratic

GRADIENTS = np.random.default_rng(0).standard_normal((25, 4)) * [1.0, 1e-3, 1e3, 0.0]
START = np.array([0.3, -2.0, 5.0, 1.0])


def walk(stepper, gradients=GRADIENTS, start=START):
    point, state, path = start.copy(), stepper.start(start), [start]
    for gradient in gradients:
        state, point = stepper.step(state, point, gradient)
        path.append(point)
    return np.array(path)


def loop_sgd(w, lr=0.1):
    for g in GRADIENTS:
        w = w - lr * g
        yield w


def loop_momentum(w, lr=0.1, beta=0.8):
    v = np.zeros_like(w)
    for g in GRADIENTS:
        v = beta * v + g
        w = w - lr * v
        yield w


def loop_nesterov(w, lr=0.1, beta=0.8):  # torch.optim.SGD(momentum=beta, nesterov=True)
    buf = None
    for g in GRADIENTS:
        buf = g.copy() if buf is None else buf * beta + g
        w = w - lr * (g + beta * buf)
        yield w


def loop_rmsprop(w, lr=0.1, decay=0.9, eps=1e-6):
    s = np.zeros_like(w)
    for g in GRADIENTS:
        s = decay * s + (1 - decay) * g * g
        w = w - lr * g / (np.sqrt(s) + eps)
        yield w


def loop_adam(w, lr=0.1, b1=0.8, b2=0.95, eps=1e-6, decay=0.0):
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t, g in enumerate(GRADIENTS, start=1):
        w = w * (1 - lr * decay)  # torch.optim.AdamW: the decay first, on its own
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        w = w - lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)
        yield w


LOOPS = [
    (SGD(0.1), loop_sgd(START)),
    (Momentum(0.1, 0.8), loop_momentum(START)),
    (Nesterov(0.1, 0.8), loop_nesterov(START)),
    (RMSprop(0.1, 0.9, 1e-6), loop_rmsprop(START)),
    (Adam(0.1, 0.8, 0.95, 1e-6), loop_adam(START)),
    (AdamW(0.1, 0.8, 0.95, 1e-6, 0.3), loop_adam(START, decay=0.3)),
]


@pytest.mark.parametrize(("stepper", "loop"), LOOPS, ids=lambda x: getattr(x, "name", ""))
def test_each_is_its_literal_loop(stepper, loop):
    wanted = np.array([START, *loop])
    np.testing.assert_allclose(walk(stepper), wanted, rtol=1e-13, atol=1e-13)


EVERY = [SGD(0.1), Momentum(0.1), Nesterov(0.1), RMSprop(0.1), Adam(0.1), AdamW(0.1)]


@pytest.mark.parametrize("stepper", EVERY, ids=repr)
def test_many_runs_at_once_are_one_by_one_and_nothing_is_changed(stepper):
    starts = np.random.default_rng(1).standard_normal((3, 4))
    gradients = np.random.default_rng(2).standard_normal((6, 3, 4))
    kept = starts.copy(), gradients.copy()
    together = walk(stepper, gradients, starts)
    for i in range(3):
        np.testing.assert_array_equal(together[:, i], walk(stepper, gradients[:, i], starts[i]))
    np.testing.assert_array_equal(starts, kept[0])
    np.testing.assert_array_equal(gradients, kept[1])


@pytest.mark.parametrize("stepper", EVERY, ids=repr)
def test_a_step_returns_new_arrays(stepper):
    state = stepper.start(START)
    first = state.first.copy(), state.second.copy()
    after, point = stepper.step(state, START, np.ones(4))
    assert state.t == 0
    assert after.t == 1
    assert not np.shares_memory(point, START)
    np.testing.assert_array_equal(state.first, first[0])
    np.testing.assert_array_equal(state.second, first[1])


def test_the_first_step_of_adam_is_lr_whatever_the_gradient():
    moved = walk(Adam(0.01), np.array([[1e-3, -1e3, 2.0, 1e6]]))[1] - START
    np.testing.assert_allclose(moved, 0.01 * np.array([-1.0, 1.0, -1.0, -1.0]), rtol=2e-5)


def test_momentum_at_a_steady_gradient_moves_like_sgd_at_a_larger_rate():
    steady = np.ones((400, 4))
    velocity = -np.diff(walk(Momentum(0.01, 0.9), steady), axis=0)
    np.testing.assert_allclose(velocity[-1], 0.01 / (1 - 0.9), rtol=1e-12)


def test_weight_decay_shrinks_without_a_gradient_and_adam_does_not():
    still = np.zeros((10, 4))
    np.testing.assert_allclose(walk(AdamW(0.1, weight_decay=0.5), still)[-1], START * 0.95**10)
    np.testing.assert_array_equal(walk(Adam(0.1), still)[-1], START)


def on_a_quadratic(stepper, curvature, steps):
    run = record(quadratic([curvature]), np.ones(1), stepper, steps)
    return run.point.values[:, 0]


@settings(max_examples=20)
@given(st.floats(0.05, 0.95), st.floats(0.1, 10.0), st.floats(0.02, 0.98))
def test_heavy_ball_oscillates_exactly_beyond_its_threshold(beta, curvature, share):
    threshold = (1 - np.sqrt(beta)) ** 2
    calm = on_a_quadratic(Momentum(share * threshold / curvature, beta), curvature, 60)
    assert (calm > 0).all()  # real roots: it never crosses the minimum
    beyond = threshold + share * (2 * (1 + beta) - threshold)
    cosine = (1 + beta - beyond) / (2 * np.sqrt(beta))  # beyond -1 the roots are real, negative
    angle = np.arccos(max(cosine, -1.0))
    steps = int(min(3 * np.pi / angle + 3, 3000))
    wild = on_a_quadratic(Momentum(beyond / curvature, beta), curvature, steps)
    assert (wild < 0).any()


@settings(max_examples=15)
@given(st.floats(0.0, 0.95), st.floats(0.1, 10.0), st.floats(0.05, 0.2))
def test_heavy_ball_is_stable_exactly_below_two_one_plus_beta(beta, curvature, margin):
    threshold = 2 * (1 + beta) / curvature
    below = on_a_quadratic(Momentum(threshold * (1 - margin), beta), curvature, 600)
    above = on_a_quadratic(Momentum(threshold * (1 + margin), beta), curvature, 600)
    assert abs(below[-1]) < 1e-3
    assert not abs(above[-1]) < 1e3


def test_gradient_descent_is_stable_below_two_over_curvature():
    assert abs(on_a_quadratic(SGD(1.99 / 5.0), 5.0, 2000)[-1]) < 1e-6
    assert abs(on_a_quadratic(SGD(2.01 / 5.0), 5.0, 2000)[-1]) > 1e6


def test_steppers_are_values_with_their_names():
    assert Momentum(0.1) == Momentum(0.1, 0.9) != Nesterov(0.1)
    assert hash(Adam(0.1)) == hash(Adam(0.1))
    assert Adam(0.1) != AdamW(0.1)
    assert repr(Adam(0.01)) == "Adam(lr=0.01, beta1=0.9, beta2=0.999, eps=1e-08)"
    assert [s.name for s in EVERY] == ["SGD", "momentum", "Nesterov", "RMSprop", "Adam", "AdamW"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(0.0), "learning rate of SGD must be a finite number above 0, got 0.0"),
        (lambda: SGD(-1.0), "above 0"),
        (lambda: Adam(np.nan), "learning rate of Adam"),
        (lambda: SGD(np.inf), "learning rate of SGD"),
        (lambda: Momentum(0.1, 1.0), r"beta of momentum must lie in \[0, 1\), got 1.0"),
        (lambda: Nesterov(0.1, -0.1), "beta of Nesterov"),
        (lambda: Adam(0.1, beta2=1.0), "beta2 of Adam"),
        (lambda: Adam(0.1, beta1=np.nan), "beta1 of Adam"),
        (lambda: RMSprop(0.1, decay=2.0), "decay of RMSprop"),
        (lambda: Adam(0.1, eps=-1e-8), "eps of Adam"),
        (lambda: RMSprop(0.1, eps=np.nan), "eps of RMSprop"),
        (lambda: AdamW(0.1, weight_decay=-0.1), "weight_decay of AdamW"),
    ],
)
def test_impossible_settings_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
