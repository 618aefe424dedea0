import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from thalweg.core.errors import InputError
from thalweg.objectives import zoo

QUICK = settings(deadline=None, max_examples=40, derandomize=True)
STEP = 1e-30

ZOO = {
    "quadratic": zoo.quadratic([3.0, 1.0, -2.0, 0.0], seed=1, center=[1.0, 2.0, 3.0, 4.0]),
    "rosenbrock 2": zoo.rosenbrock(),
    "rosenbrock 5": zoo.rosenbrock(5, b=7.0),
    "himmelblau": zoo.himmelblau(),
    "beale": zoo.beale(),
    "monkey saddle": zoo.monkey_saddle(),
    "mueller-brown": zoo.mueller_brown(),
}
KNOWN = {
    "quadratic": zoo.quadratic_critical_points([3.0, 1.0, -2.0, 0.0], [1.0, 2.0, 3.0, 4.0]),
    "rosenbrock 2": zoo.rosenbrock_critical_points(),
    "rosenbrock 5": zoo.rosenbrock_critical_points(5, b=7.0),
    "himmelblau": zoo.himmelblau_critical_points(),
    "beale": zoo.beale_critical_points(),
    "monkey saddle": zoo.monkey_saddle_critical_points(),
    "mueller-brown": zoo.mueller_brown_critical_points(),
}
EVERY = pytest.mark.parametrize("name", list(ZOO))


@EVERY
@QUICK
@given(st.integers(0, 10**6))
def test_gradient_is_the_complex_step_of_the_value(name, seed):
    objective = ZOO[name]
    n = objective.layout.size
    point = np.random.default_rng(seed).uniform(-1.5, 1.5, n)
    stepped = objective.value_function(point + 1j * STEP * np.eye(n)).imag / STEP
    gradient = objective.gradient(point)
    assert np.abs(stepped - gradient).max() <= 1e-12 * max(1, np.abs(gradient).max())


@EVERY
@QUICK
@given(st.integers(0, 10**6))
def test_hessian_is_the_complex_step_of_the_gradient(name, seed):
    objective = ZOO[name]
    n = objective.layout.size
    point = np.random.default_rng(seed).uniform(-1.5, 1.5, n)
    stepped = objective.gradient_function(point + 1j * STEP * np.eye(n)).imag / STEP
    matrix = objective.hessian(point)
    assert np.abs(stepped - matrix).max() <= 1e-12 * max(1, np.abs(matrix).max())
    assert np.array_equal(matrix, matrix.T)


@EVERY
def test_rows_are_independent_of_each_other(name):
    objective = ZOO[name]
    points = np.random.default_rng(5).uniform(-1, 1, (6, objective.layout.size))
    losses, gradients = objective.value_and_gradients(points)
    for point, loss, gradient in zip(points, losses, gradients, strict=True):
        assert objective.value(point) == pytest.approx(loss, rel=1e-14, abs=1e-14)
        assert np.allclose(objective.gradient(point), gradient, rtol=1e-14, atol=1e-13)


@EVERY
def test_known_points_are_critical_with_their_index_and_nullity(name):
    objective = ZOO[name]
    for known in KNOWN[name]:
        assert np.linalg.norm(objective.gradient(known.point)) < 1e-10
        assert objective.value(known.point) == pytest.approx(known.value, abs=1e-12)
        eigenvalues = np.linalg.eigvalsh(objective.hessian(known.point))
        assert (eigenvalues < -1e-9).sum() == known.index
        assert (np.abs(eigenvalues) <= 1e-9).sum() == known.nullity
        with pytest.raises(ValueError, match="read-only"):
            known.point[0] = 0.0


@EVERY
def test_polished_points_are_as_near_as_floats_allow(name):
    objective = ZOO[name]
    for known in KNOWN[name]:
        if known.nullity == 0:
            newton = np.linalg.solve(
                objective.hessian(known.point), objective.gradient(known.point)
            )
            assert np.abs(newton).max() < 1e-12


@pytest.mark.parametrize("name", ["himmelblau", "mueller-brown"])
def test_morse_sum_of_a_coercive_function_is_one(name):
    indices = [known.index for known in KNOWN[name]]
    assert sum((-1) ** index for index in indices) == 1
    points = np.array([known.point for known in KNOWN[name]])
    apart = np.linalg.norm(points[:, None] - points[None], axis=2) + np.eye(len(points))
    assert apart.min() > 0.1


