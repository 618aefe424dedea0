"""Stability along a run, on quadratics where sharpness and edge are known."""

import numpy as np
import pytest

from formulas import Formula
from thalweg.core.errors import InputError
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD, Adam, Momentum
from thalweg.objectives.zoo import quadratic, rosenbrock
from thalweg.web.stability import LOOKS, stability_frame, stability_of


@pytest.mark.parametrize(
    ("stepper", "edge"), [(SGD(0.25), 8.0), (Momentum(0.25, 0.5), 12.0), (SGD(0.8), 2.5)]
)
def test_the_ratio_of_a_quadratic_is_its_curvature_over_the_edge(stepper, edge):
    bowl = quadratic([1.0, 3.0])
    found = stability_of(bowl, record(bowl, np.ones(2), stepper, 300))
    frame = stability_frame(found, 7)
    assert frame.arrays["step"].size == LOOKS
    assert (frame.arrays["step"][0], frame.arrays["step"][-1], frame.head["run"]) == (0, 300, 7)
    assert frame.arrays["sharpness"] == pytest.approx(np.full(LOOKS, 3.0))
    assert frame.arrays["ratio"] == pytest.approx(np.full(LOOKS, 3.0 / edge))
    beyond = LOOKS if edge < 3 else 0
    assert (
        f"{beyond} of 61 steps looked at lie beyond 1, the edge (sharpness {edge:g})"
        in (frame.head["words"])
    )


def test_a_short_run_is_looked_at_at_every_step():
    bowl = quadratic([1.0, 3.0])
    found = stability_of(bowl, record(bowl, np.ones(2), Adam(0.1), 5))
    assert stability_frame(found, 0).arrays["step"].tolist() == [0, 1, 2, 3, 4, 5]


def test_the_largest_ratio_is_told_with_its_step():
    # on a valley that bends, sharpness changes from step to step: asked at each on its own
    valley = rosenbrock()
    run = record(valley, np.array([-1.0, 1.0]), SGD(1e-3), 60)
    found = stability_of(valley, run)
    tops = [np.linalg.eigvalsh(valley.hessian(p))[-1] for p in run["point"].values]
    assert found["top_eigenvalue"].values == pytest.approx(tops)
    assert (
        f"{max(tops) / 2000:.3g}, at step {int(np.argmax(tops))};"
        in (stability_frame(found, 0).head["words"])
    )


def test_a_run_that_left_all_bounds_says_from_where_on():
    bowl = quadratic([1.0, 3.0])
    run = record(bowl, np.ones(2), SGD(1e6), 60)
    lost = int(np.flatnonzero(~np.isfinite(run["loss"].values))[0])
    frame = stability_frame(stability_of(bowl, run), 0)
    assert frame.head["words"].endswith(f"From step {lost} on the run had left all bounds.")
    assert np.isnan(frame.arrays["ratio"][-1])
    gone = stability_of(bowl, run.isel(step=slice(lost, None)))
    assert stability_frame(gone, 0).head["words"].startswith("The run left all bounds before")


def test_without_derivatives_the_mend_is_told():
    bowl = quadratic([1.0, 3.0])
    run = record(bowl, np.ones(2), SGD(0.1), 3)
    with pytest.raises(InputError, match="with derivatives, got formula"):
        stability_of(Formula(lambda p: p[:, 0]), run)
    with pytest.raises(InputError, match="with derivatives, got none"):
        stability_of(None, run)
