"""Where Thalweg does otherwise than tomgoldstein/loss-landscape, because that code is wrong.

Each test does first what that code does, in its own words, and then shows the difference.
"""

import h5py
import numpy as np
import pytest
import xarray as xr

from interop.canonical.files import DIRECTIONS, FOLDER, checkpoints, trained
from thalweg.core.errors import InputError
from thalweg.core.grid import Grid
from thalweg.core.layout import Block, Layout, Role
from thalweg.core.schema import Cell, provenance
from thalweg.geometry.planes import principal_plane, random_plane
from thalweg.geometry.scaling import BiasRule, FilterNorm
from thalweg.interop.canonical.directions import canonical_principal, read_directions
from thalweg.interop.canonical.names import ProjectionMethod, direction_file_name
from thalweg.interop.canonical.projections import read_projection, write_projection
from thalweg.interop.canonical.recipe import canonical_directions
from thalweg.interop.canonical.surfaces import read_surface, write_surface

pytestmark = pytest.mark.usefixtures("one_reader")


def plain_path(coords):
    return xr.Dataset(
        {name: ("step", coords[:, i]) for i, name in enumerate("ab")}, attrs=provenance("path", {})
    )


def test_a_cosine_projection_is_a_length_and_becomes_a_coordinate_again(tmp_path):
    plane = read_directions(FOLDER / DIRECTIONS).plane(checkpoints()[-1])
    truth = np.array([[0.5, -0.25], [0.0, 1.0]])
    moves = plane.points(truth) - plane.origin
    theirs = np.stack([moves @ d / np.linalg.norm(d) for d in plane.directions], axis=1)
    assert np.abs(theirs - truth).max() > 0.5  # drawn by that code at these places

    file, cos = tmp_path / "p.h5", ProjectionMethod.COS
    write_projection(plain_path(truth), file, cos, plane.directions)
    with h5py.File(file) as raw:
        assert np.allclose(raw["proj_xcoord"][()], theirs[:, 0], rtol=1e-12)
        assert np.allclose(raw["proj_ycoord"][()], theirs[:, 1], rtol=1e-12)
    back = read_projection(file, cos, plane.directions)
    assert np.allclose(np.column_stack([back.a, back.b]), truth, atol=1e-12)
    assert np.allclose(plane.coordinates(plane.points(truth)), truth, atol=1e-12)
    with pytest.raises(InputError, match="needs the directions"):
        read_projection(file, cos)


def test_principal_axes_go_through_the_mean_of_the_run():
    run = checkpoints()
    shapes = [t.shape for t in read_directions(FOLDER / DIRECTIONS).tensors[0]]
    theirs = canonical_principal(run, shapes, ignore_biases=False).plane(run[-1])
    ours = principal_plane(run)
    assert np.square(ours.residual(run)).sum() < np.square(theirs.residual(run)).sum()
    assert np.allclose(ours.coordinates(run.mean(axis=0)), 0, atol=1e-9)
    assert np.abs(theirs.coordinates(run.mean(axis=0))).max() > 0.1


def signed(values):
    """A surface (b, a) with these losses, all of them done."""
    grid = Grid((np.arange(values.shape[1]) * 1.0, np.arange(values.shape[0]) * 1.0))
    data = {"loss": (grid.dims, values), "status": (grid.dims, np.full(values.shape, 1, np.int8))}
    attrs = provenance("surface", {"lengths": [1.0, 1.0], "labels": ["x", "y"]})
    return xr.Dataset(data, {"a": grid.axes[0], "b": grid.axes[1]}, attrs)


def test_only_blank_cells_are_pending_and_nan_is_not_done(tmp_path):
    values = np.array([[0.0, -2.0, 3.0], [np.nan, np.inf, -1.0]])
    theirs_again = values <= 0
    assert theirs_again.sum() == 3  # done or not, that code evaluates these at each start
    with h5py.File(tmp_path / "s.h5", "w") as raw:
        raw["xcoordinates"], raw["ycoordinates"] = np.arange(3.0), np.arange(2.0)
        raw["train_loss"] = values
    found = read_surface(tmp_path / "s.h5")
    wanted = [[Cell.DONE, Cell.DONE, Cell.DONE], [Cell.NONFINITE, Cell.NONFINITE, Cell.PENDING]]
    assert found.status.values.tolist() == wanted
    assert np.isnan(found.loss.values[1, 2])
    assert found.loss.values[0, 1] == -2
    with pytest.raises(InputError, match="means blank there"):
        write_surface(signed(values), tmp_path / "t.h5")


def test_grids_that_are_not_square_come_out_in_order(tmp_path):
    x, y = np.linspace(-1, 1, 4), np.linspace(0, 2, 3)
    theirs = -np.ones((len(x), len(y)))  # filled flat, in the order of meshgrid
    mesh_x, mesh_y = np.meshgrid(x, y)
    theirs.ravel()[:] = mesh_x.ravel() + 10 * mesh_y.ravel() + 5
    with h5py.File(tmp_path / "s.h5", "w") as raw:
        raw["xcoordinates"], raw["ycoordinates"], raw["train_loss"] = x, y, theirs
    found = read_surface(tmp_path / "s.h5")
    assert np.array_equal(found.loss, mesh_x + 10 * mesh_y + 5)
    assert not np.array_equal(theirs.T, mesh_x + 10 * mesh_y + 5)

    write_surface(found, tmp_path / "ours.h5")
    with h5py.File(tmp_path / "ours.h5") as raw:
        assert raw["train_loss"].shape == (3, 4)  # rows are y, as its own plots want
        assert np.array_equal(raw["train_loss"], mesh_x + 10 * mesh_y + 5)
    assert np.array_equal(read_surface(tmp_path / "ours.h5").loss, found.loss)


def test_biases_stay_put_unless_one_asks_for_their_rule():
    flag_less = canonical_directions(trained, ignore_biases=False)
    small = [p.detach().numpy() for p in trained().parameters()]
    for direction in flag_less.tensors:  # not random: the parameters themselves
        for part, weight in zip(direction, small, strict=True):
            assert np.array_equal(part, weight) == (weight.ndim <= 1)
    layout = Layout((Block("W", (2, 3), filter_axis=0), Block("b", (3,), Role.BIAS)))
    start = np.arange(1.0, 10.0)
    ours = random_plane(start, layout, 0, 2, FilterNorm())
    assert not ours.directions[:, 6:].any()
    asked = random_plane(start, layout, 0, 2, FilterNorm(BiasRule.COPY))
    assert np.array_equal(asked.directions[:, 6:], [start[6:]] * 2)


def test_a_repeat_is_another_seed_not_another_name():
    assert direction_file_name("m", index=2) == direction_file_name("m")[:-3] + "_idx=2.h5"
    one, two = (canonical_directions(trained, seed=seed).flat for seed in (123, 124))
    assert np.abs(one - two).max() > 0.1
