"""The face is light: `import thalweg` loads nothing heavy, and every public name resolves."""

import subprocess
import sys
from importlib import import_module

import pytest

import thalweg

HEAVY = {
    *("numpy", "scipy", "xarray", "pandas", "zarr", "numba", "matplotlib", "plotly"),
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


@pytest.mark.parametrize("name", thalweg.__all__)
def test_every_public_name_is_the_one_at_its_home(name):
    value = getattr(thalweg, name)
    if name != "__version__":
        assert value is getattr(import_module(f"thalweg.{thalweg._HOME[name]}"), name)
        assert value.__module__ == f"thalweg.{thalweg._HOME[name]}"
        assert value.__doc__


def test_public_names_are_those_with_a_home():
    assert thalweg.__all__ == ["__version__", *sorted(thalweg._HOME)]
    assert dir(thalweg) == sorted(thalweg.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'thalweg' has no attribute 'Plan'"):
        thalweg.Plan
