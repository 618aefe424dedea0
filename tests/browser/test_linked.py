"""Linked: what the pointer marks in one part, the others mark too; time stops and goes on."""

import pytest
from playwright.sync_api import expect

from visit import visiting

RUN = "#speed=0&log=drop,0.3,0.4,Adam:0.02,60"


@pytest.fixture(scope="module")
def address(served):
    return served()


def middle_of(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_hovering_one_part_marks_the_place_in_the_others(browser, address):
    with visiting(browser, address(RUN), height=1400) as visit:
        visit.wait_for_terrain()
        page, ring = visit.page, visit.page.locator(".terrain-ring").first
        expect(page.locator(".timeline output")).to_have_text("step 60 of 60")
        place = page.locator(".inspector-place")

        page.mouse.move(*middle_of(page.locator(".map .map-plot")))
        expect(ring).to_be_visible()
        expect(place).to_contain_text("a = ")

        drawn = visit.drawn("map")
        page.mouse.move(*middle_of(page.locator(".terrain")))
        visit.wait_for_drawing("map", drawn)  # its crosshair
        expect(ring).to_be_visible()

        chart = page.locator(".curves .u-over")
        chart.scroll_into_view_if_needed()
        drawn = visit.drawn("map")
        page.mouse.move(*middle_of(chart))
        visit.wait_for_drawing("map", drawn)
        expect(page.locator(".curves .chart-dot")).to_be_visible()
        expect(place).to_contain_text("Adam, lr 0.02, step 3")  # 30, or one beside it
        expect(ring).to_be_visible()

        page.mouse.move(5, 5)
        expect(ring).to_be_hidden()


def test_a_run_pauses_steps_and_goes_on(browser, address):
    with visiting(browser, address("#speed=10")) as visit:
        visit.wait_for_terrain()
        page, now = visit.page, visit.page.locator(".timeline output")
        visit.click_map()
        ball = page.locator(".timeline li")
        expect(ball).to_have_attribute("data-status", "running")
        page.get_by_role("button", name="Pause", exact=True).click()
        expect(ball).to_have_attribute("data-status", "paused")
        page.wait_for_timeout(300)
        step = int(now.inner_text().split()[1])
        page.wait_for_timeout(500)
        expect(now).to_have_text(f"step {step} of 300")
        page.get_by_role("button", name="One step on").click()
        expect(now).to_have_text(f"step {step + 1} of 300")
        page.get_by_role("button", name="One step back").click()
        expect(now).to_have_text(f"step {step} of 300")
        page.get_by_role("button", name="One step on").click()
        page.get_by_label("Speed").select_option("0")
        page.keyboard.press("Tab")
        page.locator(".map .map-plot").press(" ")
        expect(ball).to_have_attribute("data-status", "done")
        expect(now).to_have_text("step 300 of 300")
        page.get_by_role("button", name="Remove Adam").click()
        expect(ball).to_have_count(0)


def test_how_far_a_run_has_left_the_plane_is_always_there(browser, address):
    with visiting(browser, address(RUN), height=1000) as visit:
        visit.wait_for_terrain()
        page, words = visit.page, visit.page.locator(".chip-words")
        expect(words).to_contain_text("out of the plane; the picture is")
        expect(page.locator(".terrain-labels")).to_contain_text("out of the plane")
        page.get_by_label("Step", exact=True).fill("0")
        expect(words).to_contain_text("in the plane; the picture is exact")
