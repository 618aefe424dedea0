import pickle
from itertools import combinations

import numpy as np
import pytest

from thalweg.core.errors import InputError
from thalweg.core.plane import Plane
from thalweg.objectives.linear_network import LinearNetwork

# (singular values, (outputs, inputs), hidden)
CASES = [
    ([3.0, 1.5], (2, 2), 1),
    ([3.0, 2.0, 0.5], (3, 4), 2),
    ([4.0, 2.5, 1.0], (5, 3), 3),
    ([2.0, 1.0], (2, 5), 2),
    ([5.0, 3.0, 2.0, 0.7], (4, 4), 3),
    ([2.5, 1.0], (3, 2), 4),  # wider than the target's rank: the formulas hold there too
]


def network(case) -> LinearNetwork:
    s, shape, hidden = case
    return LinearNetwork.from_singular_values(s, shape, hidden, seed=11)


def every_point():
    for case in CASES:
        m = len(case[0])
        for r in range(min(case[2], m) + 1):
            for kept in combinations(range(m), r):
                yield pytest.param(case, kept, id=f"{case[1]} hidden {case[2]} keeps {kept}")


def eigenvalues(net: LinearNetwork, point) -> np.ndarray:
    return np.linalg.eigvalsh(net.hessian(point))


@pytest.mark.parametrize("seed", [None, 5])
@pytest.mark.parametrize(("case", "kept"), list(every_point()))
def test_every_critical_point_and_its_spectrum(case, kept, seed):
    net = network(case)
    s, (outputs, inputs), hidden = case
    known = net.critical_point(kept, seed)
    found = eigenvalues(net, known.point)
    assert np.linalg.norm(net.gradient(known.point)) < 1e-13
    assert known.spectrum.size == hidden * (outputs + inputs)
    assert np.abs(found - known.spectrum).max() <= 1e-10
    dropped = [j for j in range(len(s)) if j not in kept]
    assert known.value == pytest.approx(sum(s[j] ** 2 for j in dropped) / 2, abs=1e-12)
    assert net.value(known.point) == pytest.approx(known.value, abs=1e-12)
    overtaken = sum(s[j] > s[i] for i in kept for j in dropped)
    assert known.index == overtaken + (hidden - len(kept)) * (len(s) - len(kept))
    assert known.index == (found < -1e-9).sum()
    assert known.nullity == (np.abs(found) <= 1e-9).sum()
    largest = tuple(range(min(hidden, len(s))))
    assert (known.index == 0) == (kept == largest)


@pytest.mark.parametrize("case", CASES)
def test_the_orbit_of_gl_keeps_loss_index_and_nullity(case):
    net = network(case)
    rng = np.random.default_rng(2)
    for kept in [(0,), (1,)]:
        known = net.critical_point(kept, seed=1)
        blocks = net.layout.unpack(known.point)
        mix = np.eye(net.hidden) * 1.7 + 0.3 * rng.standard_normal((net.hidden, net.hidden))
        moved = net.layout.pack({"W1": mix @ blocks["W1"], "W2": blocks["W2"] @ np.linalg.inv(mix)})
        found = eigenvalues(net, moved)
        assert np.linalg.norm(net.gradient(moved)) < 1e-12
        assert net.value(moved) == pytest.approx(known.value, abs=1e-12)
        assert (found < -1e-9).sum() == known.index
        assert (np.abs(found) <= 1e-9).sum() == known.nullity
        assert np.abs(found - known.spectrum).max() > 1e-3  # the eigenvalues themselves move


def plain_loss(net: LinearNetwork, point):
    """The loss of one complex or real point, without the class's own code."""
    cut = net.hidden * net.target.shape[1]
    w1 = point[:cut].reshape(net.hidden, -1)
    w2 = point[cut:].reshape(-1, net.hidden)
    return 0.5 * ((net.target - w2 @ w1) ** 2).sum()


