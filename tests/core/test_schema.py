"""Schema: what results hold."""

import numpy as np
import pytest

from thalweg.core.errors import InputError
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.core.schema import plane_of, require_kind, surface_dataset, trajectory_dataset
from thalweg.version import __version__

PLANE = Plane(np.arange(3.0), np.eye(3)[:2] * 2, ("u", "v"), "by hand")


def surface():
    grid = Grid((np.array([0.0, 1, 2]), np.array([5.0, 6])))
    status = np.ones(grid.shape, np.int8)
    return surface_dataset(PLANE, grid, {"loss": np.zeros(grid.shape)}, status, {"more": 1})


def test_a_surface_carries_its_plane():
    found = plane_of(surface())
    assert found.digest() == PLANE.digest() == surface().attrs["plane_digest"]
    assert found.labels == ("u", "v")
    assert found.recipe == "by hand"
    assert surface().attrs["kind"] == "surface"
    assert surface().attrs["more"] == 1
    assert surface().attrs["thalweg_version"] == __version__
    assert surface().loss.dims == ("b", "a")
    assert surface().b.values.tolist() == [5.0, 6.0]


def test_step_lengths_are_distances_between_rows():
    points = np.array([[0.0, 0], [3, 4], [3, 4]])
    run = trajectory_dataset(np.array([0, 10, 20]), points, np.zeros(3), np.zeros(3), {})
    assert run.step_length.values.tolist() == [0, 5, 0]
    assert run.step.dtype == np.int64


def test_the_wrong_kind_and_missing_variables_are_named():
    assert require_kind(surface(), "surface") is not None
    with pytest.raises(InputError, match="wanted a trajectory, got surface"):
        require_kind(surface(), "trajectory")
    with pytest.raises(InputError, match="a Dataset without a kind"):
        require_kind(surface().drop_attrs(), "surface")
    with pytest.raises(InputError, match=r"a surface must hold \['status'\]"):
        require_kind(surface().drop_vars("status"), "surface")
