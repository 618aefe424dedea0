"""The program: quick to answer, clear when refused, silent about itself."""

import subprocess
import sys

import pytest

from thalweg.cli import app, main
from thalweg.version import __version__

COMMANDS = ("surface", "line", "follow", "info", "show", "export", "verify", "case-study")
HEAVY = (
    *("numpy", "xarray", "pandas", "scipy", "numba", "matplotlib", "zarr", "jinja2"),
    *("torch", "ray", "h5py"),
)


def test_help_loads_nothing_heavy():
    asks = [["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)]
    code = (
        "import sys; from thalweg.cli import main; "
        f"codes = [main(ask) for ask in {asks!r}]; "
        f"print('loaded', codes, [m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.strip().splitlines()[-1] == f"loaded {[0] * len(asks)} []"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_it_does_with_examples_on_lines_of_their_own(name, capsys):
    assert main([name, "--help"]) == 0
    shown = [line.strip() for line in capsys.readouterr().out.splitlines()]
    examples = shown[shown.index("Examples:") + 1 :]
    assert len([line for line in examples if line.startswith(f"thalweg {name} ")]) >= 2
    assert any(line.startswith("│ --json") for line in shown)


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["case-study", "--seed", "x"], "--seed"),
        (["case-study", "--seed", "-1"], "--seed"),
        (["case-study", "--sead", "1"], "--sead"),
        (["case-studdy"], "case-studdy"),
        (["surface"], "OBJECTIVE"),
        (["surface", "a:b", "--points", "nan"], "--points"),
        (["surface", "a:b", "--scaling", "weight"], "--scaling"),
        (["info"], "STORE"),
        (["info", "nowhere.zarr"], "nowhere.zarr"),
        (["show", "nowhere.zarr"], "nowhere.zarr"),
        (["show", "nowhere.zarr", "--out", "picture.tiff"], "picture.tiff"),
    ],
)
def test_wrong_use_is_one_line_and_code_2(arguments, word, capsys):
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert word in shown.err
    assert len(shown.err.strip().splitlines()) == 1


@pytest.fixture
def fault(monkeypatch):
    def fail(*words, **options):
        raise ZeroDivisionError("in\nthe works")

    monkeypatch.setattr(app, "app", fail)


def test_a_fault_of_our_own_is_one_line_and_code_1(fault, capsys, monkeypatch):
    monkeypatch.delenv("THALWEG_TRACEBACK", raising=False)
    assert main([]) == 1
    said = capsys.readouterr().err
    assert (
        said == "thalweg: ZeroDivisionError: in the works; set THALWEG_TRACEBACK=1 to see where\n"
    )


def test_a_traceback_comes_when_asked_for(fault, monkeypatch):
    monkeypatch.setenv("THALWEG_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        main([])


def test_a_reader_that_had_enough_is_no_fault():
    code = "import sys; from thalweg.cli import entry; sys.argv = ['thalweg', '--help']; entry()"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait()
