"""Screenshots of the explorer for the docs: `python docs/screens/explorer.py docs/images`."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
STATE = "#log=drop,0.45,0.5,SGD:0.1+momentum:0.05+Adam:0.02,300;principal&tool=look&activation=tanh"
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}


def shoot(page, address: str, file: Path) -> None:
    page.goto(address)
    page.locator(".terrain[data-drawn]").wait_for()
    page.locator(".timeline output").get_by_text("300 of 300").wait_for(timeout=60_000)
    page.wait_for_timeout(2500)  # trust lines, and the drawing at rest
    page.screenshot(path=file, scale="css")


def main(folder: Path) -> None:
    command = [sys.executable, "-m", "thalweg", "explore", "--no-open", "--port", "0"]
    with sync_playwright() as playwright:
        path = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        for theme in ("light", "dark"):
            for name, (width, height) in SIZES.items():
                with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
                    address = re.search(r"http://\S+", server.stdout.readline())[0]
                    size = {"width": width, "height": height}
                    page = browser.new_page(viewport=size, color_scheme=theme)
                    shoot(page, address + STATE, folder / f"explorer-{name}-{theme}.png")
                    page.close()
                    server.terminate()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
