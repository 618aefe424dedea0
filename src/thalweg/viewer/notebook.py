"""Notebook: the viewer in an output cell; by itself in a frame, with anywidget as a widget."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any

from thalweg.viewer.frames import Frame
from thalweg.viewer.page import page, viewer_script

HEIGHT = 640  # pixels


@dataclass(frozen=True, eq=False, repr=False)
class Shown:
    """Frames that an output cell shows: put it at the end of a cell.

    Attributes:
        frames: what is shown.
        title: what it is.
    """

    frames: Sequence[Frame]
    title: str = ""

    def __repr__(self) -> str:
        """Return a line, since every notebook keeps it beside the viewer."""
        return f"Shown({self.title!r}, {len(self.frames)} frames)"

    def _repr_html_(self) -> str:
        """Return the page in a frame of its own, which cannot reach the notebook around it."""
        source = escape(page(self.frames, self.title))
        return (
            f'<iframe srcdoc="{source}" sandbox="allow-scripts" title="{escape(self.title)}" '
            f'width="100%" height="{HEIGHT}" frameborder="0"></iframe>'
        )

    def _repr_mimebundle_(self, **asked: Any) -> Any:
        """Return the widget where anywidget is installed; else the notebook asks for HTML."""
        make = widget()
        return None if make is None else make(self.frames)._repr_mimebundle_(**asked)


@cache
def widget() -> Callable[[Sequence[Frame]], Any] | None:
    """Return the class of the viewer as a widget, made from frames; None without anywidget."""
    try:
        from anywidget import AnyWidget
    except ImportError:
        return None

    class Viewer(AnyWidget):
        """The viewer as a widget: it asks with `open`, and is answered with the frames."""

        _esm = viewer_script()

        def __init__(self, frames: Sequence[Frame]) -> None:
            super().__init__()
            self._frames = tuple(frames)
            self.on_msg(self._answer)

        def _answer(self, _: object, message: object, buffers: object) -> None:
            if isinstance(message, dict) and message.get("kind") == "open":
                self.send({"kind": "frames"}, [frame.encode() for frame in self._frames])

    return Viewer
