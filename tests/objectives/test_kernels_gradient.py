import pickle
import threading
from itertools import pairwise

import numpy as np
import pytest

from thalweg.core.errors import InputError
from thalweg.objectives.activations import Activation
from thalweg.objectives.kernels_gradient import BLOCK, GradientKernel, value_and_gradients
from thalweg.objectives.losses import Loss
from thalweg.objectives.network import MLP

RELU, TANH, SOFTPLUS, GELU = range(4)
BINARY, SOFTMAX, SQUARED = range(3)
WIDTHS = [(2, 1), (2, 16, 1), (2, 7, 5, 1), (1, 2, 3), (3, 16, 16, 16, 4), (5, 6, 2)]
SETTINGS = [
    (widths, activation, loss)
    for widths in WIDTHS
    for activation in range(4)
    for loss in range(3)
    if loss != BINARY or widths[-1] == 1
]


def problem(widths, loss, examples, points=3, seed=0):
    """Return inputs, targets and random points."""
    random = np.random.default_rng(seed)
    inputs = random.normal(size=(examples, widths[0]))
    if loss == SQUARED:
        targets = random.normal(size=(examples, widths[-1]))
    else:
        targets = random.integers(0, 2 if loss == BINARY else widths[-1], examples)
    size = sum((a + 1) * b for a, b in pairwise(widths))
    return inputs, targets, random.normal(size=(points, size))


def in_numpy(widths, activation, loss, inputs, targets, points):
    network = MLP(widths, tuple(Activation)[activation])
    targets = np.asarray(targets, dtype=np.float64)
    with np.errstate(invalid="ignore"):  # logaddexp warns at NaN
        return network.backpropagate(points, inputs, targets, tuple(Loss)[loss])


def assert_near(found, wanted, tolerance=1e-12):
    for a, b in zip(found, wanted, strict=True):
        assert a.shape == b.shape
        assert np.all(np.abs(a - b) <= tolerance * np.maximum(1.0, np.abs(b)))


def assert_same_bits(found, wanted):
    for a, b in zip(found, wanted, strict=True):
        assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("examples", [1, 63, 400, 1000])
@pytest.mark.parametrize(("widths", "activation", "loss"), SETTINGS)
def test_against_backpropagation_in_numpy(widths, activation, loss, examples):
    inputs, targets, points = problem(widths, loss, examples)
    found = value_and_gradients(widths, activation, loss, inputs, targets, points)
    assert_near(found, in_numpy(widths, activation, loss, inputs, targets, points))


@pytest.mark.parametrize(("widths", "activation", "loss"), SETTINGS)
def test_against_central_differences(widths, activation, loss):
    inputs, targets, points = problem(widths, loss, 20, points=1)
    kernel = GradientKernel(widths, activation, loss, inputs, targets)
    steps = 1e-5 * np.eye(kernel.dimension)
    ahead, behind = kernel(points + steps)[0], kernel(points - steps)[0]
    assert_near(kernel(points)[1], [(ahead - behind) / 2e-5], 1e-7)


def test_by_hand():
    # f = 2 relu(3 x - 1) + 1 at x = 1, 0: 5 and 1; the loss is ((5 - 4)^2 + (1 - 1)^2) / 2.
    found = value_and_gradients(
        (1, 1, 1), RELU, SQUARED, [[1.0], [0.0]], [4.0, 1.0], [[3, -1, 2, 1]]
    )
    assert_same_bits(found, (np.array([0.5]), np.array([[2.0, 2.0, 2.0, 1.0]])))


def test_relu_at_its_kink_has_derivative_zero():
    found = value_and_gradients((1, 1, 1), RELU, SQUARED, [[1.0]], [1.0], [[2.0, -2.0, 1.0, 0.0]])
    assert np.array_equal(found[1], [[0.0, 0.0, 0.0, -2.0]])


@pytest.mark.parametrize("activation", [TANH, SOFTPLUS, GELU])
def test_activations_over_their_whole_range(activation):
    # Identity behind the activation, one example: the loss and its gradient show both functions.
    z = np.concatenate([np.linspace(-45, 45, 3001), [-750.0, 750.0, -1e8, 1e8, 1e-9, -1e-300]])
    points = np.column_stack([z, np.zeros_like(z), np.ones_like(z), np.zeros_like(z)])
    found = value_and_gradients((1, 1, 1), activation, SQUARED, [[1.0]], [-1.0], points)
    assert_near(found, in_numpy((1, 1, 1), activation, SQUARED, [[1.0]], [[-1.0]], points))


@pytest.mark.parametrize("scale", [1e2, 1e4, 1e8])
@pytest.mark.parametrize("loss", [BINARY, SOFTMAX])
@pytest.mark.parametrize("activation", range(4))
def test_huge_logits(activation, loss, scale):
    widths = (2, 8, 1 if loss == BINARY else 3)
    inputs, targets, points = problem(widths, loss, 200)
    points *= scale
    found = value_and_gradients(widths, activation, loss, inputs, targets, points)
    assert np.isfinite(found[0]).all()
    assert np.isfinite(found[1]).all()
    assert_near(found, in_numpy(widths, activation, loss, inputs, targets, points))


