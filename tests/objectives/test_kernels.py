from itertools import pairwise

import numpy as np
import pytest
from scipy.special import erf, logsumexp

from thalweg.core.errors import InputError
from thalweg.objectives.kernels import PlaneKernel, plane_loss

RELU, TANH, SOFTPLUS, GELU = 0, 1, 2, 3
BINARY, SOFTMAX, SQUARED = 0, 1, 2

ACTIVATIONS = {
    RELU: lambda z: np.maximum(z, 0.0),
    TANH: np.tanh,
    SOFTPLUS: lambda z: np.logaddexp(0.0, z),
    GELU: lambda z: 0.5 * z * (1.0 + erf(z / np.sqrt(2.0))),
}


def count_parameters(widths):
    return sum((a + 1) * b for a, b in pairwise(widths))


def forward(widths, activation, x, p):
    h, start = x, 0
    for i, (a, b) in enumerate(pairwise(widths)):
        h = h @ p[start : start + a * b].reshape(a, b) + p[start + a * b : start + (a + 1) * b]
        start += (a + 1) * b
        if i < len(widths) - 2:
            h = ACTIVATIONS[activation](h)
    return h


def reference(widths, activation, loss, x, y, origin, directions, coords):
    losses, hits = [], []
    with np.errstate(all="ignore"):
        for c in coords:
            f = forward(widths, activation, x, origin + c @ directions)
            if loss == BINARY:
                z = f[:, 0]
                losses.append(np.mean(np.logaddexp(0.0, np.where(y == 1, -z, z))))
                hits.append(np.mean(((z > 0) == (y == 1)) & ~np.isnan(z)))
            elif loss == SOFTMAX:
                labels = y.astype(int)
                losses.append(np.mean(logsumexp(f, axis=1) - f[np.arange(len(f)), labels]))
                hits.append(np.mean((f.argmax(axis=1) == labels) & ~np.isnan(f).any(axis=1)))
            else:
                losses.append(np.mean((f - y) ** 2))
                hits.append(np.nan)
    return np.array(losses), np.array(hits)


def problem(widths, loss, examples, axes, seed=0, scale=0.7):
    """Return inputs, targets, origin, directions."""
    rng = np.random.default_rng(seed)
    n = count_parameters(widths)
    x = rng.normal(size=(examples, widths[0]))
    if loss == SQUARED:
        y = rng.normal(size=(examples, widths[-1]))
    else:
        y = rng.integers(0, max(2, widths[-1]), examples)
    return x, y, scale * rng.normal(size=n), scale * rng.normal(size=(axes, n))


def grid(axes, side=5):
    """Return coordinates of a grid, the first one varying fastest."""
    mesh = np.meshgrid(*[np.linspace(-1.5, 1.0, side)] * axes, indexing="ij")
    return np.stack([m.ravel(order="F") for m in mesh], axis=1)


def agree(got, wanted):
    for name, a, b in zip(("loss", "accuracy"), got, wanted, strict=True):
        scale = np.maximum(1.0, np.abs(b))
        with np.errstate(invalid="ignore"):
            off = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a - b) / scale)
        assert off.max() <= 1e-12, f"{name} is off by {off.max()}"


@pytest.mark.parametrize("examples", [1, 63, 64, 400, 1500])
@pytest.mark.parametrize("hidden", [1, 3, 16, 33])
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_shallow_agrees_with_numpy(examples, hidden, axes):
    setup = problem((2, hidden, 1), BINARY, examples, axes)
    coords = np.vstack([grid(axes), np.random.default_rng(1).normal(size=(11, axes))])
    kernel = PlaneKernel((2, hidden, 1), RELU, BINARY, *setup)
    assert kernel.shallow
    agree(kernel(coords), reference((2, hidden, 1), RELU, BINARY, *setup, coords))


