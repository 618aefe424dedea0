"""PersistenceView: how deep each minimum of a surface is, and which of them noise could make."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from thalweg.core.arrays import FloatArray, frozen
from thalweg.core.schema import require_kind
from thalweg.views.levels import Scale, choose_scale, finite
from thalweg.views.surface import field_label


@dataclass(frozen=True, eq=False)
class PersistenceView:
    """Persistence over birth, ready to draw.

    Attributes:
        birth: (m,), value at each minimum; finite.
        persistence: (m,), above 0; `top` where a minimum never meets a lower one.
        forever: (m,), where that is so.
        on_boundary: (m,), minima that may continue outside the window: drawn hollow.
        band: twice the noise: what lies below may be made by it; 0 without noise.
        top: height of the line for what never ends.
        limits: ends of the persistence axis.
        scale: of the persistence axis.
        birth_label, title: captions.
    """

    birth: FloatArray
    persistence: FloatArray
    forever: NDArray[np.bool_]
    on_boundary: NDArray[np.bool_]
    band: float
    top: float
    limits: tuple[float, float]
    scale: Scale
    birth_label: str
    title: str = ""

    @property
    def certain(self) -> NDArray[np.bool_]:
        """(m,), which minima lie above the band."""
        return self.forever | (self.persistence > self.band)

    @property
    def caption(self) -> str:
        """The counts, in words."""
        sure, hollow = int(self.certain.sum()), int(self.on_boundary.sum())
        count = "1 minimum" if sure == 1 else f"{sure} minima"
        parts = [f"{sure} of {self.birth.size} certain" if self.band else count]
        return ", ".join(parts + ([f"{hollow} on the edge (hollow)"] if hollow else []))


def persistence_view(topology: xr.Dataset, *, title: str = "") -> PersistenceView:
    """Return the view of the minima of a *topology* Dataset; minima at -inf are left out.

    Raises:
        InputError: another kind of Dataset.
    """
    require_kind(topology, "topology")
    birth = topology["minimum_value"].values.astype(np.float64)
    known = np.isfinite(birth)
    birth, strong = birth[known], topology["minimum_persistence"].values[known]
    forever, ends = np.isinf(strong), finite(strong)
    band = 2 * float(topology.attrs["noise"])
    scale = choose_scale(np.append(ends, band) if band else ends)
    heights = np.append(ends, band)
    high = float(heights.max()) or 1.0
    if scale is Scale.LOG:
        low = float(heights[heights > 0].min())
        span = high / low
        limits = (low / span**0.08, high * span**0.25)
        top = high * span**0.15
    else:
        limits, top = (0.0, 1.3 * high), 1.18 * high
    return PersistenceView(
        birth=frozen(birth),
        persistence=frozen(np.where(forever, top, strong)),
        forever=forever,
        on_boundary=topology["minimum_on_boundary"].values[known].astype(bool),
        band=band,
        top=top,
        limits=limits,
        scale=scale,
        birth_label=f"{field_label(str(topology.attrs['field']))} at the minimum",
        title=title,
    )
