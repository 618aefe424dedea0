"""The margin of the case study's figures: one surface tells all, several a line each."""

import json

import numpy as np
import pytest

from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.dynamics.project import project
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.objectives.zoo import quadratic
from thalweg.study.context import Study
from thalweg.study.margin import judged, margin
from thalweg.study.rescaling import rescaling
from thalweg.study.settings import CHAPTER, Plan
from thalweg.study.workshop import Workshop
from thalweg.surface.evaluate import evaluate

SADDLE = quadratic([1.0, 2.0, -3.0])


@pytest.fixture
def study(tmp_path):
    return Study(Workshop(tmp_path / "study", {"seed": 1}), Plan(1))


def seen(objective, *axes):
    plane = Plane(np.zeros(3), np.eye(3)[list(axes)])
    return evaluate(objective, plane, Grid.square(1.0, 5)), plane


def kept(study, name):
    return json.loads((study.shop.folder / "figures" / f"{name}.trust.json").read_text())


def test_one_surface_says_all_it_has_to_say(study):
    report = judged(seen(SADDLE, 0, 1)[0], SADDLE)
    assert margin(study, "one", {"the plane": report}) == report.lines()
    assert kept(study, "one")["the plane"]["underneath"]["lowest"]["value"] == -3.0


def test_several_surfaces_have_a_line_each_and_share_the_rest(study):
    bowl = quadratic([1.0, 2.0, 3.0])
    reports = {"saddle": judged(seen(SADDLE, 0, 1)[0], SADDLE)}
    reports["bowl"] = judged(seen(bowl, 0, 1)[0], bowl)
    lines = margin(study, "two", reports)
    assert [line.text.split(":")[0] for line in lines] == ["saddle", "bowl"]
    assert [line.warning for line in lines] == [True, False]
    assert set(kept(study, "two")) >= {"saddle", "bowl"}


def test_planes_through_one_point_say_it_once_and_paths_say_theirs(study):
    surface, plane = seen(SADDLE, 0, 1)
    run = record(SADDLE, np.array([0.5, 0.5, 0.1]), SGD(0.1), 5)
    path = project(SADDLE, run, plane)
    reports = {str(i): judged(surface, SADDLE, [path]) for i in range(2)}
    lines = margin(study, "same", reports)
    assert len(lines) == 2
    assert lines[0].text.startswith("In space: λ_min = −3")
    assert lines[1].text.startswith("SGD: ")


def test_planes_through_one_point_warn_once_if_one_of_them_hides_it(study):
    pair = {"steep": seen(SADDLE, 0, 1)[0], "its own": seen(SADDLE, 0, 2)[0]}
    reports = {caption: judged(surface, SADDLE) for caption, surface in pair.items()}
    [line] = margin(study, "point", reports)
    assert line.text.startswith("In space: λ_min = −3")
    assert line.warning
    told = kept(study, "point")
    badges = [told[caption]["saddle_seen_as_minimum"] for caption in pair]
    assert badges == [True, False]


def test_rescaling_changes_pictures_unless_whole_layers_are_normalized_by_filters():
    X, y = CHAPTER.data(3)
    net = MLP((2, 6, 1))
    found = rescaling(MLPObjective(net, X, y), net.initial_point(1) + 0.1)
    assert found.layer_filter == pytest.approx(1.0, abs=1e-6)
    assert found.layer_unit > 2
    assert min(found.units_unit, found.units_filter) > 1.2
