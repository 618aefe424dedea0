"""Settings: what the case study trains, where, and how much of it."""

from dataclasses import dataclass, replace

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.datasets import bayes_posterior, spiral, spiral_arms
from thalweg.dynamics.steppers import SGD, Adam, Momentum, Stepper
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP, Gaussian

INITIAL = Gaussian(0.5)
LEARNED_SHARE = 0.95  # "the spiral is learned": right on at least this share of fresh points


@dataclass(frozen=True)
class Setting:
    """A data set, a network and a training budget.

    Attributes:
        key: short, for file names.
        title: for captions.
        noise: standard deviation of the noise on the spiral.
        network: what is trained.
        steps: full-batch steps a run.
        steppers: SGD, momentum and Adam, each at its learning rate.
        n_points: points a class.
    """

    key: str
    title: str
    noise: float
    network: MLP
    steps: int
    steppers: tuple[Stepper, ...]
    n_points: int = 200

    def data(self, seed: int) -> tuple[FloatArray, FloatArray]:
        """Return the training inputs and labels."""
        return spiral(self.n_points, self.noise, seed)

    def fresh_data(self, seed: int) -> tuple[FloatArray, FloatArray]:
        """Return test inputs and labels: the same arms, with the noise of five other seeds."""
        draws = [spiral(self.n_points, self.noise, seed + 1000 + i) for i in range(5)]
        return np.concatenate([X for X, _ in draws]), np.concatenate([y for _, y in draws])

    def arms(self) -> FloatArray:
        """Return the noiseless points (classes, n_points, 2)."""
        return spiral_arms(self.n_points)

    def objective(self, seed: int, l2: float = 0.0, network: MLP | None = None) -> MLPObjective:
        """Return the training loss of the data of `seed`, starting at the network of `seed`."""
        network = network or self.network
        X, y = self.data(seed)
        return MLPObjective(network, X, y, l2=l2, start=self.initial_point(seed, network))

    def initial_point(self, seed: int, network: MLP | None = None) -> FloatArray:
        """Return the initial parameters (n,) of a seed, in the chapter's scheme."""
        return (network or self.network).initial_point(seed, INITIAL)


def optimal_score(setting: Setting, X: FloatArray, y: FloatArray) -> float:
    """Return the share of points that the classifier that knows the generator gets right."""
    return float((bayes_posterior(setting.arms(), setting.noise, X).argmax(axis=1) == y).mean())


CHAPTER = Setting(
    key="chapter",
    title="the chapter's setting",
    noise=0.3,
    network=MLP((2, 16, 1)),
    steps=200,
    steppers=(SGD(0.01), Momentum(0.01), Adam(0.01)),
)

# Found by a search over noise, width, initialization, steps and rates for the fewest changes at
# which the spiral is learned and the optimizers differ; the rates are tuned anew in every run.
LEARNED = Setting(
    key="learned",
    title="the second setting",
    noise=0.02,
    network=MLP((2, 64, 1)),
    steps=2000,
    steppers=(SGD(1.0), Momentum(1.0), Adam(1.0)),  # every run chooses its own rates
)


@dataclass(frozen=True)
class Plan:
    """How much the case study computes.

    Attributes:
        seed: of data and networks, as in the chapter (42 there).
        quick: a smaller study of the same shape.
    """

    seed: int = 42
    quick: bool = False

    @property
    def learned(self) -> Setting:
        """The second setting, with fewer steps if quick."""
        if not self.quick:
            return LEARNED
        return replace(LEARNED, steps=600)

    @property
    def grid_points(self) -> int:
        """Points an axis of a surface."""
        return 51 if self.quick else 101

    @property
    def tuning_rates(self) -> list[float]:
        """The learning rates that every optimizer is tried at: evenly spaced in the logarithm."""
        per_decade = 2 if self.quick else 4
        return [10 ** (k / per_decade) for k in range(-2 * per_decade, per_decade + 1)]

    @property
    def tuning_seeds(self) -> list[int]:
        """Initializations on which the learning rates are chosen."""
        return self._other_seeds(0, 2 if self.quick else 3)

    @property
    def test_seeds(self) -> list[int]:
        """Initializations on which results are reported; none of them was tuned on."""
        return self._other_seeds(5, 5 if self.quick else 20)

    def _other_seeds(self, start: int, count: int) -> list[int]:
        """Return seeds that share no random stream with the data or the main run."""
        return [seed for seed in range(start, start + count + 1) if seed != self.seed][:count]

    @property
    def draws(self) -> int:
        """Random planes drawn through one network."""
        return 3 if self.quick else 6

    @property
    def networks(self) -> tuple[MLP, ...]:
        """The architectures that are compared: width, then depth."""
        wide = (MLP((2, 4, 1)), MLP((2, 16, 1)), MLP((2, 64, 1)))
        deep = (MLP((2, 16, 16, 1)), MLP((2, 16, 16, 16, 1)), MLP((2, 16, 16, 16, 16, 1)))
        return (*wide[1:], *deep[:1]) if self.quick else wide + deep

    @property
    def searches(self) -> int:
        """Points of a run from which an exact saddle is searched."""
        return 3 if self.quick else 9

    @property
    def snapshots(self) -> int:
        """Steps of a run at which the whole spectrum is computed."""
        return 7 if self.quick else 21
