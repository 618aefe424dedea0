"""Texts that attack, in every field that a stored result can bring: shown, and nothing else."""

import numpy as np
import pytest
from playwright.sync_api import expect

from payloads import PAYLOADS
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.curvature.dense import spectrum
from thalweg.dynamics.project import project
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD
from thalweg.objectives.zoo import quadratic
from thalweg.store.folder import save
from thalweg.surface.evaluate import evaluate
from thalweg.viewer.figure import figure_frames
from thalweg.viewer.page import page as page_of
from thalweg.views.trust import trust_lines
from visit import visiting

BOWL = quadratic([1.0, 3.0, 2.0])
START = np.array([1.5, -1.0, 0.5])
RUN = record(BOWL, START, SGD(0.05), 9)
MADE = "script, iframe, object, embed, img, video, audio, link, base, meta, math, template, marquee"
COUNT = """(selector) => {
  const roots = [...document.querySelectorAll('[data-thalweg]')].map((el) => el.shadowRoot);
  return roots.reduce((sum, root) => sum + root.querySelectorAll(selector).length, 0);
}"""


def attacking(text):
    """A map with a path over it, and a spectrum, whose every text is that one."""
    plane = Plane(np.zeros(3), np.eye(3)[:2], labels=(text, text), recipe=text)
    surface = evaluate(BOWL, plane, Grid.square(2.0, 7))
    path, ends = project(BOWL, RUN, plane), spectrum(BOWL, START)
    for data in (surface, path, ends):
        data.attrs["objective"] = text
    path.attrs["optimizer"] = text
    return surface, path, ends


class Watch:
    """Counts what an attack that works would bring about."""

    def __init__(self, visit):
        self.visit, self.dialogs = visit, []
        visit.page.on("dialog", self._close)

    def _close(self, dialog):
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def check(self, own):
        assert self.dialogs == []
        assert self.visit.page.evaluate(COUNT, MADE) == 0
        strangers = [u for u in self.visit.asked if not u.startswith((own, "blob:", "data:"))]
        assert strangers == []
        assert not self.visit.said  # such as what the security policy refused


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("attacks")
    for number, text in enumerate(PAYLOADS):
        inside = folder / f"{number:02}"
        inside.mkdir()
        surface, path, ends = attacking(text)
        save(surface, inside / "map.zarr")
        save(path, inside / "path.zarr")
        save(ends, inside / "spectrum.zarr")
    return folder


def test_on_the_live_page(browser, served, place):
    address = served(place)
    with visiting(browser, address()) as visit:
        visit.wait_for_terrain()
        page, watch = visit.page, Watch(visit)
        chosen, title = page.get_by_label("Result"), page.get_by_role("heading", level=1)
        for number, text in enumerate(PAYLOADS):
            chosen.select_option(f"{number:02}/map.zarr")
            expect(title).to_have_text(text, use_inner_text=False)
            expect(page.locator(".chip-name")).to_have_text(text)
            chosen.select_option(f"{number:02}/spectrum.zarr")
            expect(page.locator(".underneath-spectrum h3")).to_contain_text(f"{number:02}/")
        watch.check(f"http://127.0.0.1:{address.port}/")


def test_in_links(browser, served, place):
    address = served(place)
    with visiting(browser, address()) as visit:
        visit.wait_for_terrain()
        watch = Watch(visit)
        for text in PAYLOADS[::3]:
            for key in ("stored", "tour", "log", "balls"):
                visit.page.evaluate("(f) => { location.hash = f; }", f"{key}={text}")
                visit.page.wait_for_timeout(30)
        expect(visit.page.get_by_role("alert")).to_be_visible()
        watch.check(f"http://127.0.0.1:{address.port}/")


def test_in_saved_pages(browser, tmp_path):
    saved = tmp_path / "saved.html"
    with visiting(browser, "about:blank") as visit:
        watch = Watch(visit)
        for text in PAYLOADS:
            surface, path, _ = attacking(text)
            frames = figure_frames(surface, [path], title=text, trust=trust_lines([text]))
            saved.write_text(page_of(frames, text))
            visit.page.goto(saved.as_uri())
            expect(visit.page.locator(".map[data-drawn]")).to_be_attached()
            expect(visit.page.locator(".chip-name")).to_have_text(text)
        watch.check("file:")