def test_himmelblau_has_no_other_critical_point():
    objective, known = zoo.himmelblau(), zoo.himmelblau_critical_points()
    points = np.array([k.point for k in known])
    for start in np.random.default_rng(0).uniform(-5, 5, (80, 2)):
        point = start.copy()
        for _ in range(60):
            point = point - np.linalg.solve(objective.hessian(point), objective.gradient(point))
        assert np.linalg.norm(points - point, axis=1).min() < 1e-9


def test_mueller_brown_has_the_published_energies():
    values = [known.value for known in zoo.mueller_brown_critical_points()]
    assert np.allclose(values, [-146.70, -108.17, -80.77, -72.25, -40.66], atol=0.005)


def test_beale_and_himmelblau_have_the_published_minima():
    assert zoo.beale_critical_points()[0].point == pytest.approx([3.0, 0.5], abs=1e-12)
    found = [known.point for known in zoo.himmelblau_critical_points()[:4]]
    published = [[3, 2], [-2.805118, 3.131312], [-3.779310, -3.283186], [3.584428, -1.848126]]
    assert np.allclose(found, published, atol=1e-6)


def test_monkey_saddle_is_no_minimum_though_its_index_is_zero():
    objective = zoo.monkey_saddle()
    angles = np.arange(6) * np.pi / 3
    ring = 0.1 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert np.allclose(objective.values(ring), 1e-3 * np.array([1, -1, 1, -1, 1, -1]), atol=1e-15)


@QUICK
@given(
    st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=12),
    st.one_of(st.none(), st.integers(0, 10**6)),
)
def test_quadratic_has_the_spectrum_it_was_given(eigenvalues, seed):
    objective = zoo.quadratic(eigenvalues, seed)
    found = np.linalg.eigvalsh(objective.hessian(objective.start))
    assert np.abs(found - np.sort(eigenvalues)).max() <= 1e-10
    total = 0.5 * sum(eigenvalues)
    assert objective.value(objective.start) == pytest.approx(total, rel=1e-10, abs=1e-10)


def test_quadratic_turns_only_with_a_seed():
    assert np.array_equal(zoo.quadratic([1.0, 2.0]).hessian([0.0, 0.0]), np.diag([1.0, 2.0]))
    turned = zoo.quadratic([1.0, 2.0], seed=0).hessian([0.0, 0.0])
    assert abs(turned[0, 1]) > 0.01
    assert np.array_equal(turned, zoo.quadratic([1.0, 2.0], seed=0).hessian([0.0, 0.0]))
    assert not np.allclose(turned, zoo.quadratic([1.0, 2.0], seed=1).hessian([0.0, 0.0]))


def test_the_rotation_is_private():
    before = np.random.get_state()[1].copy()
    zoo.random_orthogonal(4, seed=0)
    assert np.array_equal(before, np.random.get_state()[1])


@pytest.mark.parametrize("b", [1.0, 100.0, 1e4])
def test_rosenbrock_in_two_dimensions_is_the_textbook_formula(b):
    x, y = np.random.default_rng(1).normal(size=(2, 20))
    wanted = b * (y - x**2) ** 2 + (1 - x) ** 2
    assert np.allclose(zoo.rosenbrock(2, b).values(np.stack([x, y], axis=1)), wanted)


def test_rosenbrocks_valley_leads_to_the_minimum():
    objective = zoo.rosenbrock(3)
    found = minimize(
        objective.value, objective.start, jac=objective.gradient, method="BFGS", tol=1e-9
    )
    assert np.allclose(found.x, zoo.rosenbrock_critical_points(3)[0].point, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: zoo.quadratic([]), "a quadratic needs at least 1 eigenvalue, got none"),
        (lambda: zoo.quadratic([[1.0]]), "eigenvalues must have shape"),
        (lambda: zoo.quadratic([np.inf]), "eigenvalues must be finite"),
        (lambda: zoo.quadratic([1.0], center=[1.0, 2.0]), "center must have shape"),
        (lambda: zoo.quadratic_critical_points([1.0], [np.nan]), "center must be finite"),
        (lambda: zoo.rosenbrock(1), "n must be at least 2, got 1"),
        (lambda: zoo.rosenbrock(2, b=0.0), "b must be a finite number above 0, got 0.0"),
        (lambda: zoo.rosenbrock_critical_points(2, b=-1.0), "b must be a finite number above 0"),
    ],
)
def test_bad_arguments_are_told(call, message):
    with pytest.raises(InputError, match=message):
        call()
