"""describe: a stored result in numbers, for `info` and for every `--json`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from thalweg.core.schema import Cell, axes_of

_SHAPE = ("kind", "fields", "failures", "labels", "lengths", "cosines")  # told apart


def description(stored: xr.Dataset, store: Path | str) -> dict[str, Any]:
    """Return what a result holds: size, counts, ranges and provenance.

    Args:
        stored: a Dataset of any kind.
        store: where it is.
    """
    kind = str(stored.attrs.get("kind", "unknown"))
    told = {"surface": _surface, "trajectory": _run, "path": _path, "spectrum": _spectrum}
    facts = told[kind](stored) if kind in told else {}
    provenance = {str(k): v for k, v in stored.attrs.items() if k not in _SHAPE}
    return {"store": str(store), "kind": kind, **facts, "provenance": provenance}


def counts(stored: xr.Dataset) -> dict[str, int]:
    """Return how many cells of a surface are in each state."""
    status = stored["status"].values
    return {"total": status.size, **{c.name.lower(): int((status == c).sum()) for c in Cell}}


def ranges(values: np.ndarray) -> dict[str, float | int]:
    """Return the finite range of numbers, with a count of each kind that is not finite.

    >>> ranges(np.array([1.0, 3.0, np.nan, np.inf]))["max"]
    3.0
    """
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (np.nan, np.nan)
    return {
        "min": float(low),
        "max": float(high),
        "nan": int(np.isnan(values).sum()),
        "plus_infinity": int(np.isposinf(values).sum()),
        "minus_infinity": int(np.isneginf(values).sum()),
    }


def _surface(stored: xr.Dataset) -> dict[str, Any]:
    about, axes = stored.attrs, axes_of(stored)
    status = stored["status"].values
    known = (status == Cell.DONE) | (status == Cell.NONFINITE)
    return {
        "axes": {
            name: {
                "points": stored.sizes[name],
                "low": float(stored[name][0]),
                "high": float(stored[name][-1]),
                "along": label,
                "length": length,
            }
            for name, label, length in zip(axes, about["labels"], about["lengths"], strict=True)
        },
        "cells": counts(stored),
        "fields": {str(f): ranges(stored[f].values[known]) for f in about["fields"]},
        "failures": list(about.get("failures", [])),
    }


def _run(stored: xr.Dataset) -> dict[str, Any]:
    return {
        "points": stored.sizes["step"],
        "parameters": stored.sizes["parameter"],
        **_steps(stored),
        "loss": _ends(stored["loss"].values),
    }


def _path(stored: xr.Dataset) -> dict[str, Any]:
    residual = stored["residual"].values
    return {
        "points": stored.sizes["step"],
        **_steps(stored),
        "loss": _ends(stored["loss"].values),
        "captured_variance": stored.attrs.get("captured_variance"),
        "largest_gap": stored.attrs.get("largest_gap"),
        "largest_residual": ranges(residual)["max"],
    }


def _spectrum(stored: xr.Dataset) -> dict[str, Any]:
    values = stored["eigenvalues"].values
    return {"eigenvalues": values.size, "negative": int((values < 0).sum()), **ranges(values)}


def _steps(stored: xr.Dataset) -> Mapping[str, Any]:
    steps = stored["step"].values
    return {"steps": [int(steps[0]), int(steps[-1])] if steps.size else []}


def _ends(losses: np.ndarray) -> dict[str, float | int]:
    first, last = (losses[0], losses[-1]) if losses.size else (np.nan, np.nan)
    return {"first": float(first), "last": float(last), **ranges(losses)}
