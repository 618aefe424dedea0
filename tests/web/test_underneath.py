"""Critical points, basins and spectra as frames: exact on functions whose answers are known."""

import numpy as np
import pytest

from formulas import Formula
from thalweg.core.errors import InputError
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD
from thalweg.geometry.planes import random_plane
from thalweg.geometry.scaling import FilterNorm
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.objectives.zoo import himmelblau, quadratic
from thalweg.surface.evaluate import evaluate
from thalweg.views.prose import number
from thalweg.web.bench import lay
from thalweg.web.hall import Hall
from thalweg.web.labels import basins_frame, labels_of
from thalweg.web.messages import Bench
from thalweg.web.searches import Hunt, critical_frame, search_from
from thalweg.web.underneath import OUTERMOST, WHOLE, spectrum_frame
from web.conversation import drop, dropped, opened, with_page

PLAIN = Plane(np.zeros(2), np.eye(2))
FLAT = Plane(np.zeros(3), np.eye(3)[:2])


def hunts(objective, starts):
    named = enumerate(np.asarray(starts, dtype=float))
    return [Hunt(f"start {i}", search_from(objective, start)) for i, start in named]


def test_what_was_found_is_marked_once_from_the_lowest_up():
    # himmelblau: minima of loss 0 at (3, 2) and elsewhere, the maximum at (-0.27, -0.92)
    starts = [[-0.3, -0.9], [3.1, 2.1], [2.9, 1.9], [0.1, -2.0]]
    frame = critical_frame(himmelblau(), PLAIN, hunts(himmelblau(), starts), 4, 5.0)
    points = frame.head["points"]
    assert [mark["index"] for mark in points] == [0, 1, 2]
    assert [mark["kind"] for mark in points] == ["minimum", "saddle", "maximum"]
    assert (points[0]["a"], points[0]["b"]) == pytest.approx((3.0, 2.0), abs=1e-8)
    assert (points[2]["a"], points[2]["b"]) == pytest.approx((-0.270845, -0.923039), abs=1e-6)
    assert points[0]["words"] == "minimum at loss 0, which this plane draws as a minimum"
    assert points[1]["words"].endswith(", which this plane draws as a saddle")
    assert frame.head["scene"] == 4
    assert frame.head["words"] == "Found: minimum, saddle of index 1 and maximum."
    assert frame.encode()


def test_a_saddle_that_the_plane_draws_as_a_minimum_is_called_so():
    objective = quadratic([1.0, 2.0, -3.0])
    frame = critical_frame(objective, FLAT, hunts(objective, [[0.3, 0.2, 0.0]]), 1, 1.0)
    (mark,) = frame.head["points"]
    assert mark["words"] == "saddle of index 1 at loss 0, which this plane draws as a minimum"
    assert (mark["index"], mark["nullity"]) == (1, 0)
    assert mark["distance"] == pytest.approx(0.0, abs=1e-12)


def test_out_of_the_plane_nothing_is_said_of_the_drawing():
    objective = quadratic([1.0, 2.0, 0.0])
    frame = critical_frame(objective, FLAT, hunts(objective, [[0.3, 0.2, 2.0]]), 1, 1.0)
    (mark,) = frame.head["points"]
    assert mark["distance"] == pytest.approx(2.0)
    assert mark["words"] == (
        "inconclusive at second order at loss 0, 1 direction without curvature, "
        "2 out of the plane: the picture does not show it"
    )
    assert (mark["kind"], mark["nullity"]) == ("point", 1)


def test_a_kink_is_no_critical_point_and_is_told():
    # |w| y-shaped: relu(w x) + relu(-w x) has its lowest place on the kink at w = 0
    inputs, targets = [[1.0], [-1.0]], [0.0, 0.0]
    objective = MLPObjective(MLP((1, 1, 1)), inputs, targets, l2=0.1)
    start = np.array([0.5, 0.0, 1.0, 0.0])
    found = hunts(objective, [start, np.zeros(4)])
    plane = Plane(np.zeros(4), np.eye(4)[:2])
    frame = critical_frame(objective, plane, found, 1, 1.0)
    kinks = [hunt for hunt in found if hunt.search.outcome.name == "KINK"]
    assert len(kinks) >= 1
    marks = [mark for mark in frame.head["points"] if mark["text"] == "kink"]
    assert len(marks) == len(kinks)
    assert all((m["index"], m["nullity"], m["kind"]) == (None, None, "point") for m in marks)
    assert (
        f"From {kinks[-1].start}" in frame.head["words"]
        or "start 0 and start 1" in (frame.head["words"])
    )
    assert "on a ReLU kink, where the Hessian is one-sided" in frame.head["words"]


