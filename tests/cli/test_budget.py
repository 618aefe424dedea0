"""What is out of reach is refused before any work, with what it would cost and the way out."""

import pytest

from thalweg.cli import budget
from thalweg.cli.options import Options
from thalweg.core.errors import InputError


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--points", "100000"], "10,000,000,000 cells: 490 GB of memory, 170 GB of disk"),
        (["--points", "400", "--k", "3"], "64,000,000 cells"),
        (["--points", "0"], "--points must be at least 2, got 0"),
        (["--points", "-5"], "got -5"),
        (["--points", "nan"], "--points"),
        (["--points", "1e9"], "--points"),
        (["--radius", "0"], "--radius must be a finite number above 0"),
        (["--radius", "nan"], "got nan"),
        (["--radius", "inf"], "got inf"),
        (["--k", "4"], "--k must be 1, 2 or 3"),
        (["--k", "0"], "--k must be 1, 2 or 3"),
        (["--max-hours", "nan"], "--max-hours"),
        (["--max-hours", "0"], "--max-hours"),
        (["--workers", "2"], "--ray local"),
        (["--patience", "0"], "patience must be seconds above 0"),
        (["--ray", "here"], "auto or host:port"),
        (["--fields", "loss,colour"], "fields must be among loss, height"),
        (["--scaling", "filter"], "--scaling none"),
    ],
)
def test_sizes_that_cannot_be(folder, asked, cells, words, said):
    rest = [] if "--scaling" in words else ["--scaling", "none"]
    code, out, err = asked("surface", "guest.py:loss", *rest, *words)
    assert (code, out) == (2, "")
    assert said in err.strip().splitlines()[-1]
    assert not (folder / "loss-surface.zarr").exists()
    assert cells() <= 1 + 1 + 4 + 16 + 49  # an estimate at most


def test_huge_requests_do_not_even_load_the_guest(folder, asked):
    for points in ("100000", "1000000000"):
        assert (
            "a word from the guest" not in asked("surface", "guest.py:loss", "--points", points)[2]
        )


@pytest.mark.parametrize("scarce", ["free_memory", "free_disk"])
def test_a_small_machine_is_asked_first(folder, asked, monkeypatch, scarce):
    monkeypatch.setattr(budget, scarce, lambda *_: 2e3)
    command = ("surface", "guest.py:loss", "--scaling", "none", "--points", "15", "--quiet")
    code, _, err = asked(*command)
    assert code == 2
    assert "225 cells" in err
    assert "go on with --yes" in err
    assert asked(*command, "--yes")[0] == 0


def test_long_work_is_refused_unless_told(folder, asked, cells):
    command = ("surface", "guest.py:loss", "--scaling", "none", "--points", "9")
    code, _, err = asked(*command, "--max-hours", "1e-12")
    assert code == 2
    assert "--max-hours" in err
    assert "--yes" in err
    assert not (folder / "loss-surface.zarr").exists()
    assert asked(*command, "--max-hours", "1e-12", "--yes")[0] == 0


def test_hours_count_from_the_estimate():
    options = Options(max_hours=2.0)
    budget.check_hours(7200.0, options)
    with pytest.raises(InputError, match="at most 2 h, got about 2 h"):
        budget.check_hours(7201.0, options)


def test_memory_and_disk_of_this_machine_are_known(tmp_path):
    assert 1e6 < budget.free_memory() < 1e15
    assert budget.free_disk(tmp_path / "not" / "yet") == pytest.approx(
        budget.free_disk(tmp_path), rel=0.5
    )
