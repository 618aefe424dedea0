"""The viewer's colors are matplotlib's viridis, and so those of every other picture."""

import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib import colormaps
from numpy.typing import NDArray

from thalweg.views.viridis import viridis

SOURCE = Path(__file__).parents[2] / "viewer" / "src" / "colors.ts"


@pytest.fixture(scope="module")
def colors() -> NDArray[np.uint8]:
    """The table of colors (256, 3), as the source of the viewer has it."""
    text = "".join(re.findall(r'^  "([0-9a-f]{96})"', SOURCE.read_text(), flags=re.MULTILINE))
    return np.frombuffer(bytes.fromhex(text), dtype=np.uint8).reshape(-1, 3)


def test_table_is_matplotlibs(colors: NDArray[np.uint8]) -> None:
    wanted = 255 * colormaps["viridis"](np.arange(256))[:, :3]
    assert np.array_equal(colors, wanted.round())


def test_viridis_without_matplotlib_agrees_to_one_count(colors: NDArray[np.uint8]) -> None:
    ours = 255 * viridis(np.linspace(0, 1, 256))
    assert np.abs(ours - colors).max() <= 1
