"""StoredRun: a recorded run as the page knows runs: drawn on every plane, but not continued."""

import numpy as np
import xarray as xr

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.schema import Attr
from thalweg.views.colors import NEUTRAL, optimizer_color
from thalweg.web.ground import Ground
from thalweg.web.trace import Trace
from thalweg.web.walked import Rows, Walked


class StoredRun(Walked):
    """A recorded run. Its steps are counted by rows: a store may keep every tenth step alone.

    Args:
        number: as of a live one.
        run: a *trajectory* Dataset; what follows its first point that is not finite is left out.
        growing: whether more rows may follow.
    """

    def __init__(self, number: int, run: xr.Dataset, growing: bool = False) -> None:
        rows = _rows(run)
        super().__init__(number, _name(run), _color(run), len(rows.losses) - 1, rows)
        self.growing, self._run = growing, run

    @property
    def status(self) -> str:
        """Which: running as long as somebody records it, or stored."""
        return "running" if self.growing else "stored"

    @property
    def ended(self) -> bool:
        """True: it takes no steps here."""
        return True

    @property
    def attrs(self) -> dict[str, Attr]:
        """What its Dataset says of it."""
        return {str(key): value for key, value in self._run.attrs.items() if key != "kind"}

    def take(self, run: xr.Dataset, growing: bool) -> None:
        """Take more rows of the *trajectory*; see `goes_on`."""
        self.rows, self._run, self.growing = _rows(run), run, growing
        self.length = len(self.rows.losses) - 1

    def goes_on(self, run: xr.Dataset) -> bool:
        """Return whether a *trajectory* begins with the rows that are here."""
        steps = self._run["step"].values
        return np.array_equal(run["step"].values[: steps.size], steps)


class StoredPath(Walked):
    """The path of a run on one plane, where its points in full space were not kept.

    Args:
        number: as of a live one.
        path: a *path* Dataset.
        scene: number of its plane.
    """

    def __init__(self, number: int, path: xr.Dataset, scene: int) -> None:
        losses = path["loss"].values.astype(np.float64)
        rows = Rows(np.empty((losses.size, 0)), losses, np.full(losses.size, np.nan))
        super().__init__(number, _name(path), _color(path), losses.size - 1, rows)
        self.end, self._scene = "stored", scene
        self.captured = float(path.attrs.get("captured_variance", np.nan))
        columns = [path[name].values for name in ("a", "b", "residual", "plane_loss")]
        self._course = np.stack(columns).astype(np.float64)

    @property
    def known(self) -> bool:
        """False: its points are not."""
        return False

    @property
    def points(self) -> FloatArray:
        """There are none.

        Raises:
            InputError: always.
        """
        mend = "choose the run itself among the stored results"
        raise InputError("the points of the run must be kept", "its path alone", mend)

    def follow(self, ground: Ground, until: float = np.inf) -> bool:
        """Lie on the plane that it was kept for, and on no other."""
        if self.trace is not None and self.trace.ground is ground:
            return False
        course = self._course
        if ground.scene != self._scene:
            course = np.full_like(course, np.nan)
        bands = ground.bands(self.losses, course[3])
        bands[1:] = np.maximum(bands[1:], bands[:-1].copy())
        self.trace = Trace(ground, self.losses.size, course, bands, self.losses, "")
        return True


def _rows(run: xr.Dataset) -> Rows:
    points, losses, norms = (
        run[name].values.astype(np.float64) for name in ("point", "loss", "gradient_norm")
    )
    finite = np.isfinite(points).all(axis=1)
    kept = finite.size if finite.all() else int(np.argmin(finite))
    return Rows(points[:kept], losses[:kept], norms[:kept])


def _name(run: xr.Dataset) -> str:
    name = str(run.attrs.get("optimizer", "")) or "run"
    stride = int(run.attrs.get("stride", 1))
    return f"{name}, every {stride} steps" if stride > 1 else name


def _color(run: xr.Dataset) -> str:
    return optimizer_color(str(run.attrs.get("optimizer", ""))) or NEUTRAL
