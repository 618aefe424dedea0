"""Links and files: what was seen comes back, from an address and from a saved page."""

import json
import re

import pytest
from playwright.sync_api import expect

from thalweg.viewer.figure import figure_frames
from thalweg.viewer.page import placed, viewer_script
from viewer.stored import path, surface
from visit import visiting

MANY = 20  # figures: more than a browser has WebGL contexts for


@pytest.fixture(scope="module")
def address(served):
    return served()


def test_a_link_restores_plane_runs_and_time(browser, address):
    with visiting(browser, address()) as visit:
        visit.wait_for_terrain()
        page = visit.page
        page.get_by_label("Plane seed", exact=True).fill("3")
        visit.wait_for_address("filter,3")
        visit.click_map()
        expect(page.locator(".timeline li")).to_have_count(1)
        visit.wait_for_address("Adam")
        fragment = page.evaluate("location.hash")
        loss = page.locator(".trust").inner_text()
    with visiting(browser, address(fragment)) as visit:
        visit.wait_for_terrain()
        page = visit.page
        expect(page.locator(".timeline li")).to_have_count(1)
        assert page.get_by_label("Plane seed", exact=True).input_value() == "3"
        assert page.evaluate("location.hash") == fragment
        assert loss


@pytest.mark.parametrize(
    "fragment",
    [
        "#log=what%ZZ;drop,,&points=-3&window=a",
        "#log=drop,1e300,0,Adam:0.02,300",
        "#\u202e" + "x" * 100_000,
    ],
)
def test_a_broken_link_is_told_in_a_line_and_opens_the_default_view(browser, address, fragment):
    with visiting(browser, address(fragment)) as visit:
        visit.wait_for_terrain()
        told = visit.page.get_by_role("alert")
        expect(told).to_contain_text("this is the default view instead")
        assert told.bounding_box()["height"] < 80
        assert "\u202e" not in told.inner_text()


def test_the_exported_page_is_whole(browser, address, tmp_path):
    with visiting(browser, address()) as visit:
        visit.wait_for_terrain()
        page = visit.page
        visit.click_map()
        expect(page.locator(".timeline li")).to_have_count(1)
        page.get_by_label("Speed").select_option("0")
        expect(page.locator(".timeline output")).to_have_text("step 300 of 300")
        page.get_by_label("Step", exact=True).fill("40")
        files = {}
        for kind in ("HTML", "SVG", "PNG", "JSON"):
            page.get_by_role("button", name="Export").click()
            with page.expect_download() as download:
                page.get_by_role("dialog").get_by_role(
                    "button", name=re.compile(f"^{kind}")
                ).click()
            files[kind] = tmp_path / download.value.suggested_filename
            download.value.save_as(files[kind])
    assert files["HTML"].stat().st_size < 2.5e6
    assert files["PNG"].read_bytes().startswith(b"\x89PNG")
    assert "<text" in files["SVG"].read_text()
    found = json.loads(files["JSON"].read_text(), parse_constant=pytest.fail)
    assert len(found["surface"]["values"]) == 81
    with visiting(browser, files["HTML"].as_uri()) as visit:
        visit.wait_for_terrain()
        expect(visit.page.locator(".thalweg")).to_have_attribute("data-connection", "file")
        expect(visit.page.locator(".timeline li")).to_have_count(1)
        expect(visit.page.locator(".timeline output")).to_have_text("step 40 of 300")
        expect(visit.page).to_have_title(re.compile("2-16-1 relu"))
        expect(visit.page.get_by_label("Width")).to_be_disabled()
        expect(visit.page.get_by_label("Width")).to_have_value("16")
        expect(visit.page.locator(".balls")).to_be_hidden()  # nothing new is computed
        visit.page.wait_for_timeout(500)
        outside = [url for url in visit.asked if not url.startswith(("file:", "blob:", "data:"))]
        assert outside == []


def test_a_page_of_many_figures_draws_each_that_is_read(browser, tmp_path):
    frames = figure_frames(surface(), [path()])
    figures = "".join(placed(frames, f"figure-{n}", lazy=True) for n in range(MANY))
    report = tmp_path / "report.html"
    head = "<!doctype html><meta charset='utf-8'>"
    report.write_text(f"{head}{figures}<script type='module'>{viewer_script()}</script>")
    with visiting(browser, report.as_uri()) as visit:
        places = visit.page.locator("[data-thalweg]")
        for n in [*range(MANY), *reversed(range(MANY))]:
            places.nth(n).scroll_into_view_if_needed()
            terrain = places.nth(n).locator(".terrain")
            expect(terrain).to_have_attribute("data-webgl", "yes")
            expect(terrain).not_to_have_attribute("data-drawn", "0")
        assert visit.page.locator(".terrain").count() < MANY / 2
