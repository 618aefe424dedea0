"""Opened: the chapter's terrain is there, turns, and asks nobody else for anything."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from visit import visiting

NO_WEBGL = """
const canvas = HTMLCanvasElement.prototype;
const get = canvas.getContext;
canvas.getContext = function (kind, ...rest) {
  return kind.startsWith("webgl") ? null : get.call(this, kind, ...rest);
};
"""


@pytest.fixture(scope="module")
def address(served):
    return served()


def test_it_opens_on_the_chapter_and_stays_at_home(browser, address):
    with visiting(browser, address()) as visit:
        visit.wait_for_terrain()
        expect(visit.page.locator(".thalweg")).to_have_attribute("data-connection", "open")
        expect(visit.page.locator(".terrain")).to_have_attribute("data-webgl", "yes")
        expect(visit.page.get_by_text("65 parameters")).to_be_visible()
        own = urlsplit(visit.page.url).netloc
        assert {
            urlsplit(url).netloc for url in visit.asked if not url.startswith(("blob:", "data:"))
        } == {own}
        assert "token" not in visit.page.url


def test_a_drag_turns_the_terrain_and_starts_nothing(browser, address):
    with visiting(browser, address()) as visit:
        visit.wait_for_terrain()
        page, before = visit.page, visit.drawn("terrain")
        box = page.locator(".terrain").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 90, y + 20, steps=4)
        page.mouse.up()
        visit.wait_for_drawing("terrain", before)
        visit.wait_for_address("camera")
        expect(page.locator(".timeline li")).to_have_count(0)


@pytest.mark.parametrize("width", [390, 820])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out_of_a_narrow_page(browser, address, width, scheme):
    screen = {"color_scheme": scheme, "device_scale_factor": 2}  # as that of most phones
    with visiting(browser, address(), width, 844, **screen) as visit:
        visit.wait_for_terrain()
        assert visit.page.locator(".boundary-picture").evaluate("(el) => el.offsetWidth") <= 202
        assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        paper = visit.page.locator(".thalweg").evaluate(
            "(el) => getComputedStyle(el).backgroundColor"
        )
        assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 28)"}[scheme]


def test_without_webgl_the_map_still_works(browser, address):
    with visiting(browser, address(), script=NO_WEBGL) as visit:
        page = visit.page
        expect(page.locator(".map[data-drawn]")).to_be_visible()
        expect(page.locator(".terrain")).to_have_attribute("data-webgl", "no")
        expect(page.get_by_text("no WebGL")).to_be_visible()
        visit.click_map()
        expect(page.locator(".timeline li")).to_have_count(1)


def test_the_terrain_is_for_the_keyboard_too(browser, address):
    with visiting(browser, address()) as visit:
        visit.wait_for_terrain()
        hands = visit.page.get_by_role("application", name="Terrain")
        expect(visit.page.locator(".timeline-now")).to_have_attribute("aria-live", "off")
        hands.press("Shift+ArrowRight")
        expect(visit.page.locator(".terrain-ring")).to_be_visible()
        hands.press("Enter")
        expect(visit.page.locator(".timeline li")).to_have_count(1)


def test_the_map_is_for_the_keyboard_too(browser, address):
    with visiting(browser, address()) as visit:
        visit.wait_for_terrain()
        plot = visit.page.locator(".map .map-plot")
        plot.focus()
        for key in ("ArrowRight", "ArrowRight", "ArrowUp", "Enter"):
            plot.press(key)
        expect(visit.page.locator(".timeline li")).to_have_count(1)
