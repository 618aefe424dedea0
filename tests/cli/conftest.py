"""A folder to work in, with a file of a user's own functions."""

import json
import sys

import pytest

from thalweg.cli import main

GUEST = '''
"""What a user would have written."""

from pathlib import Path

import numpy as np

import thalweg as tw
from thalweg.objectives.zoo import quadratic


class Counted(tw.Objective):
    """A loss that writes down how many cells it was asked for."""

    fields = ("loss", "height")

    def __init__(self, name, loss, n=2):
        self.name, self.loss, self.layout = name, loss, tw.Layout.plain(n)
        self.start = np.zeros(n)

    def values(self, points):
        return self.loss(points)

    def restrict(self, plane, fields=("loss",)):
        self.check_request(plane, fields)
        dense = self.dense(plane)

        def evaluate(coords):
            with open("cells.log", "a") as log:
                log.write(f"{len(coords)}\\n")
            found = self.values(dense.points(coords))
            return {field: found for field in fields}

        return evaluate

    def digest(self):
        return f"{self.name:0<16}"


def ripples(points):
    return 2 + np.sin(3 * points[:, 0]) + points[:, 1] ** 2


def loss(name="ripples", n=2):
    print("a word from the guest")
    return Counted(name, ripples, n)


def holes():
    def odd(points):
        found = ripples(points)
        found[points[:, 0] > 1] = np.nan
        found[points[:, 0] < -1] = np.inf
        found[(np.abs(points[:, 0]) <= 1) & (points[:, 1] < -1)] = -np.inf
        return found

    return Counted("holes", odd)


def raises():
    def fault(points):
        if (points[:, 0] > 0.5).any():
            raise RuntimeError("no loss here")
        return ripples(points)

    return Counted("raises", fault)


def hopeless():
    def fault(points):
        raise RuntimeError("no loss anywhere")

    return Counted("hopeless", fault)


def network(hidden=3):
    X = np.random.default_rng(0).normal(size=(20, 2))
    return tw.MLPObjective(tw.MLP((2, hidden, 1)), X, (X[:, 0] > 0).astype(float))


def bowl(curvatures=(3.0, -2.0, 0.5)):
    return quadratic(list(curvatures))


def slope():
    """x + x^3 / 3 + y^2: the gradient is nowhere zero, but its length is stationary at 0."""
    return tw.from_function(
        lambda p: p[:, 0] + p[:, 0] ** 3 / 3 + p[:, 1] ** 2,
        lambda p: np.stack([1 + p[:, 0] ** 2, 2 * p[:, 1]], axis=1),
        lambda p: np.diag([2 * p[0], 2.0]),
        [0.5, 1.0],
        "slope",
    )


def faulty():
    return [][3]


def exits():
    raise SystemExit(3)


def needs(width, *, depth):
    return loss()


def tells():
    return "no objective"


number = 3
'''


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with guest.py in it; nothing of the guest stays behind."""
    (tmp_path / "guest.py").write_text(GUEST)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def cells(folder):
    """How many cells the guest's loss was asked for since the last look."""

    def look():
        log = folder / "cells.log"
        found = sum(map(int, log.read_text().split())) if log.exists() else 0
        log.unlink(missing_ok=True)
        return found

    return look


@pytest.fixture
def asked(capfd):
    """Run a command; return its exit code, what it printed, and what it said beside that."""

    def ask(*words):
        code = main([str(word) for word in words])
        found = capfd.readouterr()
        return code, found.out, found.err

    return ask


@pytest.fixture
def result(asked):
    """Run a command with --json; return what a strict parser reads."""

    def ask(*words, code=0):
        found, out, err = asked(*words, "--json")
        assert found == code, err
        return json.loads(out, parse_constant=refuse)

    return ask


def refuse(word):
    raise AssertionError(f"{word} is not JSON")
