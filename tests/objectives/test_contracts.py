"""The objectives of the house keep the contract that others are held to."""

from cases import Case
from formulas import Formula, ripples
from thalweg.objectives.activations import Activation
from thalweg.objectives.linear_network import LinearNetwork
from thalweg.objectives.losses import Loss
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.zoo import quadratic
from thalweg.testing.objectives import ObjectiveContract


class TestQuadratic(ObjectiveContract):
    def make(self):
        return quadratic([2.0, -3.0, 0.5])

    def make_other(self):
        return quadratic([2.0, -3.0, 0.6])


class Plain(Formula):
    """A formula that also takes seeded planes and checks its points."""

    def values(self, points):
        return super().values(self.check_points(points))

    def restrict(self, plane, fields=("loss",)):
        return super().restrict(self.dense(plane), fields)


class TestPlain(ObjectiveContract):
    def make(self):
        return Plain(ripples, name="abc")

    def make_other(self):
        return Plain(ripples, name="abd")


class TestLinearNetwork(ObjectiveContract):
    def make(self):
        return LinearNetwork([[3.0, 0.0, 1.0], [0.0, 1.0, 0.5]], hidden=2, seed=3)

    def make_other(self):
        return LinearNetwork([[3.0, 0.0, 1.0], [0.0, 1.0, 0.6]], hidden=2, seed=3)


class OfCase(ObjectiveContract):
    case: Case

    def make(self):
        return self.of(*self.case.data)

    def make_other(self):
        inputs, targets = self.case.data
        return self.of(inputs + 1e-12, targets)

    def of(self, inputs, targets):
        return MLPObjective(self.case.network, inputs, targets, self.case.loss, self.case.l2)

    def point(self):
        return self.case.point


class TestClassifier(OfCase):
    case = Case((5,), Activation.RELU, Loss.BINARY_CROSS_ENTROPY, 0.3)


class TestDeepClassifier(OfCase):
    case = Case((4, 3), Activation.TANH, Loss.SOFTMAX_CROSS_ENTROPY, 0.0)


class TestRegression(OfCase):
    case = Case((), Activation.RELU, Loss.MEAN_SQUARED_ERROR, 0.3)
