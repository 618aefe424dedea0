"""Exports: what is seen as a file: a page with the viewer, or the map as SVG."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from thalweg.core.errors import InputError
from thalweg.core.schema import provenance
from thalweg.version import __version__
from thalweg.viewer.frames import Frame
from thalweg.viewer.page import page
from thalweg.viewer.scene import hello_frame
from thalweg.views.path import PathView, path_view
from thalweg.views.surface import SurfaceView
from thalweg.views.trust import TrustLines, trust_lines
from thalweg.web.busy import busy
from thalweg.web.messages import Export

if TYPE_CHECKING:
    from thalweg.web.session import Session

MIME = {"html": "text/html", "svg": "image/svg+xml"}
PASSING = ("hello", "busy", "fault", "caption", "file")  # not part of what is seen


async def export(session: "Session", message: Export) -> None:
    """Send what is seen as a file.

    Raises:
        InputError: nothing is seen yet.
    """
    form, frames = message.format, session.snapshot()
    if session.view is None:
        raise InputError("a terrain must be shown", "none yet", "wait until it is computed")
    with busy(session, f"the {form} file"):
        if form == "html":
            content = await session.compute(saved_page, frames, message.view)
        else:
            paths = paths_of(frames, session.view)
            async with session.hall.drawing:  # who waits here holds no thread
                content = await session.compute(drawn_map, session.view, paths, lines_of(frames))
    data = np.frombuffer(content.encode(), dtype=np.uint8)
    name = f"landscape-{session.scene}.{form}"
    session.send(Frame("file", {"name": name, "mime": MIME[form]}, {"bytes": data}))


def saved_page(frames: Sequence[Frame], view: str = "") -> str:
    """Return the offline page of what is seen, in that view."""
    said = next((frame.head for frame in frames if frame.kind == "hello"), {})
    scene = next((frame.head for frame in frames if frame.kind == "scene"), {})
    title, choices = str(scene.get("objective") or "Thalweg"), said.get("choices")
    hello = hello_frame(title, __version__, live=False, layout="explorer", choices=choices)
    return page([hello, *(f for f in frames if f.kind not in PASSING)], title, view)


def drawn_map(view: SurfaceView, paths: Sequence[PathView], trust: TrustLines) -> str:
    """Return the map with its paths as SVG, with real text."""
    from thalweg.plots.mpl_figures import surfaces_figure  # drawing is slow to import
    from thalweg.plots.mpl_save import svg_text

    return svg_text(surfaces_figure([view], paths=[paths], trust=trust, width_mm=120.0))


def paths_of(frames: Sequence[Frame], view: SurfaceView) -> list[PathView]:
    """Return the paths among frames over the view of a surface; one that begins nowhere is none."""
    heads = {frame.head["run"]: frame.head for frame in frames if frame.kind == "run"}
    found = []
    for frame in frames:
        if frame.kind != "path":
            continue
        head = heads[frame.head["run"]]
        part = {name: np.asarray(values) for name, values in frame.arrays.items()}
        if not part["step"].size or not np.isfinite([part["a"][0], part["b"][0]]).all():
            continue
        captured = np.nan if head["captured"] is None else head["captured"]
        columns = {"residual": part["distance"], "gap": part["loss"] - part["plane_loss"]}
        columns |= {name: part[name] for name in ("a", "b", "loss", "plane_loss")}
        path = xr.Dataset(
            {name: ("step", column) for name, column in columns.items()},
            {"step": part["step"]},
            provenance("path", {"captured_variance": captured}),
        )
        found.append(path_view(path, view, name=head["name"], color=head["color"]))
    return found


def lines_of(frames: Sequence[Frame]) -> TrustLines:
    """Return the trust lines among frames, if they were asked for."""
    said = [frame.head["lines"] for frame in frames if frame.kind == "trust"]
    return trust_lines((line["text"], line["warning"]) for lines in said for line in lines)
