import pickle

import numpy as np
import pytest

from thalweg.core.errors import InputError
from thalweg.core.layout import Block, Layout
from thalweg.core.plane import Plane
from thalweg.objectives.functions import check_directions, from_function
from thalweg.objectives.zoo import quadratic, rosenbrock


def value(points):
    return (points**3).sum(axis=1) + points[:, 0] * points[:, 1]


def gradient(points):
    gradients = 3 * points**2
    gradients[:, 0] += points[:, 1]
    gradients[:, 1] += points[:, 0]
    return gradients


def hessian(point):
    matrix = np.diag(6 * point)
    matrix[0, 1] = matrix[1, 0] = 1.0
    return matrix


def cubic(**changes):
    parts = {"value": value, "gradient": gradient, "hessian": hessian}
    return from_function(**{**parts, "start": [1.0, 2.0, 3.0], "name": "cubic", **changes})


def test_the_callables_are_what_is_evaluated():
    objective = cubic()
    points = np.random.default_rng(0).normal(size=(5, 3))
    losses, gradients = objective.value_and_gradients(points)
    assert np.array_equal(losses, value(points))
    assert np.array_equal(objective.values(points), value(points))
    assert np.array_equal(gradients, gradient(points))
    assert np.array_equal(objective.gradient(points[2]), gradient(points)[2])
    assert np.array_equal(objective.hessian(points[2]), hessian(points[2]))
    assert objective.layout == Layout.plain(3)
    assert objective.fields == ("loss", "gradient_norm")


def test_hvp_takes_one_direction_or_rows_of_them():
    objective = cubic()
    directions = np.random.default_rng(1).normal(size=(4, 3))
    wanted = directions @ hessian(objective.start)
    assert np.allclose(objective.hvp(objective.start, directions), wanted, atol=1e-15)
    one = objective.hvp(objective.start, directions[1])
    assert one.shape == (3,)
    assert np.allclose(one, wanted[1], atol=1e-15)


def test_no_points_give_no_losses():
    losses, gradients = cubic().value_and_gradients(np.empty((0, 3)))
    assert losses.shape == (0,)
    assert gradients.shape == (0, 3)


def test_restriction_is_the_plane_then_the_values():
    objective = cubic()
    plane = Plane(objective.start, np.eye(3)[:2] * 0.5)
    coords = np.random.default_rng(2).normal(size=(6, 2))
    found = objective.restrict(plane, ("gradient_norm", "loss"))(coords)
    points = plane.points(coords)
    assert list(found) == ["gradient_norm", "loss"]
    assert np.array_equal(found["loss"], value(points))
    assert np.allclose(found["gradient_norm"], np.linalg.norm(gradient(points), axis=1))
    assert list(objective.restrict(plane)(coords)) == ["loss"]


def test_restriction_rejects_a_foreign_plane_and_unknown_fields():
    with pytest.raises(InputError, match="the plane must lie in R\\^3, got R\\^2"):
        cubic().restrict(Plane(np.zeros(2), np.eye(2)))
    with pytest.raises(InputError, match="fields must be among loss, gradient_norm, got accuracy"):
        cubic().restrict(Plane(np.zeros(3), np.eye(3)), ["accuracy"])


def test_overflow_and_nan_are_kept_without_a_warning():
    far = np.array([[1e300, 0.0], [np.nan, 0.0], [1.0, 1.0]])
    losses, gradients = rosenbrock().value_and_gradients(far)
    assert np.isinf(losses[0])
    assert np.isnan(losses[1])
    assert losses[2] == 0.0
    assert not np.isfinite(gradients[:2]).all()


def test_objective_and_restriction_survive_pickling():
    objective = quadratic([1.0, -2.0], seed=3)
    restriction = objective.restrict(Plane(np.zeros(2), np.eye(2)), objective.fields)
    again, f = pickle.loads(pickle.dumps((objective, restriction)))
    coords = np.array([[0.3, -0.7]])
    assert again.digest() == objective.digest()
    assert np.array_equal(again.values(coords), objective.values(coords))
    assert f(coords) == restriction(coords)


def test_digest_names_the_function_not_the_start():
    assert cubic().digest() == cubic(start=[0.0, 0.0, 0.0]).digest()
    assert cubic().digest() != cubic(name="other").digest()
    assert cubic(parameters=(1.0,)).digest() != cubic(parameters=(2.0,)).digest()
    assert quadratic([1.0, 2.0]).digest() != quadratic([1.0, 3.0]).digest()
    assert quadratic([1.0, 2.0], seed=0).digest() != quadratic([1.0, 2.0], seed=1).digest()


def test_start_is_a_frozen_copy():
    start = np.array([1.0, 2.0, 3.0])
    objective = cubic(start=start)
    start[0] = 9.0
    assert objective.start[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        objective.start[0] = 5.0


def test_a_layout_can_name_the_blocks():
    layout = Layout((Block("w", (2, 1)), Block("b", (1,))))
    assert cubic(layout=layout).layout is layout


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": [[1.0, 2.0]]}, r"start must have shape \(any\), got \(1, 2\)"),
        ({"start": [np.nan, 0.0, 0.0]}, "start must be finite, got 1 NaN"),
        ({"layout": Layout.plain(2)}, "start must have the layout's 2 parameters, got 3"),
        ({"value": lambda points: points.sum()}, r"value\(points\) must have shape \(2\)"),
        ({"gradient": lambda points: points[0]}, r"gradient\(points\) must have shape \(2, 3\)"),
        ({"hessian": lambda point: point}, r"hessian\(point\) must have shape \(3, 3\)"),
    ],
)
def test_what_does_not_fit_is_told_at_once(changes, message):
    with pytest.raises(InputError, match=message):
        cubic(**changes)


@pytest.mark.parametrize("directions", [np.zeros(2), np.zeros((1, 2)), 1.0, np.zeros((1, 1, 3))])
def test_directions_of_another_space_are_rejected(directions):
    with pytest.raises(InputError, match="directions must have shape"):
        check_directions(directions, 3)


@pytest.mark.parametrize("call", ["values", "value_and_gradients"])
def test_points_of_another_space_are_rejected(call):
    with pytest.raises(InputError, match=r"points must have shape \(any, 3\)"):
        getattr(cubic(), call)(np.zeros((2, 2)))
