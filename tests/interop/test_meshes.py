import json
import struct

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from interop.results import HOLES, MORE_HOLES, path, surface
from thalweg.core.errors import InputError
from thalweg.interop.gltf import write_glb
from thalweg.interop.heights import Heights
from thalweg.interop.mesh import mesh_of
from thalweg.interop.solids import write_obj, write_stl
from thalweg.views.colors import optimizer_color
from thalweg.views.levels import Scale

HEIGHTS = Heights(scale=Scale.LINEAR, exaggeration=0.25, base=0.0)


def edges(triangles):
    """How often each directed edge is there."""
    ends = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    pairs, counts = np.unique(ends, axis=0, return_counts=True)
    return {tuple(pair): count for pair, count in zip(pairs.tolist(), counts, strict=True)}


@given(st.integers(2, 7), st.integers(2, 7))
def test_a_whole_surface_has_two_triangles_a_square(nb, na):
    mesh = mesh_of(surface(nb=nb, na=na))
    assert len(mesh.points) == nb * na
    assert len(mesh.triangles) == 2 * (nb - 1) * (na - 1)
    found = edges(mesh.triangles)
    assert set(found.values()) == {1}  # manifold, and all triangles turn the same way
    rim = [edge for edge in found if edge[::-1] not in found]
    assert len(rim) == 2 * (nb - 1) + 2 * (na - 1)
    assert len(mesh.points) - len({frozenset(e) for e in found}) + len(mesh.triangles) == 1  # Euler
    assert (mesh.facets[:, 2] > 0).all()
    assert (mesh.normals[:, 2] > 0).all()
    assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1)


@settings(max_examples=15)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), max_size=12, unique=True))
def test_no_triangle_touches_a_hole_and_no_other_is_missing(holes):
    made = surface()
    for place in holes:
        made.loss[place] = np.nan
    try:
        mesh = mesh_of(made, HEIGHTS)
        places = {(x, y) for x, y, _ in mesh.points.tolist()}
        drawn = {tuple(sorted(map(tuple, mesh.points[t][:, :2].tolist()))) for t in mesh.triangles}
    except InputError:
        places, drawn = set(), set()
    good = np.isfinite(made.loss.values)
    wanted = set()
    for j in range(4):
        for i in range(6):
            for corners in (
                ((j, i), (j, i + 1), (j + 1, i + 1)),
                ((j, i), (j + 1, i + 1), (j + 1, i)),
            ):
                if all(good[c] for c in corners):
                    at = [(float(made.a[i]), float(made.b[j])) for j, i in corners]
                    wanted.add(tuple(sorted(at)))
    assert drawn == wanted
    assert places == {place for corners in wanted for place in corners}  # no loose vertices


def test_heights_are_those_asked_for():
    mesh = mesh_of(surface(lambda a, b: a + 2 * b), Heights(exaggeration=3.0, base=1.0))
    assert np.allclose(mesh.points[:, 2], 3 * (mesh.points[:, 0] + 2 * mesh.points[:, 1] - 1))
    wanted = np.array([-3, -6, 1]) / np.sqrt(46)  # of the plane z = 3a + 6b - 3
    assert np.allclose(mesh.normals, wanted)


@pytest.mark.parametrize("shape", [(1, 7), (5, 1)])
def test_a_surface_without_area_is_refused(shape):
    with pytest.raises(InputError, match="3 finite neighbors"):
        mesh_of(surface(nb=shape[0], na=shape[1]))


def read_stl(file):
    raw = file.read_bytes()
    (count,) = struct.unpack("<I", raw[80:84])
    assert len(raw) == 84 + 50 * count
    rows = [struct.unpack("<12fH", raw[84 + 50 * i : 134 + 50 * i]) for i in range(count)]
    numbers = np.array([row[:12] for row in rows]).reshape(count, 4, 3)
    return raw[:80].decode().rstrip(), numbers[:, 0], numbers[:, 1:]


def test_an_stl_file_has_the_area_and_the_volume_of_what_it_shows(tmp_path):
    made = surface(lambda a, b: 2 * a + b + 4)
    head, normals, corners = read_stl(
        write_stl(made, tmp_path / "s.stl", Heights(exaggeration=1.0, base=0.0))
    )
    assert head == "Thalweg, z is up; height = 1.0 * (loss - 0.0)"
    crosses = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas = np.linalg.norm(crosses, axis=1) / 2
    assert areas.sum() == pytest.approx(3 * np.sqrt(6), rel=1e-6)  # ground 3, slope (2, 1)
    volume = (crosses[:, 2] / 2 * corners[:, :, 2].mean(axis=1)).sum()
    assert volume == pytest.approx(3 * (2 * 0.5 + 0.5 + 4), rel=1e-6)  # mean height x ground
    assert np.allclose(normals, np.array([-2, -1, 1]) / np.sqrt(6), atol=1e-6)


