"""MLPObjective: the loss of a fully connected network on fixed data, in NumPy and numba."""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from thalweg.core.arrays import FloatArray, IndexArray, as_floats, digest, frozen, require_finite
from thalweg.core.errors import InputError
from thalweg.core.objective import Fields, Restriction, SampledObjective
from thalweg.core.plane import Plane
from thalweg.core.seeded_plane import Planar
from thalweg.core.units import UnitLayer
from thalweg.objectives.activations import Activation
from thalweg.objectives.kernels import PlaneKernel
from thalweg.objectives.kernels_gradient import GradientKernel
from thalweg.objectives.kinked import kinks_crossed, nearest_kink
from thalweg.objectives.losses import Loss
from thalweg.objectives.network import MLP
from thalweg.objectives.shallow import shallow_hessians

# Intermediate arrays (points x examples x widest layer) stay near this many numbers: in cache.
CHUNK_NUMBERS = 1 << 19
JACOBIAN_NUMBERS = 1 << 25
HESSIAN_NUMBERS = 1 << 18  # of the Jacobians that are multiplied at once: in cache
_quiet = np.errstate(all="ignore")  # NaN and inf are results, not faults
_ACTIVATION_CODE = {activation: code for code, activation in enumerate(Activation)}
_LOSS_CODE = {loss: code for code, loss in enumerate(Loss)}


