"""The pages of docs/concepts: each shows one picture, and the script that draws it still runs."""

import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted((DOCS / "concepts").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_a_page_shows_its_picture_and_its_formula(page):
    text = page.read_text(encoding="utf-8")
    assert f"](../images/{page.stem}.png)" in text
    assert (DOCS / "images" / f"{page.stem}.png").read_bytes().startswith(b"\x89PNG")
    assert "$" in text  # a formula


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_the_script_of_the_picture_runs(page, tmp_path):
    script = DOCS / "pictures" / f"{page.stem.replace('-', '_')}.py"
    assert len(script.read_text(encoding="utf-8").splitlines()) <= 60
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", script, tmp_path],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / f"{page.stem}.png").read_bytes().startswith(b"\x89PNG")
