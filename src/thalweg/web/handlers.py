"""Handlers: which coroutine answers which message."""

from collections.abc import Callable, Coroutine
from typing import Any

from thalweg.web import messages
from thalweg.web.boundary import boundary
from thalweg.web.choosing import choose
from thalweg.web.exports import export
from thalweg.web.inspect import inspect
from thalweg.web.runs import control, drop_ball, speed
from thalweg.web.scenes import open_scene, set_bench, set_plane, set_window
from thalweg.web.stability import stability
from thalweg.web.tours.table import tour_step
from thalweg.web.underneath import basins, find, spectrum, trust

Handler = Callable[[Any, Any], Coroutine[Any, Any, Any]]

HANDLERS: dict[type, Handler] = {
    messages.Open: open_scene,
    messages.SetBench: set_bench,
    messages.SetPlane: set_plane,
    messages.SetWindow: set_window,
    messages.DropBall: drop_ball,
    messages.Control: control,
    messages.Speed: speed,
    messages.Inspect: inspect,
    messages.Boundary: boundary,
    messages.Find: find,
    messages.Basins: basins,
    messages.Trust: trust,
    messages.Spectrum: spectrum,
    messages.Stability: stability,
    messages.TourStep: tour_step,
    messages.Export: export,
    messages.Choose: choose,
}
# Of these the newest counts: while one is at work, only the last that came meanwhile waits.
LATEST: set[type] = {
    messages.Inspect,
    messages.Boundary,
    messages.Find,
    messages.Basins,
    messages.Trust,
    messages.Spectrum,
    messages.Stability,
    messages.Export,
}
