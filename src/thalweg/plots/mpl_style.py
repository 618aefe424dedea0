"""Style: two themes, three type sizes, one family; never touches matplotlib's global settings."""

import textwrap
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.colors import to_hex, to_rgb

TITLE, TEXT, SMALL = 10.5, 8.0, 6.5  # points
MM = 1 / 25.4  # inches


@dataclass(frozen=True)
class Theme:
    """Colors of a page: paper, ink, quiet ink for captions, hairlines, and missing cells."""

    paper: str
    ink: str
    quiet: str
    hair: str
    missing: str
    warning: str


LIGHT = Theme("#FFFFFF", "#1A1D21", "#5A626C", "#D3D8DE", "#E9ECEF", "#C23B00")
DARK = Theme("#14171C", "#E8EAED", "#A3ABB5", "#3A4048", "#262B32", "#FF9A5C")


def styled(theme: Theme = LIGHT) -> AbstractContextManager[Any]:
    """Return a context in which matplotlib draws and saves in this style."""
    return matplotlib.rc_context(
        {
            "font.family": "sans-serif",
            "font.sans-serif": ["DejaVu Sans"],
            "font.size": TEXT,
            "text.color": theme.ink,
            "text.usetex": False,
            "text.parse_math": False,  # labels may hold anything
            "axes.labelsize": TEXT,
            "axes.titlesize": TEXT,
            "axes.labelcolor": theme.ink,
            "axes.edgecolor": theme.quiet,
            "axes.facecolor": theme.paper,
            "axes.linewidth": 0.6,
            "axes.unicode_minus": True,
            "axes.axisbelow": True,
            "figure.facecolor": theme.paper,
            "savefig.facecolor": theme.paper,
            "xtick.labelsize": SMALL,
            "ytick.labelsize": SMALL,
            "xtick.color": theme.quiet,
            "ytick.color": theme.quiet,
            "xtick.labelcolor": theme.ink,
            "ytick.labelcolor": theme.ink,
            "xtick.major.width": 0.6,
            "ytick.major.width": 0.6,
            "xtick.minor.width": 0.4,
            "ytick.minor.width": 0.4,
            "xtick.major.size": 2.5,
            "ytick.major.size": 2.5,
            "xtick.minor.size": 1.5,
            "ytick.minor.size": 1.5,
            "hatch.linewidth": 0.5,
            "hatch.color": theme.quiet,
            "path.simplify": True,
            "svg.fonttype": "none",
            "svg.hashsalt": "thalweg",
            "pdf.fonttype": 42,
        }
    )


def readable(color: str, theme: Theme) -> str:
    """Return a color moved toward the ink until small type in it has a contrast of 5 to 1."""
    paper, (r, g, b), (x, y, z) = luminance(to_rgb(theme.paper)), to_rgb(color), to_rgb(theme.ink)
    mixed = (r, g, b)
    for step in range(11):
        share, rest = step / 10, 1 - step / 10
        mixed = (rest * r + share * x, rest * g + share * y, rest * b + share * z)
        lights = sorted((luminance(mixed), paper))
        if (lights[1] + 0.05) / (lights[0] + 0.05) >= 5:
            break
    return to_hex(mixed)


def luminance(color: tuple[float, ...]) -> float:
    """Return the relative luminance (0 to 1) of an RGB color."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def wrapped(text: str, width: float, size: float = TEXT) -> str:
    r"""Return text in even lines no wider than `width` points (estimated).

    A unit in parentheses goes on a line of its own first.

    >>> wrapped("a, along direction 1 (unit length)", 100, 8)
    'a, along direction 1\n(unit length)'
    """
    room = max(8, int(width / (0.56 * size)))
    head, paren, tail = text.partition(" (")
    if paren and len(text) > room:
        return f"{wrapped(head, width, size)}\n{wrapped('(' + tail, width, size)}"
    lines = textwrap.wrap(text, room, break_long_words=False)
    for narrower in range(max(1, len(text) // max(1, len(lines))), room):
        even = textwrap.wrap(text, narrower, break_long_words=False)
        if len(even) == len(lines):
            return "\n".join(even)
    return "\n".join(lines)
