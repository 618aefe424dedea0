"""Thalweg: a laboratory for neural-network loss landscapes.

The face: it only re-exports, and loads each name when it is first asked for, so that
`import thalweg` stays quick. Code inside the package imports the files, never the face.
"""

from importlib import import_module

from thalweg.version import __version__

_HOME = {
    "Block": "core.layout",
    "Grid": "core.grid",
    "InputError": "core.errors",
    "Layout": "core.layout",
    "Objective": "core.objective",
    "Plane": "core.plane",
    "Role": "core.layout",
    "SampledObjective": "core.objective",
    "SerialExecutor": "core.executor",
    "SmoothObjective": "core.objective",
    "StoreError": "core.errors",
    "ThalwegError": "core.errors",
    "ThreadExecutor": "core.executor",
}

__all__ = ["__version__", *sorted(_HOME)]


def __getattr__(name: str) -> object:
    """Load a public name from its home."""
    if name not in _HOME:
        raise AttributeError(f"module 'thalweg' has no attribute {name!r}")
    value = getattr(import_module(f"thalweg.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, loaded or not."""
    return __all__
