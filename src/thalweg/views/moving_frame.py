"""MovingFrameView: the loss around a run, along the way it went, with what the map distorts."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from thalweg.core.arrays import FloatArray, frozen
from thalweg.core.schema import Cell, require_kind
from thalweg.views.colors import NEUTRAL, optimizer_color
from thalweg.views.levels import choose_limits, choose_scale, format_number, round_levels
from thalweg.views.prose import counted
from thalweg.views.surface import SurfaceView
from thalweg.views.trust import TrustLines, trust_lines

SHARP_TURN = np.pi / 4  # between neighboring columns: beyond it they share little


@dataclass(frozen=True, eq=False)
class MovingFrameView:
    """A run with the loss around it, ready to draw; the path is the line b = 0 of the map.

    Attributes:
        surface: the map, a = distance traveled, b = distance off the path.
        steps: (t,), a of every recorded step: where they are dense, the run was slow.
        numbers: (columns,), the number of the step at each column.
        turns, tilts: (columns,), radians from the column before, and from the path.
        gap: largest |recorded loss - drawn loss| on the path; NaN if the loss was not recorded.
        left_out: steps after the run left all bounds.
        name, color: of the optimizer.
    """

    surface: SurfaceView
    steps: FloatArray
    numbers: NDArray[np.int64]
    turns: FloatArray
    tilts: FloatArray
    gap: float
    left_out: int
    name: str
    color: str

    @property
    def trust(self) -> TrustLines:
        """What the map shows exactly, and what it bends."""
        turn, tilt = (np.degrees(values) for values in (self.turns, self.tilts))
        tilts = tilt[np.isfinite(tilt)]
        sharp = int((self.turns > SHARP_TURN).sum())
        columns, steps = len(self.numbers), len(self.steps)
        apart = f"recorded and drawn loss differ by {format_number(self.gap, 1)} at most"
        lines: list[str | tuple[str, bool]] = [
            "Every point of the path lies on this map, no projection: "
            + (apart if np.isfinite(self.gap) else "drawn at the loss of this objective")
            + ".",
            "Distances up and down are exact, distances along the path are those traveled "
            f"({columns} of {steps} recorded points have a column).",
            (
                f"Between columns the direction turns by {np.median(turn[1:]):.0f}° (median), "
                f"{turn.max():.0f}° at most, by {turn.sum():,.0f}° in all: off the path, what lies "
                "side by side may be far apart.",
                sharp > 0,
            ),
        ]
        if tilts.size:
            lines.append(
                f"Angle between path and direction: {np.median(tilts):.0f}° (median); the map "
                "draws 90°."
            )
        if self.left_out:
            lost = counted(self.left_out, "step")
            lines.append((f"{lost} after the run diverged left out.", True))
        return trust_lines(lines)


def moving_frame_view(
    found: xr.Dataset, *, title: str = "", name: str | None = None, color: str | None = None
) -> MovingFrameView:
    """Return the view of a *moving_frame* Dataset.

    Args:
        found: with dims (y, x).
        title: the finding, or empty.
        name: of the optimizer, by default the attribute `optimizer`.
        color: by default the optimizer's own.

    Raises:
        InputError: another kind of Dataset.
    """
    require_kind(found, "moving_frame")
    raw = found["loss"].transpose("y", "x").values
    done = found["status"].transpose("y", "x").values == Cell.DONE
    values = np.where(done, raw, np.nan)
    scale = choose_scale(values)
    name = str(found.attrs.get("optimizer", "")) if name is None else name
    gaps = np.abs(found["gap"].values)
    surface = SurfaceView(
        a=frozen(found["x"].values),
        b=frozen(found["y"].values),
        values=frozen(values),
        pending=np.zeros_like(done),
        nan=np.isnan(raw),
        infinite=np.isinf(raw),
        failed=np.zeros_like(done),
        scale=scale,
        limits=choose_limits(values, scale),
        levels=frozen(round_levels(values, scale)),
        a_label="distance traveled along the path",
        b_label=f"distance off the path, along {found.attrs['frame']}",
        field_label="loss",
        title=title,
        equal=False,
    )
    return MovingFrameView(
        surface=surface,
        steps=frozen(found["traveled"].values),
        numbers=np.array(found["step"].values, dtype=np.int64),
        turns=frozen(found["turn"].values),
        tilts=frozen(found["tilt"].values),
        gap=float(gaps[np.isfinite(gaps)].max()) if np.isfinite(gaps).any() else float("nan"),
        left_out=int(found.attrs["left_out"]),
        name=name,
        color=color or optimizer_color(name) or NEUTRAL,
    )
