import numpy as np
import pytest

from plots.drawn import awkward, path, surface
from thalweg.plots.relief import Camera, Relief, best_camera


def gray(part):
    return np.repeat(np.asarray(part)[..., None], 3, axis=-1)


def hill(a, b):
    return 2 * np.exp(-8 * (a**2 + b**2)) - 1


def test_the_top_of_a_hill_is_seen_and_the_ground_behind_it_is_not():
    relief = Relief(surface(hill, nb=41, na=41), Camera(0.0, 20.0, 0.6))
    x, y = np.array([0.0, 0.0, 0.0]), np.array([0.0, 0.2, -0.3])
    assert relief.visible(x, y, np.array([1.0, 0.15, 0.1])).tolist() == [True, False, True]


def test_points_above_the_surface_are_seen():
    relief = Relief(surface(hill), Camera())
    assert relief.visible(np.array([0.0]), np.array([0.1]), np.array([1.3])).all()


def test_a_flat_surface_covers_its_projected_ground():
    relief = Relief(surface(lambda a, b: 0 * a + 1), Camera(30.0, 90.0, 0.4), 400, 300)
    picture = relief.render(gray)
    left, right, bottom, top = relief.extent
    share = picture[..., 3].mean() * (right - left) * (top - bottom)
    assert share == pytest.approx(1.0, rel=0.02)  # the ground is 1 wide, 1 deep


@pytest.mark.parametrize("name", sorted(awkward()))
def test_every_surface_renders(name):
    picture = Relief(awkward()[name], Camera(), 200, 120).render(gray)
    assert np.isfinite(picture).all()
    assert picture.min() >= 0
    assert picture.max() <= 1 + 1e-9
    assert picture[..., 3].mean() > 0.2


def test_the_camera_turns_to_where_the_path_is_visible():
    view = surface(lambda a, b: np.where(b < -0.3, 3.0, 0.1 * (a**2 + b**2)), nb=41, na=41)
    one = path(view)
    camera = best_camera(view, [one])
    assert camera.azimuth != Camera().azimuth
    assert best_camera(view, []) == Camera()
