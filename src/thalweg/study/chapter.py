"""The chapter's own functions under the chapter's own names, thin over the general machinery.

Same signatures, shapes, axis order (`loss_grid[j, i]` is the loss at alphas[i], betas[j]) and
numbers as the book's listing; without its traps: the global random state stays untouched, no
array aliases the network, and drawing a slice leaves the network where it was.
"""

from collections.abc import Callable

import numpy as np
from scipy.special import expit

from thalweg.core.arrays import FloatArray, as_floats
from thalweg.core.errors import InputError
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.datasets import spiral
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import SGD, Adam, Momentum, Stepper
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP, Gaussian
from thalweg.surface.evaluate import evaluate

NETWORK = MLP((2, 16, 1))


def generate_spiral_data(
    n_points: int = 200, noise: float = 0.3, seed: int = 42
) -> tuple[FloatArray, FloatArray]:
    """Return the two-class spiral: features (2 n_points, 2) and labels (2 n_points,).

    >>> X, y = generate_spiral_data()
    >>> X.shape, X[0].round(4)
    ((400, 2), array([0.149 , 0.1073]))
    """
    return spiral(n_points, noise, seed)


class SmallNetwork:
    """Input(2) -> Dense(16, ReLU) -> Dense(1, sigmoid), for binary classification.

    Attributes:
        params: W1 (2, 16), b1 (16,), W2 (16, 1), b2 (1,) by name.
    """

    def __init__(self, seed: int = 42) -> None:
        self.params = NETWORK.layout.unpack(NETWORK.initial_point(seed, Gaussian(0.5)))

    def forward(self, X: FloatArray) -> tuple[FloatArray, dict[str, FloatArray]]:
        """Return predictions (N,) for features (N, 2), and the intermediate values."""
        X = as_floats(X, "X", (None, 2), "give one row an example")
        z1 = X @ self.params["W1"] + self.params["b1"]
        h1 = np.maximum(0, z1)
        z2 = h1 @ self.params["W2"] + self.params["b2"]
        y_pred = expit(z2.ravel())
        return y_pred, {"X": X, "z1": z1, "h1": h1, "z2": z2, "y_pred": y_pred}

    def compute_loss(self, y_pred: FloatArray, y_true: FloatArray) -> float:
        """Return the binary cross-entropy of probabilities (N,), clipped at 1e-12 as in the book.

        The clip caps an example's loss at 27.6; slices and training here use logits instead,
        which agree below the cap and have none.
        """
        y_pred = as_floats(y_pred, "y_pred", (None,), "pass what forward returns")
        y_true = as_floats(y_true, "y_true", y_pred.shape, "pass one label a prediction")
        p = np.clip(y_pred, 1e-12, 1 - 1e-12)
        return float(-np.mean(y_true * np.log(p) + (1 - y_true) * np.log(1 - p)))

    def backward(self, cache: dict[str, FloatArray], y_true: FloatArray) -> dict[str, FloatArray]:
        """Return the gradients by name, at the present parameters, on the cached features."""
        objective = MLPObjective(NETWORK, cache["X"], y_true)
        return NETWORK.layout.unpack(objective.gradient(self.get_flat_params()))

    def get_flat_params(self) -> FloatArray:
        """Return all parameters as one vector (65,): W1, b1, W2, b2."""
        return NETWORK.layout.pack(self.params)

    def set_flat_params(self, flat: FloatArray) -> None:
        """Set the parameters from a vector (65,), which stays the caller's own."""
        self.params = NETWORK.layout.unpack(flat)


def visualize_loss_landscape(
    net: SmallNetwork,
    X: FloatArray,
    y: FloatArray,
    center_params: FloatArray,
    direction1: FloatArray,
    direction2: FloatArray,
    grid_range: float = 1.0,
    grid_points: int = 50,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return (alphas, betas, loss_grid) on a slice; loss_grid[j, i] is at alphas[i], betas[j].

    Args:
        net: names the architecture; its parameters are neither used nor changed.
        X: features (N, 2).
        y: labels (N,), 0 or 1.
        center_params: (65,), the middle of the slice.
        direction1: (65,), used at the length it has.
        direction2: (65,), likewise.
        grid_range: alphas and betas run from -grid_range to grid_range.
        grid_points: how many of each.
    """
    objective = MLPObjective(NETWORK, X, y)
    mend = "pass one flat vector, as from get_flat_params"
    n = (NETWORK.layout.size,)
    center = as_floats(center_params, "center_params", n, mend)
    first = as_floats(direction1, "direction1", n, mend)
    second = as_floats(direction2, "direction2", n, mend)
    plane = Plane(center, np.stack([first, second]))
    grid = Grid.square(grid_range, grid_points)
    surface = evaluate(objective, plane, grid)
    return grid.axes[0].copy(), grid.axes[1].copy(), surface["loss"].values


def train_with_trajectory(
    net: SmallNetwork,
    X: FloatArray,
    y: FloatArray,
    optimizer_name: str = "sgd",
    learning_rate: float = 0.01,
    n_epochs: int = 200,
    momentum: float = 0.9,
    beta1: float = 0.9,
    beta2: float = 0.999,
) -> tuple[list[FloatArray], list[float]]:
    """Train the network and return (points, losses): n_epochs + 1 vectors, n_epochs losses.

    As in the book an "epoch" is one full-batch step, "sgd" is gradient descent, and the network
    ends trained.

    Raises:
        InputError: an optimizer other than 'sgd', 'momentum', 'adam'.
    """
    makers: dict[str, Callable[[], Stepper]] = {
        "sgd": lambda: SGD(learning_rate),
        "momentum": lambda: Momentum(learning_rate, momentum),
        "adam": lambda: Adam(learning_rate, beta1, beta2),
    }
    if optimizer_name not in makers:
        wanted = f"optimizer_name must be one of {', '.join(makers)}"
        raise InputError(wanted, repr(optimizer_name), "pick one of them")
    objective = MLPObjective(NETWORK, X, y)
    run = record(objective, net.get_flat_params(), makers[optimizer_name](), n_epochs)
    points = run["point"].values
    net.set_flat_params(points[-1])
    return [point.copy() for point in points], [float(v) for v in run["loss"].values[:-1]]
