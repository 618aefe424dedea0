"""The face is light: `import thalweg` loads nothing heavy, and every public name resolves."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import thalweg

HEAVY = {
    *("numpy", "scipy", "xarray", "pandas", "zarr", "numba", "matplotlib"),
    *("sklearn", "torch", "jax", "ray", "jinja2"),
}


def loaded_by(code: str) -> set[str]:
    """Which top-level modules a fresh process has loaded after `code`."""
    code += "; import sys; print(*{name.split('.')[0] for name in sys.modules})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


def test_import_loads_nothing_heavy():
    loaded = loaded_by("import thalweg; thalweg.__version__; dir(thalweg)")
    assert "thalweg" in loaded
    assert not loaded & HEAVY


def test_plane_and_grid_load_numpy_only():
    loaded = loaded_by("import thalweg; thalweg.Plane; thalweg.Grid; thalweg.InputError")
    assert "numpy" in loaded
    assert not loaded & (HEAVY - {"numpy"})


def test_no_public_name_is_that_of_a_room():
    """Importing a file of the room would put the room in the name's place."""
    rooms = {path.stem for path in Path(thalweg.__file__).parent.iterdir()}
    assert not rooms & set(thalweg.__all__)


HOMES = [(name, module) for module, names in thalweg._HOME.items() for name in names]


@pytest.mark.parametrize(("name", "module"), HOMES)
def test_every_public_name_is_the_one_at_its_home(name, module):
    value = getattr(thalweg, name)
    assert value is getattr(import_module(f"thalweg.{module}"), name)
    assert value.__module__ == f"thalweg.{module}"
    assert value.__doc__


def test_public_names_are_those_with_a_home_and_in_the_stub():
    names = sorted(name for name, _ in HOMES)
    assert len(set(names)) == len(names)
    assert thalweg.__all__ == ["__version__", *names]
    assert dir(thalweg) == sorted(thalweg.__all__)
    stub = ast.parse(Path(thalweg.__file__).with_suffix(".pyi").read_text())
    shown = {
        (alias.name, node.module.removeprefix("thalweg."))
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert shown - {("__version__", "version")} == set(HOMES)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'thalweg' has no attribute 'Plan'"):
        thalweg.Plan
