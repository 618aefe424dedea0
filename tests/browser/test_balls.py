"""Balls: a click starts optimizers where it says, and time can be turned back."""

import pytest
from playwright.sync_api import expect

from visit import visiting


@pytest.fixture(scope="module")
def address(served):
    return served()


def test_a_click_starts_three_optimizers_and_time_scrubs(browser, address):
    with visiting(browser, address()) as visit:
        visit.wait_for_terrain()
        page = visit.page
        page.get_by_role("button", name="The chapter’s three").click()
        page.get_by_label("Speed").select_option(
            index=page.get_by_label("Speed").locator("option").count() - 1
        )
        visit.click_map()
        expect(page.locator(".timeline li")).to_have_count(3)
        for name in ("SGD", "momentum", "Adam"):
            expect(page.locator(".timeline li", has_text=name)).to_be_visible()
        step = page.get_by_label("Step", exact=True)
        expect(page.locator(".timeline output")).to_contain_text("300 of 300")
        before = visit.drawn("terrain"), visit.drawn("map")
        step.fill("40")
        visit.wait_for_drawing("terrain", before[0])
        visit.wait_for_drawing("map", before[1])
        expect(page.locator(".timeline output")).to_contain_text("40")
        visit.wait_for_address("time=40")


def test_another_plane_keeps_the_runs(browser, address):
    with visiting(browser, address()) as visit:
        visit.wait_for_terrain()
        page = visit.page
        visit.click_map()
        expect(page.locator(".timeline li")).to_have_count(1)
        scene = visit.scene
        page.get_by_label("Directions").select_option("principal")
        visit.wait_for_scene(scene)
        expect(page.locator(".timeline li")).to_have_count(1)
        expect(page.locator(".bench")).to_contain_text("rincipal")


def test_a_closer_look_is_computed_anew(browser, address):
    with visiting(browser, address()) as visit:
        visit.wait_for_terrain()
        page, drawn = visit.page, visit.drawn("map")
        page.get_by_role("button", name="Zoom in").click()
        visit.wait_for_address("window")
        visit.wait_for_drawing("map", drawn + 1)


def test_what_the_network_computes_follows_the_pointer(browser, address):
    with visiting(browser, address()) as visit:
        visit.wait_for_terrain()
        page = visit.page
        box = page.locator(".map .map-plot").bounding_box()
        told = []
        for right in (0.2, 0.8):
            page.mouse.move(box["x"] + right * box["width"], box["y"] + 0.5 * box["height"])
            page.wait_for_timeout(600)
            told.append(page.locator(".boundary").inner_text())
        assert told[0] != told[1]
        assert "right" in told[1]
