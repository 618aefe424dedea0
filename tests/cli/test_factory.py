"""The user's own function: found, called with arguments, and blamed in one line."""

import numpy as np
import pytest

from thalweg.cli.factory import objective_of
from thalweg.core.errors import InputError, MissingExtraError


def test_a_file_and_a_module_give_the_same_objective(folder):
    assert objective_of("guest.py:loss").name == "ripples"
    assert objective_of(str(folder / "guest.py") + ":loss").name == "ripples"
    assert objective_of("guest:loss").name == "ripples"


def test_arguments_are_literals_or_else_text(folder):
    made = objective_of("guest:loss", ["name=smooth hills", "n=5"])
    assert made.name == "smooth hills"
    np.testing.assert_array_equal(made.start, np.zeros(5))


def test_a_neighbor_of_the_file_is_found(folder):
    below = folder / "below"
    below.mkdir()
    (below / "neighbor.py").write_text("from guest import loss")
    (below / "train.py").write_text("from neighbor import loss")
    assert objective_of("guest.py:loss").name == "ripples"
    assert objective_of("below/train.py:loss").name == "ripples"


@pytest.mark.parametrize(
    ("spec", "arguments", "words"),
    [
        ("guest", [], ["MODULE:FUNCTION", "'guest'"]),
        ("guest.py:", [], ["MODULE:FUNCTION"]),
        (":loss", [], ["MODULE:FUNCTION"]),
        ("guest.py:lambda x", [], ["MODULE:FUNCTION"]),
        ("nowhere.py:loss", [], ["nowhere.py", "no such file"]),
        ("nowhere:loss", [], ["nowhere", "ModuleNotFoundError"]),
        ("guest.py:los", [], ["no function los", "loss"]),
        ("guest.py:number", [], ["a int"]),
        ("guest.py:needs", [], ["no width, depth", "--arg width=... --arg depth=..."]),
        ("guest.py:needs", ["width=3"], ["no depth"]),
        ("guest.py:loss", ["deepness=3"], ["deepness", "it takes name, n"]),
        ("guest.py:loss", ["deepness"], ["--arg must be name=value"]),
        ("guest.py:loss", ["3=4"], ["--arg must be name=value"]),
        ("guest.py:faulty", [], ["IndexError: list index out of range", "guest.py, line "]),
        ("guest.py:exits", [], ["an exit", "guest.py, line "]),
        ("guest.py:tells", [], ["got str", "from_torch"]),
        ("broken.py:loss", [], ["SyntaxError", "broken.py, line 2"]),
        ("divides.py:loss", [], ["ZeroDivisionError", "divides.py, line 3"]),
        ("json.py:loss", [], ["a name of its own"]),
    ],
)
def test_what_is_wrong_is_said_in_one_line(folder, asked, spec, arguments, words):
    (folder / "broken.py").write_text("x = 1\nx = = 2\n")
    (folder / "divides.py").write_text("\n\nx = 1 / 0\n")
    (folder / "json.py").write_text("def loss(): ...\n")
    given = [word for pair in arguments for word in ("--arg", pair)]
    code, out, err = asked("surface", spec, *given)
    assert (code, out) == (2, "")
    said = [line for line in err.splitlines() if line != "a word from the guest"]
    assert len(said) == 1
    assert all(word in said[0] for word in words), said
    assert not (folder / "loss-surface.zarr").exists()


def test_the_line_is_the_guests_deepest_even_if_a_library_raised(folder):
    (folder / "deep.py").write_text(
        "import json\n\ndef inner():\n    return json.loads('{')\n\n"
        "def loss():\n    return inner()\n"
    )
    with pytest.raises(InputError, match=r"JSONDecodeError: .* \(deep.py, line 4\)"):
        objective_of("deep.py:loss")


def test_a_missing_extra_keeps_its_own_words(folder):
    (folder / "extra.py").write_text(
        "import thalweg as tw\n"
        "def loss():\n    raise tw.MissingExtraError('the loss needs x', 'none', 'pip it')\n"
    )
    with pytest.raises(MissingExtraError, match="the loss needs x, got none; pip it"):
        objective_of("extra.py:loss")


def test_a_traceback_comes_when_asked_for(folder, monkeypatch):
    monkeypatch.setenv("THALWEG_TRACEBACK", "1")
    with pytest.raises(IndexError):
        objective_of("guest.py:faulty")