class MLPObjective(SampledObjective):
    """Mean loss over the examples plus (l2 / 2) |parameters|^2, biases included.

    Fields: `loss` = `data_loss` + `penalty`, `accuracy` (for classification), `gradient_norm`.

    Args:
        network: the MLP.
        inputs: (N, d).
        targets: (N,) labels from 0, or (N, C) numbers for mean squared error.
        loss: how outputs are compared with targets.
        l2: weight of the penalty, 0 or more; it adds exactly l2 times the identity to the Hessian.
        start: (n,), a point to start from; default: the network's initial point of seed 0.
        name: for captions; default: the widths and the activation.

    Raises:
        InputError: wrong shapes, no examples, NaN, labels outside the classes.

    >>> net = MLPObjective(MLP((1, 1)), [[1.0]], [1.0], start=[0.0, 0.0])
    >>> round(net.value([0.0, 0.0]), 6), net.gradient([0.0, 0.0])
    (0.693147, array([-0.5, -0.5]))
    """

    def __init__(
        self,
        network: MLP,
        inputs: ArrayLike,
        targets: ArrayLike,
        loss: Loss = Loss.BINARY_CROSS_ENTROPY,
        l2: float = 0.0,
        start: ArrayLike | None = None,
        name: str = "",
    ) -> None:
        mend = "give one row an example, one column an input"
        checked = as_floats(inputs, "inputs", (None, network.widths[0]), mend)
        if not len(checked):
            raise InputError("inputs must hold at least 1 example", "none", "load the data first")
        require_finite(checked, "inputs", "drop or fill the incomplete examples")
        if not (np.isfinite(l2) and l2 >= 0):
            raise InputError("l2 must be 0 or a positive number", repr(l2), "try 1e-3")
        self.network, self.loss, self.l2 = network, loss, float(l2)
        self.inputs = frozen(checked)
        self.targets = frozen(loss.check_targets(targets, len(checked), network.widths[-1]))
        self.n_examples = len(checked)
        self.layout = network.layout
        self.name = name or str(network)
        begin = self.check_point(network.initial_point(0) if start is None else np.asarray(start))
        self.start = frozen(require_finite(begin, "start", "start from an initial point"))
        names = ("loss", "data_loss", "penalty", "accuracy", "gradient_norm")
        self.fields = tuple(n for n in names if n != "accuracy" or loss.classifies)

    @_quiet
    def values(self, points: FloatArray) -> FloatArray:
        """Return the losses (m,) at points (m, n)."""
        points = self.check_points(points)
        return self._data_losses(points) + self._penalties(points)

    @_quiet
    def value_and_gradients(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return losses (m,) and gradients (m, n) at points (m, n), by a fused kernel."""
        points = self.check_points(points)
        losses, gradients = self._kernel(points)
        return losses + self._penalties(points), gradients + self.l2 * points

    @_quiet
    def hvp(self, point: FloatArray, directions: FloatArray) -> FloatArray:
        """Return the Hessian at point (n,) times directions (n,) or (k, n), exactly."""
        point = self.check_point(point)
        rows = self.check_points(np.atleast_2d(directions))
        products = np.empty_like(rows)
        for part in self._chunks(len(rows)):
            products[part] = self.network.hessian_times(
                point, rows[part], self.inputs, self.targets, self.loss
            )
        products += self.l2 * rows
        return products.reshape(np.shape(directions))

    def hessian(self, point: FloatArray) -> FloatArray:
        """Return the Hessian (n, n) at point (n,): matrix products if one layer is hidden."""
        return self.hessians(self.check_point(point)[None])[0]

    @_quiet
    def hessians(self, points: FloatArray) -> FloatArray:
        """Return the Hessians (m, n, n) at points (m, n); many at a time if one layer is hidden."""
        points, n = self.check_points(points), self.layout.size
        numbers = self.n_examples * self.network.widths[-1] * n
        if len(self.network.widths) != 3 or numbers > JACOBIAN_NUMBERS:
            rows = [self.hvp(point, np.eye(n)) for point in points]
            found = np.array(rows).reshape(-1, n, n)
            return (found + np.swapaxes(found, 1, 2)) / 2
        found, step = np.empty((len(points), n, n)), max(1, HESSIAN_NUMBERS // numbers)
        for at in range(0, len(points), step):
            part = slice(at, at + step)
            found[part] = shallow_hessians(
                self.network, points[part], self.inputs, self.targets, self.loss
            )
        return found + self.l2 * np.eye(n)

    @_quiet
    def kink_distance(self, point: FloatArray) -> float:
        """Return the smallest |input| of a ReLU over units and examples at point (n,), or inf."""
        return nearest_kink(self.network, self.check_point(point), self.inputs)

    @_quiet
    def crossings(self, point: FloatArray, direction: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return where point + t direction crosses kinks, t (m,), and the jumps (m,) of dL/dt.

        Raises:
            InputError: the network is not finite there.
        """
        point = self.check_point(point)
        direction = as_floats(direction, "direction", point.shape, "pass one direction (n,)")
        data = self.inputs, self.targets, self.loss
        return kinks_crossed(self.network, point, direction, *data)

    @_quiet
    def accuracies(self, points: FloatArray) -> FloatArray:
        """Return the share (m,) of examples classified rightly at points (m, n)."""
        points = self.check_points(points)
        found = np.empty(len(points))
        for part in self._chunks(len(points)):
            logits = self.network.logits(points[part], self.inputs)
            found[part] = self.loss.correct(logits, self.targets).mean(axis=-1)
        return found

    def units(self) -> tuple[UnitLayer, ...]:
        """Return the hidden layers."""
        return self.network.units

    @_quiet
    def outputs(self, point: FloatArray) -> FloatArray:
        """Return the outputs (N, C) at point (n,), before the loss's own sigmoid or softmax."""
        return self.network.logits(self.check_point(point)[None], self.inputs)[0]

    def subset(self, rows: IndexArray) -> "MLPObjective":
        """Return the same objective on the examples `rows` (integers) only."""
        return MLPObjective(
            self.network,
            self.inputs[rows],
            self.targets[rows],
            self.loss,
            self.l2,
            self.start,
            self.name,
        )

    def restrict(self, plane: Planar, fields: Sequence[str] = ("loss",)) -> Restriction:
        """Return f(coords (m, k)) -> {field: (m,)}, by one fused kernel for the whole plane."""
        self.check_request(plane, fields)
        dense = self.dense(plane)
        kernel = PlaneKernel(
            self.network.widths,
            _ACTIVATION_CODE[self.network.activation],
            _LOSS_CODE[self.loss],
            self.inputs,
            self.targets,
            dense.origin,
            dense.directions,
        )

        @_quiet
        def evaluate(coords: FloatArray) -> Fields:
            data_loss, accuracy = kernel(coords)
            found = {"data_loss": data_loss, "accuracy": accuracy}
            if {"loss", "penalty"} & set(fields):
                penalty = self._penalties(dense.points(coords))
                found |= {"penalty": penalty, "loss": data_loss + penalty}
            if "gradient_norm" in fields:
                found["gradient_norm"] = self._gradient_norms(dense, coords)
            return {field: found[field] for field in fields}

        return evaluate

    def digest(self) -> str:
        """Return 16 hexadecimal digits that name network, data and settings."""
        setting = f"{self.network!r} {self.loss.value} {self.l2!r}"
        return digest(np.array(setting), self.inputs, self.targets)

    @cached_property
    def _kernel(self) -> GradientKernel:
        activation, loss = _ACTIVATION_CODE[self.network.activation], _LOSS_CODE[self.loss]
        return GradientKernel(self.network.widths, activation, loss, self.inputs, self.targets)

    def _data_losses(self, points: FloatArray) -> FloatArray:
        losses = np.empty(len(points))
        for part in self._chunks(len(points)):
            logits = self.network.logits(points[part], self.inputs)
            losses[part] = self.loss.values(logits, self.targets).mean(axis=-1)
        return losses

    def _penalties(self, points: FloatArray) -> FloatArray:
        if self.l2 == 0:  # 0 * inf would be NaN
            return np.zeros(len(points))
        return 0.5 * self.l2 * np.square(points).sum(axis=-1)

    def _gradient_norms(self, plane: Plane, coords: FloatArray) -> FloatArray:
        norms = np.empty(len(coords))
        for part in self._chunks(len(coords)):
            gradients = self.value_and_gradients(plane.points(coords[part]))[1]
            norms[part] = np.linalg.norm(gradients, axis=1)
        return norms

    def _chunks(self, rows: int) -> Iterator[slice]:
        step = max(1, CHUNK_NUMBERS // (self.n_examples * max(self.network.widths)))
        for start in range(0, rows, step):
            yield slice(start, min(start + step, rows))
