"""Moving pictures: paths walked over their map, as MP4 or GIF.

The map is drawn once; a frame only adds the paths and their captions to that picture.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray

from thalweg.core.arrays import require_positive
from thalweg.core.errors import InputError
from thalweg.core.files import write_whole
from thalweg.plots.mpl_labels import dense, map_labels
from thalweg.plots.mpl_page import AROUND, Panel, figure_with_trust
from thalweg.plots.mpl_path import draw_path
from thalweg.plots.mpl_style import LIGHT, MM, SMALL, Theme, readable, styled
from thalweg.plots.mpl_surface import draw_surface
from thalweg.plots.video import gif_bytes, mp4_bytes
from thalweg.views.path import PathView
from thalweg.views.surface import SurfaceView
from thalweg.views.trust import TrustLines
from thalweg.views.walk import Walk, walk

Frame = NDArray[np.uint8]

_LINE = 1.7 * SMALL / 72  # height of a caption, in inches
_SAMPLE = 0.13  # length of the line before a label, in inches


def save_animation(
    surface: SurfaceView,
    paths: Sequence[PathView],
    path: Path | str,
    *,
    seconds: float = 8.0,
    fps: int = 25,
    title: str = "",
    trust: TrustLines | None = None,
    width_mm: float = 120.0,
    theme: Theme = LIGHT,
) -> Path:
    """Write an MP4 or a GIF of paths being walked over their surface; return the file's path.

    All paths are at the same step in each frame; the last eighth of the time shows them whole.

    Args:
        surface: the map.
        paths: over it, in the look of `draw_path`: dashed where the picture is not true.
        path: of the file, ending in .mp4 or .gif; written whole or not at all.
        seconds: how long it lasts.
        fps: frames a second, at most 50.
        title: the finding, or empty.
        trust: the strip under the picture.
        width_mm: width of the page, at 200 dots an inch.
        theme: light or dark page.

    Raises:
        InputError: another ending, no path, or a time without frames.
        MissingExtraError: imageio-ffmpeg (MP4) or pillow (GIF) is not installed.
        StoreError: the file cannot be written.
    """
    path = Path(path)
    colors = dict.fromkeys([theme.paper, theme.ink, theme.warning, *(p.color for p in paths)])
    coders = {".mp4": mp4_bytes, ".gif": partial(gif_bytes, exact=tuple(colors))}
    ending = path.suffix.lower()
    if ending not in coders:
        raise InputError("the ending must be .mp4 or .gif", repr(ending), "rename the file")
    if not 1 <= fps <= 50:
        raise InputError("fps must be between 1 and 50", str(fps), "leave the default, 25")
    require_positive(seconds, "seconds", "leave the default, 8")
    steps = walk(paths, round(seconds * fps))
    figure = _page(surface, steps, title, trust, width_mm, theme)
    return write_whole(path, coders[ending](_frames(figure, steps, theme), fps))


def _page(
    surface: SurfaceView,
    steps: Walk,
    title: str,
    trust: TrustLines | None,
    width_mm: float,
    theme: Theme,
) -> Figure:
    """Return the map without its paths, with room for their captions below it."""
    a0, a1, b0, b1 = surface.window
    avoid = [dense(np.column_stack([path.a, path.b])) for path in steps.paths]
    drawn = partial(draw_surface, view=surface, theme=theme, avoid=avoid)
    wide = width_mm * MM - AROUND
    room = len(steps.paths) * (2 if _is_narrow(steps, wide) else 1) * _LINE / wide
    shape = (b1 - b0) / (a1 - a0) if surface.equal else 1.0
    rows = [[Panel(drawn, shape)], [Panel(lambda ax: ax.set_axis_off(), room)]]
    return figure_with_trust(rows, title=title, trust=trust, width_mm=width_mm, theme=theme)


def _frames(figure: Figure, steps: Walk, theme: Theme) -> Iterator[Frame]:
    """Yield the frames (h, w, 3), with even sides as video wants them."""
    canvas: Any = FigureCanvasAgg(figure)
    ground, strip = figure.axes[:2]
    with styled(theme):
        captions = [_caption(strip, steps, index, theme) for index in range(len(steps.paths))]
        labels = map_labels(ground, theme)
        labels.set_animated(True)  # left out of the map, to lie over the paths
        canvas.draw()
        empty = canvas.copy_from_bbox(figure.bbox)
        for frame in range(steps.frames):
            canvas.restore_region(empty)
            for index, words in enumerate(captions):
                _add(ground, steps.path(frame, index), theme)
                words.set_text(steps.caption(frame, index))
                strip.draw_artist(words)
            ground.draw_artist(labels)
            picture = np.asarray(canvas.buffer_rgba())
            high, wide = (size // 2 * 2 for size in picture.shape[:2])
            yield np.ascontiguousarray(picture[:high, :wide, :3])


def _add(ax: Axes, path: PathView, theme: Theme) -> None:
    """Draw a path onto the picture, and forget its artists."""
    before = set(ax.get_children())
    draw_path(ax, path, theme=theme, label=False)
    added: list[Artist] = [artist for artist in ax.get_children() if artist not in before]
    for artist in sorted(added, key=Artist.get_zorder):
        ax.draw_artist(artist)
        artist.remove()


def _caption(strip: Axes, steps: Walk, index: int, theme: Theme) -> Text:
    """Write what a path is, and return the text that will say where it is."""
    path = steps.paths[index]
    box = strip.get_window_extent()
    narrow = _is_narrow(steps, box.width / strip.figure.dpi)
    row = 1 / len(steps.paths)
    top = 1 - index * row
    first, second = (top - row / 4, top - 3 * row / 4) if narrow else (top - row / 2,) * 2
    style: dict[str, Any] = {"transform": strip.transAxes, "va": "center", "fontsize": SMALL}
    ends = np.array([0.0, _SAMPLE * strip.figure.dpi / box.width])
    strip.plot(ends, [first, first], transform=strip.transAxes, color=path.color, lw=1.6)
    left = 1.4 * ends[1]
    strip.text(left, first, path.label, color=readable(path.color, theme), **style)
    side: dict[str, Any] = {"x": left, "ha": "left"} if narrow else {"x": 1.0, "ha": "right"}
    words = strip.text(y=second, s="", color=theme.ink, **side, **style)
    words.set_animated(True)  # left out of the map
    return words


def _is_narrow(steps: Walk, wide: float) -> bool:
    """Return whether a line of `wide` inches is too short for a label and its caption."""
    last = steps.frames - 1
    letters = [len(p.label + steps.caption(last, i)) for i, p in enumerate(steps.paths)]
    return 0.6 * SMALL / 72 * (max(letters) + 8) + 1.4 * _SAMPLE > wide