@pytest.mark.parametrize("activation", [RELU, TANH, SOFTPLUS, GELU])
@pytest.mark.parametrize(
    ("widths", "loss"),
    [
        ((2, 1), BINARY),
        ((3, 7, 1), BINARY),
        ((2, 16, 16, 1), BINARY),
        ((5, 3), SOFTMAX),
        ((2, 5, 1), SOFTMAX),
        ((4, 9, 6, 4), SOFTMAX),
        ((2, 32, 32, 32, 3), SOFTMAX),
        ((3, 1), SQUARED),
        ((3, 10, 3, 2), SQUARED),
    ],
)
@pytest.mark.parametrize("examples", [1, 63, 150])
def test_deep_agrees_with_numpy(activation, widths, loss, examples):
    for axes in (1, 2, 3):
        setup = problem(widths, loss, examples, axes)
        if widths[-1] == 1 and loss == SOFTMAX:
            setup = (setup[0], np.zeros(examples), *setup[2:])
        coords = np.vstack([grid(axes, 3), np.random.default_rng(1).normal(size=(3, axes))])
        got = plane_loss(widths, activation, loss, *setup, coords)
        agree(got, reference(widths, activation, loss, *setup, coords))


@pytest.mark.parametrize("loss", [BINARY, SOFTMAX])
@pytest.mark.parametrize("depth", [1, 2])
def test_more_factors_than_a_double_holds(loss, depth):
    """All-zero logits give the largest factors; the mean of their logarithms is log(classes)."""
    widths = (2, *[4] * depth, 1 if loss == BINARY else 3)
    x, y, origin, directions = problem(widths, loss, 2500, 2)
    got = plane_loss(widths, RELU, loss, x, y, 0 * origin, 0 * directions, np.ones((3, 2)))[0]
    np.testing.assert_allclose(got, np.log(2 if loss == BINARY else 3), rtol=1e-14)


@pytest.mark.parametrize(
    ("widths", "activation", "loss"),
    [
        ((2, 16, 1), RELU, BINARY),
        ((2, 16, 1), TANH, BINARY),
        ((2, 8, 8, 1), RELU, BINARY),
        ((2, 8, 8, 3), RELU, SOFTMAX),
    ],
)
def test_huge_logits_are_not_clipped(widths, activation, loss):
    setup = problem(widths, loss, 100, 2)
    coords = np.array([[1e4, 0.0], [-1e4, 3e4], [2e4, 1e4], [1e7, -1e7]])
    got = plane_loss(widths, activation, loss, *setup, coords)
    agree(got, reference(widths, activation, loss, *setup, coords))
    assert got[0].max() > 800


@pytest.mark.parametrize("depth", [1, 2])
def test_small_losses_keep_their_digits(depth):
    """A well-separated network: the loss is far below the spacing of doubles at 1."""
    widths = (1, *[1] * depth, 1)
    x, y = np.array([[1.0], [2.0]]), np.ones(2)
    origin = np.array([1.0, 0.0] * (depth + 1))
    direction = np.zeros_like(origin)
    direction[-1] = 1.0
    coords = np.array([[20.0], [50.0], [100.0], [300.0]])
    got = plane_loss(widths, RELU, BINARY, x, y, origin, direction[None], coords)[0]
    wanted = [np.mean(np.logaddexp(0.0, -(x + c))) for c in coords[:, 0]]
    np.testing.assert_allclose(got, wanted, rtol=1e-13)


WAYS = [
    ((2, 16, 1), RELU, BINARY),
    ((2, 6, 6, 1), TANH, BINARY),
    ((2, 6, 6, 1), SOFTPLUS, BINARY),
    ((2, 6, 6, 3), RELU, SOFTMAX),
    ((2, 6, 2), GELU, SQUARED),
]


