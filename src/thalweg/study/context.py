"""Study: what the sections of the case study share, each computed once, on first use."""

from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass, field
from functools import cached_property

import xarray as xr

from thalweg.core.errors import StoreError
from thalweg.datasets import attainable_accuracy
from thalweg.objectives.mlp import MLPObjective
from thalweg.study import experiments
from thalweg.study.artists import Drawing, draw
from thalweg.study.rescaling import Rescaling, rescaling
from thalweg.study.section import Exhibit
from thalweg.study.settings import CHAPTER, Plan, Setting, optimal_score
from thalweg.study.workshop import Workshop


@dataclass(frozen=True)
class Study:
    """The workshop and the plan, and what follows from them.

    Attributes:
        shop: the output folder.
        plan: seed and size.
        artists: who draws the figures; None: this process, at once.
        drawn: the figures that artists were given.
    """

    shop: Workshop
    plan: Plan
    artists: Executor | None = None
    drawn: list[Future[None]] = field(default_factory=list)

    @property
    def chapter(self) -> Setting:
        """The chapter's setting, with the chapter's learning rates."""
        return CHAPTER

    @cached_property
    def tuning(self) -> xr.Dataset:
        """Every optimizer at every rate in the second setting."""
        return experiments.tune(self.shop, self.plan, self.plan.learned)

    @cached_property
    def learned(self) -> Setting:
        """The second setting, each optimizer at its best rate."""
        return experiments.tuned(self.plan.learned, self.tuning)

    @property
    def settings(self) -> tuple[Setting, Setting]:
        """Both settings."""
        return self.chapter, self.learned

    @cached_property
    def objectives(self) -> dict[str, MLPObjective]:
        """The training loss of each setting, by key."""
        return {s.key: s.objective(self.plan.seed) for s in self.settings}

    @cached_property
    def runs(self) -> dict[str, dict[str, xr.Dataset]]:
        """The trajectory of each optimizer in each setting."""
        return {s.key: experiments.train(self.shop, self.plan, s) for s in self.settings}

    @cached_property
    def ensembles(self) -> dict[str, xr.Dataset]:
        """What the optimizers do from many seeds, in each setting."""
        return {s.key: experiments.ensemble(self.shop, self.plan, s) for s in self.settings}

    @cached_property
    def curvatures(self) -> dict[str, dict[str, xr.Dataset]]:
        """The spectra along each run of each setting."""
        return {
            s.key: experiments.curvatures(self.shop, self.plan, s, self.runs[s.key])
            for s in self.settings
        }

    @cached_property
    def rescalings(self) -> dict[str, Rescaling]:
        """What rescaling units does to the drawn curvature at Adam's end, in each setting."""
        return {
            key: rescaling(objective, self.runs[key]["Adam"]["point"].values[-1])
            for key, objective in self.objectives.items()
        }

    @cached_property
    def attainable(self) -> dict[str, float]:
        """The accuracy that no classifier exceeds on fresh data, in each setting."""
        return {s.key: attainable_accuracy(s.arms(), s.noise) for s in self.settings}

    @cached_property
    def optimal(self) -> dict[str, float]:
        """What the optimal classifier scores on the fresh points of each setting."""
        return {s.key: optimal_score(s, *s.fresh_data(self.plan.seed)) for s in self.settings}

    def exhibit(self, name: str, drawing: Drawing, caption: str, fragment: str = "") -> Exhibit:
        """Have the figure drawn and saved as figures/NAME.png and .svg; return its exhibit.

        Args:
            name: stem of the file names.
            drawing: makes the figure; a partial of a composer and its views, so that it can be
                sent to another process.
            caption: says what is drawn.
            fragment: interactive HTML that goes with it.
        """
        self.shop.tell(f"figure {name}")
        folder = self.shop.folder / "figures"
        if self.artists is None:
            draw(drawing, folder, name)
        else:
            self.drawn.append(self.artists.submit(draw, drawing, folder, name))
        return Exhibit(name, caption, fragment)

    def finish_drawing(self) -> None:
        """Wait for all figures; a fault in drawing one is raised here."""
        try:
            for future in self.drawn:
                future.result()
        except BrokenExecutor as fault:
            wanted = "the processes that draw must stay alive"
            raise StoreError(wanted, "one was killed", "give the same command again") from fault
