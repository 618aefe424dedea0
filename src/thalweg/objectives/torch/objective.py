"""TorchObjective: the loss of any PyTorch module as a function of its parameters."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
import torch

from thalweg.core.arrays import FloatArray, IndexArray, as_floats
from thalweg.core.errors import InputError
from thalweg.core.layout import Block
from thalweg.core.objective import Fields, Restriction, SampledObjective, SmoothObjective
from thalweg.core.seeded_plane import Planar, SeededPlane, blocks_digest
from thalweg.core.units import UnitLayer
from thalweg.objectives.torch.course import Course, PlaneCourse, PointsCourse, SeededCourse
from thalweg.objectives.torch.data import Resident
from thalweg.objectives.torch.derivatives import hessian_times, value_and_gradient
from thalweg.objectives.torch.guest import guarded
from thalweg.objectives.torch.identity import Names, code_digest, numbers_digest
from thalweg.objectives.torch.kinks import kinks_crossed, nearest_kink
from thalweg.objectives.torch.operator import TorchOperator
from thalweg.objectives.torch.outputs import outputs
from thalweg.objectives.torch.problem import Problem
from thalweg.objectives.torch.rows import Total
from thalweg.objectives.torch.strategy import Strategy
from thalweg.objectives.torch.units import FoundUnits, found_units
from thalweg.objectives.torch.walk import move


class TorchObjective(SmoothObjective):
    """Loss and metrics of a private copy of a model on fixed data; made by `from_torch`.

    Fields: `loss`, `loss_stderr` (standard error over examples, where the loss tells them apart),
    the metrics, and `gradient_norm`.

    Args:
        problem: model, data, loss and policies.
        name: for captions.
        names: digests of the parts that are known from the beginning.
        strategy: how points are evaluated.
    """

    def __init__(
        self,
        problem: Problem,
        name: str,
        names: Names,
        strategy: Strategy,
    ) -> None:
        self.problem, self.name, self.strategy = problem, name, strategy
        self.layout = problem.selection.layout
        self._names = names
        by_example = problem.loss.by_example and problem.loss.total is Total.MEAN
        fields = ["loss", *(["loss_stderr"] if by_example else [])]
        fields += [metric.name for metric in problem.metrics]
        fields += [] if problem.reestimates else ["gradient_norm"]
        self.fields = tuple(fields)

    @property
    def start(self) -> FloatArray:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The parameters (n,) that the model had when the objective was made."""
        return np.concatenate([weights for _, weights in self.start_blocks()])

    def start_blocks(self) -> Iterator[tuple[Block, FloatArray]]:
        """Yield the blocks of the start, each as float64 (m,), one after the other."""
        for block, base in zip(self.layout.blocks, self.problem.base, strict=True):
            yield block, base.reshape(-1).cpu().double().numpy().copy()

    def method(self) -> str:
        """Return how points were evaluated so far, in words."""
        return self.strategy.how(self.problem)

    def values(self, points: FloatArray) -> FloatArray:
        """Return the losses (m,) at points (m, n)."""
        course = PointsCourse(self.check_points(points), self.layout)
        return self._evaluate(course, _numbers(points), ("loss",))["loss"]

    def value_and_gradients(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return losses (m,) and gradients (m, n) at points (m, n).

        Raises:
            InputError: statistics are estimated anew at every point.
        """
        points = self.check_points(points)
        self._check_smooth()
        course = PointsCourse(points, self.layout)
        losses, gradients = np.empty(len(points)), np.empty(points.shape)
        with guarded():
            for row, at in enumerate(_numbers(points)):
                move(self.problem, course, at)
                losses[row], gradients[row] = value_and_gradient(self.problem)
        return losses, gradients

    def hvp(self, point: FloatArray, directions: FloatArray) -> FloatArray:
        """Return the Hessian at point (n,) times directions (n,) or (k, n).

        Raises:
            InputError: statistics are estimated anew at every point.
        """
        point = self.check_point(point)
        rows = self.check_points(np.atleast_2d(directions))
        self._check_smooth()
        with guarded():
            move(self.problem, PointsCourse(point[None], self.layout), np.zeros(1))
            products = hessian_times(self.problem, rows)
        return products.reshape(np.shape(directions))

    def units(self) -> tuple[UnitLayer, ...]:
        """Return the layers of interchangeable hidden units, told from the traced model.

        Layers that reach an operation that is not understood are left out; `found_units` says
        which. What is left is checked: a random twin has the same outputs.

        Raises:
            InputError: the model cannot be traced, or all its hidden layers are left out.
        """
        return self._units.layers

    @cached_property
    def _units(self) -> FoundUnits:
        return found_units(self.problem)

    def operator(self, point: FloatArray) -> TorchOperator:
        """Return the Hessian at point (n,) as a linear map that keeps the gradient's graph.

        Raises:
            InputError: statistics are estimated anew at every point.
        """
        self._check_smooth()
        return TorchOperator(self.problem, self.check_point(point))

    def kink_distance(self, point: FloatArray) -> float:
        """Return the smallest |input| of a kinked unit at point (n,), as found while running.

        inf without kinks; NaN with operations whose kinks are not followed (see `kinks.py`).
        """
        point = self.check_point(point)
        with guarded():
            move(self.problem, PointsCourse(point[None], self.layout), np.zeros(1))
            return nearest_kink(self.problem)

    def crossings(self, point: FloatArray, direction: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return where point + t direction crosses kinks, t (m,), and the jumps (m,) of dL/dt.

        Raises:
            InputError: an operation of the model has kinks that are not followed, the model is
                not finite there, or statistics are estimated anew at every point.
        """
        point = self.check_point(point)
        direction = as_floats(direction, "direction", point.shape, "pass one direction (n,)")
        self._check_smooth()
        with guarded():
            move(self.problem, PointsCourse(point[None], self.layout), np.zeros(1))
            return kinks_crossed(self.problem, direction)

    def restrict(self, plane: Planar, fields: Sequence[str] = ("loss",)) -> Restriction:
        """Return f(coords (m, k)) -> {field: (m,)}; every point computed from the origin anew."""
        return self.restrict_for_map(plane, fields, 0)

    def restrict_for_map(self, plane: Planar, fields: Sequence[str], cells: int) -> Restriction:
        """Return `restrict(plane, fields)`, with a strategy that suits a map of so many cells."""
        self.check_request(plane, fields)
        wanted = tuple(fields)
        course = self._course(plane)
        course.cells = cells

        def evaluate(coords: FloatArray) -> Fields:
            return self._evaluate(course, np.asarray(coords, dtype=np.float64), wanted)

        return evaluate

    def digest(self) -> str:
        """Return 16 hexadecimal digits that name model, data, loss and settings."""
        return code_digest(tuple(self.identity().values()))

    def identity(self) -> dict[str, str]:
        """Return a digest for each of model, data, loss and settings."""
        return dict(self._identity)

    @cached_property
    def _identity(self) -> dict[str, str]:
        names = [block.name for block in self.layout.blocks]
        with guarded():
            self.problem.buffers.restore()
            moved = dict(zip(names, self.problem.base, strict=True))
            numbers = numbers_digest(self.problem.model, moved)
            data = self.problem.data.digest()
        model = code_digest((self._names.structure, numbers))
        own = self._names
        return {"model": model, "data": data, "loss": own.loss, "settings": own.settings}

    def _course(self, plane: Planar) -> Course:
        if isinstance(plane, SeededPlane):
            plane.check_origin(blocks_digest(self.start_blocks()))
            return SeededCourse(plane, self.problem.base)
        return PlaneCourse(plane, self.layout, self.problem.device)

    def _evaluate(self, course: Course, coords: FloatArray, fields: tuple[str, ...]) -> Fields:
        plain = tuple(field for field in fields if field != "gradient_norm")
        with guarded():
            found = self.strategy(self.problem, course, coords, plain) if plain else {}
            if "gradient_norm" in fields:
                norms = np.empty(len(coords))
                for row, at in enumerate(coords):
                    move(self.problem, course, at)
                    norms[row] = np.linalg.norm(value_and_gradient(self.problem)[1])
                found["gradient_norm"] = norms
        return {field: found[field] for field in fields}

    def _check_smooth(self) -> None:
        if self.problem.reestimates:
            wanted = "derivatives need statistics that stay or come from each batch"
            mend = "take Normalisation.FROZEN or Normalisation.BATCH"
            raise InputError(wanted, "Normalisation.REESTIMATED", mend)


class SampledTorchObjective(  # pyright: ignore[reportIncompatibleVariableOverride]
    TorchObjective, SampledObjective
):
    """A TorchObjective whose examples can be picked one by one."""

    @property
    def n_examples(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Examples in all."""
        return self._resident.n_examples

    @property
    def _resident(self) -> Resident:
        data = self.problem.data
        assert isinstance(data, Resident)  # from_torch makes this class for such data only
        return data

    def outputs(self, point: FloatArray) -> FloatArray:
        """Return what the model answers at point (n,): (N, C), a row an example.

        Raises:
            InputError: its output is not one tensor with a row an example.
        """
        course = PointsCourse(self.check_point(point)[None], self.layout)
        with guarded():
            move(self.problem, course, np.zeros(1))
            return outputs(self.problem, self.n_examples)

    def subset(self, rows: IndexArray) -> "SampledTorchObjective":
        """Return the same objective on the examples `rows` (integers) only."""
        chosen = torch.as_tensor(np.asarray(rows, dtype=np.int64))
        inside = (chosen >= -self.n_examples) & (chosen < self.n_examples)
        if chosen.ndim != 1 or not len(chosen) or not inside.all():
            mend = "pass a list of row numbers"
            wanted = f"rows must be integers below {self.n_examples}, at least one"
            raise InputError(wanted, f"shape {tuple(chosen.shape)}, {rows!r:.60}", mend)
        problem = replace(self.problem, data=self._resident.picked(chosen))
        return SampledTorchObjective(problem, self.name, self._names, self.strategy)


def _numbers(points: FloatArray) -> FloatArray:
    """The coordinates (m, 1) of a course of points."""
    return np.arange(len(points), dtype=np.float64)[:, None]
