"""Files read and written: round trips, names, and what is refused."""

import h5py
import numpy as np
import pytest
import xarray as xr

from interop.canonical.files import COS, DIRECTIONS, FOLDER, LSTSQ, PRINCIPAL, SURFACE
from thalweg.core.errors import InputError, StoreError
from thalweg.core.grid import Grid
from thalweg.core.layout import Block, Layout, Role
from thalweg.core.plane import Plane
from thalweg.core.schema import Cell, provenance, surface_dataset
from thalweg.interop.canonical.directions import (
    CanonicalDirections,
    canonical_from_flat,
    read_directions,
    write_directions,
)
from thalweg.interop.canonical.names import (
    CanonicalNorm,
    DirectionKind,
    ProjectionMethod,
    direction_file_name,
    principal_file_name,
    projection_file_name,
    surface_file_name,
)
from thalweg.interop.canonical.projections import read_projection, write_projection
from thalweg.interop.canonical.recipe import canonical_directions
from thalweg.interop.canonical.surfaces import read_surface, write_surface
from thalweg.interop.mesh import mesh_of
from thalweg.store.folder import load, save
from thalweg.views.path import path_view
from thalweg.views.surface import surface_view

pytestmark = pytest.mark.usefixtures("one_reader")


def contents(path):
    found = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: (
                found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
            )
        )
    return found


def surface(shape=(3, 4), seed=0, k=2):
    random = np.random.default_rng(seed)
    fields = {"loss": random.normal(size=shape) * 3, "accuracy": random.random(shape)}
    status = random.choice([Cell.DONE, Cell.DONE, Cell.PENDING], size=shape).astype(np.int8)
    fields = {n: np.where(status == Cell.PENDING, np.nan, v) for n, v in fields.items()}
    grid = Grid(tuple(np.sort(random.normal(size=n)) for n in shape[::-1]))
    plane = Plane(np.zeros(5), random.normal(size=(k, 5)))
    return plane, surface_dataset(plane, grid, fields, status, {"fields": ["loss", "accuracy"]})


def test_names_are_theirs():
    assert direction_file_name("model_5.t7") == DIRECTIONS
    assert surface_file_name(DIRECTIONS, Grid.square(1.0, 11)) == SURFACE
    assert principal_file_name() == PRINCIPAL
    assert projection_file_name(PRINCIPAL, ProjectionMethod.COS) == COS
    assert projection_file_name(DIRECTIONS, ProjectionMethod.LSTSQ) == LSTSQ
    bare = direction_file_name(
        "m", 1, norm=CanonicalNorm.NONE, ignore_biases=False, kind=DirectionKind.STATES
    )
    assert bare == "m_states.h5"
    assert surface_file_name("d", Grid(([-0.5, 1.5],))) == "d_[-0.5,1.5,2].h5"
    with pytest.raises(InputError, match="1 or 2 directions, got 3"):
        direction_file_name("m", 3)


@pytest.mark.parametrize("name", [DIRECTIONS, PRINCIPAL])
def test_their_directions_written_again_hold_the_same(tmp_path, name):
    write_directions(read_directions(FOLDER / name), tmp_path / "d.h5")
    ours, theirs = contents(tmp_path / "d.h5"), contents(FOLDER / name)
    assert set(ours) == set(theirs)
    assert all(np.array_equal(ours[key], theirs[key]) for key in theirs)
    assert all(ours[key].shape == theirs[key].shape for key in theirs)


def test_their_surface_written_again_holds_the_same(tmp_path):
    found = read_surface(FOLDER / SURFACE)
    write_surface(found, tmp_path / "s.h5", found.attrs["direction_file"])
    ours, theirs = contents(tmp_path / "s.h5"), contents(FOLDER / SURFACE)
    assert set(ours) == set(theirs)
    assert ours["dir_file"] == theirs["dir_file"]
    assert np.array_equal(ours["train_loss"], theirs["train_loss"])
    assert np.allclose(ours["train_acc"], theirs["train_acc"], rtol=1e-15)


@pytest.mark.parametrize(("nb", "na", "seed"), [(1, 1, 0), (1, 4, 1), (3, 3, 2), (4, 3, 3)])
def test_surfaces_come_back_cell_by_cell(tmp_path, nb, na, seed):
    plane, wanted = surface((nb, na), seed)
    found = read_surface(write_surface(wanted, tmp_path / "s.h5"), plane)
    for name in ("a", "b", "loss", "status"):
        assert np.array_equal(found[name], wanted[name], equal_nan=name == "loss"), name
    assert found.attrs["plane_digest"] == wanted.attrs["plane_digest"]
    if (wanted.status == Cell.DONE).any():
        assert np.allclose(found.accuracy, wanted.accuracy, rtol=1e-15, equal_nan=True)
    else:
        assert "accuracy" not in found


