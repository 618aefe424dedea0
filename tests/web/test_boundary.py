"""What a network computes, against networks made by hand and each point asked on its own."""

import numpy as np
import pytest

from thalweg.objectives.losses import Loss
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.objectives.zoo import quadratic
from thalweg.web.boundary import SIDE, boundary_frame

CORNERS = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 2.0], [4.0, 2.0]])


def test_a_line_made_by_hand_is_where_it_was_put():
    # one logit 3 (x - 1) - 2 (y - 1): no hidden layer; its half-way line goes through (1, 1)
    objective = MLPObjective(MLP((2, 1)), CORNERS, [0.0, 1.0, 0.0, 1.0])
    frame = boundary_frame(objective, np.array([3.0, -2.0, -1.0]), (0.25, -0.5), "here")
    head, values = frame.head, frame.arrays["values"]
    assert (head["x0"], head["x1"], head["y0"], head["y1"]) == (-0.4, 4.4, -0.4, 2.4)
    assert (head["a"], head["b"], head["classes"]) == (0.25, -0.5, 2)
    x, y = np.linspace(-0.4, 4.4, SIDE), np.linspace(-0.4, 2.4, SIDE)
    wanted = 1 / (1 + np.exp(-(3 * x[None, :] - 2 * y[:, None] - 1)))
    assert values.shape == (SIDE, SIDE)
    assert values == pytest.approx(wanted, abs=1e-14)
    # (0, 0): -1, wrong side 0; (4, 0): 11; (0, 2): -5; (4, 2): 7: all right
    assert head["accuracy"] == 1.0
    assert head["words"] == "here: 100 % of 4 points right."
    turned = boundary_frame(objective, np.array([3.0, -2.0, -9.0]), (0.0, 0.0), "there")
    assert turned.head["accuracy"] == 0.75  # (4, 2) at -1
    assert turned.head["words"] == "there: 75 % of 4 points right."


def test_three_classes_are_told_by_number():
    inputs = np.array([[-3.0, 0.0], [3.0, 0.0], [0.0, 3.0]])
    loss = Loss.SOFTMAX_CROSS_ENTROPY
    objective = MLPObjective(MLP((2, 3)), inputs, [0.0, 1.0, 2.0], loss)
    point = np.array([-1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])  # logits -x, x, y
    frame = boundary_frame(objective, point, (0.0, 0.0), "")
    x, y = np.linspace(-3.6, 3.6, SIDE), np.linspace(-0.6, 3.6, SIDE)
    gx, gy = np.meshgrid(x, y)
    wanted = np.where(gy > np.abs(gx), 2, gx > 0)
    tie = np.isclose(gy, np.abs(gx))
    assert tie.sum() < 100
    assert np.array_equal(frame.arrays["values"][~tie], wanted[~tie])
    assert (frame.head["classes"], frame.head["accuracy"]) == (3, 1.0)


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        (quadratic([1.0]), " is no network of the bench, so its answers are not drawn."),
        (MLPObjective(MLP((1, 1)), [[1.0]], [1.0]), " has 1 inputs; 2 can be drawn."),
        (
            MLPObjective(MLP((2, 1)), CORNERS, np.ones(4), Loss.MEAN_SQUARED_ERROR),
            " is no classifier, so there is no boundary.",
        ),
    ],
)
def test_where_there_is_no_picture_the_words_say_why(objective, words):
    size = 1 if objective is None else objective.layout.size
    frame = boundary_frame(objective, np.zeros(size), (0.0, 0.0), "")
    assert frame.head["words"].endswith(words)
    assert (frame.arrays["values"].size, frame.head["classes"]) == (0, 0)
    assert frame.encode()


def test_a_diverged_step_has_no_picture():
    objective = MLPObjective(MLP((2, 1)), CORNERS, np.ones(4))
    frame = boundary_frame(objective, np.array([np.inf, 0.0, 0.0]), (np.nan, np.inf), "")
    assert frame.head["words"] == "The parameters are not finite here."
    assert (frame.head["a"], frame.head["b"]) == (None, None)
    assert frame.encode()
