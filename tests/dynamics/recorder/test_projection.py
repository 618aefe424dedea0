"""Projections: what is kept of points that are too large to be kept."""

import numpy as np
import pytest
import torch

from dynamics.recorder.loops import by_hand, made, step
from thalweg.core.errors import InputError
from thalweg.core.layout_attrs import layout_of
from thalweg.core.noise import named_normals
from thalweg.core.schema import require_kind
from thalweg.dynamics.recorder import projection as module
from thalweg.dynamics.recorder.projection import Projection
from thalweg.dynamics.recorder.recorder import Recorder
from thalweg.dynamics.recorder.schedule import Thinned


def recorded(projection, steps=6, **arguments):
    model, optimizer, *data = made()
    with Recorder(model, optimizer, projection=projection, **arguments) as recorder:
        for _ in range(steps):
            recorder.step(step(model, optimizer, *data))
    return recorder.trajectory


@pytest.mark.parametrize("room", [0, module.ROOM])
def test_products_are_those_with_the_named_directions(room, monkeypatch):
    monkeypatch.setattr(module, "ROOM", room)
    points, losses, norms = by_hand(6)
    run = require_kind(recorded(Projection(5, seed=3)), "projections")
    directions = np.array(
        [
            np.concatenate([named_normals(3, i, b.name, b.size) for b in layout_of(run).blocks])
            for i in range(5)
        ]
    )
    np.testing.assert_allclose(run["product"], points @ directions.T, rtol=1e-12)
    np.testing.assert_allclose(run.norm, np.linalg.norm(points, axis=1), rtol=1e-14)
    start = points[0].astype(np.float32)
    assert run.start.dtype == np.float32
    np.testing.assert_array_equal(run.start, start)
    np.testing.assert_allclose(run.distance, np.linalg.norm(points - start, axis=1), rtol=1e-12)
    np.testing.assert_array_equal(run.loss, [*losses, np.nan])
    np.testing.assert_allclose(run.gradient_norm, [*norms, np.nan], rtol=1e-12)
    assert run.attrs["projection"] == "Projection(k=5, seed=3)"


def test_the_distance_from_the_start_is_zero_there_when_the_start_is_exact():
    points = by_hand(6)[0]
    run = recorded(Projection(1), dtype=np.float64)
    assert run.distance[0] == 0
    np.testing.assert_allclose(run.distance, np.linalg.norm(points - points[0], axis=1), rtol=1e-12)


def test_directions_may_be_given():
    directions = np.random.default_rng(0).standard_normal((2, 21))
    run = recorded(directions, keep=Thinned(4))
    points = by_hand(6)[0][run.step.values]
    np.testing.assert_allclose(run["product"], points @ directions.T, rtol=1e-12)
    assert run.attrs["projection"].startswith("given directions ")
    assert run.step.values.tolist() == [0, 4, 6]


def test_random_products_measure_distances():
    run = recorded(Projection(4000), steps=40)
    points = by_hand(40)[0]
    squares = np.square(run["product"].values - run["product"].values[0]).mean(axis=1)
    wanted = np.square(points - points[0]).sum(axis=1)
    error = 5 * np.sqrt(2 / 4000)  # five standard errors
    np.testing.assert_allclose(squares, wanted, rtol=error, atol=1e-30)


def test_a_diverged_point_has_no_products():
    model, optimizer, *data = made()
    with Recorder(model, optimizer, projection=Projection(2)) as recorder:
        with torch.no_grad():
            model[0].weight[0, 0] = torch.nan
        step(model, optimizer, *data)
    run = recorder.trajectory
    for name in ("product", "norm", "distance"):
        assert np.isfinite(run[name][0]).all()
        assert np.isnan(run[name][1]).all()


@pytest.mark.parametrize(
    ("projection", "said"),
    [
        (np.ones((2, 20)), r"shape \(any, 21\), got \(2, 20\)"),
        (np.full((2, 21), np.nan), "must be finite, got 42 NaN"),
        ("random", "must be numbers of shape"),
    ],
)
def test_directions_that_do_not_fit_are_refused(projection, said):
    with pytest.raises(InputError, match=said):
        recorded(projection)
    with pytest.raises(InputError, match="k must be at least 1, got 0"):
        Projection(0)
    with pytest.raises(InputError, match="whole number from 0, got -1"):
        Projection(1, -1)
