"""TrustReport: everything that a picture does not show, in numbers, and the strip that says it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any

import numpy as np

from thalweg.core.strict import strict
from thalweg.trust_report.cells import Cells
from thalweg.trust_report.chances import Chances
from thalweg.trust_report.course import Course
from thalweg.trust_report.cut import Cut
from thalweg.trust_report.invariance import Invariance
from thalweg.trust_report.part import Missing
from thalweg.trust_report.redraws import Redraws
from thalweg.trust_report.sampling import Sampling
from thalweg.trust_report.underneath import Shape, Underneath
from thalweg.version import __version__
from thalweg.views.trust import TrustLine


@dataclass(frozen=True)
class TrustReport:
    """What a surface, and the paths over it, do not show.

    Estimates carry their error and method; what is read off the store is exact. A part that there
    is not says why.

    Attributes:
        cells: what is missing or not finite.
        paths: captured variance, gap and distance of each run, beside what chance gives.
        underneath: the spectrum in full space; a saddle seen as a minimum.
        chances: what random directions show at this point.
        redraws: what other seeds would have shown.
        invariance: how the drawn curvature changes where the function does not.
        sampling: the error of the loss over the examples.
        cut: how the surface was cut, seed and unit.
    """

    cells: Cells
    paths: tuple[Course, ...]
    underneath: Underneath | Missing
    chances: Chances | Missing
    redraws: Redraws | Missing
    invariance: Invariance | Missing
    sampling: Sampling | Missing
    cut: Cut

    @property
    def saddle_seen_as_minimum(self) -> bool:
        """Whether the picture draws a minimum where space has a saddle: the badge."""
        seen = self.underneath
        if isinstance(seen, Missing):
            return False
        return seen.shown is Shape.MINIMUM and seen.hidden and seen.critical

    def lines(self) -> list[TrustLine]:
        """Return the strip: one line a statement, warnings only where they change the reading."""
        walked = [run.line() for run in self.paths]
        if len(self.paths) == 1:
            walked = self.paths[0].lines()
        below = [self.underneath, self.chances, self.redraws, self.invariance, self.sampling]
        told = [line for part in below for line in part.lines()]
        return [*self.cells.lines(), *walked, *told, *self.cut.lines()]

    def brief(self) -> TrustLine:
        """Return what lies underneath in one line, for one of several pictures on a page."""
        if isinstance(self.underneath, Missing):
            return TrustLine(f"{self.underneath.reason}.")
        words, warns = self.underneath.brief(), self.underneath.lines()[0].warning
        if isinstance(self.chances, Chances):
            words += f"; {self.chances.brief().partition(';')[0]}"
        return TrustLine(f"{words}.", warns)

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers as lists and mappings; NaN and infinity stay what they are."""
        lines = [{"text": line.text, "warning": line.warning} for line in self.lines()]
        badge = {"saddle_seen_as_minimum": self.saddle_seen_as_minimum}
        return {"thalweg": __version__, **badge, **_plain(self), "lines": lines}

    def to_json(self) -> str:
        """Return `to_dict` as strict JSON: null for what is not finite, and notes that say so."""
        return strict(self.to_dict())


def _plain(value: Any) -> Any:
    if isinstance(value, Missing):
        return {"missing": value.reason}
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        named = getattr(value, "scaling", None)
        found = {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
        return {**found, "scaling": str(named)} if named is not None else found
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
