"""Planes: each way to cut through the landscape, and closer looks at what it shows."""

import pytest
from playwright.sync_api import expect

from visit import visiting

THREE = "#speed=0&log=drop,0.3,0.4,SGD:0.1+momentum:0.05+Adam:0.02,40"
RECIPES = [  # with what the axes say then, and how the link begins after the drop
    ("random", "unit-length random", ";random,0"),
    ("principal", "principal direction", ";principal"),
    ("eigen", "eigenvector", ";eigen"),
    ("points", "from SGD, lr 0.1", ";points,0,runs:0.1.2,steps:40.40.40"),
    ("filter", "filter-normalized", ""),
]


@pytest.fixture(scope="module")
def address(served):
    return served()


def test_each_kind_of_plane_keeps_the_runs_and_says_what_its_axes_are(browser, address):
    with visiting(browser, address(THREE)) as visit:
        visit.wait_for_terrain()
        page, runs = visit.page, visit.page.locator(".timeline li")
        expect(runs).to_have_count(3)
        expect(page.locator(".timeline output")).to_have_text("step 40 of 40")
        for recipe, caption, link in RECIPES:
            scene, told = visit.scene, runs.last.inner_text()
            page.get_by_label("Directions").select_option(recipe)
            visit.wait_for_scene(scene)
            expect(page.locator(".map")).to_have_attribute("data-scene", str(visit.scene))
            expect(page.locator(".map")).to_contain_text(caption)
            expect(runs).to_have_count(3)
            expect(runs.last).to_contain_text("plane captures")
            visit.until(lambda old=told: runs.last.inner_text() != old)
            visit.wait_for_address(link)


def test_a_plane_through_the_end_of_a_run_is_true_to_that_end(browser, address):
    with visiting(browser, address(THREE)) as visit:
        visit.wait_for_terrain()
        page = visit.page
        expect(page.locator(".timeline output")).to_have_text("step 40 of 40")
        page.get_by_label("Through").select_option(label="the end of Adam, lr 0.02")
        visit.wait_for_address(";filter,0,at:2.40")
        expect(page.locator(".timeline li").last).to_contain_text("in the plane")


def test_the_map_zooms_by_button_wheel_key_and_box_and_comes_back(browser, address):
    with visiting(browser, address()) as visit:
        visit.wait_for_terrain()
        page, plot = visit.page, visit.page.locator(".map .map-plot")
        box = plot.bounding_box()
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

        def box_out():
            page.keyboard.down("Shift")
            page.mouse.move(*middle)
            page.mouse.down()
            page.mouse.move(middle[0] + 60, middle[1] + 60, steps=3)
            page.mouse.up()
            page.keyboard.up("Shift")

        ways = [
            lambda: page.get_by_role("button", name="Zoom in").click(),
            lambda: (page.mouse.move(*middle), page.mouse.wheel(0, -240)),
            lambda: plot.press("+"),
            box_out,
        ]
        for zoom in ways:
            zoom()
            visit.wait_for_address("window=")
            page.get_by_role("button", name="Show the whole plane").click()
            visit.until(lambda: "window=" not in page.url)
        assert page.locator(".timeline li").count() == 0  # none of it dropped a ball


def test_a_finer_grid_is_computed(browser, address):
    with visiting(browser, address()) as visit:
        visit.wait_for_terrain()
        drawn = visit.drawn("map")
        visit.page.get_by_label("Grid").select_option("201")
        visit.wait_for_address("grid=201")
        visit.wait_for_drawing("map", drawn)
