"""Results to export: small, with every kind of cell, and a path that is cut."""

import numpy as np
import xarray as xr

from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.core.schema import Cell, provenance, surface_dataset, trajectory_dataset

HOLES = {(1, 1): (np.nan, Cell.NONFINITE), (3, 4): (np.inf, Cell.NONFINITE)}
MORE_HOLES = {**HOLES, (0, 5): (np.nan, Cell.PENDING), (4, 0): (np.nan, Cell.FAILED)}


def surface(function=None, nb=5, na=7, holes=None):
    """A surface over [-1, 2] x [0, 1] of a function of (a, b)."""
    a_axis, b_axis = np.linspace(-1, 2, na), np.linspace(0, 1, nb)
    b, a = np.meshgrid(b_axis, a_axis, indexing="ij")
    loss = (a**2 + 4 * (b - a) ** 2 + 0.125) if function is None else function(a, b)
    loss, status = np.broadcast_to(loss, a.shape).astype(float), np.full(a.shape, Cell.DONE)
    loss = loss.copy()
    for place, (value, code) in (holes or {}).items():
        loss[place], status[place] = value, code
    plane = Plane(np.arange(4.0), np.eye(4)[:2] * 3)
    fields = {"loss": loss, "accuracy": np.cos(a + 2 * b)}
    attrs = {"fields": list(fields), "failures": ["at a = 1: no"] if holes else []}
    return surface_dataset(plane, Grid((a_axis, b_axis)), fields, status.astype(np.int8), attrs)


def volume(hole=False):
    grid = Grid((np.linspace(-1, 1, 4), np.array([0.0, 1.0, 4.0]), np.array([0.0, 2.0])))
    c, b, a = np.meshgrid(*grid.axes[::-1], indexing="ij")
    loss = a + 10 * b + 100 * c
    if hole:
        loss[0, 0, 0] = np.nan
    status = np.where(np.isfinite(loss), Cell.DONE, Cell.NONFINITE).astype(np.int8)
    plane = Plane(np.zeros(3), np.eye(3))
    return surface_dataset(plane, grid, {"loss": loss}, status, {"fields": ["loss"]})


def line():
    grid = Grid((np.linspace(0, 1, 5),))
    plane = Plane(np.zeros(3), np.eye(3)[:1])
    ones = np.ones(5, np.int8)
    return surface_dataset(plane, grid, {"loss": grid.axes[0] ** 2}, ones, {"fields": ["loss"]})


def path(steps=12, cut=(5,), name="Adam"):
    """A path over `surface`, recorded every 10 steps; its loss is NaN at the cuts."""
    a = np.linspace(-0.9, 1.8, steps)
    b, plane_loss = 0.3 + 0.4 * np.sin(a), a**2 + 0.125
    loss = plane_loss * 1.5
    loss[list(cut)] = np.nan
    columns = {"a": a, "b": b, "loss": loss, "plane_loss": plane_loss}
    columns |= {"gap": loss - plane_loss, "residual": 0.1 * a**2}
    variables = {name: ("step", values) for name, values in columns.items()}
    attrs = {"optimizer": name, "captured_variance": 0.9}
    return xr.Dataset(variables, {"step": 10 * np.arange(steps)}, provenance("path", attrs))


def trajectory(dtype=np.float64):
    points = np.random.default_rng(0).normal(size=(4, 3)).astype(dtype)
    losses = np.array([1.0, 0.1, np.nan, np.inf])
    return trajectory_dataset(np.arange(4), points, losses, losses**2, {"optimizer": "SGD"})


def spectrum():
    values = np.array([-0.5, 0.1, 1 / 3])
    return xr.Dataset({"eigenvalues": ("eigenvalue", values)}, attrs=provenance("spectrum", {}))
