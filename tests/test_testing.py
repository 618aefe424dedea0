"""Contracts: executors and stores of the house keep them, and whoever breaks one is caught."""

import numpy as np
import pytest

from formulas import Formula, ripples
from thalweg.core.executor import SerialExecutor, ThreadExecutor
from thalweg.core.objective import SampledObjective
from thalweg.core.units import Nature, Place, UnitLayer
from thalweg.objectives.zoo import quadratic
from thalweg.store.draft import SurfaceDraft
from thalweg.store.surface import SurfaceStore
from thalweg.testing.executors import ExecutorContract
from thalweg.testing.objectives import ObjectiveContract
from thalweg.testing.stores import KeptStoreContract, StoreContract


class TestSerialExecutor(ExecutorContract):
    def make(self):
        return SerialExecutor()


class TestThreadExecutor(ExecutorContract):
    def make(self):
        return ThreadExecutor(3)


class TestSurfaceDraft(StoreContract):
    def make(self, folder, attrs):
        return SurfaceDraft(self.plane, self.grid, self.fields, attrs)


class TestSurfaceStore(KeptStoreContract):
    def make(self, folder, attrs):
        return SurfaceStore(folder, self.plane, self.grid, self.fields, attrs)


class Bowl(SampledObjective):
    """A sound objective to break: the mean over data of |x - datum|^2 / 2, plus |x|^2."""

    fields = ("loss", "gradient_norm")

    def __init__(self, data=((1.0, 2.0), (0.0, -1.0), (3.0, 0.5), (1.0, 1.0))):
        whole = quadratic([1.0, 1.0])
        self.data, self.layout, self.name = np.array(data), whole.layout, "bowl"
        self.start, self.n_examples = np.array([0.3, -0.2]), len(self.data)

    def values(self, points):
        points = self.check_points(points)
        far = points[:, None] - self.data
        return (far**2).sum(2).mean(1) / 2 + (points**2).sum(1)

    def value_and_gradients(self, points):
        return self.values(points), points - self.data.mean(0) + 2 * points

    def hvp(self, point, directions):
        return 3 * directions

    def restrict(self, plane, fields=("loss",)):
        self.check_request(plane, fields)
        plane = self.dense(plane)

        def f(coords):
            losses, gradients = self.value_and_gradients(plane.points(coords))
            both = {"loss": losses, "gradient_norm": np.linalg.norm(gradients, axis=1)}
            return {name: both[name] for name in fields}

        return f

    def subset(self, rows):
        return type(self)(self.data[rows])

    def digest(self):
        return f"{abs(hash(self.data.tobytes())):016x}"[:16]


class TestBowl(ObjectiveContract):
    def make(self):
        return Bowl()

    def make_other(self):
        return Bowl(((1.0, 2.0), (0.0, -1.0), (3.0, 0.5), (1.0, 1.1)))


class WrongGradient(Bowl):
    def value_and_gradients(self, points):
        values, gradients = super().value_and_gradients(points)
        return values, gradients * (1 + 1e-5)


class WrongHessian(Bowl):
    def hvp(self, point, directions):
        return directions @ np.array([[3.0, 1e-4], [0.0, 3.0]])


class WrongMean(Bowl):
    def subset(self, rows):
        return type(self)(self.data[rows[:-1]])


class ForgetsNaN(Bowl):
    def values(self, points):
        return np.nan_to_num(super().values(points))


class Writes(Bowl):
    def values(self, points):
        points = self.check_points(points)
        found = super().values(points)
        points[:] = 0.0
        return found


class Aliases(Bowl):
    kept = np.zeros(2)

    def values(self, points):
        found = super().values(points)
        if len(found) != 2:
            return found
        if not self.kept.any():
            self.kept[:] = found
        return self.kept


class Moves(Bowl):
    calls = 0

    def values(self, points):
        Moves.calls += 1
        return super().values(points) + 1e-15 * Moves.calls


class Shifted(Bowl):
    def restrict(self, plane, fields=("loss",)):
        f = super().restrict(plane, fields)
        return lambda coords: f(coords[:, ::-1])


