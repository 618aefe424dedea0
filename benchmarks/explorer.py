"""The explorer in a real browser: how long a visitor waits, and how smoothly the picture moves.

    python benchmarks/explorer.py

Times are read where a visitor has them: in the page, from a click or a key to the drawing that
answers it. Frames are counted by the drawings that the map and the terrain tell of; while they
are, the page's own clock must tick as often, so that drawings nobody sees do not count. Then the
same on 201 x 201 points with ten paths of 10,000 steps, and the size of an exported page. Needs
the extra `web`, Playwright and a Chromium.
"""

import re
import shutil
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
COUNT = """async (part) => {
  const root = document.querySelector('[data-thalweg]').shadowRoot;
  const range = root.querySelector('.timeline input[type=range]');
  const hands = root.querySelector('.terrain-hands');
  const drawn = () => Number(root.querySelector('.' + part).dataset.drawn);
  const last = Number(range.max), first = drawn(), began = performance.now();
  let at = 0, ticks = 0;
  while (performance.now() - began < 3000) {
    MOVE
    await new Promise((next) => requestAnimationFrame(next));
    ticks++;
  }
  return Math.min(ticks, drawn() - first) / ((performance.now() - began) / 1000);
}"""
SCRUB = COUNT.replace(
    "MOVE",
    """range.value = String((at += Math.max(1, Math.round(last / 97))) % last);
    range.dispatchEvent(new Event('input', { bubbles: true }));""",
)
TURN = COUNT.replace(
    "MOVE",
    """hands.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));""",
)
TEN = "+".join(f"{name}:{rate}" for name in ("SGD", "momentum", "Adam") for rate in (0.05, 0.01))
LARGE = f"#grid=201&speed=0&log=drop,0.3,0.4,{TEN},10000;drop,-0.4,0.2,Nesterov:0.05+RMSprop:0.01"
LARGE += "+AdamW:0.01+AdamW:0.02,10000"


@contextmanager
def serving():
    command = [sys.executable, "-m", "thalweg", "explore", "--no-open", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        yield re.search(r"http://\S+", server.stdout.readline())[0]
        server.terminate()


class Answers:
    """When messages went out and frames came in, as the browser's own socket saw them."""

    def __init__(self, page: Page) -> None:
        self.sent: list[tuple[float, str]] = []
        self.came: list[tuple[float, str]] = []
        page.on("websocket", self._listen)

    def _listen(self, socket) -> None:
        socket.on("framesent", lambda data: self.sent.append((time.perf_counter(), str(data))))
        socket.on("framereceived", self._receive)

    def _receive(self, data: bytes | str) -> None:
        self.came.append((time.perf_counter(), _kind(data)))

    def wait(self, page: Page, message: str, frame: str) -> float:
        """Return milliseconds from the last message of a kind to the first frame that answers."""
        for _ in range(400):
            asked = max(
                (at for at, text in self.sent if f'"kind":"{message}"' in text), default=1e99
            )
            came = [at for at, kind in self.came if kind == frame and at > asked]
            if came:
                return 1e3 * (came[0] - asked)
            page.wait_for_timeout(5)
        raise SystemExit(f"no {frame} after {message}")


def _kind(data: bytes | str) -> str:
    if isinstance(data, str):
        return ""
    found = re.search(rb'"kind":"(\w+)","head":\{(.{0,40})', data[:200])
    draft = b'"draft":true' in data[:300]
    return "draft" if draft else found[1].decode() if found else ""


def main() -> None:
    chromium = shutil.which("chromium")
    with sync_playwright() as playwright, serving() as address:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        answers = Answers(page)
        began = time.perf_counter()
        page.goto(address)
        _wait_for_terrain(page)
        _tell("page open to the first terrain, 81 x 81", 1e3 * (time.perf_counter() - began), "ms")
        opened = statistics.median(_reopen(page) for _ in range(5))
        _tell("the same again, browser warm", opened, "ms")

        page.get_by_label("Speed").select_option("0")
        clicks = [_drop(page, answers) for _ in range(5)]
        _tell("click to the first path frame", statistics.median(clicks), "ms")
        planes = [_redraw(page, answers, seed) for seed in range(5)]
        _tell("new plane, 81 x 81", statistics.median(planes), "ms")
        _smoothness(page)
        browser.close()

    with sync_playwright() as playwright, serving() as address:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900}, accept_downloads=True)
        print("201 x 201, ten paths of 10,000 steps:")
        page.goto(address + LARGE)
        _wait_for_terrain(page)
        page.locator(".timeline output").get_by_text("10,000 of 10,000").wait_for(timeout=120_000)
        page.wait_for_timeout(3000)
        _smoothness(page)
        page.get_by_role("button", name="Export").click()
        with page.expect_download() as download:
            page.get_by_role("dialog").get_by_role("button", name=re.compile("^HTML")).click()
        _tell("exported page", Path(download.value.path()).stat().st_size / 1e6, "MB")
        browser.close()


def _smoothness(page: Page) -> None:
    for part in ("map", "terrain"):
        _tell(f"scrubbing on the {part}", page.evaluate(SCRUB, part), "frames/s")
    _tell("turning the terrain", page.evaluate(TURN, "terrain"), "frames/s")


def _tell(what: str, value: float, unit: str) -> None:
    print(f"{what:44}{value:7.3g} {unit}")


def _wait_for_terrain(page: Page) -> None:
    for part in (".map", ".terrain"):
        page.locator(f"{part}[data-drawn]").wait_for()


def _reopen(page: Page) -> float:
    began = time.perf_counter()
    page.reload()
    _wait_for_terrain(page)
    return 1e3 * (time.perf_counter() - began)


def _drop(page: Page, answers: Answers) -> float:
    canvas = page.locator(".map .map-plot").bounding_box()
    page.mouse.click(canvas["x"] + canvas["width"] * 0.6, canvas["y"] + canvas["height"] * 0.4)
    waited = answers.wait(page, "drop", "path")
    page.wait_for_timeout(1500)  # the run ends; later frames are the next one's
    return waited


def _redraw(page: Page, answers: Answers, seed: int) -> float:
    page.get_by_label("Plane seed", exact=True).fill(str(100 + seed))
    page.wait_for_timeout(600)
    return answers.wait(page, "plane", "surface")


if __name__ == "__main__":
    main()
