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


def test_a_story_ends_where_the_visitor_lays_out_another_network(browser, address):
    with visiting(browser, address("#tour=not-a-bowl")) as visit:
        page, caption = visit.page, visit.page.locator(".caption")
        expect(caption).to_be_visible(timeout=30_000)
        page.get_by_label("Width", exact=True).fill("8")
        expect(caption).to_be_hidden()
        visit.until(lambda: "width=8" in page.url and "tour" not in page.url)


def test_from_a_story_one_comes_back_to_what_was_there(browser, address):
    with visiting(browser, address("#activation=tanh")) as visit:
        visit.wait_for_terrain()
        page, caption = visit.page, visit.page.locator(".caption")
        page.evaluate("location.hash = 'tour=not-a-bowl'")
        expect(caption).to_be_visible(timeout=30_000)
        page.go_back()
        expect(caption).to_be_hidden()
        expect(page.get_by_role("heading", level=1)).to_have_text("2-16-1 tanh on spiral")
        visit.until(lambda: page.evaluate("location.hash") == "#activation=tanh")