class Batches(Bowl):
    def restrict(self, plane, fields=("loss",)):
        f = super().restrict(plane, fields)
        return lambda coords: {k: v + 1e-6 * (len(coords) == 1) for k, v in f(coords).items()}


class TakesAnything(Bowl):
    def check_request(self, plane, fields):
        pass


class Nameless(Bowl):
    def digest(self):
        return "0" * 16


class NoStart(Bowl):
    def __init__(self, *data):
        super().__init__(*data)
        self.start = np.zeros(3)


class WrongUnits(Bowl):
    def units(self):
        return (UnitLayer("x", 2, (Place("x", 0),), (), Nature.ODD),)


class MissingRows(Bowl):
    def outputs(self, point):
        return np.ones((len(self.data) - 1, 2))


BROKEN = {
    WrongUnits: "test_units_are_interchangeable",
    MissingRows: "test_outputs_are_a_row_an_example",
    WrongGradient: "test_gradients_are_those_of_the_values",
    WrongHessian: "test_hessian_products_are_those_of_the_gradients",
    WrongMean: "test_a_sampled_objective_is_the_mean_of_its_parts",
    ForgetsNaN: "test_parameters_that_are_no_numbers_give_a_loss_that_is_none",
    Writes: "test_nothing_of_the_caller_is_written",
    Aliases: "test_nothing_of_the_caller_is_written",
    Moves: "test_the_same_bits_again",
    Shifted: "test_a_restriction_is_the_objective_on_a_plane",
    Batches: "test_a_cell_is_the_same_alone_and_among_others",
    TakesAnything: "test_requests_that_do_not_fit_are_refused",
    Nameless: "test_the_digest_names_the_function",
    NoStart: "test_the_start_fits_the_layout",
}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda kind: kind.__name__)
def test_an_objective_that_breaks_the_contract_is_caught(broken):
    class Held(ObjectiveContract):
        def make(self):
            return broken()

        def make_other(self):
            return broken(((1.0, 2.0), (0.0, -1.0)))

    with pytest.raises((AssertionError, ValueError, KeyError)):
        getattr(Held(), BROKEN[broken])()


class Hasty(SerialExecutor):
    def map(self, function, items, lost=None):
        for item in list(items):
            yield item, function(item)


class Twice(SerialExecutor):
    def map(self, function, items, lost=None):
        for item, result in super().map(function, items):
            yield item, result
            yield item, result


class Hides(SerialExecutor):
    def map(self, function, items, lost=None):
        try:
            yield from super().map(function, items)
        except ValueError:
            return


@pytest.mark.parametrize(
    ("broken", "test"),
    [
        (Hasty, "test_items_are_drawn_lazily"),
        (Twice, "test_every_item_once_with_its_own_result"),
        (Hides, "test_a_fault_is_raised_as_it_was"),
    ],
)
def test_an_executor_that_breaks_the_contract_is_caught(broken, test):
    class Held(ExecutorContract):
        def make(self):
            return broken()

    with pytest.raises(AssertionError):
        getattr(Held(), test)()


class Forgetful(SurfaceDraft):
    def write(self, tile, fields, status, failures=()):
        super().write(tile, fields, status)


class Shares(SurfaceDraft):
    def dataset(self):
        return self._now


@pytest.mark.parametrize(
    ("broken", "test"),
    [
        (Forgetful, "test_what_is_written_is_there_and_not_pending"),
        (Shares, "test_the_dataset_is_the_callers"),
    ],
)
def test_a_store_that_breaks_the_contract_is_caught(broken, test):
    class Held(StoreContract):
        def make(self, folder, attrs):
            return broken(self.plane, self.grid, self.fields, attrs)

    with pytest.raises(AssertionError):
        getattr(Held(), test)()


def test_objectives_without_derivatives_are_held_to_less():
    class Held(ObjectiveContract):
        def make(self):
            return Formula(ripples)

        def make_other(self):
            return Formula(ripples, name="other")

    Held().test_gradients_are_those_of_the_values()
    Held().test_hessian_products_are_those_of_the_gradients()
    Held().test_a_sampled_objective_is_the_mean_of_its_parts()
