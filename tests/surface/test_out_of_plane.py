"""The gradient out of a plane against a quadratic, an oblique plane, and a seeded one."""

import numpy as np
import pytest

from thalweg.core.errors import InputError
from thalweg.core.plane import Plane
from thalweg.geometry.scaling import Unscaled
from thalweg.geometry.seeded import seeded_plane
from thalweg.objectives.zoo import quadratic
from thalweg.surface.out_of_plane import out_of_plane_gradient

BOWL = quadratic(np.arange(1.0, 8.0), seed=2)


def test_the_parts_are_those_of_least_squares_whatever_the_lengths_and_angles():
    random = np.random.default_rng(0)
    for k in (1, 2, 3):
        directions = random.standard_normal((k, 7))
        directions[-1] = 1e4 * (directions[-1] + 2 * directions[0])
        plane = Plane(random.standard_normal(7), directions)
        coords = random.standard_normal((4, k)) / 1e3
        parts = out_of_plane_gradient(BOWL, plane, coords)
        for i, point in enumerate(plane.points(coords)):
            gradient = BOWL.gradient(point)
            fitted = directions.T @ np.linalg.lstsq(directions.T, gradient, rcond=None)[0]
            assert parts.in_plane[i] == pytest.approx(np.linalg.norm(fitted))
            assert parts.out_of_plane[i] == pytest.approx(np.linalg.norm(gradient - fitted))


def test_a_slice_minimum_beside_the_minimum_is_none():
    _, vectors = np.linalg.eigh(BOWL.hessian(np.zeros(7)))
    plane = Plane(3 * vectors[:, 0], vectors[:, -2:].T)
    parts = out_of_plane_gradient(BOWL, plane, np.zeros((1, 2)))
    assert parts.in_plane[0] < 1e-12
    assert parts.out_of_plane[0] == pytest.approx(3.0)  # eigenvalue 1, 3 away
    through = Plane(np.zeros(7), vectors[:, -2:].T)
    assert out_of_plane_gradient(BOWL, through, np.zeros((1, 2))).out_of_plane[0] < 1e-12


def test_a_seeded_plane_goes_through_the_start():
    seeded = seeded_plane(BOWL, 0, scaling=Unscaled())
    dense = seeded.dense(BOWL.start)
    coords = np.array([[0.1, -0.2]])
    ours, theirs = (out_of_plane_gradient(BOWL, p, coords) for p in (seeded, dense))
    assert ours.out_of_plane == theirs.out_of_plane
    with pytest.raises(InputError, match=r"R\^7"):
        out_of_plane_gradient(BOWL, Plane(np.zeros(2), np.eye(2)), coords)
    with pytest.raises(InputError, match="coords"):
        out_of_plane_gradient(BOWL, seeded, np.zeros((1, 3)))
