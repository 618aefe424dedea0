"""Margin: the strip under a figure of the case study, and the file of all its numbers."""

from collections.abc import Mapping, Sequence

import xarray as xr

from thalweg.core.arrays import FloatArray
from thalweg.core.objective import Objective
from thalweg.core.strict import strict
from thalweg.study.context import Study
from thalweg.trust_report.beside import ENDING
from thalweg.trust_report.effort import Effort
from thalweg.trust_report.report import TrustReport
from thalweg.trust_report.trust import trust
from thalweg.views.trust import TrustLine


def judged(
    surface: xr.Dataset,
    objective: Objective | None = None,
    paths: Sequence[xr.Dataset] = (),
    at: FloatArray | None = None,
    where: str = "",
) -> TrustReport:
    """Return all that can be known of a surface and the paths over it.

    Args:
        surface: a *surface* Dataset.
        objective: the one that was mapped.
        paths: *path* Datasets over it.
        at: (n,), the point that is looked underneath; default: the plane's origin.
        where: that point in words.
    """
    return trust(surface, paths, objective, at=at, where=where, effort=Effort.FULL)


def margin(study: Study, name: str, reports: Mapping[str, TrustReport]) -> list[TrustLine]:
    """Return the lines for one figure, and write figures/NAME.trust.json with all numbers.

    One surface says all it has to say. Of several each has a line of its own, after its caption,
    and what they all say is said once.

    Args:
        study: whose figure it is.
        name: of the figure, as for `Study.exhibit`.
        reports: by the caption of their panel.
    """
    told = {caption: report.to_dict() for caption, report in reports.items()}
    study.shop.write(f"figures/{name}{ENDING}", f"{strict(told)}\n")
    if len(reports) == 1:
        return next(iter(reports.values())).lines()
    briefs = {caption: report.brief() for caption, report in reports.items()}
    lines = [TrustLine(f"{caption}: {b.text}", b.warning) for caption, b in briefs.items()]
    texts = {b.text for b in briefs.values()}
    if len(texts) == 1:  # several planes through one point; some may hide what others show
        lines = [TrustLine(f"In space: {texts.pop()}", any(b.warning for b in briefs.values()))]
    shared = [[*r.cells.lines(), *(run.line() for run in r.paths)] for r in reports.values()]
    lines += dict.fromkeys(line for each in shared for line in each)
    return lines
