"""Visit: a page of the explorer, and the words that tests use about it."""

import re
import time
from collections.abc import Callable
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect

QUIET = re.compile(r"GPU stall|Automatic fallback to software WebGL|software renderer")


class Visit:
    """One open page; what its console says ends up in `said`, where it asks in `asked`.

    Attributes:
        page: of Playwright; its locators see through the viewer's shadow root.
        said: errors and warnings of the console, and errors that nobody caught.
        asked: addresses that the page asked for.
    """

    def __init__(self, page: Page) -> None:
        self.page, self.said, self.asked = page, [], []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    def _hear(self, message) -> None:
        if message.type in ("error", "warning") and not QUIET.search(message.text):
            self.said.append(message.text)

    def wait_for_terrain(self) -> None:
        """Wait until map and terrain were drawn."""
        for part in (".map", ".terrain"):
            expect(self.page.locator(f"{part}[data-drawn]")).to_be_visible(timeout=30_000)

    def drawn(self, part: str) -> int:
        return int(self.page.locator(f".{part}").get_attribute("data-drawn") or 0)

    def until(self, happened: Callable[[], bool], seconds: float = 20) -> None:
        """Wait until something has happened."""
        ends = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < ends, f"not within {seconds} s; {self.page.url}"
            self.page.wait_for_timeout(50)

    def wait_for_drawing(self, part: str, after: int) -> None:
        """Wait for a drawing of a part later than the one with this number."""
        self.until(lambda: self.drawn(part) > after)

    def wait_for_address(self, words: str) -> None:
        """Wait until the address holds these words."""
        self.until(lambda: words in self.page.url)

    def click_map(self, right: float = 0.6, down: float = 0.4) -> None:
        """Click on the map, at shares of its plotting area."""
        box = self.page.locator(".map .map-plot").bounding_box()
        self.page.mouse.click(box["x"] + right * box["width"], box["y"] + down * box["height"])

    @property
    def scene(self) -> int:
        return int(self.page.locator(".thalweg").get_attribute("data-scene") or 0)

    def wait_for_scene(self, after: int) -> None:
        """Wait for a scene later than the one with this number."""
        self.until(lambda: self.scene > after)


@contextmanager
def visiting(browser: Browser, address: str, width=1280, height=860, script="", **settings):
    """Open a page in a fresh profile, after a script; at the end nothing may have gone wrong."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, accept_downloads=True, **settings
    )
    context.add_init_script(script)
    page = context.new_page()
    page.set_default_timeout(20_000)
    visit = Visit(page)
    try:
        page.goto(address)
        yield visit
        assert not visit.said, visit.said
    finally:
        context.close()
