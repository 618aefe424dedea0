"""Underneath: what is asked for comes back as marks, words and curves."""

import re
from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import expect

from thalweg.objectives.zoo import quadratic
from visit import visiting

SPECTRUM = re.compile(r"65 eigenvalues, [1-9]\d* of them negative")
AWAY = quadratic([2.0, 1.0, -1.0, -3.0])  # its saddle is not on the plane around its start
SADDLE = replace(AWAY, start=np.zeros(4))


@pytest.fixture(scope="module")
def saddle(served):
    """An objective that is given: one exact saddle of index 2."""
    return served(None, SADDLE)


@pytest.fixture(scope="module")
def address(served):
    return served()


def test_a_critical_point_is_found_marked_and_looked_at(browser, saddle):
    with visiting(browser, saddle()) as visit:
        visit.wait_for_terrain()
        page = visit.page
        page.get_by_role("button", name="Find critical points").click()
        found = page.locator(".critical-list button")
        expect(found).to_have_count(1)
        expect(found).to_contain_text("saddle of index 2 at loss 0")
        found.hover()
        expect(page.locator(".terrain-ring").first).to_be_visible()
        found.click()
        expect(page.locator(".inspector")).to_have_attribute("data-pinned", "true")


def test_basins_spectrum_and_trust_of_the_chapters_start(browser, address):
    with visiting(browser, address("#activation=tanh")) as visit:
        visit.wait_for_terrain()
        page, told = visit.page, visit.page.locator(".underneath")
        page.get_by_role("button", name="Basins").click()
        expect(told).to_contain_text("asin")
        page.get_by_role("button", name="Spectrum here").click()
        expect(told.get_by_role("img")).to_have_attribute("aria-label", SPECTRUM)
        page.get_by_role("button", name="Trust report in full").click()
        expect(page.locator(".trust")).to_contain_text("negative")


def test_the_stability_of_a_run_is_a_curve(browser, address):
    with visiting(browser, address("#speed=0&log=drop,0,0,SGD:0.1,40")) as visit:
        visit.wait_for_terrain()
        page = visit.page
        expect(page.locator(".timeline output")).to_have_text("step 40 of 40")
        page.get_by_role("button", name="stability", exact=True).click()
        tab = page.locator(".curves").get_by_role("button", name="Stability")
        expect(tab).to_have_attribute("aria-pressed", "true")
        expect(page.locator(".curves-asks")).to_contain_text("SGD")


def test_a_critical_point_out_of_the_plane_is_itself_looked_at(browser, served):
    with visiting(browser, served(None, AWAY)()) as visit:
        visit.wait_for_terrain()
        page = visit.page
        page.get_by_role("button", name="Find critical points").click()
        found = page.locator(".critical-list button")
        expect(found).to_contain_text("out of the plane: the picture does not show it")
        found.click()
        expect(page.locator(".inspector-place")).to_have_text("Saddle of index 2")
        expect(page.locator(".inspector-words")).to_contain_text("A saddle of index 2, out of")
        expect(page.locator(".inspector dl")).to_contain_text("2 of 4")
        page.get_by_role("button", name="Spectrum here").click()
        expect(page.locator(".underneath h3")).to_have_text("Spectrum at Saddle of index 2")
