"""Trouble: labels that attack, a server that goes away, a run that diverges, all NaN."""

import numpy as np
import pytest
from playwright.sync_api import expect

from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.objectives.zoo import quadratic
from thalweg.store.folder import save
from thalweg.surface.evaluate import evaluate
from visit import visiting

ATTACK = "<img src=x onerror=alert(1)><script>alert(2)</script>'\"--></script>"


@pytest.fixture
def attacking(tmp_path):
    """A stored surface whose every label is an attack, in a folder whose name is one, too."""
    plane = Plane(np.zeros(2), np.eye(2), labels=(ATTACK, ATTACK), recipe=ATTACK)
    surface = evaluate(quadratic([1.0, 3.0]), plane, Grid.square(1.0, 21))
    surface.attrs["objective"] = ATTACK
    place = tmp_path / "<img src=x onerror=alert(3)>.zarr"
    save(surface, place)
    return place


def test_labels_are_text(browser, served, attacking):
    address = served(attacking)
    dialogs = []
    with visiting(browser, address()) as visit:
        visit.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        visit.wait_for_terrain()
        expect(visit.page.locator(".map")).to_contain_text("onerror")
        visit.page.wait_for_timeout(500)
        assert dialogs == []
        assert visit.page.locator("img").count() == 0


def test_a_run_that_diverges_says_where_it_went(browser, served):
    address = served()
    with visiting(browser, address()) as visit:
        visit.wait_for_terrain()
        page = visit.page
        page.get_by_label("Learning rate of Adam", exact=True).fill("100000")
        page.get_by_label("Speed").select_option("0")
        page.get_by_role("button", name="Drop at the middle").click()
        chip = page.locator(".timeline li")
        expect(chip).to_have_count(1)
        expect(chip).to_contain_text("left the map at step 1")


def test_a_server_that_goes_away_is_told_and_found_again(browser, served):
    address = served()
    with visiting(browser, address()) as visit:
        visit.wait_for_terrain()
        page = visit.page
        visit.click_map()
        expect(page.locator(".timeline li")).to_have_count(1)
        root = page.locator(".thalweg")
        address.stop()
        expect(root).to_have_attribute("data-connection", "lost")
        expect(page.get_by_text("server went away")).to_be_visible()
        again = served(port=address.port)
        page.context.new_page().goto(again())  # whose key is another one
        expect(root).to_have_attribute("data-connection", "open")
        expect(page.get_by_text("server went away")).to_be_hidden()
        expect(page.locator(".timeline li")).to_have_count(1)
        before = visit.drawn("map")
        page.get_by_role("button", name="Drop at the middle").click()
        expect(page.locator(".timeline li")).to_have_count(2)
        visit.wait_for_drawing("map", before)
        visit.said.clear()  # the browser itself notes each try that failed


LOSE = """(el) => {
  const canvas = el.querySelector('canvas');
  const graphics = canvas.getContext('webgl2').getExtension('WEBGL_lose_context');
  graphics.loseContext();
  window.restore = () => graphics.restoreContext();
}"""


def test_graphics_that_are_lost_are_told_and_come_back(browser, served):
    address = served()
    with visiting(browser, address()) as visit:
        visit.wait_for_terrain()
        terrain = visit.page.locator(".terrain")
        terrain.evaluate(LOSE)
        expect(terrain).to_have_attribute("data-webgl", "no")
        expect(visit.page.get_by_text("The graphics were lost")).to_be_visible()
        visit.click_map()
        expect(visit.page.locator(".timeline li")).to_have_count(1)
        before = visit.drawn("terrain")
        visit.page.evaluate("restore()")
        expect(terrain).to_have_attribute("data-webgl", "yes")
        visit.wait_for_drawing("terrain", before)
        expect(visit.page.get_by_text("The graphics were lost")).to_be_hidden()
        visit.said.clear()  # three.js notes both


def test_nan_everywhere_is_drawn_and_said(browser, served, tmp_path):
    plane = Plane(np.zeros(2), np.eye(2))
    surface = evaluate(quadratic([1.0, 3.0]), plane, Grid.square(1.0, 21))
    surface["loss"][:] = np.nan
    surface["status"][:] = 2
    save(surface, tmp_path / "nan.zarr")
    address = served(tmp_path / "nan.zarr")
    with visiting(browser, address()) as visit:
        expect(visit.page.locator(".map[data-drawn]")).to_be_visible()
        expect(visit.page.locator(".map")).to_contain_text("441 NaN")