@pytest.mark.parametrize("case", CASES)
def test_gradient_is_the_complex_step_of_the_plain_loss(case):
    net = network(case)
    points = np.random.default_rng(3).normal(size=(4, net.layout.size))
    losses, gradients = net.value_and_gradients(points)
    assert np.array_equal(losses, net.values(points))
    for point, loss, gradient in zip(points, losses, gradients, strict=True):
        assert loss == pytest.approx(plain_loss(net, point), rel=1e-13)
        steps = point + 1e-30j * np.eye(point.size)
        stepped = [plain_loss(net, step).imag / 1e-30 for step in steps]
        assert np.allclose(gradient, stepped, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_hvp_and_hessian_agree_with_each_other_and_with_the_gradient(case):
    net = network(case)
    n = net.layout.size
    point = np.random.default_rng(4).normal(size=n)
    matrix = net.hessian(point)
    assert np.array_equal(matrix, matrix.T)
    assert np.allclose(net.hvp(point, np.eye(n)), matrix, atol=1e-13)
    one = net.hvp(point, np.eye(n)[0])
    assert one.shape == (n,)
    assert np.allclose(one, matrix[0], atol=1e-13)
    # the gradient is a cubic, so this difference quotient of step 1 and 2 is exact
    direction = np.random.default_rng(5).normal(size=n)
    at = {t: net.gradient(point + t * direction) for t in (-2, -1, 1, 2)}
    exact = (8 * (at[1] - at[-1]) - (at[2] - at[-2])) / 12
    assert np.allclose(net.hvp(point, direction), exact, atol=1e-11)


def test_from_singular_values_makes_that_target():
    net = network(CASES[2])
    assert np.allclose(np.linalg.svd(net.target, compute_uv=False), [4.0, 2.5, 1.0], atol=1e-13)
    assert np.array_equal(net.target, network(CASES[2]).target)


def test_layout_names_the_weights():
    net = network(CASES[1])
    shapes = {block.name: block.shape for block in net.layout.blocks}
    assert shapes == {"W1": (2, 4), "W2": (3, 2)}
    assert net.start.shape == (14,)
    assert net.name == "linear network 4-2-3"


def test_restriction_and_pickle():
    net = pickle.loads(pickle.dumps(network(CASES[0])))
    plane = Plane(net.start, np.eye(4)[1:3])
    coords = np.array([[0.2, -0.4], [1.0, 2.0]])
    found = net.restrict(plane, net.fields)(coords)
    points = plane.points(coords)
    assert np.array_equal(found["loss"], net.values(points))
    norms = [np.linalg.norm(net.gradient(point)) for point in points]
    assert np.allclose(found["gradient_norm"], norms)
    assert net.digest() == network(CASES[0]).digest() != network(CASES[1]).digest()
    assert net.digest() != LinearNetwork(net.target, hidden=2).digest()


def test_overflow_is_kept_without_a_warning():
    net = network(CASES[0])
    losses, gradients = net.value_and_gradients(np.full((1, 4), 1e200))
    assert not np.isfinite(losses).any()
    assert not np.isfinite(gradients).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: LinearNetwork([1.0], 1), "target must have shape"),
        (lambda: LinearNetwork(np.empty((0, 2)), 1), "target must have entries"),
        (lambda: LinearNetwork([[np.nan]], 1), "target must be finite"),
        (lambda: LinearNetwork([[1.0]], 0), "hidden must be at least 1, got 0"),
        (lambda: LinearNetwork.from_singular_values([1.0], (2, 2), 1), "singular values must have"),
        (
            lambda: LinearNetwork.from_singular_values([1.0, -1.0], (2, 2), 1),
            "singular values must not be negative, got -1.0",
        ),
        (lambda: network(CASES[1]).critical_point([0, 0]), "kept must be at most 2 distinct"),
        (lambda: network(CASES[1]).critical_point([3]), "kept must be at most 2 distinct"),
        (lambda: network(CASES[1]).critical_point([-1]), "kept must be at most 2 distinct"),
        (lambda: network(CASES[1]).critical_point([0, 1, 2]), "kept must be at most 2 distinct"),
        (
            lambda: LinearNetwork(np.eye(2), 1).critical_point([0]),
            "singular values must be distinct and above 0",
        ),
        (
            lambda: LinearNetwork([[1.0, 0.0], [0.0, 0.0]], 1).critical_point([0]),
            "singular values must be distinct and above 0",
        ),
        (lambda: network(CASES[0]).hvp(np.zeros(4), np.zeros(3)), "directions must have shape"),
    ],
)
def test_bad_arguments_are_told(call, message):
    with pytest.raises(InputError, match=message):
        call()
