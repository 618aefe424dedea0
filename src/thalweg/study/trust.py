"""Trust: what a stored surface and a path over it say about themselves, line by line."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from thalweg.core.schema import Cell, axes_of
from thalweg.study.section import number, percent
from thalweg.views.levels import Scale, finite, format_number
from thalweg.views.surface import SurfaceView, field_label
from thalweg.views.trust import TrustLine

ROUGH = 0.1  # an error above this share of the range shown should change how one reads


def surface_trust(surface: xr.Dataset, field: str = "loss") -> list[TrustLine]:
    """Return what a surface says of itself: what is missing, sampling error, how it was cut."""
    status = surface["status"].values
    pending, failed = int((status == Cell.PENDING).sum()), int((status == Cell.FAILED).sum())
    lines = []
    if pending:
        words = f"Unfinished: {pending:,} of {status.size:,} cells are still to be computed."
        lines.append(TrustLine(words, warning=True))
    if failed:
        said = " ".join(str(why) for why in surface.attrs.get("failures", [])[:1])
        count = f"{failed:,} cell{'s' * (failed > 1)} failed"
        lines.append(TrustLine(f"{count}, the first {said}.", warning=True))
    lines += _odd(surface, field)
    if field == "loss" and "loss_stderr" in surface:
        lines += _sampling(surface)
    lines.append(TrustLine(f"{_made(surface)}."))
    return lines


def path_trust(path: xr.Dataset, view: SurfaceView, field: str = "loss") -> list[TrustLine]:
    """Return how true a path over the view of a surface is: variance, gap, distance.

    Args:
        path: a *path* Dataset.
        view: of the surface below it.
        field: what the surface shows; gaps are of the loss.
    """
    captured = float(path.attrs["captured_variance"])
    words = f"{percent(captured, 1)} of the run's own variance lies in this plane."
    lines = [TrustLine(words, warning=captured < 0.5)]
    if field == "loss":
        lines += _gap(path, view)
    farthest = finite(path["residual"].values).max(initial=0.0)
    if path.attrs.get("end_to_end"):
        ratio = farthest / float(path.attrs["end_to_end"])
        words = (
            f"Farthest from the plane: {number(farthest, 2)}, that is {ratio:.2g} times the "
            "distance from start to end."
        )
        lines.append(TrustLine(words, warning=ratio > 1))
    left_out = int(path.attrs.get("points_left_out", 0))
    if left_out:
        words = f"The last {left_out:,} recorded points are left out: from the first not finite on."
        lines.append(TrustLine(words, warning=True))
    return lines


def _odd(surface: xr.Dataset, field: str) -> list[TrustLine]:
    status, values = surface["status"].values, surface[field].values
    known = values[(status == Cell.DONE) | (status == Cell.NONFINITE)]
    counts = {
        "NaN": int(np.isnan(known).sum()),
        "plus infinity": int(np.isposinf(known).sum()),
        "minus infinity": int(np.isneginf(known).sum()),
    }
    found = [f"{word} at {count:,}" for word, count in counts.items() if count]
    words = f"Not finite: the {field_label(field)} is {', '.join(found)} of {status.size:,} cells."
    return [TrustLine(words, warning=True)] if found else []


def _gap(path: xr.Dataset, view: SurfaceView) -> list[TrustLine]:
    true, drawn, shown = path["loss"].values, path["plane_loss"].values, finite(view.values)
    if not shown.size or not finite(true - drawn).size:
        return [TrustLine("The gap between true and drawn loss is unknown.", warning=True)]
    low, high = float(shown.min()), float(shown.max())
    with np.errstate(all="ignore"):  # a log scale shows ratios
        if view.scale is Scale.LOG:
            gap, width = np.abs(np.log(true / drawn)), float(np.log(high / low))
        else:
            gap, width = np.abs(true - drawn), high - low
    share = float(finite(gap).max(initial=0.0) / width) if width > 0 else 0.0
    words = (
        f"Largest gap between true and drawn loss: {number(float(path.attrs['largest_gap']), 2)}, "
        f"{percent(share)} of the range shown."
    )
    return [TrustLine(words, warning=share > ROUGH)]


def _sampling(surface: xr.Dataset) -> list[TrustLine]:
    error, loss = finite(surface["loss_stderr"].values), finite(surface["loss"].values)
    if not error.size or not loss.size:
        return []
    middle, most, width = float(np.median(error)), float(error.max()), float(np.ptp(loss))
    words = (
        f"Sampling error of the loss (standard error over the examples): {number(middle, 2)} in "
        f"the middle, {number(most, 2)} at most."
    )
    if surface["loss"].ndim == 1:
        words += " The band is two of them wide on either side."
    return [TrustLine(words, warning=bool(width > 0 and middle > ROUGH * width))]


def axis_names(surface: xr.Dataset, whole: bool = True) -> tuple[str, ...]:
    """Return the captions of the axes, short, since the strip says what a unit of them is.

    Args:
        surface: a *surface* Dataset.
        whole: whether there is room for more than the letter of an axis.
    """
    names = []
    for axis, label in zip(axes_of(surface), surface.attrs["labels"], strict=True):
        principal = re.fullmatch(r"(principal direction \d+), (.+)", label)
        random = re.search(r"random direction \d+$", label)
        if principal:
            names.append(
                f"{axis}: {principal[1]} ({principal[2]})" if whole else f"{axis} ({principal[2]})"
            )
        elif random:
            names.append(f"{axis}: {random[0]}" if whole else axis)
        else:
            names.append(label if label.startswith("from ") else f"{axis}: {label}")
    return tuple(names)


def _made(surface: xr.Dataset) -> str:
    """Return how the surface was cut, what a unit of its axes is, and what it is of."""
    about, recipe = surface.attrs, str(surface.attrs["recipe"])
    drawn = re.match(r"random, (seed \d+)", recipe)
    if drawn:
        scaling = re.match(r"(.*) ?random direction", about["labels"][0])
        kind = scaling[1].strip() if scaling else "unscaled"
        words = f"Random directions, {drawn[1]}, {kind}; {_unit(about)}. Another draw may differ"
    elif recipe.startswith("principal directions"):
        words = "Axes: the run's principal directions, unit length, their share of its variance in "
        words += "brackets"
    else:
        words = f"{recipe[:1].upper()}{recipe[1:]}; {_unit(about)}" if recipe else _unit(about)
    return f"{words}. {about.get('objective', 'Unnamed')}; thalweg {about['thalweg_version']}"


def _unit(about: Mapping[str, Any]) -> str:
    """Return what 1 on an axis is."""
    lengths, origin = np.array(about["lengths"]), float(about["origin_length"])
    if np.allclose(lengths, 1.0, rtol=1e-6):
        return "unit length"
    if origin > 0 and np.allclose(lengths, origin, rtol=0.01):
        return "1 = the norm of the weights"
    return f"1 = length {', '.join(format_number(float(x)) for x in lengths)}"
