"""The layers of docs/architecture.md, read off the imports: lower floors only, never sideways."""

import ast
from fnmatch import fnmatch
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "thalweg"
FILES = sorted(SOURCE.rglob("*.py"))
FLOORS = (
    {"version"},
    {"core"},
    {"objectives", "geometry", "curvature", "store", "views", "datasets", "topology", "ray"},
    {
        "surface",
        "dynamics",
        "critical",
        "connect",
        "sharpness",
        "plots",
        "viewer",
        "interop",
        "testing",
    },
    {"trust_report"},
    {"study"},
    {"web"},
    {"__init__", "cli"},
)
ALLOWED_IN = {
    "matplotlib": ("plots/*",),
    "sklearn": ("datasets.py",),
    "zarr": ("store/*",),
    "numba": ("objectives/kernels*.py", "topology/kernels*.py"),
    "llvmlite": ("objectives/kernels*.py", "topology/kernels*.py"),
    "array_api_compat": ("curvature/*",),
    "curvlinops": (),
    "gudhi": (),
    "cyclopts": ("cli*.py", "cli/*"),
    "rich": ("cli*.py", "cli/*"),
    "jinja2": ("study/*",),
    "torch": (
        "objectives/torch/*",
        "dynamics/recorder/*",
        "interop/checkpoints/*",
        "interop/canonical/*",
    ),
    "safetensors": ("interop/checkpoints/*",),
    "lightning": ("dynamics/recorder/*",),
    "transformers": ("dynamics/recorder/*",),
    "h5py": ("interop/*",),
    "h5netcdf": ("interop/*",),
    "starlette": ("web/*",),
    "uvicorn": ("web/*",),
    "msgspec": ("web/*",),
    "anywidget": ("viewer/*",),
    "playwright": (),
    "imageio_ffmpeg": ("plots/*",),
    "PIL": ("plots/*",),
    "ray": ("ray/*",),
    "jax": (),
}


ROOMS = set().union(*FLOORS) - {"__init__"}


def room(name: str) -> str:
    """The room of a module or folder right under the package; cli.py may have several files."""
    name = name.removesuffix(".py")
    return "cli" if name.startswith("cli") or name == "__main__" else name


def floor_of(room: str) -> int:
    return next(i for i, floor in enumerate(FLOORS) if room in floor)


def imported(path: Path) -> set[str]:
    """Dotted names of all imports, those inside functions too; "thalweg.X" if from the face."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            found |= {f"{module}.{a.name}" for a in node.names} if module == "thalweg" else {module}
    return found


every_file = pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))


@every_file
def test_imports_go_down_never_up_or_sideways(path):
    own = room(path.relative_to(SOURCE).parts[0])
    for name in imported(path):
        top, _, rest = name.partition(".")
        if top == "thalweg":
            other = room(rest.split(".")[0])
            assert other in ROOMS, f"{name} is the face; import the file where it lives"
            assert other == own or floor_of(other) < floor_of(own), f"{own} imports {name}"


@every_file
def test_each_third_party_has_its_one_place(path):
    place = path.relative_to(SOURCE).as_posix()
    for name in imported(path):
        allowed = ALLOWED_IN.get(name.split(".")[0])
        fits = allowed is None or any(fnmatch(place, pattern) for pattern in allowed)
        assert fits, f"{place} imports {name}"


@every_file
def test_no_file_is_longer_than_400_lines(path):
    assert len(path.read_text().splitlines()) <= 400


def test_half_of_all_files_are_under_200_lines():
    lengths = [len(path.read_text().splitlines()) for path in FILES if path.name != "__init__.py"]
    assert sorted(lengths)[len(lengths) // 2] < 200
