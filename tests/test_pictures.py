"""The pages of docs/concepts: one picture each; its script runs, and so does the code shown."""

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
def test_the_code_of_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = page.read_text(encoding="utf-8").split("```python\n")[1:]
    assert blocks
    names = {"__name__": page.stem}  # later blocks go on from earlier ones
    for block in blocks:
        exec(compile(block.split("```")[0], page.name, "exec"), names)


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
