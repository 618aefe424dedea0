"""`thalweg show`: every kind of result that has a picture, and a refusal for the others."""

import numpy as np
import pytest
from matplotlib.text import Text

from thalweg.cli.pictures import figure_of
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.curvature.along import curvature_along
from thalweg.curvature.dense import spectrum
from thalweg.curvature.density import density
from thalweg.dynamics.moving_frame import moving_frame
from thalweg.dynamics.record import record
from thalweg.dynamics.stability import stability_along
from thalweg.dynamics.steppers import SGD
from thalweg.objectives.zoo import himmelblau, quadratic
from thalweg.store.folder import save
from thalweg.surface.evaluate import evaluate
from thalweg.topology.of_surface import topology_of

BOWL = quadratic([1.0, 4.0])
RUN = record(BOWL, np.array([3.0, 1.0]), SGD(0.1), steps=12)
MAP = evaluate(himmelblau(), Plane(np.zeros(2), np.eye(2)), Grid.square(5.0, 21))
KINDS = {
    "trajectory": (lambda: RUN, "gradient norm"),
    "spectrum": (lambda: spectrum(BOWL, np.ones(2)), "the index only where that is 0"),
    "density": (lambda: density(BOWL, np.ones(2)), "cannot give an index"),
    "topology": (lambda: topology_of(MAP).dataset(), "need not be a minimum of the objective"),
    "moving_frame": (lambda: moving_frame(BOWL, RUN, columns=5), "distance traveled"),
    "stability": (
        lambda: stability_along(BOWL, RUN, np.array([0, 6])),
        "what it can bear on a quadratic",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_stored_result_is_drawn_with_what_to_know_of_it(kind, tmp_path, asked):
    made, words = KINDS[kind]
    store = save(made(), tmp_path / "result.zarr")
    code, out, err = asked("show", store)
    assert code == 0, err
    assert out.strip() == str(tmp_path / "result.png")
    texts = [t.get_text() for t in figure_of(made(), None, "loss", "", None).findobj(Text)]
    assert any(words in text.replace("\n", " ") for text in texts), texts


def test_the_ratio_drawn_is_the_exact_one():
    found = stability_along(BOWL, RUN, np.array([0, 6]))
    np.testing.assert_allclose(found["stability_ratio"], 4 * 0.1 / 2, rtol=1e-12)


def test_a_kind_without_a_picture_says_which_have_one(tmp_path, asked):
    store = save(curvature_along(BOWL, RUN, np.array([0, 6])), tmp_path / "along.zarr")
    code, _, err = asked("show", store)
    assert code == 2
    assert "got a curvature" in err
    assert len(err.strip().splitlines()) == 1
