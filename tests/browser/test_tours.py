"""Tours: each story is told to its end."""

import pytest
from playwright.sync_api import expect

from visit import visiting

TOURS = ("not-a-bowl", "hidden-saddle", "valley", "edge", "one-network")


@pytest.fixture(scope="module")
def address(served):
    return served()


@pytest.mark.parametrize("tour", TOURS)
def test_a_story_from_its_link_to_its_end(browser, address, tour):
    with visiting(browser, address(f"#tour={tour}")) as visit:
        page = visit.page
        caption = page.locator(".caption")
        expect(caption).to_be_visible(timeout=30_000)
        told = {caption.locator(".caption-words").inner_text()}
        for step in range(1, 8):
            if caption.get_attribute("data-last") == "true":
                break
            caption.locator(".primary").click()
            expect(caption).to_have_attribute("data-step", str(step), timeout=40_000)
            told.add(caption.locator(".caption-words").inner_text())
        assert caption.get_attribute("data-last") == "true"
        assert len(told) == step
        assert any(letter.isdigit() for letter in "".join(told))
        caption.get_by_role("button", name="End").click()
        expect(caption).to_be_hidden()
        visit.wait_for_terrain()
