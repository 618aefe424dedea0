"""A place in numbers and words: exact on quadratics, and no claim that the numbers do not bear."""

import numpy as np
import pytest

from formulas import Formula
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.objectives.zoo import himmelblau, quadratic
from thalweg.surface.evaluate import evaluate
from thalweg.trust_report.underneath import Shape
from thalweg.views.surface import surface_view
from thalweg.web.inspect import Shown, inspect_frame
from thalweg.web.labels import labels_of
from thalweg.web.spot import DENSE, Bends, Spot, spot_of
from thalweg.web.verdict import Seen, verdict

FLAT = Plane(np.zeros(3), np.diag([2.0, 0.5, 1.0])[:2])


def shown(objective, plane=FLAT, reach=1.0, points=21):
    surface = evaluate(objective, plane, Grid.square(reach, points))
    return Shown(3, plane, surface, surface_view(surface))


def rows(frame):
    return dict(map(tuple, frame.head["rows"]))


def test_a_quadratic_yields_its_own_numbers():
    # L = (x^2 + 2 y^2 - 3 z^2) / 2 at a = 0.5, b = 1: x = 1, y = 0.5, z = 0
    found = inspect_frame(
        quadratic([1.0, 2.0, -3.0]),
        shown(quadratic([1.0, 2.0, -3.0])),
        np.array([1.0, 0.5, 0.0]),
        "here",
    )
    assert (found.head["a"], found.head["b"], found.head["scene"]) == (0.5, 1.0, 3)
    told = rows(found)
    assert told["loss"] == "0.75"
    assert told["gradient norm"] == "1.41"
    # Per length, not per unit of a and b: so no curvature lies outside the eigenvalues.
    assert [told[f"slope along {axis}, per length"] for axis in "ab"] == ["1", "1"]
    assert [told[f"curvature along {axis}, per length²"] for axis in "ab"] == ["1", "2"]
    assert (told["lowest eigenvalue"], told["highest eigenvalue"]) == ("−3", "2")
    assert (told["negative eigenvalues"], told["zero ones"]) == ("1 of 3", "0 of 3")
    assert told["of the squared gradient in this plane"] == "100 %"
    assert "index" not in told
    assert "distance out of the plane" not in told
    assert found.head["words"].startswith("Not a critical point: gradient norm 1.4.")


@pytest.mark.parametrize(
    ("bends", "words", "warning"),
    [
        ([1.0, 2.0, -3.0], "A saddle of index 1 that this plane draws as a minimum.", True),
        ([-1.0, -2.0, 3.0], "A saddle of index 2 that this plane draws as a maximum.", True),
        ([1.0, -2.0, 3.0], "A saddle of index 1, and this plane draws one.", False),
        ([1.0, 0.0, -3.0], "A saddle of index 1 that this plane draws as flat ground.", True),
        ([1.0, 2.0, 3.0], "A minimum, in this plane and in space.", False),
        ([-1.0, -2.0, -3.0], "A maximum, in this plane and in space.", False),
        (
            [1.0, 2.0, 0.0],
            "A critical point with no way down to second order; 1 direction without curvature.",
            False,
        ),
        ([0.0, 0.0, 0.0], "A critical point without curvature, so its kind stays open.", False),
    ],
)
def test_a_critical_point_is_called_what_it_is(bends, words, warning):
    objective = quadratic(bends)
    found = inspect_frame(objective, shown(objective), np.zeros(3), "the origin")
    assert (found.head["words"], found.head["warning"]) == (words, warning)
    assert rows(found)["index"] == f"{sum(bend < 0 for bend in bends)} of 3"
    assert rows(found)["nullity"] == f"{sum(bend == 0 for bend in bends)} of 3"


def test_a_minimum_of_the_map_with_a_gradient_is_no_minimum_of_the_loss():
    # level in the plane at its middle, falling along z
    tilted = Plane(np.array([0.0, 0.0, 2.0]), np.eye(3)[:2])
    objective = quadratic([1.0, 2.0, 3.0])
    found = inspect_frame(objective, shown(objective, tilted), tilted.origin, "the middle")
    assert found.head["words"] == (
        "The map has a minimum here, the loss has none: gradient norm 6."
    )
    assert found.head["warning"] is True
    assert rows(found)["of the squared gradient in this plane"] == "0 %"
    aside = inspect_frame(objective, shown(objective, tilted), tilted.points([[0.5, 0.5]])[0], "")
    assert aside.head["words"].startswith("Not a critical point")
    assert aside.head["warning"] is False


def test_a_step_out_of_the_plane_tells_both_losses():
    objective = quadratic([1.0, 2.0, 3.0])
    found = inspect_frame(objective, shown(objective), np.array([1.0, 0.5, 4.0]), "SGD, step 2")
    told = rows(found)
    assert (told["loss"], told["loss of the plane under it"]) == ("24.75", "0.75")
    assert told["distance out of the plane"] == "4"
    assert found.head["words"].startswith(
        "This place lies 4 out of the plane: its true loss is 24.8, the picture under it 0.75."
    )
    assert found.head["warning"] is True


