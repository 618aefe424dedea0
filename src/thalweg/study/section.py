"""Section: one part of a report: sentences computed from numbers, figures, and the numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from thalweg.views.prose import counted as counted
from thalweg.views.prose import listed as listed
from thalweg.views.prose import number as number
from thalweg.views.prose import percent as percent

Facts = Mapping[str, Any]  # numbers, texts, and lists and mappings of them: what JSON can hold


@dataclass(frozen=True)
class Exhibit:
    """A figure in the report.

    Attributes:
        name: stem of figures/NAME.png and .svg.
        caption: says what is drawn.
        fragment: interactive HTML that follows the picture, or nothing.
    """

    name: str
    caption: str
    fragment: str = ""


@dataclass(frozen=True)
class Marked:
    """A table cell that opens with a word set apart, such as a verdict."""

    word: str
    text: str


@dataclass(frozen=True)
class Table:
    """Rows of text under column heads; `words` if the cells are sentences rather than numbers."""

    head: tuple[str, ...]
    rows: tuple[tuple[str | Marked, ...], ...]
    caption: str = ""
    words: bool = False


@dataclass(frozen=True)
class Section:
    """One part of the report.

    Attributes:
        key: its name in results.json and its anchor.
        title: what was found, or what is shown.
        blocks: paragraphs (str), tables and exhibits, in reading order.
        facts: the numbers behind the sentences.
    """

    key: str
    title: str
    blocks: tuple[str | Table | Exhibit, ...]
    facts: Facts = field(default_factory=dict)