def test_lines_have_no_y(tmp_path):
    plane, wanted = surface((6,), k=1)
    found = read_surface(write_surface(wanted, tmp_path / "s.h5"), plane)
    assert "ycoordinates" not in contents(tmp_path / "s.h5")
    assert np.array_equal(found.loss, wanted.loss, equal_nan=True)
    assert found.loss.dims == ("a",)
    with pytest.raises(InputError, match="1 directions, got 2"):
        read_surface(tmp_path / "s.h5", Plane(np.zeros(5), np.eye(5)[:2]))


def test_failed_cells_become_nan_and_falling_axes_are_turned(tmp_path):
    _, wanted = surface((2, 2), 1)
    wanted.status[:] = np.array([[Cell.FAILED, Cell.DONE], [Cell.DONE, Cell.NONFINITE]])
    wanted.loss[:] = np.array([[np.nan, 1.0], [2.0, np.inf]])
    found = contents(write_surface(wanted, tmp_path / "s.h5"))["train_loss"]
    assert np.array_equal(found, wanted.loss, equal_nan=True)
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["xcoordinates"], file["ycoordinates"] = [1.0, 0.0], [5.0, 6.0]
        file["train_loss"], file["max_eig"] = [[1.0, 2.0], [3.0, 4.0]], [[9.0, 9.0], [9.0, -1.0]]
        file["test_loss"] = -np.ones((2, 2))
    turned = read_surface(tmp_path / "t.h5")
    assert turned.a.values.tolist() == [0, 1]
    assert np.array_equal(turned.loss, [[2, 1], [np.nan, 3]], equal_nan=True)
    assert turned.attrs["fields"] == ["loss", "max_eig"]  # nobody evaluated the test loss


def test_a_surface_without_its_plane_can_be_drawn_and_kept(tmp_path):
    found = read_surface(FOLDER / SURFACE)
    view = surface_view(found)
    assert not view.equal
    assert view.a_label == "a, along x direction (length unknown)"
    again = load(save(found, tmp_path / "s.zarr"))
    assert np.isnan(again.attrs["lengths"]).all()
    assert mesh_of(found).triangles.shape == (200, 3)
    path = read_projection(FOLDER / LSTSQ, ProjectionMethod.LSTSQ)
    drawn = path_view(path, view)
    assert not drawn.truthful.any()  # nothing is known of its true loss
    assert "unknown" in drawn.label


@pytest.mark.parametrize("method", list(ProjectionMethod))
@pytest.mark.parametrize("k", [1, 2])
def test_projections_come_back(tmp_path, method, k):
    random = np.random.default_rng(0)
    coords, directions = random.normal(size=(5, k)), random.normal(size=(k, 7))
    path = xr.Dataset({name: ("step", coords[:, i]) for i, name in enumerate("ab"[:k])})
    write_projection(path, tmp_path / "p.h5", method, directions)
    found = read_projection(tmp_path / "p.h5", method, directions)
    assert found.attrs["kind"] == "path"
    assert np.allclose(np.stack([found[n] for n in "ab"[:k]], axis=1), coords, atol=1e-12)


def test_flat_directions_become_tensors_and_back(tmp_path):
    layout = Layout((Block("W", (2, 3), filter_axis=0), Block("b", (3,), Role.BIAS)))
    rows = np.arange(18.0).reshape(2, 9)
    made = canonical_from_flat(rows, layout)
    assert made.tensors[1][0].tolist() == [[9, 10, 11], [12, 13, 14]]
    assert np.array_equal(read_directions(write_directions(made, tmp_path / "d.h5")).flat, rows)
    plane = made.plane(np.ones(9))
    assert plane.labels == ("canonical direction 1", "canonical direction 2")


def test_principal_planes_say_what_share_they_hold():
    labels = read_directions(FOLDER / PRINCIPAL).plane(np.zeros(1474)).labels
    assert labels[0].startswith("principal direction 1, ")


def norms(tensors, axes):
    return [np.sqrt(np.square(t.astype(float)).sum(axis=axes(t))) for t in tensors if t.ndim > 1]


