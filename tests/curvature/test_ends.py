"""The ends of a spectrum: dense where it fits, Lanczos above, one answer."""

import numpy as np
import pytest

from cases import CASES
from thalweg.core.errors import InputError
from thalweg.core.schema import require_kind
from thalweg.curvature.dense import spectrum
from thalweg.curvature.ends import ends, ends_dataset
from thalweg.curvature.lanczos import Lanczos
from thalweg.objectives.zoo import quadratic

ALWAYS = Lanczos(dense_up_to=0, tolerance=1e-9)


@pytest.mark.parametrize("case", CASES[::5], ids=str)
def test_dense_and_lanczos_agree(case):
    dense = ends(case.objective, case.point, 3, 3)
    found = ends(case.objective, case.point, 3, 3, lanczos=ALWAYS)
    size = np.abs(dense.eigenvalues).max()
    np.testing.assert_allclose(found.eigenvalues, dense.eigenvalues, atol=1e-8 * size)
    for each in (dense, found):
        vectors = each.eigenvectors
        np.testing.assert_allclose(vectors @ vectors.T, np.eye(len(vectors)), atol=1e-12)
        products = case.objective.hvp(case.point, vectors)
        rest = np.linalg.norm(products - each.eigenvalues[:, None] * vectors, axis=1)
        np.testing.assert_allclose(rest, each.residuals, atol=1e-13 * max(size, 1))
        assert rest.max() <= 2e-9 * size + 1e-15
    assert dense.how.startswith("dense")
    assert found.how.startswith("Lanczos")
    assert dense.products == case.objective.layout.size


def test_one_end_or_all():
    objective = quadratic([3.0, -2.0, 1.0, 0.5], seed=1)
    for settings in (Lanczos(), ALWAYS):

        def values(lowest, highest, settings=settings):
            found = ends(objective, objective.start, lowest, highest, lanczos=settings)
            return found.lowest, found.eigenvalues.round(8).tolist()

        assert values(1, 0) == (1, [-2.0])
        assert values(0, 2) == (0, [1.0, 3.0])
        assert values(1, 1) == (1, [-2.0, 3.0])
        assert values(3, 3) == (3, [-2.0, 0.5, 1.0, 3.0])  # not more than there are
        assert values(9, 9) == (4, [-2.0, 0.5, 1.0, 3.0])


@pytest.mark.parametrize("wanted", [(0, 0), (-1, 2), (2, -1)])
def test_counts_out_of_range(wanted):
    objective = quadratic([3.0, -2.0])
    with pytest.raises(InputError, match="lowest and highest must be counts"):
        ends(objective, objective.start, *wanted)


def test_a_scale_that_does_not_fit():
    objective = quadratic([3.0, -2.0])
    with pytest.raises(InputError, match="scale must have shape"):
        ends(objective, objective.start, scale=np.ones(3))
    with pytest.raises(InputError, match="scale must be finite"):
        ends(objective, objective.start, scale=np.array([1.0, np.inf]))


def test_what_is_found_cannot_be_written_to():
    objective = quadratic([3.0, -2.0])
    with pytest.raises(ValueError, match="read-only"):
        ends(objective, objective.start).eigenvalues[0] = 0


@pytest.mark.parametrize("settings", [Lanczos(), ALWAYS])
def test_a_spectrum_of_the_ends_says_what_it_leaves_out(settings):
    objective = quadratic([5.0, 4.0, 3.0, 0.0, -1.0, -2.0], seed=2)
    found = ends(objective, objective.start, 3, 1, lanczos=settings)
    dataset = require_kind(ends_dataset(objective, objective.start, found), "spectrum")
    np.testing.assert_allclose(dataset.eigenvalues, [-2, -1, 0, 5], atol=1e-8)
    whole = spectrum(objective, objective.start)
    assert dataset.attrs["truncated"] == 2
    assert (dataset.attrs["lowest"], dataset.attrs["negative"]) == (3, 2)
    assert dataset.attrs["how"] == found.how
    for name in ("loss", "gradient_norm", "objective_digest"):
        assert dataset.attrs[name] == whole.attrs[name]
    np.testing.assert_array_equal(dataset.residuals, found.residuals)
    assert dataset.attrs["residual"] == found.residuals.max()
    assert "truncated" not in whole.attrs
