"""`thalweg line`: along a random direction, and between checkpoints."""

import numpy as np
import pytest

from thalweg.cli.factory import objective_of
from thalweg.store.folder import load


@pytest.fixture
def ends(folder):
    """Two checkpoints of the guest's network, as points and as files."""
    made = objective_of("guest.py:network")
    points = np.random.default_rng(1).normal(size=(2, made.layout.size))
    for name, point in zip(("first.npz", "last.npz"), points, strict=True):
        np.savez(folder / name, **made.layout.unpack(point))
    return made, points


def test_a_random_line_goes_through_the_start(folder, result):
    told = result("line", "guest.py:network", "--points", "11", "--radius", "0.5", "--seed", "2")
    found = load("network-line.zarr")
    assert told["axes"]["a"]["points"] == 11
    assert (told["axes"]["a"]["low"], told["axes"]["a"]["high"]) == (-0.5, 0.5)
    made = objective_of("guest.py:network")
    assert float(found["loss"][5]) == made.value(made.start)


def test_a_line_between_checkpoints_has_them_at_0_and_1(folder, result, ends):
    made, (first, last) = ends
    told = result(
        "line", "guest.py:network", "--from", "first.npz", "--to", "last.npz", "--points", 7
    )
    found = load("network-line.zarr")
    np.testing.assert_allclose(found["a"], np.arange(-1, 6) / 4)
    assert float(found["loss"][1]) == pytest.approx(made.value(first), rel=1e-12)
    assert float(found["loss"][5]) == pytest.approx(made.value(last), rel=1e-12)
    assert told["axes"]["a"]["along"] == "from first.npz (0) to last.npz (1)"


def test_a_line_from_the_start(folder, result, ends):
    made, (_, last) = ends
    result("line", "guest.py:network", "--to", "last.npz", "--points", "7")
    found = load("network-line.zarr")
    assert float(found["loss"][1]) == pytest.approx(made.value(made.start), rel=1e-12)
    assert float(found["loss"][5]) == pytest.approx(made.value(last), rel=1e-12)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", "first.npz"], "--from needs --to"),
        (["--to", "nowhere.npz"], "nowhere.npz"),
        (["--to", "guest.py"], "guest.py"),
        (["--from", "last.npz", "--to", "last.npz"], "two different points"),
        (["--to", "first.npz", "--arg", "hidden=4"], "first.npz"),
        (["--points", "1"], "--points"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(folder, asked, ends, words, said):
    code, out, err = asked("line", "guest.py:network", *words)
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert said in err
    assert not (folder / "network-line.zarr").exists()


def test_a_line_is_drawn(folder, asked):
    code, out, _ = asked("line", "guest.py:network", "--points", "9", "--figure", "line.pdf")
    assert (code, out) == (0, "network-line.zarr\nline.pdf\n")
    assert (folder / "line.pdf").read_bytes()[:5] == b"%PDF-"
