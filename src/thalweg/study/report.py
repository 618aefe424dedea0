"""Report: sections as one self-contained HTML file, and their numbers as strict JSON."""

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from thalweg.study.section import Exhibit, Marked, Section, Table
from thalweg.version import __version__
from thalweg.viewer.page import policy, viewer_script

FULL = 1338  # pixels of a figure that takes the whole width: 170 mm at 200 dots an inch
WIDE = 792  # CSS pixels of the text


@dataclass(frozen=True)
class Report:
    """What the page shows besides the sections.

    Attributes:
        title: of the page.
        lead: one paragraph under the title.
        command: what makes this very report again.
        facts: lines for the foot of the page.
    """

    title: str
    lead: str
    command: str
    facts: tuple[str, ...] = ()


def render(report: Report, sections: Sequence[Section], figures: Path) -> str:
    """Return the page; pictures from the folder `figures` and the viewer are inside it."""
    environment = Environment(
        loader=PackageLoader("thalweg.study"), autoescape=True, undefined=StrictUndefined
    )
    environment.tests["table"] = lambda block: isinstance(block, Table)
    environment.tests["exhibit"] = lambda block: isinstance(block, Exhibit)
    environment.tests["marked"] = lambda cell: isinstance(cell, Marked)

    def picture(name: str) -> tuple[str, int]:
        """Return the PNG as text, and its width on the page in CSS pixels."""
        data = (figures / f"{name}.png").read_bytes()
        pixels = int.from_bytes(data[16:20], "big")  # the PNG header holds the width there
        return base64.b64encode(data).decode("ascii"), min(WIDE, round(WIDE * pixels / FULL))

    interactive = any(isinstance(b, Exhibit) and b.fragment for s in sections for b in s.blocks)
    script = viewer_script() if interactive else ""
    style = environment.get_template("report.css").render()
    return environment.get_template("report.html").render(
        report=report,
        sections=sections,
        picture=picture,
        script=script,
        style=style,
        policy=policy(script, style),
        version=__version__,
    )


def results_json(sections: Sequence[Section], identity: Mapping[str, object]) -> str:
    """Return the facts of all sections as strict JSON; NaN and infinities become their names."""
    whole = {**identity, **{section.key: section.facts for section in sections}}
    return json.dumps(_plain(whole), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: object) -> object:
    """Return the value in JSON's own types.

    >>> _plain({"a": (1.0, float("nan"), float("-inf"))})
    {'a': [1.0, 'nan', '-inf']}
    """
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, str | bool | int) or value is None:
        return value
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Sequence | np.ndarray):
        return [_plain(item) for item in value]
    raise TypeError(f"a fact must be a number, a text or a list of them, got {type(value)}")
