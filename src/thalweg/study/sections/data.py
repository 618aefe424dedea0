"""The data, and what accuracy is attainable at all at their noise."""

from functools import partial

import numpy as np

from thalweg.datasets import bayes_posterior
from thalweg.plots.mpl_figures import views_figure
from thalweg.study.context import Study
from thalweg.study.section import Section, percent
from thalweg.study.settings import Setting, optimal_score
from thalweg.views.scatter import Background, ScatterView, scatter_view
from thalweg.views.trust import trust_lines

HOPELESS = 0.75  # below this a perfect learner is still wrong more than every fourth time


def data_section(study: Study) -> Section:
    """Draw both data sets over the optimal classifier, and state what it attains."""
    chapter, learned = study.settings
    limits = study.attainable
    scores = {s.key: optimal_score(s, *s.data(study.plan.seed)) for s in study.settings}
    reach = 1.05 * max(float(np.abs(s.data(study.plan.seed)[0]).max()) for s in study.settings)
    hopeless = limits[chapter.key] < HOPELESS
    title = (
        f"At noise {chapter.noise:g} no classifier can beat {percent(limits[chapter.key])}"
        if hopeless
        else "How well the two arms can be told apart"
    )
    verdict = (
        "A network that scores clearly more on its training points has memorized noise."
        if hopeless
        else "The arms can be told apart."
    )
    figure = partial(
        views_figure,
        [_view(s, study.plan.seed, limits[s.key], reach) for s in study.settings],
        title=title,
        trust=trust_lines(
            [
                "Attainable accuracy: that of the classifier that knows the generator, by "
                "quadrature over the plane.",
                f"Data seed {study.plan.seed}; {chapter.n_points} points a class.",
            ]
        ),
    )
    caption = (
        "The two spirals. Background: the probability of class 1 given the place, for the "
        "optimal classifier that knows how the data were made; where it is pale, even that "
        "classifier guesses."
    )
    return Section(
        "data",
        "The data, and what can be learned from them",
        (
            f"The chapter draws {chapter.n_points} points on each of two spiral arms and adds "
            f"Gaussian noise of standard deviation {chapter.noise:g}. Neighboring arms are "
            f"{_gap(chapter):.2g} apart; the best "
            f"possible classifier is right on {percent(limits[chapter.key], 1)} of fresh points "
            f"(and on {percent(scores[chapter.key], 1)} of these training points). {verdict}",
            f"The second setting keeps the generator and lowers the noise to {learned.noise:g}; "
            f"there {percent(limits[learned.key], 1)} is attainable.",
            study.exhibit("data", figure, caption),
        ),
        {
            "attainable_accuracy": limits,
            "optimal_on_training_points": scores,
            "noise": {s.key: s.noise for s in study.settings},
        },
    )


def _gap(setting: Setting) -> float:
    """Return the distance between neighboring arms along a ray: half the growth in one turn."""
    radius = np.linalg.norm(setting.arms()[0], axis=1)
    turns = 2.0  # the chapter's angle runs to 4 pi
    return float((radius[-1] - radius[0]) / turns / 2)


def _view(setting: Setting, seed: int, limit: float, reach: float) -> ScatterView:
    X, y = setting.data(seed)
    axis = np.linspace(-reach, reach, 121)
    places = np.stack([g.ravel() for g in np.meshgrid(axis, axis)], axis=1)
    chance = bayes_posterior(setting.arms(), setting.noise, places)[:, 1]
    background = Background(axis, axis, chance.reshape(len(axis), -1))
    title = f"noise {setting.noise:g}: at most {percent(limit, 1)} attainable"
    return scatter_view(X, y, background=background, title=title)
