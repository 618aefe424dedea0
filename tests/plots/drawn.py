"""Views to draw in tests: small, deterministic, with every awkward shape among them."""

import numpy as np
import xarray as xr

from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.core.schema import Cell, provenance, surface_dataset
from thalweg.views.curves import Reference, Series, curves_view
from thalweg.views.dots import dots_view
from thalweg.views.matrix import matrix_view
from thalweg.views.path import path_view
from thalweg.views.scatter import Background, scatter_view
from thalweg.views.spectrum import spectrum_view
from thalweg.views.surface import Mark, MarkKind, surface_view
from thalweg.views.trust import trust_lines


def surface(function=None, nb=21, na=25, status=None, title="", directions=None, marks=()):
    """Return the view of a function of (a, b) over [-1, 1] x [-1, 1]."""
    axes = [np.linspace(-1, 1, n) if n > 1 else np.zeros(1) for n in (na, nb)]
    b, a = np.meshgrid(axes[1], axes[0], indexing="ij")
    loss = (a**2 + 4 * (b - a**2) ** 2 + 0.02) if function is None else function(a, b)
    loss = np.broadcast_to(loss, a.shape).astype(float)
    status = np.full(a.shape, Cell.DONE) if status is None else status
    directions = np.eye(4)[:2] if directions is None else directions
    plane = Plane(np.zeros(4), directions, ("random direction 1", "random direction 2"))
    grid = Grid(tuple(axes))
    data = surface_dataset(plane, grid, {"loss": loss}, status.astype(np.int8), {})
    return surface_view(data, title=title, marks=marks)


def broken():
    """Return a surface with cells of every kind."""
    status = np.full((21, 25), Cell.DONE)
    status[:4, :4], status[10, 10] = Cell.PENDING, Cell.FAILED

    def holes(a, b):
        loss = a**2 + b**2 + 0.1
        loss[15:18, 3:6], loss[3:6, 15:18] = np.nan, np.inf
        return loss

    marks = (Mark(0, 0, "minimum", MarkKind.MINIMUM), Mark(0.5, 0.5, "", MarkKind.SADDLE))
    return surface(holes, status=status, title="Broken", marks=(*marks, Mark(-0.5, 0, "here")))


def awkward():
    """Return surfaces that have no slope, no width, no values, or unlike axes."""
    return {
        "usual": surface(),
        "broken": broken(),
        "constant": surface(lambda a, b: 0 * a + 3),
        "zero": surface(lambda a, b: 0 * a),
        "all_nan": surface(lambda a, b: 0 * a + np.nan),
        "one_cell": surface(nb=1, na=1),
        "one_row": surface(nb=1, na=9),
        "one_column": surface(nb=9, na=1),
        "two_by_two": surface(nb=2, na=2),
        "unlike": surface(directions=np.diag([1.0, 5.0, 1.0, 1.0])[:2]),
        "huge": surface(lambda a, b: np.exp(300 * a)),
        "outlier": surface(lambda a, b: np.where((a > 0.99) & (b > 0.99), 1e9, a * b)),
        "negative": surface(lambda a, b: -np.exp(a + b)),
    }


def path(view, name="Adam", steps=50, gap=0.0):
    """Return a spiral toward the middle."""
    t = np.linspace(0, 1, steps) if steps > 1 else np.zeros(1)
    a, b = 0.8 * (1 - t) * np.cos(4 * t), 0.8 * (1 - t) * np.sin(4 * t)
    plane_loss = a**2 + b**2 + 0.1
    data = {"a": a, "b": b, "loss": plane_loss + gap * t, "plane_loss": plane_loss}
    data |= {"residual": 0 * t, "gap": gap * t}
    attrs = provenance("path", {"optimizer": name, "captured_variance": 0.9})
    return path_view(xr.Dataset({k: ("step", v) for k, v in data.items()}, attrs=attrs), view)


def others():
    """Return one view of every other kind."""
    x = np.arange(40.0)
    lines = [Series(n, x, np.exp(-x / s), np.exp(-x / s) / 2, np.exp(-x / s) * 2)
             for n, s in (("SGD", 9), ("momentum", 8.9), ("Adam", 4))]  # fmt: skip
    gappy = Series("", x[:5], np.array([1, np.nan, 2, np.inf, 3]), dashed=True)
    values = np.concatenate([np.geomspace(1e-4, 10, 20), [0.0], [-0.1, -1e-3]])
    spectrum = xr.Dataset({"eigenvalues": ("eigenvalue", values)}, attrs=provenance("spectrum", {}))
    rng = np.random.default_rng(0)
    points, classes = rng.normal(size=(30, 2)), np.arange(30) % 2
    grid = np.linspace(-3, 3, 20)
    field = Background(grid, grid, 1 / (1 + np.exp(-grid + 0 * grid[:, None])))
    table = rng.normal(size=(3, 3))
    return {
        "curves": curves_view(lines, "step", "loss", references=[Reference(0.1, "target")]),
        "gappy": curves_view([gappy], "step", "a count of things"),
        "spectrum": spectrum_view(spectrum, tolerance=1e-9, title="Two ways down"),
        "scatter": scatter_view(points, classes, title="Data"),
        "boundary": scatter_view(points, classes, background=field),
        "matrix": matrix_view(table, ["seed 0", "seed 1", "seed 2"], title="Barriers"),
        "dots": dots_view({"SGD": rng.normal(size=8), "Adam": rng.normal(size=8)}, "barrier"),
        "paired": dots_view({"raw": [1.0, 2, 3], "aligned": [1.0, 1, 2]}, "gap", paired=True),
    }


def trust():
    """Return a strip with a long warning."""
    return trust_lines(["Direction seed 0.", ("The picture hides " + "very " * 40 + "much.", True)])
