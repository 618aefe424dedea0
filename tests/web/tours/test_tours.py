"""The stories: whatever a caption says is derived again here, from runs and spectra of its own."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from thalweg.core.grid import Grid
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD, Adam, Momentum
from thalweg.geometry.planes import random_plane
from thalweg.geometry.scaling import FilterNorm
from thalweg.objectives.zoo import quadratic
from thalweg.store.folder import save
from thalweg.surface.evaluate import evaluate
from thalweg.views.prose import number, percent
from thalweg.web.bench import lay
from thalweg.web.hall import Hall
from thalweg.web.library import Library
from thalweg.web.messages import Bench
from thalweg.web.tours.table import STORIES, TOURS
from thalweg.web.twins import aligned_plane, twins_plane
from web.conversation import drop, opened, with_page

LONGEST = 60  # words of a caption
CHAPTER = lay(Bench()).objective
CHAPTER_SURFACE = evaluate(
    CHAPTER, random_plane(CHAPTER.start, CHAPTER.layout, 1), Grid.square(1.0, 9)
)
RANDOM = random_plane(CHAPTER.start, CHAPTER.layout, 0, scaling=FilterNorm())


async def told(page, tour, step):
    """Ask for a step; return its words, or the fault that comes instead."""
    await page.say("tour", tour=tour, step=step)
    await page.until(
        lambda p: (
            any(
                f.kind == "caption" and f.head["tour"] == tour and f.head["step"] == step
                for f in p.frames[p._heard :]
            )
            or any(f.kind == "fault" for f in p.frames)
        )
    )
    assert [f.head for f in page.frames if f.kind == "fault"] == []
    page._heard = len(page.frames)
    return page.last("caption").head


@pytest.fixture(scope="module")
def captions():
    """All captions, told in order by one session: (tour, step) -> head."""

    async def talk(page):
        await opened(page)
        return {
            (name, step): await told(page, name, step)
            for name, story in STORIES.items()
            for step in range(len(story.steps))
        }

    return with_page(talk)


@pytest.fixture(scope="module")
def words(captions):
    """Words of each caption."""
    return {key: head["words"] for key, head in captions.items()}


def final(start, stepper, steps, objective=CHAPTER):
    run = record(objective, start, stepper, steps)
    return run["point"].values, run["loss"].values


def ridge(objective, x, y):
    """The highest rise over the chord, on a fine line of our own."""
    t = np.linspace(0, 1, 2001)[:, None]
    losses = objective.values((1 - t) * x + t * y)
    chord = (1 - t[:, 0]) * losses[0] + t[:, 0] * losses[-1]
    return float((losses - chord).max())


def distance(x, y):
    return float(np.linalg.norm(x - y))


def test_there_are_five_stories_of_four_to_six_short_steps(captions):
    titles = [entry["title"] for entry in TOURS]
    assert titles == [
        "Not a bowl",
        "The hidden saddle",
        "The valley and the three optimizers",
        "The edge of stability",
        "Two seeds, one network",
    ]
    for entry in TOURS:
        assert 4 <= entry["steps"] <= 6
        heads = [captions[entry["tour"], step] for step in range(entry["steps"])]
        assert [(head["step"], head["of"]) for head in heads] == [
            (step, entry["steps"]) for step in range(entry["steps"])
        ]
        assert all(head["title"] for head in heads)
        assert [bool(head["next"]) for head in heads] == [True] * (len(heads) - 1) + [False]
    assert max(len(head["words"].split()) for head in captions.values()) <= LONGEST


def test_the_map_of_not_a_bowl(words):
    values = evaluate(CHAPTER, RANDOM, Grid.square(1.0, 81))["loss"].values
    middle = CHAPTER.value(CHAPTER.start)
    assert (
        f"{number(middle)} in the middle, {number(values.min())} to {number(values.max())} over"
    ) in words["not-a-bowl", 0]
    assert "has 65 weights" in words["not-a-bowl", 0]
    even = np.stack(np.meshgrid(range(0, 81, 2), range(0, 81, 2)), axis=-1).reshape(-1, 2)
    bulging, every = 0, 0
    for here in even[::7]:
        chord = (values[tuple(here)] + values[even[:, 0], even[:, 1]]) / 2
        half = (even + here) // 2
        bulging += int((values[half[:, 0], half[:, 1]] > chord + 1e-12).sum())
        every += len(even)
    share = float(words["not-a-bowl", 1].split("higher for ")[1].split(" %")[0]) / 100
    assert share == pytest.approx(bulging / every, abs=0.015)
    assert "already this map is not a bowl" in words["not-a-bowl", 1]


def test_the_bends_and_the_balls_of_not_a_bowl(words):
    bends = np.linalg.eigvalsh(CHAPTER.hessian(CHAPTER.start))
    negative = int((bends < -1e-8 * bends[-1]).sum())
    assert f"Here {negative} eigenvalues of 65 are negative, " in words["not-a-bowl", 2]
    assert (
        f"the lowest {number(bends[0], 2)} beside a highest of {number(bends[-1], 2)}"
        in (words["not-a-bowl", 2])
    )
    starts = RANDOM.points([[0.0, 0.0], [0.8, 0.0], [0.0, 0.8]])
    runs = [final(start, Adam(0.02), 400) for start in starts]
    ends = [points[-1] for points, _ in runs]
    apart = [distance(x, y) for x, y in combinations(ends, 2)]
    assert ", ".join(number(losses[-1], 4) for _, losses in runs) in words["not-a-bowl", 3]
    assert (
        f"{number(min(apart), 2)} apart, the farthest {number(max(apart), 2)}"
        in (words["not-a-bowl", 3])
    )
    heights = [ridge(CHAPTER, x, y) for x, y in combinations(ends, 2)]
    assert f"rises by {', '.join(number(h, 2) for h in heights)}." in words["not-a-bowl", 4]


def test_the_hidden_saddle_by_its_formulas(words):
    laid = lay(Bench(activation="tanh", scale=0.0))
    # at zero the Hessian is known: +-|mean of (1/2 - y) x| once a unit, 1/4 once, zeros
    bend = float(np.linalg.norm(((0.5 - laid.labels)[:, None] * laid.inputs).mean(axis=0)))
    matrix = laid.objective.hessian(np.zeros(65))
    first = random_plane(np.zeros(65), laid.objective.layout, 0).directions
    drawn = np.diag(first @ matrix @ first.T)
    assert (
        f"curvature {number(drawn[0], 2)} along a and {number(drawn[1], 2)} along b"
        in (words["hidden-saddle", 0])
    )
    assert "The picture draws a minimum." in words["hidden-saddle", 0]
    assert (
        "of 65 eigenvalues 16 are negative, 32 are zero: a saddle of index 16"
        in (words["hidden-saddle", 1])
    )
    assert f"from {number(-bend, 2)} to 0.25" in words["hidden-saddle", 1]
    assert f"curvature is {number(-bend, 2)} along a and 0.25 along b" in words["hidden-saddle", 2]
    draws = np.random.default_rng(5).standard_normal((4000, 2, 65))
    lowest = np.linalg.eigvalsh(draws @ matrix @ draws.transpose(0, 2, 1))[:, 0]
    seen, exact = (
        float(part.split(" %")[0])
        for part in words["hidden-saddle", 3].replace("chance is", "saddle").split("saddle ")[1:3]
    )
    assert exact == pytest.approx(100 * (lowest > 0).mean(), abs=2.5)
    assert seen == pytest.approx(exact, abs=10)  # 200 draws
    assert f"positive here: {number(0.25 / 65, 2)}." in words["hidden-saddle", 3]
    steps = np.log(0.1 / 1e-3) / np.log(1 + bend)
    assert (
        f"grow by {number(1 + bend, 4)} a step: {number(steps)} steps to 0.1; it took"
        in (words["hidden-saddle", 4])
    )
    took = float(words["hidden-saddle", 4].split("it took ")[1].split(".")[0])
    assert took == pytest.approx(steps, abs=2)


def test_the_valley_and_its_runs(words):
    bends = np.linalg.eigvalsh(CHAPTER.hessian(CHAPTER.start))
    typical = np.median(np.abs(bends))
    assert f"{number(bends[-1], 2)} and a typical one {number(typical, 2)}: " in words["valley", 0]
    runs = [final(CHAPTER.start, kind, 200) for kind in (SGD(0.01), Momentum(0.01), Adam(0.01))]
    losses = [number(values[-1], 4) for _, values in runs]
    assert (
        f"SGD {losses[0]}, momentum {losses[1]} and Adam {losses[2]}. Adam is ahead."
        in (words["valley", 1])
    )
    moved = [number(distance(points[0], points[-1]), 2) for points, _ in runs]
    assert f"SGD {moved[0]}, momentum {moved[1]} and Adam {moved[2]}." in words["valley", 1]
    cloud = np.concatenate([points for points, _ in runs])
    _, _, axes = np.linalg.svd(cloud - cloud.mean(axis=0), full_matrices=False)
    for name, (points, _) in zip(("SGD", "momentum", "Adam"), runs, strict=True):
        own = points - points.mean(axis=0)
        share = np.square(own @ axes[:2].T).sum() / np.square(own).sum()
        assert f"{percent(share)} of {name}" in words["valley", 2]


def test_the_claims_of_the_valley(words):
    points, _ = final(CHAPTER.start, SGD(0.01), 200)
    steps = np.diff(points, axis=0)
    back = np.mean([later @ step < 0 for step, later in pairwise(steps)])
    assert f"{percent(back)} of its steps turn back: that does not hold here" in words["valley", 3]
    points, _ = final(CHAPTER.start, Adam(0.01), 200)
    x = np.log([np.linalg.norm(CHAPTER.gradient(point)) for point in points[:-1]])
    y = np.log(np.linalg.norm(np.diff(points, axis=0), axis=1))
    power = np.cov(x, y)[0, 1] / np.var(x, ddof=1)
    assert f"to the power {number(power, 2)};" in words["valley", 3]
    assert words["valley", 3].endswith("that does not hold here." if power > 0 else "that holds.")
    fast = final(CHAPTER.start, SGD(1.0), 200)[1][-1]
    slow = final(CHAPTER.start, SGD(0.01), 200)[1][-1]
    assert (
        f"comes to {number(fast, 4)} in 200 steps, against {number(slow, 4)}"
        in (words["valley", 4])
    )
    assert "still behind Adam's" in words["valley", 4]


def test_the_edge_of_stability(words):
    top = np.linalg.eigvalsh(CHAPTER.hessian(CHAPTER.start))[-1]
    assert (
        f"the start is {number(top)}: ratio {number(top, 2)}. So the first steps are safe."
        in (words["edge", 0])
    )
    rows = np.linspace(0, 1000, 61).round().astype(int)
    points, losses = final(CHAPTER.start, SGD(2.0), 1000)
    ratio = np.array([np.linalg.eigvalsh(CHAPTER.hessian(points[row]))[-1] for row in rows])
    assert (
        f"began at {number(ratio[0], 2)}, rose to {number(ratio.max())} at most, and over the "
        f"second half it is {number(ratio[30:].mean())} on average. It sits at the edge"
    ) in words["edge", 1]
    rises = np.diff(losses) > 0
    assert (
        f"{percent(rises[:500].mean())} of the steps of the first half and in "
        in (words["edge", 2])
    )
    assert (
        f"{percent(rises[500:].mean())} of the second, and yet it fell: from " in (words["edge", 2])
    )
    faster, last = final(CHAPTER.start, SGD(3.0), 1000)
    sharp = [np.linalg.eigvalsh(CHAPTER.hessian(faster[row]))[-1] for row in rows[30:]]
    assert f"is {number(np.mean(sharp))} on average, that of the first run " in words["edge", 4]
    assert f"{number(losses[-1], 4)} and {number(last[-1], 4)}." in words["edge", 4]


def test_the_swing_at_the_edge(words):
    points, _ = final(CHAPTER.start, SGD(2.0), 1000)
    vectors = np.linalg.eigh(CHAPTER.hessian(points[-1]))[1]
    steps = np.diff(points[-200:], axis=0)
    along = steps @ vectors[:, -1]
    assert (
        f"steep way, {percent((along[1:] * along[:-1] < 0).mean())} of the last 200 steps"
        in (words["edge", 3])
    )
    whole = np.square(steps).sum()
    inside = np.square(steps @ vectors[:, [0, -1]]).sum() / whole
    fitted = np.linalg.lstsq(RANDOM.directions.T, steps.T, rcond=None)[0]
    before = np.square(RANDOM.directions.T @ fitted).sum() / whole
    assert (
        f"This plane holds {percent(inside)} of those steps' squared lengths" in (words["edge", 3])
    )
    assert f"the random map before held {percent(before)};" in words["edge", 3]


def test_two_seeds_one_network(words):
    starts = twins_plane(CHAPTER, 0).points([[0, 0], [1, 0], [0, 1]])
    (_, one), (_, other), (_, twin) = runs = [final(x, Adam(0.02), 400) for x in starts]
    first, second, renamed = (points[-1] for points, _ in runs)
    assert f"come to {number(one[-1], 4)} and {number(other[-1], 4)}, " in words["one-network", 0]
    assert f"end {number(distance(first, second))} apart" in words["one-network", 0]
    between, null = ridge(CHAPTER, first, second), ridge(CHAPTER, first, renamed)
    assert f"the loss rises by {number(between, 2)}." in words["one-network", 0]
    assert "losses are the same at every step" in words["one-network", 1]
    assert np.abs(one - twin).max() < 1e-9
    assert (
        f"the ridge is {number(null, 2)}; between the seeds it was {number(between, 2)}."
        in (words["one-network", 1])
    )
    # the twin is the first network with its units in another order: the same triples
    triples = [
        np.sort(np.concatenate([x[:32].reshape(2, 16), x[32:48][None], x[48:64][None]]), axis=1)
        for x in (first, renamed)
    ]
    assert triples[0] == pytest.approx(triples[1], abs=1e-9)
    answers = [CHAPTER.outputs(x)[:, 0] > 0 for x in (first, second)]
    assert (
        f"label {percent((answers[0] != answers[1]).mean())} of the points differently"
        in (words["one-network", 2])
    )
    assert "equal but for rounding" in words["one-network", 2]
    aligned = aligned_plane(CHAPTER, first, second).points([[0, 1]])[0]
    assert CHAPTER.value(aligned) == pytest.approx(other[-1], abs=1e-12)
    after = ridge(CHAPTER, first, aligned)
    assert (
        f"falls from {number(distance(first, second))} to {number(distance(first, aligned))}"
        in (words["one-network", 3])
    )
    assert f"from {number(between, 2)} to {number(after, 2)}. " in words["one-network", 3]
    assert f"{percent(1 - after / between)} of it was naming." in words["one-network", 3]
    assert (
        f"the seeds {number(after, 2)} of {number(between, 2)} is left" in (words["one-network", 4])
    )
    assert words["one-network", 4].endswith("undetermined.")


def test_steps_can_be_entered_in_any_order(words):
    """Each at once, after another story, and after the visitor meddled: always the same words."""

    async def talk(page):
        await opened(page)
        found = {}
        for key in (("edge", 3), ("one-network", 4), ("hidden-saddle", 4), ("edge", 0)):
            found[key] = (await told(page, *key))["words"]
        await page.say("drop", drop=drop(0.3, 0.3, steps=5))
        await page.say("control", action="pause", run=None)
        for key in (("valley", 2), ("valley", 1), ("not-a-bowl", 4), ("not-a-bowl", 2)):
            found[key] = (await told(page, *key))["words"]
        return found

    found = with_page(talk)
    assert found == {key: words[key] for key in found}


def test_going_on_does_not_begin_anew():
    async def talk(page):
        await opened(page)
        await told(page, "valley", 1)
        before = list(page.session.runs.values())
        await told(page, "valley", 2)
        assert list(page.session.runs.values()) == before
        scene = page.session.scene
        await told(page, "valley", 3)
        assert page.session.scene == scene
        await told(page, "valley", 0)
        return page.session.runs

    assert with_page(talk) == {}


@pytest.mark.parametrize(
    ("hall", "tour", "step", "wanted"),
    [
        (None, "nowhere", 0, "the story must be one of not-a-bowl, "),
        (None, "edge", 5, "the story has steps 0 to 4"),
        (Hall(quadratic([1.0, 2.0])), "edge", 0, "a story needs the bench"),
    ],
)
def test_what_cannot_be_told_is_a_fault(hall, tour, step, wanted):
    async def talk(page):
        await opened(page)
        await page.say("tour", tour=tour, step=step)
        return (await page.hear("fault")).head

    assert with_page(talk, hall)["wanted"].startswith(wanted)


def test_a_link_to_a_story_comes_after_what_it_opens(tmp_path):
    save(CHAPTER_SURFACE, tmp_path / "map.zarr")

    async def talk(page):
        await page.say("open")
        await page.say("tour", tour="one-network", step=0)
        caption = await page.hear("caption")
        await page.idle()
        return page, caption.head["words"]

    halls = [Hall(), Hall(library=Library(tmp_path))]  # the bench, or a stored result
    pages = [with_page(talk, hall) for hall in halls]
    for page, words in pages:
        assert [f.head for f in page.frames if f.kind == "fault"] == []
        assert words == pages[0][1]
        scene = page.last("scene").head
        assert (scene["stored"], len(scene["runs"])) == (None, 2)


def test_who_goes_elsewhere_is_told_no_story_of_it():
    async def talk(page):
        await opened(page)
        await page.say("speed", steps_per_second=1)
        await page.say("tour", tour="one-network", step=0)
        await page.hear("scene", runs=[0, 1])
        await page.say("bench", bench={"width": 3})
        await page.idle()
        return page

    page = with_page(talk)
    (fault,) = [f.head for f in page.frames if f.kind == "fault"]
    assert fault["wanted"] == "a story needs its scene"
    assert page.last("scene").head["bench"]["width"] == 3


def test_a_step_that_is_not_there_gives_nothing_up():
    async def talk(page):
        await opened(page)
        await page.say("tour", tour="one-network", step=0)
        await page.hear("scene")
        await page.say("tour", tour="one-network", step=49)
        await page.hear("caption")
        await page.idle()
        return page

    page = with_page(talk)
    (fault,) = [f.head for f in page.frames if f.kind == "fault"]
    assert fault["wanted"] == "the story has steps 0 to 4"
    assert page.last("scene").head["runs"] == [0, 1]