@pytest.mark.parametrize(("widths", "activation", "loss"), WAYS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_bad_coordinate_spoils_its_own_cell_only(widths, activation, loss, bad):
    setup = problem(widths, loss, 70, 2)
    kernel = PlaneKernel(widths, activation, loss, *setup)
    coords = grid(2)
    clean = kernel(coords)
    for axis in (0, 1):
        spoilt = coords.copy()
        spoilt[7, axis] = bad
        got = kernel(spoilt)
        assert not np.isfinite(got[0][7])
        others = np.arange(len(coords)) != 7
        for a, b in zip(got, clean, strict=True):
            np.testing.assert_array_equal(a[others], b[others])
        if np.isnan(bad):
            assert np.isnan(got[0][7])
            assert loss == SQUARED or got[1][7] == 0.0


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_bad_parameter_acts_as_in_plain_arithmetic(depth, bad):
    widths = (2, *[8] * depth, 1)
    x, y, origin, directions = problem(widths, BINARY, 100, 2)
    for where in (0, len(origin) - 5, len(origin) - 1):
        spoilt = origin.copy()
        spoilt[where] = bad
        setup = x, y, spoilt, directions
        got = plane_loss(widths, RELU, BINARY, *setup, grid(2))
        wanted = reference(widths, RELU, BINARY, *setup, grid(2))
        np.testing.assert_array_equal(np.isnan(got[0]), np.isnan(wanted[0]))
        np.testing.assert_array_equal(np.isinf(got[0]), np.isinf(wanted[0]))


def test_infinite_logits_of_either_sign():
    x, origin, directions = np.zeros((2, 1)), np.zeros(4), np.eye(4)[3:]
    for label, wanted in ((1.0, 0.0), (0.0, np.inf)):
        args = (1, 1, 1), RELU, BINARY, x, [label] * 2, origin, directions, [[np.inf]]
        # 0 * inf is NaN, so the infinity must sit in the origin.
        spoilt = origin.copy()
        spoilt[3] = np.inf
        got = plane_loss(*args[:5], spoilt, directions, [[0.0]])
        assert got[0][0] == pytest.approx(wanted, abs=1e-300)
        assert got[1][0] == label


@pytest.mark.parametrize(("widths", "activation", "loss"), WAYS)
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_results_do_not_depend_on_threads_or_company(widths, activation, loss, axes):
    setup = problem(widths, loss, 200, axes)
    kernel = PlaneKernel(widths, activation, loss, *setup)
    rng = np.random.default_rng(3)
    coords = np.vstack([grid(axes, 7 if axes > 1 else 90), rng.normal(size=(9, axes))])
    whole = kernel(coords, threads=1)
    order = rng.permutation(len(coords))
    back = np.argsort(order)
    ways = [
        kernel(coords, threads=2),
        kernel(coords, threads=3),
        kernel(coords),
        tuple(part[back] for part in kernel(coords[order], threads=2)),
        tuple(np.hstack(q) for q in zip(*[kernel(c[None], 1) for c in coords], strict=True)),
        tuple(
            np.hstack(q)
            for q in zip(*[kernel(c, 1) for c in np.array_split(coords, 13)], strict=True)
        ),
    ]
    for way in ways:
        for a, b in zip(way, whole, strict=True):
            np.testing.assert_array_equal(a, b)


def test_no_coordinates_give_no_results():
    kernel = PlaneKernel((2, 4, 1), RELU, BINARY, *problem((2, 4, 1), BINARY, 5, 2))
    assert [len(part) for part in kernel(np.empty((0, 2)))] == [0, 0]
    assert [len(part) for part in kernel(np.empty((0, 2)), threads=2)] == [0, 0]


def test_a_zero_logit_says_class_zero():
    x, y = np.zeros((3, 1)), [0.0, 0.0, 1.0]
    for widths in ((1, 1, 1), (1, 1)):
        n = count_parameters(widths)
        got = plane_loss(widths, RELU, BINARY, x, y, np.zeros(n), np.ones((1, n)), [[0.0]])
        assert got[1][0] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    "change",
    [
        {"widths": (2,)},
        {"widths": (2, 4, 2)},
        {"activation": 4},
        {"loss": 3},
        {"inputs": np.zeros((5, 3))},
        {"inputs": np.zeros((0, 2))},
        {"targets": np.zeros(4)},
        {"targets": np.full(5, 2.0)},
        {"targets": np.full(5, np.nan)},
        {"origin": np.zeros(3)},
        {"directions": np.zeros((2, 3))},
        {"directions": np.zeros((0, 17))},
    ],
)
def test_what_does_not_fit_is_refused(change):
    x, y, origin, directions = problem((2, 4, 1), BINARY, 5, 2)
    good = {"widths": (2, 4, 1), "activation": 0, "loss": 0, "inputs": x, "targets": y}
    good |= {"origin": origin, "directions": directions}
    with pytest.raises(InputError):
        PlaneKernel(**(good | change))


@pytest.mark.parametrize(("coords", "threads"), [(np.zeros((3, 1)), 1), (np.zeros((3, 2)), 0)])
def test_a_call_that_does_not_fit_is_refused(coords, threads):
    kernel = PlaneKernel((2, 4, 1), RELU, BINARY, *problem((2, 4, 1), BINARY, 5, 2))
    with pytest.raises(InputError):
        kernel(coords, threads)
