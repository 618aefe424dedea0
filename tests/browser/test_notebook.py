"""The notebook's two ways to the same viewer: a frame of its own, and a widget."""

import base64
import json

import pytest
from playwright.sync_api import expect

from thalweg.viewer.figure import figure_frames
from thalweg.viewer.notebook import Shown
from thalweg.viewer.page import viewer_script
from viewer.stored import path, surface
from visit import visiting

SITE = "http://notebook.test/"
WIDGET = """<!doctype html><body><div id="cell"></div><script type="module">
import viewer from "./viewer.js";
const frames = FRAMES.map((text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
let heard = null;
const model = {
  on(event, listener) { if (event === "msg:custom") heard = listener; },
  off() { heard = null; },
  send(message) {
    if (message.kind !== "open") return;
    const buffers = frames.map((frame) => {  // at an odd place, as a kernel may send them
      const held = new Uint8Array(frame.length + 3);
      held.set(frame, 3);
      return new DataView(held.buffer, 3);
    });
    setTimeout(() => heard({ kind: "frames" }, buffers));
  },
};
window.leave = viewer.render({ model, el: document.getElementById("cell") });
window.listens = () => heard !== null;
</script>"""


@pytest.fixture(scope="module")
def frames():
    return figure_frames(surface(), [path()])


def test_a_widget_asks_is_answered_and_leaves_nothing(browser, frames):
    told = json.dumps([base64.b64encode(frame.encode()).decode() for frame in frames])
    with visiting(browser, "about:blank") as visit:
        page = visit.page
        page.route(
            f"{SITE}*",
            lambda route: (
                route.fulfill(body=viewer_script(), content_type="text/javascript")
                if route.request.url.endswith(".js")
                else route.fulfill(body=WIDGET.replace("FRAMES", told), content_type="text/html")
            ),
        )
        page.goto(SITE)
        visit.wait_for_terrain()
        expect(page.locator(".timeline li")).to_have_count(1)
        page.evaluate("leave()")
        assert page.locator("canvas").count() == 0
        assert page.evaluate("listens()") is False


def test_a_frame_shows_it_and_reaches_nobody(browser, frames, tmp_path):
    saved = tmp_path / "notebook.html"
    cell = Shown(frames, "A bowl")._repr_html_()
    saved.write_text(f"<!doctype html><meta charset='utf-8'><body>{cell}")
    with visiting(browser, saved.as_uri()) as visit:
        inside = visit.page.frame_locator("iframe")
        for part in (".map", ".terrain"):
            expect(inside.locator(f"{part}[data-drawn]")).to_be_visible(timeout=30_000)
        assert inside.locator("body").evaluate("() => self.origin") == "null"
        outside = [url for url in visit.asked if not url.startswith(("file:", "blob:", "data:"))]
        assert [url for url in outside if url != "about:srcdoc"] == []
