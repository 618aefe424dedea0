"""Curvature along a run: the whole spectrum where it fits, its ends where not."""

import numpy as np

from thalweg.core.schema import trajectory_dataset
from thalweg.curvature.along import curvature_along
from thalweg.curvature.dense import inertia, spectrum
from thalweg.curvature.lanczos import Lanczos
from thalweg.objectives.linear_network import LinearNetwork

NETWORK = LinearNetwork.from_singular_values([3.0, 2.0, 1.0], (3, 4), hidden=2, seed=0)
POINTS = np.stack([(1 - t) * NETWORK.start for t in np.linspace(0, 0.5, 5)])
LOSSES, GRADIENTS = NETWORK.value_and_gradients(POINTS)
RUN = trajectory_dataset(range(5), POINTS, LOSSES, np.linalg.norm(GRADIENTS, axis=1), {})
ROWS = np.array([0, 2, 4])


def test_the_whole_spectrum():
    found = curvature_along(NETWORK, RUN, ROWS)
    assert found.attrs["kind"] == "curvature"
    assert "truncated" not in found.attrs
    for i, row in enumerate(ROWS):
        whole = spectrum(NETWORK, POINTS[row])
        np.testing.assert_allclose(found.eigenvalues[i], whole.eigenvalues, atol=1e-13)
        counts = inertia(whole.eigenvalues.values)
        assert (found.negative[i], found.zero[i]) == (counts.negative, counts.zero)
        gradient = GRADIENTS[row]
        inside = whole.eigenvectors.values[: counts.negative] @ gradient
        share = float(inside @ inside / (gradient @ gradient))
        np.testing.assert_allclose(found.gradient_in_negative[i], share, rtol=1e-10)
        assert found.loss[i] == LOSSES[row]


def test_the_ends_of_what_is_too_large():
    whole = curvature_along(NETWORK, RUN, ROWS)
    found = curvature_along(NETWORK, RUN, ROWS, lanczos=Lanczos(dense_up_to=0))
    assert found.attrs["truncated"] == 14 - 10
    wanted = whole.eigenvalues.values[:, np.r_[:8, 12:14]]
    np.testing.assert_allclose(found.eigenvalues, wanted, atol=1e-6)
    assert (found.negative.values <= whole.negative.values).all()
    np.testing.assert_array_equal(found.negative, (wanted < -1e-5).sum(axis=1))
    assert (found.gradient_in_negative <= whole.gradient_in_negative + 1e-9).all()
