import re
from itertools import combinations

import numpy as np
import pytest
from matplotlib.axes import Axes

from plots.drawn import awkward, broken, others, path, surface, trust
from thalweg.core.errors import InputError
from thalweg.plots.mpl_figures import panel, stacked_figure, surfaces_figure, views_figure
from thalweg.plots.mpl_page import Panel, figure_with_trust
from thalweg.plots.mpl_save import pdf_bytes, png_bytes, save_figure, svg_text
from thalweg.plots.mpl_style import DARK
from thalweg.plots.mpl_surface_3d import surface_3d_figure
from thalweg.views.surface import shared_scale


def drawn(figure):
    """Draw everything; warnings are errors."""
    return png_bytes(figure, 60)


@pytest.mark.parametrize("name", sorted(awkward()))
def test_every_surface_draws_with_paths(name):
    view = awkward()[name]
    for steps in (1, 50):
        paths = [path(view, steps=steps), path(view, "SGD", steps, gap=0.5)]
        drawn(surfaces_figure([view], paths=[paths], trust=trust(), width_mm=85))


@pytest.mark.parametrize("name", ["broken", "constant", "one_cell"])
def test_surfaces_draw_in_relief_with_paths(name):
    view = awkward()[name]
    paths = [path(view), path(view, "SGD", 1, gap=0.5), path(view, "momentum", gap=0.5)]
    drawn(surface_3d_figure(view, paths, title="Relief", trust=trust(), width_mm=85))


@pytest.mark.parametrize("name", sorted(others()))
def test_every_other_view_draws(name):
    drawn(views_figure([others()[name]], title="A title", trust=trust(), width_mm=85))
    drawn(views_figure([others()[name]] * 3, columns=2, theme=DARK))


def test_curves_stack_on_one_x_axis():
    figure = stacked_figure([others()["curves"]] * 3)
    assert len({ax.get_xlim() for ax in figure.axes}) == 1


def test_small_multiples_on_one_scale_have_one_color_bar():
    views = shared_scale([surface(title="one"), broken(), surface(title="three")])
    common = surfaces_figure(views)
    assert len(common.axes) == 4
    apart = surfaces_figure([surface(), broken()])
    assert [len(ax.child_axes) for ax in apart.axes] == [1, 1]


def make():
    views = shared_scale([surface(title="left"), broken()])
    paths = [[path(view), path(view, "SGD", gap=0.3)] for view in views]
    return surfaces_figure(views, paths=paths, title="Two surfaces", trust=trust())


def test_the_same_views_give_the_same_bytes():
    assert png_bytes(make()) == png_bytes(make())
    assert svg_text(make()) == svg_text(make())
    assert pdf_bytes(make()) == pdf_bytes(make())
    one = make()
    assert svg_text(one) == svg_text(one)


def test_svg_has_real_text_and_is_small():
    text = svg_text(make())
    assert len(text) < 500_000
    assert "Two surfaces" in text
    assert "random direction 1" in text
    assert "captured" in text
    assert not re.search(r"<dc:date>|Matplotlib v", text)


@pytest.mark.parametrize("width", [85, 120, 170])
def test_nothing_is_clipped_and_no_panels_overlap(width):
    views = shared_scale([surface(title="left"), broken(), surface(title="right"), surface()])
    figure = surfaces_figure(views, columns=2, title="A finding", trust=trust(), width_mm=width)
    check_layout(figure)
    check_layout(views_figure(list(others().values()), columns=2, width_mm=width, trust=trust()))


def check_layout(figure):
    png_bytes(figure)
    renderer = figure.canvas.get_renderer()
    page = figure.bbox
    boxes = [ax.get_tightbbox(renderer) for ax in figure.axes]
    boxes += [text.get_window_extent(renderer) for text in figure.texts]
    for box in boxes:
        assert box.x0 >= page.x0 - 1
        assert box.x1 <= page.x1 + 1
        assert box.y0 >= page.y0 - 1
        assert box.y1 <= page.y1 + 1
    for one, two in combinations(boxes, 2):
        wide = min(one.x1, two.x1) - max(one.x0, two.x0)
        tall = min(one.y1, two.y1) - max(one.y0, two.y0)
        assert wide <= 1 or tall <= 1


def test_the_user_s_settings_are_left_alone():
    import matplotlib

    before = dict(matplotlib.rcParams)
    drawn(make())
    assert dict(matplotlib.rcParams) == before


def test_saving_writes_whole_files_and_nothing_else(tmp_path):
    paths = save_figure(surfaces_figure([surface()]), tmp_path / "new", "map", ("png", "svg"))
    assert [p.name for p in paths] == ["map.png", "map.svg"]
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["map.png", "map.svg"]
    assert paths[0].read_bytes()[:4] == b"\x89PNG"
    assert b"Software" not in paths[0].read_bytes()


@pytest.mark.parametrize(
    ("name", "formats", "message"),
    [("map", ("bmp",), "formats must be among"), ("a/b", ("png",), "plain file name")],
)
def test_wrong_files_are_refused(tmp_path, name, formats, message):
    with pytest.raises(InputError, match=message):
        save_figure(surfaces_figure([surface()]), tmp_path, name, formats)
    assert list(tmp_path.iterdir()) == []


def test_pages_without_panels_are_refused():
    with pytest.raises(InputError, match="at least 1 panel"):
        views_figure([])
    with pytest.raises(InputError, match="rows of equally many panels"):
        figure_with_trust([[None]])
    with pytest.raises(InputError, match="paths must be 1"):
        surfaces_figure([surface()], paths=[[], []])
    with pytest.raises(InputError, match="over a surface"):
        panel(others()["curves"], paths=[path(surface())])


def test_panels_of_one_s_own_can_be_mixed_in():
    def own(ax: Axes) -> None:
        ax.plot(np.arange(3))

    figure = figure_with_trust([[panel(surface()), Panel(own)]])
    assert len(figure.axes) == 2
    drawn(figure)
