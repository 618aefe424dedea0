"""Bench: the network and its data as an objective, and what a visitor may choose from."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, get_args, get_type_hints

from thalweg.core.arrays import FloatArray
from thalweg.datasets import blobs, circles, moons, spiral, xor
from thalweg.dynamics.steppers import SGD, Adam, AdamW, Momentum, Nesterov, RMSprop, Stepper
from thalweg.objectives.activations import Activation
from thalweg.objectives.losses import Loss
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP, Gaussian
from thalweg.views.colors import optimizer_color
from thalweg.web.messages import (
    LIMIT_DEPTH,
    LIMIT_GRID,
    LIMIT_POINTS,
    LIMIT_RUNS,
    LIMIT_STEPS,
    LIMIT_WIDTH,
    Bench,
    OptimizerSpec,
)

DATA = {"spiral": spiral, "moons": moons, "circles": circles, "xor": xor, "blobs": blobs}
NEEDS_SKLEARN = ("moons", "circles", "blobs")
OPTIMIZERS: dict[str, tuple[type[Stepper], float]] = {  # with a learning rate to begin with
    "SGD": (SGD, 0.1),
    "momentum": (Momentum, 0.05),
    "Nesterov": (Nesterov, 0.05),
    "RMSprop": (RMSprop, 0.01),
    "Adam": (Adam, 0.02),
    "AdamW": (AdamW, 0.02),
}
RECIPES = {
    "random": "unit-length random directions",
    "filter": "filter-normalized random directions",
    "principal": "principal directions of the runs",
    "eigen": "extreme Hessian eigenvectors",
    "points": "through the ends of three runs",
}


@dataclass(frozen=True, eq=False)
class Laid:
    """A bench that is laid out.

    Attributes:
        objective: its start is the initial point that the bench asks for.
        inputs: (N, 2).
        labels: (N,), from 0.
    """

    objective: MLPObjective
    inputs: FloatArray
    labels: FloatArray


def lay(bench: Bench) -> Laid:
    """Return the data and the objective of a bench; the defaults are the chapter's.

    Two classes end in one logit, more in a logit a class.

    Raises:
        InputError: numbers that do not fit together.
        MissingExtraError: data that scikit-learn makes, where it is not installed.

    >>> laid = lay(Bench())
    >>> laid.objective.name, laid.inputs.shape, round(laid.objective.value(laid.objective.start), 4)
    ('2-16-1 relu', (400, 2), 0.6977)
    """
    inputs, labels = DATA[bench.data](bench.points, bench.noise, bench.data_seed)
    classes = int(labels.max()) + 1
    outputs, loss = 1, Loss.BINARY_CROSS_ENTROPY
    if classes > 2:
        outputs, loss = classes, Loss.SOFTMAX_CROSS_ENTROPY
    widths = (2, *[bench.width] * bench.depth, outputs)
    network = MLP(widths, Activation(bench.activation))
    start = network.initial_point(bench.seed, Gaussian(bench.scale))
    return Laid(MLPObjective(network, inputs, labels, loss, bench.l2, start), inputs, labels)


def stepper(spec: OptimizerSpec) -> Stepper:
    """Return the optimizer that was asked for.

    >>> stepper(OptimizerSpec("Adam", 0.01))
    Adam(lr=0.01, beta1=0.9, beta2=0.999, eps=1e-08)
    """
    return OPTIMIZERS[spec.name][0](spec.lr)


def choices(bench: bool = True) -> dict[str, Any]:
    """Return what a visitor may choose from, as the frame `hello` tells it.

    Data that scikit-learn makes are left out where it is not installed.

    Args:
        bench: False where the objective is given, so that there are no data to choose.
    """
    known = find_spec("sklearn") is not None
    names = [name for name in DATA if known or name not in NEEDS_SKLEARN]
    return {
        "data": names if bench else [],
        "activations": list(get_args(get_type_hints(Bench)["activation"])),
        "optimizers": [
            {"name": name, "lr": rate, "color": optimizer_color(name)}
            for name, (_, rate) in OPTIMIZERS.items()
        ],
        "recipes": [{"recipe": recipe, "words": words} for recipe, words in RECIPES.items()],
        "limits": {
            "points": LIMIT_POINTS,
            "depth": LIMIT_DEPTH,
            "width": LIMIT_WIDTH,
            "grid": LIMIT_GRID,
            "runs": LIMIT_RUNS,
            "steps": LIMIT_STEPS,
        },
    }
