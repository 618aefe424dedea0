"""Labels that find their own place when drawn: beside line ends, and on a map.

Both decide where text goes at draw time, in pixels, so they are right after any layout.
"""

from itertools import pairwise

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import Bbox, IdentityTransform

from thalweg.core.arrays import FloatArray
from thalweg.plots.mpl_style import SMALL, Theme

_GAP = 5.0  # points between a line's end and its label
_ANGLES = np.deg2rad([0, 180, 35, -35, 145, -145, 90, -90, 60, -60, 120, -120])
_RADII = (8.0, 15.0, 24.0, 36.0, 50.0)


class _Labels(Artist):
    """Texts in pixel coordinates, owned by an axes."""

    def __init__(self, ax: Axes, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self.texts: list[Text] = []
        self.set_zorder(20)
        ax.add_artist(self)
        self.set_clip_on(False)

    def _text(self, words: str, color: str, boxed: bool) -> Text:
        assert self.axes is not None
        box = {"boxstyle": "round,pad=0.18", "fc": self.theme.paper, "alpha": 0.85, "lw": 0}
        text = Text(0, 0, words, color=color, fontsize=SMALL, va="center", ha="left")
        text.set_bbox(box if boxed else None)
        text.set_transform(IdentityTransform())
        text.set_figure(self.axes.figure)
        text.axes = self.axes
        self.texts.append(text)
        return text


class EndLabels(_Labels):
    """Names at the right of the axes, level with the ends of lines, pushed apart."""

    def __init__(self, ax: Axes, theme: Theme) -> None:
        super().__init__(ax, theme)
        self._ends: list[tuple[float, float]] = []

    def add(self, words: str, x: float, y: float, color: str) -> None:
        """Add the label of the line that ends at (x, y), in data coordinates."""
        self._ends.append((x, y))
        self._text(words, color, boxed=False)

    def _place(self, renderer: RendererBase) -> list[Line2D]:
        assert self.axes is not None
        box, point = self.axes.bbox, _points(renderer)
        ends = self.axes.transData.transform(np.array(self._ends, dtype=np.float64))
        wanted = np.clip(ends[:, 1], box.y0, box.y1)
        heights = np.array([t.get_window_extent(renderer).height for t in self.texts])
        places = spread(wanted, heights + 1.5 * point, box.y0, box.y1)
        right = box.x1 + _GAP * point
        leaders = []
        for text, end, want, place in zip(self.texts, ends, wanted, places, strict=True):
            text.set_position((right + 3 * point, place))
            if abs(place - want) > 2 * point or box.x1 - end[0] > 6 * point:
                xs = [min(end[0], box.x1) + 2 * point, right - point, right + 2 * point]
                line = Line2D(xs, [want, place, place], lw=0.5, color=text.get_color(), alpha=0.6)
                line.set_transform(IdentityTransform())
                line.set_figure(self.axes.figure)
                leaders.append(line)
        return leaders

    def draw(self, renderer: RendererBase) -> None:
        """Draw the labels, and a leader where one had to move."""
        if self.texts:
            for artist in [*self._place(renderer), *self.texts]:
                artist.draw(renderer)
        self.stale = False

    def get_window_extent(self, renderer: RendererBase | None = None) -> Bbox:
        """Return the box around all labels."""
        if renderer is None or not self.texts:
            return Bbox.null()
        self._place(renderer)
        return Bbox.union([text.get_window_extent(renderer) for text in self.texts])

    def get_tightbbox(self, renderer: RendererBase | None = None) -> Bbox | None:
        """Return the box around all labels; the layout makes room for it."""
        return self.get_window_extent(renderer) if self.texts else None


class MapLabels(_Labels):
    """Names beside points of a map, inside it, off the paths and off each other."""

    def __init__(self, ax: Axes, theme: Theme) -> None:
        super().__init__(ax, theme)
        self._anchors: list[tuple[float, float]] = []
        self._avoid: list[FloatArray] = []
        self._numbers: list[Text] = []
        self._leaders: list[Line2D] = []

    def add(self, words: str, x: float, y: float, color: str, avoid: FloatArray) -> None:
        """Add a label for the point (x, y); `avoid` (m, 2) are data points to keep clear."""
        self._anchors.append((x, y))
        self._avoid.append(avoid)
        self._text(words, color, boxed=True)

    def keep_clear(self, numbers: list[Text]) -> None:
        """Keep labels off the numbers of contour lines as far as there is room."""
        self._numbers += numbers

    def settle(self, renderer: RendererBase) -> None:
        """Hide the numbers that labels cover all the same; call it when the layout is done."""
        if self.texts:
            self._place(renderer)
            boxes = [text.get_window_extent(renderer) for text in self.texts]
            for number in self._numbers:
                spot = number.get_window_extent(renderer)
                number.set_visible(not any(spot.overlaps(box) for box in boxes))

    def _place(self, renderer: RendererBase) -> None:
        assert self.axes is not None
        box, point = self.axes.bbox, _points(renderer)
        obstacles = self.axes.transData.transform(np.concatenate(self._avoid))
        obstacles = obstacles[np.isfinite(obstacles).all(axis=1)]
        numbers = np.array([n.get_position() for n in self._numbers]).reshape(-1, 2)
        numbers = self.axes.transData.transform(numbers) if len(numbers) else numbers
        self._leaders = []
        anchors = self.axes.transData.transform(np.array(self._anchors, dtype=np.float64))
        taken: list[FloatArray] = []
        for text, anchor in zip(self.texts, anchors, strict=True):
            size = text.get_window_extent(renderer)
            wide, tall = size.width + 4 * point, size.height + 4 * point
            half = np.array([wide, tall]) / 2
            least = np.array([box.x0, box.y0]) + half
            most = np.maximum(np.array([box.x1, box.y1]) - half, least)
            best, spot = np.inf, anchor
            for radius in _RADII:
                for angle in _ANGLES:
                    center = anchor + radius * point * np.array([np.cos(angle), np.sin(angle)])
                    center += half * (np.cos(angle), np.sin(angle))
                    center = np.clip(center, least, most)  # its point may lie off the map
                    rect = np.concatenate([center - half, center + half])
                    cost = _cost(rect, obstacles, taken, box) + radius * 0.3
                    cost += 8 * _covered(rect, numbers, 7 * point)
                    if cost < best:
                        best, spot = cost, center
            rect = np.concatenate([spot - half, spot + half])
            taken.append(rect)
            text.set_position((rect[0] + 2 * point, spot[1]))
            self._lead(text, anchor, np.clip(anchor, rect[:2], rect[2:]), 12 * point)

    def _lead(self, text: Text, start: FloatArray, end: FloatArray, beyond: float) -> None:
        """Join a label that stands `beyond` pixels away from its point to it."""
        if np.hypot(*(end - start)) > beyond:
            xs, ys = [start[0], end[0]], [start[1], end[1]]
            line = Line2D(xs, ys, lw=0.7, color=text.get_color())
            line.set_transform(IdentityTransform())
            line.set_figure(text.figure)
            self._leaders.append(line)

    def draw(self, renderer: RendererBase) -> None:
        """Draw the labels where they hide least."""
        if self.texts:
            self._place(renderer)
            for artist in [*self._leaders, *self.texts]:
                artist.draw(renderer)
        self.stale = False

    def get_window_extent(self, renderer: RendererBase | None = None) -> Bbox:
        """Return the axes' own box: labels of a map stay inside."""
        return self.axes.bbox if self.axes is not None else Bbox.null()


def map_labels(ax: Axes, theme: Theme) -> MapLabels:
    """Return the one set of map labels of an axes."""
    return next((a for a in ax.artists if isinstance(a, MapLabels)), None) or MapLabels(ax, theme)


def spread(wanted: FloatArray, sizes: FloatArray, low: float, high: float) -> FloatArray:
    """Return places (m,) near `wanted` whose intervals of `sizes` do not overlap.

    Groups of touching labels are centered on the mean of what they want (pool adjacent
    violators), then pushed inside [low, high] as far as there is room.

    >>> spread(np.array([5.0, 5.0]), np.array([2.0, 2.0]), 0.0, 10.0)
    array([4., 6.])
    """
    order = np.argsort(wanted, kind="stable")
    heights = sizes[order]
    offsets = np.concatenate([[0.0], np.cumsum((heights[1:] + heights[:-1]) / 2)])
    groups: list[list[float]] = []  # sum, count of (wanted - offset)
    for value in wanted[order] - offsets:
        groups.append([value, 1])
        while len(groups) > 1 and groups[-2][0] / groups[-2][1] > groups[-1][0] / groups[-1][1]:
            total, count = groups.pop()
            groups[-1][0] += total
            groups[-1][1] += count
    bases = np.concatenate([np.full(int(count), total / count) for total, count in groups])
    places = bases + offsets
    ceiling = high - (offsets[-1] - offsets) - heights[-1] / 2
    places = np.minimum(places, ceiling)
    places = np.maximum(places, low + offsets + heights[0] / 2)
    out = np.empty_like(places)
    out[order] = places
    return out


def _cost(rect: FloatArray, obstacles: FloatArray, taken: list[FloatArray], box: Bbox) -> float:
    inside = (obstacles >= rect[:2]) & (obstacles <= rect[2:])
    cost = min(float(inside.all(axis=1).sum()), 40.0)
    for other in taken:
        overlap = np.minimum(rect[2:], other[2:]) - np.maximum(rect[:2], other[:2])
        if (overlap > 0).all():
            cost += 100
    out = [box.x0 - rect[0], box.y0 - rect[1], rect[2] - box.x1, rect[3] - box.y1]
    return cost + (200 + max(out) if max(out) > 0 else 0)


def _points(renderer: RendererBase) -> float:
    """Return the pixels in one point."""
    return float(np.asarray(renderer.points_to_pixels(1.0), dtype=np.float64))


def _covered(rect: FloatArray, points: FloatArray, margin: float) -> int:
    """Return how many points lie in a box or within a margin of it."""
    return int(((points >= rect[:2] - margin) & (points <= rect[2:] + margin)).all(axis=1).sum())


def dense(points: FloatArray, steps: int = 6) -> FloatArray:
    """Return points (m, 2) with `steps` more on each segment, as obstacles for labels."""
    if len(points) < 2 or len(points) > 500:
        return points
    parts = [np.linspace(p, q, steps, endpoint=False) for p, q in pairwise(points)]
    return np.concatenate([*parts, points[-1:]])