def test_an_obj_file_has_the_mesh_its_colors_and_the_path(tmp_path):
    made, one = surface(holes=MORE_HOLES), path(cut=(0, 5))
    mesh = mesh_of(made, HEIGHTS)
    text = write_obj(made, tmp_path / "s.obj", HEIGHTS, [one]).read_text().splitlines()
    assert text[0] == "# z is up; height = 0.25 * (loss - 0.0)"
    rows = {
        key: [r.split()[1:] for r in text if r.split()[0] == key] for key in ("v", "vn", "f", "l")
    }
    places = np.array([[float(x) for x in row[:6]] for row in rows["v"] if len(row) == 6])
    assert np.array_equal(places[:, :3].astype(np.float32), mesh.points.astype(np.float32))
    assert np.allclose(places[:, 3:], mesh.colors, atol=1e-8)
    assert np.allclose(np.array(rows["vn"], dtype=float), mesh.normals, atol=1e-5)
    faces = np.array([[corner.split("//") for corner in row] for row in rows["f"]], dtype=int)
    assert (faces[..., 0] == faces[..., 1]).all()
    assert np.array_equal(faces[..., 0] - 1, mesh.triangles)
    first = len(mesh.points) + 1
    assert [list(map(int, row)) for row in rows["l"]] == [
        [*range(first, first + 4)],
        [*range(first + 4, first + 10)],
    ]
    line = np.array([[float(x) for x in row] for row in rows["v"] if len(row) == 3])
    own = one.isel(step=[1, 2, 3, 4, 6, 7, 8, 9, 10, 11])
    assert np.allclose(line, np.column_stack([own.a, own.b, 0.25 * own.loss]), rtol=1e-8)


def no_constant(name):
    raise AssertionError(f"{name} is no JSON")


def read_glb(file):
    """The document of a .glb file, and a function that gives the numbers of an accessor."""
    raw = file.read_bytes()
    magic, version, length = struct.unpack("<4sII", raw[:12])
    assert (magic, version, length) == (b"glTF", 2, len(raw))
    (size, kind) = struct.unpack("<I4s", raw[12:20])
    assert (kind, size % 4) == (b"JSON", 0)
    document = json.loads(raw[20 : 20 + size], parse_constant=no_constant)
    rest = raw[20 + size :]
    (length, kind) = struct.unpack("<I4s", rest[:8])
    assert (kind, length % 4, len(rest)) == (b"BIN\0", 0, 8 + length)
    assert document["buffers"] == [{"byteLength": length}]

    def numbers(index):
        accessor = document["accessors"][index]
        view = document["bufferViews"][accessor["bufferView"]]
        assert view["byteOffset"] % 4 == 0
        part = rest[8 + view["byteOffset"] :][: view["byteLength"]]
        values = np.frombuffer(part, {5126: "<f4", 5125: "<u4"}[accessor["componentType"]])
        values = values.reshape(-1, 3) if accessor["type"] == "VEC3" else values
        assert len(values) == accessor["count"]
        assert np.isfinite(values).all()
        if "min" in accessor:
            assert values.min(axis=0).tolist() == accessor["min"]
            assert values.max(axis=0).tolist() == accessor["max"]
        return values

    return document, numbers


def test_a_glb_file_stands_upright_with_its_colors(tmp_path):
    made = surface(holes=MORE_HOLES)
    mesh = mesh_of(made, HEIGHTS)
    document, numbers = read_glb(write_glb(made, tmp_path / "s.glb", HEIGHTS))
    assert document["asset"]["version"] == "2.0"
    assert document["asset"]["extras"] == {"heights": "height = 0.25 * (loss - 0.0)"}
    assert document["scenes"][document["scene"]]["nodes"] == [0]
    (primitive,) = document["meshes"][document["nodes"][0]["mesh"]]["primitives"]
    places = numbers(primitive["attributes"]["POSITION"])
    assert "min" in document["accessors"][primitive["attributes"]["POSITION"]]
    a, b, z = mesh.points.astype(np.float32).T
    assert np.array_equal(places, np.stack([a, z, -b], axis=1))
    assert (numbers(primitive["attributes"]["NORMAL"])[:, 1] > 0).all()
    assert np.array_equal(numbers(primitive["indices"]).reshape(-1, 3), mesh.triangles)
    linear = numbers(primitive["attributes"]["COLOR_0"])
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    assert np.allclose(srgb, mesh.colors, atol=1e-6)
    corners = places[mesh.triangles]
    up = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 1]
    assert (up > 0).all()  # counterclockwise from above, so right-handed still


def test_paths_are_line_strips_in_the_color_of_their_optimizer(tmp_path):
    paths = [path(cut=(0, 5)), path(cut=(), name="my own"), path(cut=range(12))]
    document, numbers = read_glb(write_glb(surface(), tmp_path / "s.glb", HEIGHTS, paths))
    assert [node["name"] for node in document["nodes"]] == ["surface", "Adam", "my own"]
    strips = document["meshes"][1]["primitives"]
    assert [strip["mode"] for strip in strips] == [3, 3]
    own = paths[0].isel(step=[1, 2, 3, 4])
    wanted = np.column_stack([own.a, 0.25 * own.loss, -own.b]).astype(np.float32)
    assert np.array_equal(numbers(strips[0]["attributes"]["POSITION"]), wanted)
    color = np.array(document["materials"][1]["pbrMetallicRoughness"]["baseColorFactor"][:3])
    srgb = np.where(color <= 0.0031308, 12.92 * color, 1.055 * color ** (1 / 2.4) - 0.055)
    assert bytes((255 * srgb).round().astype(np.uint8)).hex() == optimizer_color("Adam")[1:].lower()


@pytest.mark.parametrize("write", [write_glb, write_obj, write_stl])
def test_the_same_surface_gives_the_same_bytes(tmp_path, write):
    one, two = (write(surface(holes=HOLES), tmp_path / name).read_bytes() for name in ("1", "2"))
    assert one == two
    with pytest.raises(InputError):
        write(surface(lambda a, b: a * np.nan), tmp_path / "3")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1", "2"]


def test_turned_arrays_give_the_same_mesh():
    made = surface(holes=HOLES)
    turned = made.transpose("a", "b", ...)
    assert isinstance(turned, xr.Dataset)
    assert np.array_equal(mesh_of(made).points, mesh_of(turned).points)
