import sys

import numpy as np
import pytest

from interop.results import line, path, surface, trajectory, volume
from thalweg.core.errors import InputError, MissingExtraError
from thalweg.interop.export import ENDINGS, export
from thalweg.interop.heights import Heights

pytestmark = pytest.mark.usefixtures("one_reader")

FIRST = {
    ".csv": b"a,b,loss",
    ".nc": b"\x89HDF\r\n\x1a\n",
    ".h5": b"\x89HDF\r\n\x1a\n",
    ".vts": b"<?xml",
    ".vtr": b"<?xml",
    ".vtp": b"<?xml",
    ".glb": b"glTF",
    ".obj": b"# z is up",
    ".stl": b"Thalweg",
}


@pytest.mark.parametrize("ending", sorted(ENDINGS))
def test_every_ending_writes_its_format(tmp_path, ending):
    made = {".vtr": volume(), ".vtp": path()}.get(ending, surface())
    over = surface() if ending == ".vtp" else None
    file = export(made, tmp_path / f"new/r{ending.upper()}", over=over)
    assert file.read_bytes().startswith(FIRST[ending])
    assert [p.name for p in (tmp_path / "new").iterdir()] == [f"r{ending.upper()}"]


def test_heights_and_paths_go_along(tmp_path):
    tall = export(surface(), tmp_path / "s.obj", heights=Heights(exaggeration=9.0), paths=[path()])
    assert "height = 9.0" in tall.read_text()
    assert "\nl " in tall.read_text()


@pytest.mark.parametrize(
    ("made", "name", "more", "message"),
    [
        (surface(), "s.xyz", {}, "the ending must be among .csv.*got '.xyz'"),
        (surface(), "s", {}, "got ''"),
        (surface(), "s.vtr", {}, "3 directions, got 2"),
        (volume(), "v.glb", {}, "2 directions, got 3"),
        (line(), "l.stl", {}, "2 directions, got 1"),
        (trajectory(), "t.vts", {}, "wanted a surface, got trajectory"),
        (path(), "p.vtp", {}, "needs the surface below"),
        (surface(), "s.csv", {"paths": [path()]}, "paths go along in .glb and .obj"),
        (surface(lambda a, b: a * np.nan), "s.obj", {}, "finite somewhere"),
    ],
)
def test_what_does_not_fit_is_one_line_and_no_file(tmp_path, made, name, more, message):
    with pytest.raises(InputError, match=message) as caught:
        export(made, tmp_path / name, **more)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("module", "ending"), [("h5py", ".h5"), ("h5netcdf", ".nc")])
def test_a_missing_extra_is_named(tmp_path, monkeypatch, module, ending):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'thalweg\[formats\]'"):
        export(surface(), tmp_path / f"r{ending}")
    assert list(tmp_path.iterdir()) == []
