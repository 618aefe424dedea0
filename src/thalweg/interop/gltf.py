"""glTF 2.0 in one binary file (.glb): a surface with its colors, and paths as lines over it.

glTF is y-up and right-handed, so (a, b, height) stands there as (a, height, −b).
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from thalweg.core.arrays import FloatArray
from thalweg.core.files import write_whole
from thalweg.interop.heights import Heights, runs_in_relief
from thalweg.interop.mesh import mesh_of
from thalweg.version import __version__
from thalweg.views.colors import NEUTRAL, optimizer_color

_FLOAT, _UINT = 5126, 5125
_VERTICES, _INDICES = 34962, 34963
_LINE_STRIP, _TRIANGLES = 3, 4


def write_glb(
    surface: xr.Dataset,
    path: Path | str,
    heights: Heights = Heights(),  # noqa: B008
    paths: Sequence[xr.Dataset] = (),
) -> Path:
    """Write a *surface* and its paths as one .glb file; return the path.

    Raises:
        InputError: nothing to draw, or what `heights` asks does not fit.
        StoreError: the file cannot be written.
    """
    mesh, scene = mesh_of(surface, heights), _Scene()
    places = {
        "POSITION": scene.vertices(_y_up(mesh.points), ends=True),
        "NORMAL": scene.vertices(_y_up(mesh.normals)),
        "COLOR_0": scene.vertices(_linear(mesh.colors)),
    }
    indices = scene.indices(mesh.triangles)
    matte = scene.material("surface", (1.0, 1.0, 1.0))
    shape = {"attributes": places, "indices": indices, "material": matte, "mode": _TRIANGLES}
    scene.node("surface", [shape])
    for number, one in enumerate(paths, 1):
        name = str(one.attrs.get("optimizer", "")) or f"path {number}"
        color = optimizer_color(name) or NEUTRAL
        rgb = np.array(list(bytes.fromhex(color[1:]))) / 255
        ink = scene.material(name, tuple(float(x) for x in _linear(rgb)))
        runs = [points for points, _ in runs_in_relief(one, mesh.relief) if len(points) > 1]
        strips = [
            {
                "attributes": {"POSITION": scene.vertices(_y_up(points), ends=True)},
                "material": ink,
                "mode": _LINE_STRIP,
            }
            for points in runs
        ]
        if strips:
            scene.node(name, strips)
    return write_whole(Path(path), scene.binary({"heights": mesh.relief.said}))


class _Scene:
    """A glTF document in the making, with its one buffer."""

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []
        self.materials: list[dict[str, Any]] = []
        self.meshes: list[dict[str, Any]] = []
        self.nodes: list[dict[str, Any]] = []

    def vertices(self, rows: FloatArray, ends: bool = False) -> int:
        """Add rows (m, 3) as single floats; `ends` states their smallest and largest."""
        values = rows.astype("<f4")
        more: dict[str, Any] = {"componentType": _FLOAT, "type": "VEC3"}
        if ends:
            more["min"] = [float(x) for x in values.min(axis=0)]
            more["max"] = [float(x) for x in values.max(axis=0)]
        return self._add(values, _VERTICES, len(values), more)

    def indices(self, triangles: NDArray[np.int64]) -> int:
        """Add the corners of triangles (t, 3)."""
        more = {"componentType": _UINT, "type": "SCALAR"}
        return self._add(triangles.astype("<u4"), _INDICES, triangles.size, more)

    def material(self, name: str, color: tuple[float, ...]) -> int:
        """Add a matte material, seen from both sides."""
        matte = {"baseColorFactor": [*color, 1.0], "metallicFactor": 0.0, "roughnessFactor": 0.9}
        self.materials.append({"name": name, "pbrMetallicRoughness": matte, "doubleSided": True})
        return len(self.materials) - 1

    def node(self, name: str, primitives: list[dict[str, Any]]) -> None:
        """Add something to see."""
        self.meshes.append({"name": name, "primitives": primitives})
        self.nodes.append({"name": name, "mesh": len(self.meshes) - 1})

    def binary(self, extras: dict[str, str]) -> bytes:
        """Return the file: a header, the document, the buffer."""
        document = {
            "asset": {"version": "2.0", "generator": f"Thalweg {__version__}", "extras": extras},
            "scene": 0,
            "scenes": [{"nodes": list(range(len(self.nodes)))}],
            "nodes": self.nodes,
            "meshes": self.meshes,
            "materials": self.materials,
            "accessors": self.accessors,
            "bufferViews": self.views,
            "buffers": [{"byteLength": len(self.buffer)}],
        }
        text = json.dumps(document, separators=(",", ":"), allow_nan=False).encode()
        text += b" " * (-len(text) % 4)
        chunks = _chunk(b"JSON", text) + _chunk(b"BIN\0", bytes(self.buffer))
        return b"glTF" + _uint(2) + _uint(12 + len(chunks)) + chunks

    def _add(self, values: NDArray, target: int, count: int, more: dict[str, Any]) -> int:
        """Append numbers of four bytes, so that every view starts at a multiple of four."""
        raw, start = values.tobytes(), len(self.buffer)
        self.buffer += raw
        view = {"buffer": 0, "byteOffset": start, "byteLength": len(raw), "target": target}
        self.views.append(view)
        self.accessors.append({"bufferView": len(self.views) - 1, "count": count, **more})
        return len(self.accessors) - 1


def _chunk(kind: bytes, content: bytes) -> bytes:
    return _uint(len(content)) + kind + content


def _uint(number: int) -> bytes:
    return number.to_bytes(4, "little")


def _y_up(rows: FloatArray) -> FloatArray:
    return np.stack([rows[:, 0], rows[:, 2], -rows[:, 1]], axis=1) + 0.0  # no -0.0


def _linear(srgb: FloatArray) -> FloatArray:
    """Return colors in linear light, as glTF wants them."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
