"""The examples run as they stand, in small form where they are long, and stay short."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CHAPTER = ROOT / "examples" / "case_study.py"
EXAMPLES = sorted(set((ROOT / "examples").glob("*.py")) - {CHAPTER})
BLOCKS = (ROOT / "README.md").read_text().split("```python\n")[1:]


def run(folder, *arguments):
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        capture_output=True,
        text=True,
        timeout=600,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_chapter_in_five_figures(tmp_path):
    assert len(CHAPTER.read_text().splitlines()) <= 120
    run(tmp_path, str(CHAPTER), "figures")
    assert len(list((tmp_path / "figures").glob("*.png"))) == 5


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_ends_in_one_picture(example, tmp_path):
    assert len(example.read_text().splitlines()) <= 60
    run(tmp_path, str(example), "figures", "--small")
    assert len(list((tmp_path / "figures").glob("*.png"))) == 1


@pytest.mark.parametrize(
    ("block", "figure", "words"),
    [
        (0, "landscape.png", ""),
        (1, "my-first-landscape.png", "directions still lead down"),
        (2, "underneath.png", "Minimum in this plane, saddle in space"),
    ],
)
def test_the_readmes_python_runs(block, figure, words, tmp_path):
    code = BLOCKS[block].split("```")[0]
    assert len(code.strip().splitlines()) <= 25
    assert words in run(tmp_path, "-c", code)
    assert (tmp_path / "figures" / figure).exists()


def test_every_block_of_the_readme_is_run():
    assert len(BLOCKS) == 3
