"""OBJ and STL files of a surface: for modelers, and for printers."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from thalweg.core.files import write_whole
from thalweg.interop.heights import Heights, runs_in_relief
from thalweg.interop.mesh import mesh_of

_FACET = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("unused", "<u2")])


def write_obj(
    surface: xr.Dataset,
    path: Path | str,
    heights: Heights = Heights(),  # noqa: B008
    paths: Sequence[xr.Dataset] = (),
) -> Path:
    """Write a *surface* and its paths as OBJ, the height along z; return the path.

    Vertices carry their color behind their place (x y z r g b), which Blender and MeshLab read.

    Raises:
        InputError: nothing to draw, or what `heights` asks does not fit.
        StoreError: the file cannot be written.
    """
    mesh = mesh_of(surface, heights)
    lines = [f"# z is up; {mesh.relief.said}", "o surface"]
    for point, color in zip(mesh.points, mesh.colors, strict=True):
        lines.append("v " + " ".join(f"{x:.9g}" for x in (*point, *color)))
    lines += [f"vn {x:.6g} {y:.6g} {z:.6g}" for x, y, z in mesh.normals]
    lines += [f"f {i}//{i} {j}//{j} {k}//{k}" for i, j, k in mesh.triangles + 1]
    count = len(mesh.points)
    for number, one in enumerate(paths, 1):
        lines.append(f"o path_{number}")
        for points, _ in runs_in_relief(one, mesh.relief):
            lines += ["v " + " ".join(f"{x:.9g}" for x in point) for point in points]
            rows = range(count + 1, count + len(points) + 1)
            if len(points) > 1:
                lines.append("l " + " ".join(str(row) for row in rows))
            count += len(points)
    return write_whole(Path(path), ("\n".join(lines) + "\n").encode())


def write_stl(surface: xr.Dataset, path: Path | str, heights: Heights = Heights()) -> Path:  # noqa: B008
    """Write a *surface* as binary STL, the height along z: a sheet without thickness.

    Raises:
        InputError: nothing to draw, or what `heights` asks does not fit.
        StoreError: the file cannot be written.
    """
    mesh = mesh_of(surface, heights)
    facets = np.zeros(len(mesh.triangles), dtype=_FACET)
    normals = mesh.facets
    facets["normal"] = normals / np.linalg.norm(normals, axis=1, keepdims=True)
    facets["corners"] = mesh.points[mesh.triangles]
    head = f"Thalweg, z is up; {mesh.relief.said}".encode()[:80].ljust(80)
    return write_whole(Path(path), head + len(facets).to_bytes(4, "little") + facets.tobytes())
