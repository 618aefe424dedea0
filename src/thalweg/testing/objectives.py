"""ObjectiveContract: what every objective must keep; for tests of new ones.

Subclass it in a test file, name the class `Test...`, and say what it is about:

    class TestMine(ObjectiveContract):
        def make(self):
            return MyObjective(...)

        def make_other(self):
            return MyObjective(... on other data)

pytest then runs each `test_` method. They need nothing of pytest and can be called alone.
"""

import pickle
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from thalweg.core.arrays import FloatArray
from thalweg.core.errors import InputError
from thalweg.core.objective import Objective, SampledObjective, SmoothObjective
from thalweg.core.plane import Plane
from thalweg.geometry.scaling import Unscaled
from thalweg.geometry.seeded import seeded_plane
from thalweg.geometry.symmetry import permuted_twin


class ObjectiveContract(ABC):
    """What an objective must keep; smooth and sampled ones are held to more.

    Attributes:
        rtol: how well two ways to the same loss must agree; 1e-5 suits float32.
        step: of central differences, in parameters.
        slope_rtol: how well derivatives must agree with differences.
        reach: how far from the start the planes go.
    """

    rtol: float = 1e-10
    step: float = 1e-5
    slope_rtol: float = 1e-6
    reach: float = 0.1

    @abstractmethod
    def make(self) -> Objective:
        """Return the objective; a new one each time, always the same function."""

    @abstractmethod
    def make_other(self) -> Objective:
        """Return one with other data or settings: another function on the same parameters."""

    def point(self) -> FloatArray:
        """Return where derivatives are checked: (n,), away from kinks; default: the start."""
        return np.array(self.make().start, dtype=float)

    def test_the_start_fits_the_layout(self) -> None:
        """The start is finite and (n,); "loss" is a field."""
        objective = self.make()
        assert objective.start.shape == (objective.layout.size,)
        assert np.isfinite(objective.start).all()
        assert "loss" in objective.fields
        sizes = [part.size for _, part in objective.start_blocks()]
        assert sum(sizes) == objective.layout.size

    def test_a_restriction_is_the_objective_on_a_plane(self) -> None:
        """Each field comes as (m,); the loss is that of `values` on the plane's points."""
        objective = self.make()
        for k in range(1, min(3, objective.layout.size) + 1):
            plane, coords = self._plane(objective, k), _coords(k)
            found = objective.restrict(plane, objective.fields)(coords)
            assert set(found) == set(objective.fields)
            assert all(values.shape == (len(coords),) for values in found.values())
            self._agree(found["loss"], objective.values(plane.points(coords)))
            only = objective.restrict(plane)(coords)
            assert set(only) == {"loss"}
            self._agree(only["loss"], found["loss"])

    def test_a_seeded_plane_is_its_dense_one(self) -> None:
        """Directions drawn again block by block lead to the same fields."""
        objective = self.make()
        plane = seeded_plane(objective, seed=5, k=2, scaling=Unscaled())
        there = objective.restrict(plane, objective.fields)(_coords(2) * self.reach)
        here = objective.restrict(objective.dense(plane), objective.fields)(_coords(2) * self.reach)
        for name in objective.fields:
            self._agree(there[name], here[name])

    def test_a_cell_is_the_same_alone_and_among_others(self) -> None:
        """How coordinates are batched changes nothing; no coordinates give no losses."""
        objective = self.make()
        f, coords = objective.restrict(self._plane(objective, 2)), _coords(2)
        together = f(coords)["loss"]
        for i in range(len(coords)):
            self._agree(f(coords[i : i + 1])["loss"], together[i : i + 1])

    def test_the_same_bits_again(self) -> None:
        """A second call, a second objective and a pickled one give the same bits and digest."""
        first, second = self.make(), self.make()
        copied = pickle.loads(pickle.dumps(first))
        plane, coords = self._plane(first, 2), _coords(2)
        wanted = first.restrict(plane)(coords)["loss"].tobytes()
        for objective in (first, second, copied):
            assert objective.restrict(plane)(coords)["loss"].tobytes() == wanted
            assert objective.digest() == first.digest()
            assert objective.identity() == first.identity()

    def test_the_digest_names_the_function(self) -> None:
        """16 hexadecimal digits; other data or settings have other ones, in `identity` too."""
        objective, other = self.make(), self.make_other()
        assert len(objective.digest()) == 16
        int(objective.digest(), 16)
        assert objective.digest() != other.digest()
        assert objective.identity() != other.identity()

    def test_nothing_of_the_caller_is_written(self) -> None:
        """Points may be read-only; results are the caller's to change."""
        objective = self.make()
        start = objective.start.copy()
        points = np.stack([start, start + self.reach])
        points.flags.writeable = False
        values = objective.values(points)
        kept = values.copy()
        values += 1.0
        np.testing.assert_array_equal(objective.values(points), kept)
        if isinstance(objective, SmoothObjective):
            _, gradients = objective.value_and_gradients(points)
            before = gradients.copy()
            gradients += 1.0
            np.testing.assert_array_equal(objective.value_and_gradients(points)[1], before)
        np.testing.assert_array_equal(objective.start, start)

    def test_parameters_that_are_no_numbers_give_a_loss_that_is_none(self) -> None:
        """NaN is kept, not raised and not repaired."""
        objective = self.make()
        points = np.stack([objective.start, np.full(objective.layout.size, np.nan)])
        found = objective.values(points)
        assert np.isfinite(found[0])
        assert not np.isfinite(found[1])

    def test_requests_that_do_not_fit_are_refused(self) -> None:
        """Unknown fields, no fields, planes and points of another space: InputError."""
        objective = self.make()
        n = objective.layout.size
        plane = self._plane(objective, 1)
        elsewhere = Plane(np.zeros(n + 1), np.ones((1, n + 1)))
        with _refused():
            objective.restrict(plane, ("no such field",))
        with _refused():
            objective.restrict(plane, ())
        with _refused():
            objective.restrict(elsewhere)
        with _refused():
            objective.values(np.zeros((2, n + 1)))

    def test_gradients_are_those_of_the_values(self) -> None:
        """Along random directions, by central differences; one gradient a row."""
        objective = self.make()
        if not isinstance(objective, SmoothObjective):
            return
        point, ways = self.point(), self._ways(objective.layout.size)
        values, gradients = objective.value_and_gradients(np.stack([point, point]))
        assert values.shape == (2,)
        assert gradients.shape == (2, point.size)
        self._agree(values, objective.values(np.stack([point, point])))
        h = self.step
        ahead, behind = objective.values(point + h * ways), objective.values(point - h * ways)
        self._near(ways @ gradients[0], (ahead - behind) / (2 * h))
        if "gradient_norm" in objective.fields:
            line = Plane(point, ways[:1])
            found = objective.restrict(line, ("gradient_norm",))(np.zeros((1, 1)))
            self._near(found["gradient_norm"], np.linalg.norm(gradients[:1], axis=1))

    def test_hessian_products_are_those_of_the_gradients(self) -> None:
        """Along random directions, by central differences; symmetric; one or many at a time."""
        objective = self.make()
        if not isinstance(objective, SmoothObjective):
            return
        point, ways = self.point(), self._ways(objective.layout.size)
        products = objective.hvp(point, ways)
        assert products.shape == ways.shape
        h = self.step
        ahead = objective.value_and_gradients(point + h * ways)[1]
        behind = objective.value_and_gradients(point - h * ways)[1]
        self._near(products, (ahead - behind) / (2 * h))
        self._near(products @ ways.T, (products @ ways.T).T)
        alone = objective.hvp(point, ways[0])
        assert alone.shape == ways[0].shape
        self._near(alone, products[0])
        if objective.layout.size <= 64:
            matrix = objective.hessian(point)
            np.testing.assert_array_equal(matrix, matrix.T)
            self._near(ways @ matrix, products)

    def test_a_sampled_objective_is_the_mean_of_its_parts(self) -> None:
        """All examples are the whole; two halves, weighted by their sizes, are too."""
        objective = self.make()
        if not isinstance(objective, SampledObjective):
            return
        n, point = objective.n_examples, self.point()
        rows = np.arange(n)
        self._agree(objective.subset(rows).value(point), objective.value(point))
        first, rest = objective.subset(rows[: n // 3]), objective.subset(rows[n // 3 :])
        parts = [part.n_examples * part.value(point) for part in (first, rest)]
        assert first.n_examples + rest.n_examples == n
        self._agree(sum(parts) / n, objective.value(point))

    def test_outputs_are_a_row_an_example(self) -> None:
        """(N, C) where they are told; those of a part are those rows of the whole."""
        objective = self.make()
        if not isinstance(objective, SampledObjective):
            return
        point, rows = self.point(), np.arange(objective.n_examples)[::2]
        try:
            outputs = objective.outputs(point)
        except InputError:
            return
        assert outputs.ndim == 2
        assert len(outputs) == objective.n_examples
        assert outputs.dtype == np.float64
        self._agree(objective.subset(rows).outputs(point), outputs[rows])

    def test_units_are_interchangeable(self) -> None:
        """Each place lies in the layout; a twin with other orders and signs has the same value."""
        objective = self.make()
        try:
            layers = objective.units()
        except InputError:
            return
        if not layers:
            return
        shapes = {block.name: block.shape for block in objective.layout.blocks}
        assert len({layer.name for layer in layers}) == len(layers)
        for layer in layers:
            for place in layer.incoming + layer.outgoing:
                assert shapes[place.block][place.axis] == layer.size * place.repeat
        point = self.point()
        for seed in range(3):
            twin = permuted_twin(objective, point, seed)
            self._agree(objective.value(twin), objective.value(point))

    def _plane(self, objective: Objective, k: int) -> Plane:
        ways = self._ways(objective.layout.size, max(k, 3))[:k]
        return Plane(objective.start, self.reach * ways)

    def _ways(self, n: int, count: int = 4) -> FloatArray:
        return np.random.default_rng(1).standard_normal((count, n)) / np.sqrt(n)

    def _agree(self, found: FloatArray | float, wanted: FloatArray | float) -> None:
        np.testing.assert_allclose(found, wanted, rtol=self.rtol, atol=self.rtol)

    def _near(self, found: FloatArray, wanted: FloatArray) -> None:
        size = max(1.0, float(np.abs(wanted).max()))
        np.testing.assert_allclose(found, wanted, rtol=0, atol=self.slope_rtol * size)


def _coords(k: int) -> FloatArray:
    return np.random.default_rng(2).uniform(-1, 1, (7, k))


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except InputError:
        return
    raise AssertionError("wanted an InputError, got none")
