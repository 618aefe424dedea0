"""Without its optional package each file says what to install."""

import runpy
import sys
from importlib import import_module

import pytest

from thalweg.core.errors import MissingExtraError


@pytest.mark.parametrize(
    ("file", "package", "mend"),
    [
        ("", "torch", r"pip install 'thalweg\[torch\]'"),
        (".lightning_recorder", "lightning.pytorch", "pip install lightning"),
        (
            ".hugging_face_recorder",
            "transformers.trainer_callback",
            "pip install transformers accelerate",
        ),
    ],
)
def test_a_missing_package_is_named_with_its_mend(file, package, mend, monkeypatch):
    module = import_module(f"thalweg.dynamics.recorder{file}")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=f"not installed; {mend}$"):
        runpy.run_path(module.__file__)
