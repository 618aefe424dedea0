import numpy as np
import pytest
import xarray as xr

from interop.results import MORE_HOLES, line, path, spectrum, surface, trajectory, volume
from thalweg.core.errors import StoreError
from thalweg.core.schema import plane_of
from thalweg.interop.netcdf import read_netcdf, write_netcdf
from thalweg.views.surface import surface_view

pytestmark = pytest.mark.usefixtures("one_reader")

ODD = {
    "flag": True,
    "nothing": None,
    "empty": [],
    "mixed": [1, "a"],
    "lone": ["x"],
    "lone_number": [1.5],
    "nested": [[1], [2]],
    "greek": "λ = −3",
    "whole": [1, 2],
    "nul": "a\0b",
    "nuls": ["a", "\0"],
    "large": 1 << 70,
    "larger": [1, -1 << 70],
    "_hidden": "x",
    "truths": [True, False],
    "tuple": ("a", "b"),
    "of_numpy": np.float64(0.1),
    "array": np.array([0.1, 0.2]),
}


@pytest.mark.parametrize(
    "made",
    [surface(holes=MORE_HOLES), line(), volume(), path(), trajectory(), spectrum()],
    ids=lambda made: str(made.attrs["kind"]),
)
def test_results_come_back_whole(tmp_path, made):
    file = write_netcdf(made, tmp_path / "r.nc")
    with xr.open_dataset(file) as opened:
        opened.load()
    back = read_netcdf(file)
    for found in (opened, back):
        xr.testing.assert_equal(found, made)
        assert set(found.coords) == set(made.coords)
        assert {n: v.dtype for n, v in found.items()} == {n: v.dtype for n, v in made.items()}
    assert back.attrs == made.attrs


def test_every_attribute_comes_back_and_strangers_can_read_it(tmp_path):
    made = surface()
    made.attrs |= ODD
    file = write_netcdf(made, tmp_path / "r.nc")
    back = read_netcdf(file).attrs
    plain = {**ODD, "tuple": ["a", "b"], "of_numpy": 0.1, "array": [0.1, 0.2]}
    for name, value in plain.items():
        assert back[name] == value, name
        assert type(back[name]) is type(value), name
    with xr.open_dataset(file) as opened:
        assert opened.attrs["flag"] == 1
        assert opened.attrs["nothing"] == "null"
        assert opened.attrs["nested"] == "[[1], [2]]"
        assert opened.attrs["truths"].tolist() == [1, 0]
        assert opened.attrs["labels"] == ["direction 1", "direction 2"]


def test_a_surface_that_came_back_can_be_used(tmp_path):
    made = surface()
    back = read_netcdf(write_netcdf(made, tmp_path / "r.nc"))
    assert plane_of(back).digest() == made.attrs["plane_digest"]
    assert np.array_equal(surface_view(back).values, surface_view(made).values)
    assert plane_of(read_netcdf(write_netcdf(line(), tmp_path / "l.nc"))).k == 1


def test_half_precision_and_truth_are_widened(tmp_path):
    made = trajectory(np.float16)
    made["kept"] = ("step", np.array([True, False, True, True]))
    back = read_netcdf(write_netcdf(made, tmp_path / "r.nc"))
    assert back.point.dtype == np.float32
    assert np.array_equal(back.point, made.point)
    assert back.kept.values.tolist() == [1, 0, 1, 1]
    assert made.point.dtype == np.float16  # the caller's own is as it was


def test_the_same_result_gives_the_same_bytes_and_no_leftovers(tmp_path):
    one, two = (write_netcdf(surface(), tmp_path / name).read_bytes() for name in ("1", "2"))
    assert one == two
    with pytest.raises(StoreError, match="must be writable"):
        write_netcdf(surface(), tmp_path / "1" / "below.nc")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1", "2"]


def test_files_of_others_are_refused_in_one_line(tmp_path):
    xr.Dataset({"x": ("t", np.ones(3))}).to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    with pytest.raises(StoreError, match=r"x\.nc must be a NetCDF file of Thalweg"):
        read_netcdf(tmp_path / "x.nc")
    with pytest.raises(StoreError, match=r"absent\.nc"):
        read_netcdf(tmp_path / "absent.nc")