def test_a_small_gap_is_no_warning():
    objective = quadratic([1.0, 2.0, 3.0])
    point = np.array([1.0, 0.5, 1e-3])
    found = inspect_frame(objective, shown(objective), point, "SGD, step 2")
    assert rows(found)["distance out of the plane"] == "0.001"
    assert found.head["words"].startswith("Not a critical point")
    assert found.head["warning"] is False


def test_the_basin_of_the_map_is_the_one_that_descent_reaches():
    plane = Plane(np.zeros(2), np.eye(2))
    here = shown(himmelblau(), plane, 5.0, 101)
    labels = labels_of(here.surface)
    minima = np.array(
        [[3.0, 2.0], [-2.805118, 3.131312], [-3.77931, -3.283186], [3.584428, -1.848126]]
    )
    numbers = set()
    for minimum in minima:
        row = labels.minimum_at(*minimum)
        assert row is not None
        assert np.hypot(labels.a[row] - minimum[0], labels.b[row] - minimum[1]) < 0.11
        assert labels.basin[labels.cell(*(0.9 * minimum))] == row
        told = rows(inspect_frame(himmelblau(), here, 0.9 * minimum, ""))
        assert told["basin of the map"].startswith(f"{row + 1} of 4, down to ")
        numbers.add(row)
    assert numbers == {0, 1, 2, 3}
    assert labels.minimum_at(0.0, 0.0) is None
    assert labels.cell(6.0, 0.0) is None
    outside = rows(inspect_frame(himmelblau(), here, np.array([6.0, 0.0]), ""))
    assert "basin of the map" not in outside


def test_a_hole_belongs_to_no_basin():
    formula = Formula(lambda p: np.where(p[:, 0] < 0, np.nan, p[:, 0] + p[:, 1] ** 2))
    plane = Plane(np.zeros(2), np.eye(2))
    found = inspect_frame(formula, shown(formula, plane), np.array([-0.5, 0.0]), "a hole")
    assert rows(found) == {"loss": "nan", "basin of the map": "none: a hole"}
    assert found.head["words"] == "The loss is no finite number here."
    whole = inspect_frame(formula, shown(formula, plane), np.array([0.5, 0.0]), "a place")
    assert rows(whole) == {"loss": "0.5", "basin of the map": "1 of 1, down to 0"}
    assert whole.head["words"] == "No derivatives are known here."


def test_on_a_kink_the_curvature_is_said_to_hold_on_one_side():
    objective = MLPObjective(MLP((1, 1, 1)), [[1.0], [2.0]], [0.0, 1.0], start=np.zeros(4))
    plane = Plane(np.array([1.0, -1.0, 0.3, 0.2]), np.eye(4)[:2])
    found = inspect_frame(objective, shown(objective, plane), plane.origin, "the kink")
    assert found.head["words"].endswith("On a ReLU kink: the curvature holds on one side only.")
    assert found.head["warning"] is True
    assert rows(found)["nearest kink (input of a ReLU)"] == "0"
    near = inspect_frame(objective, shown(objective, plane), plane.points([[0.004, 0.0]])[0], "")
    assert rows(near)["nearest kink (input of a ReLU)"] == "0.004"
    assert near.head["warning"] is False


def test_a_place_that_is_not_finite_still_makes_a_frame():
    objective = quadratic([1.0, 2.0, 3.0])
    found = inspect_frame(objective, shown(objective), np.array([np.inf, 0.0, 0.0]), "SGD, step 9")
    assert found.encode()
    assert (found.head["a"], rows(found)["loss"]) == (None, "nan")


def test_large_networks_get_rough_ends_and_say_so():
    n = DENSE + 100
    objective = quadratic(np.linspace(-3.0, 5.0, n))
    spot = spot_of(objective, Plane(np.ones(n), np.eye(n)[:2]), np.ones(n), 1.0)
    assert spot.bends is not None
    assert (spot.bends.negative, spot.bends.zero) == (None, None)
    assert spot.bends.lowest == pytest.approx(-3.0, abs=0.1)
    assert spot.bends.highest == pytest.approx(5.0, abs=0.1)
    assert spot.bends.curvatures == pytest.approx(np.linspace(-3.0, 5.0, n)[:2])
    found = inspect_frame(objective, Shown(1, Plane(np.ones(n), np.eye(n)[:2])), np.ones(n), "")
    assert " (estimated by " in rows(found)["lowest eigenvalue"]
    assert "negative eigenvalues" not in rows(found)


def test_what_rough_ends_do_not_know_is_not_claimed():
    rough = Bends(
        (1.0, 1.0), Shape.MINIMUM, 0.0, 2.0, None, None, 1e-3, True, "40 Hessian products"
    )
    assert verdict(Spot(900, 0.5, 0.0, 1e-9, bends=rough), Seen())[0] == (
        "A critical point; no way down was found by 40 Hessian products."
    )
