"""The section on trajectories, on two small settings, and its numbers against direct ones."""

import json
from concurrent.futures import Executor, Future
from dataclasses import replace

import numpy as np
import pytest

from thalweg.curvature.dense import hessian
from thalweg.dynamics.nulls import walk_shares
from thalweg.dynamics.steppers import SGD, Adam, Momentum
from thalweg.study.context import Study
from thalweg.study.edge import edge_facts, edges
from thalweg.study.planarity import planarities
from thalweg.study.section import Exhibit, Table
from thalweg.study.sections.trajectories import trajectories_section
from thalweg.study.settings import CHAPTER, Plan
from thalweg.study.workshop import Workshop

SMALL = replace(
    CHAPTER,
    key="learned",
    title="the second setting",
    noise=0.1,
    steps=120,
    steppers=(SGD(2.0), Momentum(0.2), Adam(0.1)),
    n_points=40,
)


class Idle(Executor):
    """An artist who draws nothing: what figures look like is looked at elsewhere."""

    def submit(self, fn, /, *args, **kwargs):
        return Future()


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    made = Study(Workshop(folder / "out", {"seed": 42}), Plan(quick=True), Idle())
    made.__dict__["learned"] = SMALL  # in place of one that is tuned for minutes
    return made


@pytest.fixture(scope="module")
def section(study):
    return trajectories_section(study)


def test_the_section_shows_every_picture_and_its_facts_are_json(section):
    shown = [block.name for block in section.blocks if isinstance(block, Exhibit)]
    assert {"paths-chapter", "paths-learned", "frame-chapter", "stability"} <= set(shown)
    assert json.dumps(section.facts, allow_nan=False)
    assert {"joint_plane", "own_plane", "nulls", "stability"} == set(section.facts)
    text = " ".join(block for block in section.blocks if isinstance(block, str))
    assert "nan" not in text.lower().split()
    assert "random walk" in text


def test_the_stability_ratio_is_that_of_the_whole_hessian(study):
    found = edges(study)
    objective, runs = study.objectives["learned"], study.runs["learned"]
    for name, threshold in (("SGD", 2 / 2.0), ("momentum", 2 * 1.9 / 0.2)):
        data, run = found["learned"][name], runs[name]
        last = np.linalg.eigvalsh(hessian(objective, run["point"].values[-1]))[-1]
        assert float(data["stability_ratio"][-1]) == pytest.approx(last / threshold)
    facts = edge_facts(found)["learned"]
    assert facts["Adam"]["threshold"] == pytest.approx(380)
    assert facts["SGD"]["largest"] >= facts["SGD"]["last"]


def test_planarity_comes_beside_its_nulls(study, section):
    found = planarities(study)
    for setting in study.settings:
        for name, p in found[setting.key].items():
            own = section.facts["own_plane"][setting.key][name]["captured"]
            assert p.captured == pytest.approx(own, rel=1e-9)
            assert p.walk.low < p.walk.mean < p.walk.high < p.momentum_walk.high <= 1
            limit = walk_shares(setting.steps + 1).sum()
            assert p.walk.mean == pytest.approx(limit, abs=0.03)
            assert all(0 <= c <= 1 for c in p.cosines)
    tables = [block for block in section.blocks if isinstance(block, Table)]
    assert len(tables[-1].rows) == 6
