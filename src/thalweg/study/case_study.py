"""The case study: the chapter, from the spiral data to a report."""

import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thalweg.core.arrays import digest
from thalweg.study.context import Study
from thalweg.study.report import Report, render, results_json
from thalweg.study.section import Section
from thalweg.study.sections.architecture import architecture_section
from thalweg.study.sections.data import data_section
from thalweg.study.sections.initialization import initialization_section
from thalweg.study.sections.penalty import penalty_section
from thalweg.study.sections.saddles import saddles_section
from thalweg.study.sections.slices import slices_section
from thalweg.study.sections.training import training_section
from thalweg.study.sections.trajectories import trajectories_section
from thalweg.study.sections.tuning import tuning_section
from thalweg.study.sections.verdicts import verdicts_section
from thalweg.study.settings import CHAPTER, Plan
from thalweg.study.workshop import Tell, Workshop

SECTIONS: tuple[Callable[[Study], Section], ...] = (
    data_section,
    training_section,
    slices_section,
    trajectories_section,
    tuning_section,
    saddles_section,
    initialization_section,
    architecture_section,
    penalty_section,
)


@dataclass(frozen=True)
class Outcome:
    """Where the report is, how long it took, and how much was there already.

    Attributes:
        report: the HTML file.
        seconds: from start to end.
        computed: names of results computed now; `resumed` of those found in the folder.
    """

    report: Path
    seconds: float
    computed: tuple[str, ...]
    resumed: tuple[str, ...]


def case_study(
    folder: Path,
    plan: Plan,
    tell: Tell | None = None,
    advance: Callable[[int, int], None] | None = None,
    artists: Executor | None = None,
) -> Outcome:
    """Compute what is missing in the folder, draw everything, and write the report.

    Args:
        folder: new, empty, or that of the same study; then it resumes.
        plan: seed and size.
        tell: called with the name of each result and figure as it begins.
        advance: called with (sections done, sections).
        artists: processes that draw the figures; None: this one draws them.

    Raises:
        StoreError: the folder belongs to another run, holds other files, or cannot be written.
    """
    began = time.perf_counter()
    shop = check_folder(folder, plan, tell)
    study = Study(shop, plan, artists)
    sections = []
    if advance is not None:
        advance(0, len(SECTIONS))
    for done, make in enumerate(SECTIONS):
        sections.append(make(study))
        if advance is not None:
            advance(done + 1, len(SECTIONS))
    verdicts = verdicts_section(study, {section.key: section.facts for section in sections})
    sections.insert(0, verdicts)
    study.finish_drawing()
    shop.write("results.json", results_json(sections, _identity(plan)))
    page = render(_report(study), sections, folder / "figures")
    report = shop.write("report.html", page)
    seconds = time.perf_counter() - began
    return Outcome(report, seconds, tuple(shop.computed), tuple(shop.resumed))


def check_folder(folder: Path, plan: Plan, tell: Tell | None = None) -> Workshop:
    """Return the workshop of this plan in the folder, or refuse the folder.

    Raises:
        StoreError: the folder belongs to another run, holds other files, or cannot be written.
    """
    return Workshop(folder, _identity(plan), tell)


def _identity(plan: Plan) -> dict[str, str | int | bool]:
    setting = digest(np.array(f"{plan!r} {CHAPTER!r} {plan.learned!r}"))
    return {"study": "case-study", "seed": plan.seed, "quick": plan.quick, "settings": setting}


def estimate_seconds(plan: Plan) -> float:
    """Return how long the study should take here, from a short measurement of this machine.

    Trainings are counted exactly and timed on 20 steps; figures and all the rest were measured
    once as a multiple of that.
    """
    setting = plan.learned
    objective = setting.objective(plan.seed)
    points = np.stack([setting.initial_point(seed) for seed in plan.test_seeds])
    objective.value_and_gradients(points)  # the first call may compile
    began = time.perf_counter()
    for _ in range(20):
        objective.value_and_gradients(points)
    one = (time.perf_counter() - began) / 20 / len(points)
    runs = 3 * (len(plan.test_seeds) + len(plan.tuning_rates) * len(plan.tuning_seeds) + 2)
    return one * runs * setting.steps * 1.5 + (8.0 if plan.quick else 25.0)


def _report(study: Study) -> Report:
    chapter, learned = study.settings
    command = f"thalweg case-study --seed {study.plan.seed}"
    return Report(
        title="A neural network's loss landscape, and how far its pictures can be trusted",
        lead=(
            f"A spiral, a network of {chapter.network.layout.size} parameters, a slice through "
            f"its loss, three optimizers: the chapter's case study, run as printed and then put "
            f"to the test, beside a second setting with less noise, "
            f"{learned.network.layout.size} parameters and tuned optimizers."
        ),
        command=command + (" --quick" if study.plan.quick else ""),
        facts=(
            "Full-batch training throughout: one step sees all the data, as in the chapter, "
            "which calls it SGD and an epoch.",
        ),
    )