def test_searches_that_find_nothing_say_how_they_ended():
    # one example that can be fitted ever better: the gradient fades toward infinity only
    objective = MLPObjective(MLP((1, 1)), [[1.0]], [1.0])
    frame = critical_frame(
        objective, Plane(np.zeros(2), np.eye(2)), hunts(objective, [[1.0, 1.0]]), 1, 1.0
    )
    assert frame.head["points"] == []
    assert frame.head["words"] == (
        "No critical point was found. From start 0 the search ended nowhere: "
        "the gradient fades only toward infinity."
    )


def test_whole_hessians_of_large_networks_are_refused():
    n = 1001
    with pytest.raises(InputError, match=r"at most 1,000 parameters, got 1,001"):
        search_from(quadratic(np.ones(n)), np.ones(n))


def test_basins_are_numbered_from_the_most_persistent():
    surface = evaluate(himmelblau(), PLAIN, Grid.square(5.0, 101))
    labels = labels_of(surface)
    frame = basins_frame(labels, 2)
    basin = frame.arrays["basin"]
    assert basin.shape == (101, 101)
    assert frame.head["count"] == 4
    assert set(np.unique(basin)) == {0, 1, 2, 3}
    for row, (a, b) in enumerate(zip(frame.head["a"], frame.head["b"], strict=True)):
        at = labels.cell(a, b)
        assert basin[at] == row
        inside = np.where(basin == row, surface["loss"].values, np.inf)
        assert np.unravel_index(inside.argmin(), inside.shape) == at
    largest = np.bincount(basin.ravel()).max() / basin.size
    assert f"the largest takes {100 * largest:.0f} % of the map" in frame.head["words"]
    assert frame.head["words"].startswith("4 basins deeper than ")


def test_shallow_dips_join_their_neighbor():
    # a well in level ground of 0.5, and a dip of 0.002 elsewhere
    a = np.linspace(-1, 1, 41)

    def ground(p):
        return 0.5 * (np.abs(p[:, 0]) > 0.1) - 2e-3 * (np.abs(p[:, 0] - 0.5) < 0.01)

    formula = Formula(ground)
    surface = evaluate(formula, PLAIN, Grid((a, a)))
    labels = labels_of(surface)
    assert len(labels.topology.minima) > labels.count == 1
    assert (labels.basin == 0).all()


def test_holes_belong_to_no_basin():
    formula = Formula(lambda p: np.where(p[:, 0] > 0.5, np.nan, np.square(p).sum(axis=1)))
    surface = evaluate(formula, PLAIN, Grid.square(1.0, 21))
    labels = labels_of(surface)
    assert np.array_equal(labels.basin < 0, np.isnan(surface["loss"].values))
    nothing = Formula(lambda p: np.full(len(p), np.nan))
    frame = basins_frame(labels_of(evaluate(nothing, PLAIN, Grid.square(1.0, 5))), 1)
    assert (frame.head["count"], (frame.arrays["basin"] == -1).all()) == (0, True)
    assert frame.head["words"] == "No cell of the map has a finite loss, so there is no basin."


def test_the_spectrum_of_a_quadratic_is_its_own():
    frame = spectrum_frame(quadratic([3.0, -2.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0, 0.0]), "x")
    assert frame.arrays["eigenvalues"] == pytest.approx([-2.0, 0.0, 1.0, 3.0], abs=1e-12)
    assert frame.head["negative"] == 1
    assert frame.head["words"] == (
        "1 of 4 eigenvalues are negative, 1 zero; λ_min = −2, λ_max = 3. Gradient norm 3."
    )


def test_of_a_long_spectrum_the_ends_are_told():
    n = WHOLE + 50
    bends = np.linspace(-1.0, 1.0, n) ** 3
    frame = spectrum_frame(quadratic(bends), np.zeros(n), "x")
    values = frame.arrays["eigenvalues"]
    assert values.size == 2 * OUTERMOST
    assert values[:OUTERMOST] == pytest.approx(bends[:OUTERMOST], abs=3e-3)
    assert values[OUTERMOST:] == pytest.approx(bends[-OUTERMOST:], abs=3e-3)
    assert f"The 8 lowest and highest of {n:,} eigenvalues" in frame.head["words"]
    assert frame.head["negative"] == OUTERMOST


