"""Links and files: what was seen comes back, from an address and from a saved page."""

import json
import re

import pytest
from playwright.sync_api import expect

from visit import visiting


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


def test_a_broken_link_opens_all_the_same(browser, address):
    with visiting(browser, address("#log=what%ZZ;drop,,&points=-3&window=a")) as visit:
        visit.wait_for_terrain()
        expect(visit.page.get_by_role("alert")).to_be_visible()


def test_the_exported_page_is_whole(browser, address, tmp_path):
    with visiting(browser, address()) as visit:
        visit.wait_for_terrain()
        page = visit.page
        visit.click_map()
        expect(page.locator(".timeline li")).to_have_count(1)
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
        visit.page.wait_for_timeout(500)
        outside = [url for url in visit.asked if not url.startswith(("file:", "blob:", "data:"))]
        assert outside == []
