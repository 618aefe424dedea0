from base64 import b64decode
from xml.etree import ElementTree

import numpy as np
import pytest

from interop.results import HOLES, MORE_HOLES, line, path, surface, volume
from thalweg.core.errors import InputError
from thalweg.core.schema import Cell
from thalweg.interop.heights import Heights
from thalweg.interop.vtk import write_vtp, write_vtr, write_vts
from thalweg.views.levels import Scale

DTYPES = {"Float64": "<f8", "Int64": "<i8", "Int8": "<i1", "UInt8": "<u1"}
HEIGHTS = Heights(scale=Scale.LINEAR, exaggeration=0.25, base=0.0)


def parsed(file):
    """The element of the piece, and all arrays by the tag and name that hold them."""
    root = ElementTree.parse(file).getroot()
    assert root.attrib["byte_order"] == "LittleEndian"
    assert root.attrib["header_type"] == "UInt64"
    arrays = {}
    for holder in root.iter():
        for one in holder.findall("DataArray"):
            raw = b64decode(one.text)
            assert int.from_bytes(raw[:8], "little") == len(raw) - 8
            values = np.frombuffer(raw[8:], DTYPES[one.attrib["type"]])
            wide = int(one.attrib.get("NumberOfComponents", 1))
            arrays[holder.tag, one.attrib["Name"]] = (
                values.reshape(-1, wide) if wide > 1 else values
            )
    return root[0], arrays


def test_a_relief_holds_every_number_as_it_is(tmp_path):
    made = surface(holes=MORE_HOLES)
    kind, arrays = parsed(write_vts(made, tmp_path / "s.vts", HEIGHTS))
    assert kind.tag == "StructuredGrid"
    assert kind.attrib["WholeExtent"] == kind.find("Piece").attrib["Extent"] == "0 6 0 4 0 0"
    for name in ("loss", "accuracy", "status"):
        assert np.array_equal(arrays["PointData", name], made[name].values.ravel(), equal_nan=True)
    points = arrays["Points", "Points"].reshape(5, 7, 3)
    assert (points[..., 0] == made.a.values).all()
    assert (points[..., 1] == made.b.values[:, None]).all()
    known = (made.status == Cell.DONE).values
    assert np.array_equal(points[known][:, 2], 0.25 * made.loss.values[known])
    assert not points[~known][:, 2].any()
    assert arrays["FieldData", "exaggeration"] == 0.25
    assert arrays["FieldData", "base"] == 0.0


def test_a_field_may_have_any_name(tmp_path):
    name = 'EXTENT -- <"loss" & more>'
    made = surface().rename(loss=name)
    kind, arrays = parsed(write_vts(made, tmp_path / "s.vts", Heights(field=name)))
    assert kind.find("Piece").attrib["Extent"] == "0 6 0 4 0 0"
    assert kind.find(".//PointData").attrib["Scalars"] == name
    assert np.array_equal(arrays["PointData", name], made[name].values.ravel())


def test_cells_around_a_hole_are_hidden(tmp_path):
    _, arrays = parsed(write_vts(surface(holes=HOLES), tmp_path / "s.vts"))
    hidden = arrays["CellData", "vtkGhostType"].reshape(4, 6)
    wanted = np.zeros((4, 6), dtype=int)
    wanted[0:2, 0:2] = wanted[2:4, 3:5] = 32
    assert np.array_equal(hidden, wanted)


@pytest.mark.parametrize("hole", [False, True])
def test_a_volume_lies_on_its_own_axes(tmp_path, hole):
    made = volume(hole)
    kind, arrays = parsed(write_vtr(made, tmp_path / "v.vtr"))
    assert kind.tag == "RectilinearGrid"
    assert kind.attrib["WholeExtent"] == "0 3 0 2 0 1"
    for name in "abc":
        assert np.array_equal(arrays["Coordinates", name], made[name])
    loss = arrays["PointData", "loss"].reshape(2, 3, 4)  # a fastest, as VTK has it
    assert np.array_equal(loss, made.loss, equal_nan=True)
    hidden = arrays["CellData", "vtkGhostType"].reshape(1, 2, 3)
    assert hidden.sum() == (32 if hole else 0)
    assert hidden[0, 0, 0] == (32 if hole else 0)


def test_a_path_is_a_line_at_its_true_loss_cut_where_it_is_not_finite(tmp_path):
    made = path(cut=(0, 5))
    kind, arrays = parsed(write_vtp(made, surface(), tmp_path / "p.vtp", HEIGHTS))
    assert kind.tag == "PolyData"
    piece = kind.find("Piece").attrib
    assert (piece["NumberOfPoints"], piece["NumberOfLines"]) == ("10", "2")
    own = made.isel(step=[1, 2, 3, 4, 6, 7, 8, 9, 10, 11])
    wanted = np.column_stack([own.a, own.b, 0.25 * own.loss])
    assert np.array_equal(arrays["Points", "Points"], wanted)
    assert arrays["Lines", "connectivity"].tolist() == list(range(10))
    assert arrays["Lines", "offsets"].tolist() == [4, 10]
    assert arrays["PointData", "step"].tolist() == own.step.values.tolist()
    for name in ("loss", "plane_loss", "gap", "residual"):
        assert np.array_equal(arrays["PointData", name], own[name])


def test_a_path_without_a_finite_step_is_an_empty_file(tmp_path):
    kind, arrays = parsed(write_vtp(path(cut=range(12)), surface(), tmp_path / "p.vtp"))
    assert kind.find("Piece").attrib["NumberOfLines"] == "0"
    assert arrays["Points", "Points"].size == 0


def test_what_does_not_fit_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(InputError, match="3 directions, got 2"):
        write_vtr(surface(), tmp_path / "v.vtr")
    with pytest.raises(InputError, match="2 directions, got 1"):
        write_vts(line(), tmp_path / "s.vts")
    with pytest.raises(InputError, match="wanted a path"):
        write_vtp(surface(), surface(), tmp_path / "p.vtp")
    assert list(tmp_path.iterdir()) == []