def test_a_spectrum_needs_derivatives():
    with pytest.raises(InputError, match="with derivatives, got formula"):
        spectrum_frame(Formula(lambda p: p[:, 0]), np.zeros(2), "x")


def test_a_page_gets_what_it_asks_for():
    async def talk(page):
        await opened(page)
        await dropped(page, drop(0.5, 0.0, ("SGD", 0.5), steps=30))
        place = {"a": 0.5, "b": 0.0}
        step = {**place, "run": 0, "step": 30}
        told = {}
        for kind, fields in (
            ("inspect", place),
            ("boundary", step),
            ("find", place),
            ("basins", {}),
            ("trust", {"full": False}),
            ("spectrum", step),
            ("stability", {"run": 0}),
        ):
            await page.say(kind, **fields)
            told[kind] = await page.hear(kind if kind != "find" else "critical")
        page.session.objective = None
        await page.say("inspect", **step)
        told["stored"] = await page.hear("inspect")
        return told, page

    told, page = with_page(talk)
    objective = lay(Bench()).objective
    plane = random_plane(objective.start, objective.layout, 0, scaling=FilterNorm())
    run = record(objective, plane.points([[0.5, 0.0]])[0], SGD(0.5), 30)
    start, end = run["point"].values[[0, -1]]
    losses = run["loss"].values
    assert told["inspect"].head["title"] == "a = 0.5, b = 0"
    assert ["loss", number(float(losses[0]), 4)] in told["inspect"].head["rows"]
    assert told["boundary"].head["accuracy"] == objective.accuracies(end[None])[0]
    assert told["boundary"].head["words"].startswith("SGD, lr 0.5, step 30: ")
    asked = [
        Hunt("a = 0.5, b = 0", search_from(objective, start)),
        Hunt("the end of SGD, lr 0.5", search_from(objective, end)),
    ]
    wanted = critical_frame(objective, plane, asked, 1, 1.0).head["words"]
    assert told["find"].head["words"] == wanted
    assert told["basins"].arrays["basin"].size == 81 * 81
    assert any("eigenvalues" in line["text"] for line in told["trust"].head["lines"])
    bends = np.linalg.eigvalsh(objective.hessian(end))
    assert told["spectrum"].arrays["eigenvalues"] == pytest.approx(bends, abs=1e-6)
    assert told["spectrum"].head["title"] == "Spectrum at SGD, lr 0.5, step 30"
    assert told["stability"].arrays["ratio"][-1] == pytest.approx(bends[-1] * 0.5 / 2, rel=1e-5)
    rows = told["stored"].head["rows"]
    assert rows[0] == ["loss", number(float(losses[-1]), 4)]
    assert [name for name, _ in rows[1:]] == ["loss of the nearest cell", "basin of the map"]
    assert "neither gradient nor curvature" in told["stored"].head["words"]
    busy = [frame.head for frame in page.frames if frame.kind == "busy"]
    for what in ("critical points", "trust report", "spectrum", "stability"):
        assert [head["done"] for head in busy if head["what"] == what][-1] is True


def test_what_was_found_is_looked_at_itself_wherever_it_lies():
    away = quadratic([2.0, 1.0, -1.0, -3.0])  # its saddle is not on the plane around its start

    async def talk(page):
        await opened(page)
        told = []
        for found in (0, 7):
            await page.say("inspect", a=0.0, b=0.0, found=found)
            told.append((await page.hear("fault")).head["got"])
        await page.say("find", a=0.0, b=0.0)
        mark = (await page.hear("critical")).head["points"][0]
        for kind in ("inspect", "spectrum"):
            await page.say(kind, a=mark["a"], b=mark["b"], found=0)
            told.append((await page.hear(kind)).head)
        await page.say("plane", plane={"recipe": "random", "seed": 3})
        await page.hear("surface", draft=False)
        await page.say("inspect", a=0.0, b=0.0, found=0)
        told.append((await page.hear("fault")).head["got"])
        return told

    *early, seen, spectrum, late = with_page(talk, Hall(away))
    assert [*early, late] == ["number 0", "number 7", "number 0"]
    assert seen["title"] == "Saddle of index 2"
    assert seen["words"].endswith("A saddle of index 2, out of this plane.")
    rows = dict(seen["rows"])
    assert (rows["index"], rows["nullity"]) == ("2 of 4", "0 of 4")
    assert float(rows["gradient norm"].replace("\u2212", "-")) == pytest.approx(0, abs=1e-9)
    assert (spectrum["title"], spectrum["negative"]) == ("Spectrum at Saddle of index 2", 2)