@pytest.mark.parametrize("norm", list(CanonicalNorm))
def test_every_norm_makes_what_it_says(norm):
    from interop.canonical.files import trained

    found = canonical_directions(trained, norm=norm, k=1).tensors[0]
    raw = canonical_directions(trained, norm=CanonicalNorm.NONE, k=1).tensors[0]
    weights = [p.detach().numpy() for p in trained().parameters()]
    slices, whole = (lambda t: tuple(range(1, t.ndim))), (lambda t: None)
    ones = [np.ones(len(w)) for w in weights if w.ndim > 1]
    wanted = {
        CanonicalNorm.FILTER: (slices, norms(weights, slices)),
        CanonicalNorm.LAYER: (whole, norms(weights, whole)),
        CanonicalNorm.UNIT_FILTER: (slices, ones),
        CanonicalNorm.UNIT_LAYER: (whole, [1.0] * len(ones)),
        CanonicalNorm.WEIGHT: (
            slices,
            norms([r * w for r, w in zip(raw, weights, strict=True)], slices),
        ),
        CanonicalNorm.NONE: (slices, norms(raw, slices)),
    }
    axes, lengths = wanted[norm]
    for own, length in zip(norms(found, axes), lengths, strict=True):
        assert np.allclose(own, length, rtol=1e-5)
    assert not any(t.any() for t in found if t.ndim <= 1)


def h5(path, **datasets):
    with h5py.File(path, "w") as file:
        for name, values in datasets.items():
            file[name.replace("__", "/")] = values
    return path


def test_other_files_are_refused_in_one_line(tmp_path):
    readers = (
        read_surface,
        read_directions,
        lambda path: read_projection(path, ProjectionMethod.LSTSQ),
    )
    text = tmp_path / "text.h5"
    text.write_text("no HDF5")
    other = h5(tmp_path / "other.h5", something=np.ones(3))
    for read in readers:
        for path in (tmp_path / "absent.h5", text, other):
            with pytest.raises(StoreError, match=str(path.name)) as caught:
                read(path)
            assert "\n" not in str(caught.value)


def test_damaged_files_are_refused(tmp_path):
    x = np.arange(3.0)
    bad = h5(tmp_path / "a.h5", xcoordinates=x, train_loss=np.ones(4))
    with pytest.raises(StoreError, match=r"shape \(3,\), got \(4,\)"):
        read_surface(bad)
    with pytest.raises(StoreError, match="must hold one of train_loss"):
        read_surface(h5(tmp_path / "b.h5", xcoordinates=x))
    with pytest.raises(StoreError, match="xcoordinates"):
        read_surface(h5(tmp_path / "c.h5", xcoordinates=np.ones((2, 2)), train_loss=x))
    with pytest.raises(StoreError, match="unlike in shape"):
        read_directions(h5(tmp_path / "d.h5", xdirection__0=x, ydirection__0=np.ones(4)))
    with pytest.raises(StoreError, match="number its tensors"):
        read_directions(h5(tmp_path / "e.h5", xdirection__0=x, xdirection__2=x))
    with pytest.raises(StoreError, match="alike"):
        read_projection(
            h5(tmp_path / "f.h5", proj_xcoord=x, proj_ycoord=np.ones(2)), ProjectionMethod.LSTSQ
        )


def test_what_they_have_no_word_for_is_refused(tmp_path):
    three = CanonicalDirections(((np.ones(2),),) * 3)
    with pytest.raises(InputError, match="1 or 2 directions"):
        write_directions(three, tmp_path / "d.h5")
    plane = Plane(np.zeros(3), np.eye(3))
    cube = surface_dataset(
        plane,
        Grid.square(1, 2, 3),
        {"loss": np.ones((2, 2, 2))},
        np.ones((2, 2, 2), np.int8),
        provenance("surface", {}),
    )
    with pytest.raises(InputError, match="1 or 2 dimensions"):
        write_surface(cube, tmp_path / "s.h5")
    _, flat = surface()
    with pytest.raises(InputError, match="must have a field loss"):
        write_surface(flat.drop_vars(["loss", "accuracy"]), tmp_path / "s.h5")
    path = xr.Dataset({name: ("step", np.ones(2)) for name in "abc"})
    with pytest.raises(InputError, match="1 or 2 coordinates"):
        write_projection(path, tmp_path / "p.h5", ProjectionMethod.LSTSQ)
    with pytest.raises(InputError, match="COS needs the directions"):
        write_projection(path[["a", "b"]], tmp_path / "p.h5", ProjectionMethod.COS)
    with pytest.raises(InputError, match="1 or 2 directions"):
        canonical_directions(lambda: None, k=3)
    assert list(tmp_path.iterdir()) == []


def test_files_are_whole_and_the_same_each_time(tmp_path):
    _, made = surface()
    one, two = (write_surface(made, tmp_path / name) for name in ("1.h5", "2.h5"))
    assert one.read_bytes() == two.read_bytes()
    with pytest.raises(StoreError, match="must be writable"):
        write_surface(made, one / "below.h5")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1.h5", "2.h5"]
