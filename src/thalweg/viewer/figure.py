"""Figure: a stored surface and the paths over it as the frames of a viewer that only shows."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import xarray as xr

from thalweg.version import __version__
from thalweg.viewer.frames import Frame
from thalweg.viewer.page import save_page
from thalweg.viewer.scene import hello_frame, path_frame, run_frame, surface_frame, trust_frame
from thalweg.views.path import path_view
from thalweg.views.surface import SurfaceView, surface_view
from thalweg.views.trust import TrustLines


def save_html(
    surface: xr.Dataset,
    path: Path | str,
    paths: Sequence[xr.Dataset] = (),
    *,
    title: str = "",
    field: str = "loss",
    trust: TrustLines = TrustLines(),  # noqa: B008
) -> Path:
    """Write a surface and the paths over it as one page that can be turned; return the file's path.

    The page holds the viewer, 0.7 MB, and asks for nothing else. The numbers add some 7 bytes a
    cell and 34 a step of a path.

    Args:
        surface: a *surface* Dataset with two directions.
        path: of the file, written whole or not at all.
        paths: *path* Datasets over it.
        title: the finding, or empty.
        field: which field of the surface.
        trust: how far to trust it.

    Raises:
        InputError: no such field, or not two directions.
        StoreError: the file cannot be written.
    """
    frames = figure_frames(surface, paths, title=title, field=field, trust=trust)
    return save_page(frames, path, title)


def figure_frames(
    surface: xr.Dataset,
    paths: Sequence[xr.Dataset] = (),
    *,
    title: str = "",
    field: str = "loss",
    trust: TrustLines = TrustLines(),  # noqa: B008
    labels: tuple[str, str] | None = None,
) -> list[Frame]:
    """Return the frames of a surface and the paths over it, in the layout of a figure.

    Args:
        surface: a *surface* Dataset with two directions.
        paths: *path* Datasets over it.
        title: the finding, or empty.
        field: which field of the surface.
        trust: how far to trust it.
        labels: of the two axes; default: what the surface says.

    Raises:
        InputError: no such field, or not two directions.
    """
    view = surface_view(surface, field)
    if labels is not None:
        view = replace(view, a_label=labels[0], b_label=labels[1])
    hello = hello_frame(title, __version__, live=False, layout="figure")
    return [
        hello,
        stored_scene(surface, view),
        surface_frame(view),
        *path_frames(paths, view),
        trust_frame(trust.lines),
    ]


def stored_scene(surface: xr.Dataset, view: SurfaceView, scene: int = 1) -> Frame:
    """Return the frame that says what is looked at, for a surface that is not computed anew.

    Args:
        surface: a *surface* Dataset.
        view: of it.
        scene: its number.
    """
    a0, a1, b0, b1 = view.window
    head = {
        "scene": scene,
        "bench": None,
        "objective": str(surface.attrs.get("objective", "")),
        "parameters": int(surface.sizes.get("parameter", surface.attrs.get("parameters", 0))),
        "plane": {"recipe": "stored", "seed": 0, "run": None, "step": None, "runs": []},
        "plane_words": str(surface.attrs.get("recipe", "")),
        "window": {"a0": a0, "a1": a1, "b0": b0, "b1": b1},
        "points": max(view.values.shape),
        "log": [],
    }
    return Frame("scene", head)


def path_frames(
    paths: Sequence[xr.Dataset], view: SurfaceView, scene: int = 1, status: str = "stored"
) -> list[Frame]:
    """Return the frames of paths over a surface, two a path; they are numbered from 0."""
    frames = []
    for run, path in enumerate(paths):
        drawn = path_view(path, view)
        words = f"{drawn.outside} steps outside the map" if drawn.outside else ""
        frames.append(run_frame(drawn, run, status, words))
        frames.append(path_frame(drawn, path["residual"].values, run, scene))
    return frames