def test_a_saturated_fit_has_neither_loss_nor_gradient():
    losses, gradients = value_and_gradients(
        (1, 1), RELU, BINARY, [[1.0], [-1.0]], [1, 0], [[1e6, 0.0]]
    )
    assert losses[0] == 0.0
    assert not gradients.any()


def test_small_losses_keep_their_digits():
    for loss, point in ((BINARY, [40.0, 0.0]), (SOFTMAX, [0.0, 40.0, 0.0, 0.0])):
        widths = (1, len(point) // 2)
        found = value_and_gradients(widths, RELU, loss, [[1.0]], [1], [point])[0][0]
        assert abs(found / np.exp(-40.0) - 1) < 1e-14


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("widths", "activation", "loss"), SETTINGS)
def test_what_is_not_finite_stays_in_its_row(widths, activation, loss, bad):
    inputs, targets, points = problem(widths, loss, 70, points=5)
    kernel = GradientKernel(widths, activation, loss, inputs, targets)
    clean = kernel(points)
    for parameter in (0, points.shape[1] // 2, points.shape[1] - 1):
        spoiled = points.copy()
        spoiled[2, parameter] = bad
        losses, gradients = kernel(spoiled)
        others = [0, 1, 3, 4]
        assert_same_bits((losses[others], gradients[others]), [a[others] for a in clean])
        if np.isnan(bad):
            wanted = in_numpy(widths, activation, loss, inputs, targets, spoiled)
            assert np.isnan(losses[2])
            assert np.array_equal(np.isnan(gradients), np.isnan(wanted[1]))
            if loss != SQUARED:
                assert np.isnan(gradients[2]).all()


@pytest.mark.parametrize("loss", [BINARY, SOFTMAX, SQUARED])
def test_batches_threads_and_array_flavors_change_no_bit(loss):
    widths = (2, 9, 6, 1 if loss == BINARY else 3)
    inputs, targets, points = problem(widths, loss, 2 * BLOCK + 45, points=41)
    kernel = GradientKernel(widths, TANH, loss, inputs, targets)
    wanted = kernel(points, 1)
    for threads in (None, 2, 3, 64):
        assert_same_bits(kernel(points, threads), wanted)
    for size in (1, 7):
        parts = [kernel(points[i : i + size]) for i in range(0, 41, size)]
        assert_same_bits([np.concatenate(part) for part in zip(*parts, strict=True)], wanted)
    fixed = points.copy()
    fixed.flags.writeable = False
    shifted = np.empty(points.nbytes + 1, np.uint8)[1:].view(np.float64).reshape(points.shape)
    shifted[:] = points
    for same in (fixed, shifted, np.asfortranarray(points), points.tolist()):
        assert_same_bits(kernel(same), wanted)
    assert_same_bits(pickle.loads(pickle.dumps(kernel))(points), wanted)


def test_calls_at_the_same_time_do_not_meet():
    inputs, targets, points = problem((2, 16, 1), BINARY, 400, points=200)
    kernel = GradientKernel((2, 16, 1), RELU, BINARY, inputs, targets)
    parts = np.split(points, 4)
    wanted = [kernel(part, 1) for part in parts]
    found: list = [None] * 4
    start = threading.Barrier(4)

    def work(i):
        start.wait()
        found[i] = [kernel(parts[i], threads) for threads in (1, 2, None) * 5]

    helpers = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for helper in helpers:
        helper.start()
    for helper in helpers:
        helper.join()
    for runs, right in zip(found, wanted, strict=True):
        for run in runs:
            assert_same_bits(run, right)


def test_arguments_are_left_alone_and_no_points_give_no_losses():
    inputs, targets, points = problem((2, 3, 1), BINARY, 30)
    copies = inputs.copy(), targets.copy(), points.copy()
    kernel = GradientKernel((2, 3, 1), GELU, BINARY, inputs, targets)
    kernel(points)
    assert_same_bits((inputs, targets, points), copies)
    losses, gradients = kernel(points[:0])
    assert losses.shape == (0,)
    assert gradients.shape == (0, 13)
    inputs[:] = 7.0  # the kernel keeps a copy
    assert_near(kernel(points), in_numpy((2, 3, 1), GELU, BINARY, *copies))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"widths": (2,)}, "widths"),
        ({"widths": (2, 0, 1)}, "widths"),
        ({"activation": 4}, "activation"),
        ({"loss": -1}, "loss"),
        ({"inputs": np.zeros((4, 3))}, "inputs"),
        ({"inputs": np.zeros((0, 2)), "targets": []}, "at least 1 example"),
        ({"inputs": [[np.nan, 0.0]] * 4}, "finite"),
        ({"targets": [0, 1, 0]}, "targets"),
        ({"targets": [0, 1, 0, 2]}, "labels"),
        ({"widths": (2, 3, 2)}, "1 output"),
        ({"points": np.zeros((1, 12))}, r"\(m, 13\)"),
        ({"points": np.zeros(13)}, r"\(m, 13\)"),
        ({"threads": 0}, "threads"),
    ],
)
def test_what_does_not_fit_is_named(changes, words):
    right = {
        "widths": (2, 3, 1), "activation": RELU, "loss": BINARY, "inputs": np.zeros((4, 2)),
        "targets": [0, 1, 0, 1], "points": np.zeros((1, 13)),
    }  # fmt: skip
    with pytest.raises(InputError, match=words):
        value_and_gradients(**{**right, **changes})
