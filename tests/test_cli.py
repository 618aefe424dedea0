"""The command line: quick to answer, clear when refused."""

import subprocess
import sys

import pytest

from thalweg.cli import main

HEAVY = ("numpy", "xarray", "pandas", "scipy", "numba", "matplotlib", "plotly", "zarr", "jinja2")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["case-study", "--help"]])
def test_help_loads_nothing_heavy(arguments):
    code = (
        "import sys; from thalweg.cli import main; "
        f"code = main({arguments!r}); "
        f"print('loaded', [m for m in {HEAVY!r} if m in sys.modules]); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "loaded []"


def test_help_has_examples(capsys):
    assert main(["case-study", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--seed" in shown
    assert "thalweg case-study --open" in shown


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["case-study", "--seed", "x"], "--seed"),
        (["case-study", "--seed", "-1"], "--seed"),
        (["case-study", "--sead", "1"], "--sead"),
        (["case-studdy"], "case-studdy"),
    ],
)
def test_wrong_use_is_one_line_and_code_2(arguments, word, capsys):
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert word in shown.err
    assert len(shown.err.strip().splitlines()) == 1


def test_version(capsys):
    from thalweg.version import __version__

    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__
