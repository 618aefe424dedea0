"""The chapter's functions: the book's numbers, and none of the traps of its code."""

import numpy as np
import pytest

from thalweg.core.errors import InputError
from thalweg.study.chapter import (
    SmallNetwork,
    generate_spiral_data,
    train_with_trajectory,
    visualize_loss_landscape,
)

X, Y = generate_spiral_data()
OPTIMIZERS = ["sgd", "momentum", "adam"]


def loop_slice(net, center, d1, d2, grid_range, grid_points):
    """The book's own loop, over the book's own forward pass and loss."""
    alphas = np.linspace(-grid_range, grid_range, grid_points)
    grid = np.zeros((grid_points, grid_points))
    for i, alpha in enumerate(alphas):
        for j, beta in enumerate(alphas):
            net.set_flat_params(center + alpha * d1 + beta * d2)
            grid[j, i] = net.compute_loss(net.forward(X)[0], Y)
    return grid


def test_data_and_initial_point_are_the_books_to_the_bit(reference):
    np.testing.assert_array_equal(X, reference["spiral_X"])
    np.testing.assert_array_equal(Y, reference["spiral_y"])
    np.testing.assert_array_equal(SmallNetwork().get_flat_params(), reference["initial_point"])
    assert X.dtype == Y.dtype == np.float64


def test_predictions_loss_and_gradient_are_the_books(reference):
    net = SmallNetwork()
    predictions, cache = net.forward(X)
    np.testing.assert_allclose(predictions, reference["initial_predictions"], atol=1e-12)
    assert abs(net.compute_loss(predictions, Y) - reference["initial_loss"]) < 1e-12
    gradients = net.backward(cache, Y)
    assert {k: v.shape for k, v in gradients.items()} == {
        "W1": (2, 16), "b1": (16,), "W2": (16, 1), "b2": (1,)
    }  # fmt: skip
    flat = np.concatenate([gradients[k].ravel() for k in ("W1", "b1", "W2", "b2")])
    np.testing.assert_allclose(flat, reference["initial_gradient"], rtol=0, atol=1e-12)
    assert {"X", "z1", "h1", "z2", "y_pred"} <= set(cache)
    assert (cache["z1"].shape, cache["z2"].shape) == ((400, 16), (400, 1))


def test_the_slice_is_the_books_with_rows_beta(reference):
    alphas, betas, grid = visualize_loss_landscape(
        SmallNetwork(), X, Y, reference["slice_center"],
        reference["slice_direction1"], reference["slice_direction2"],
    )  # fmt: skip
    np.testing.assert_array_equal(alphas, reference["slice_alphas"])
    np.testing.assert_array_equal(betas, reference["slice_betas"])
    np.testing.assert_allclose(grid, reference["slice_loss_grid"], rtol=0, atol=1e-12)
    assert np.abs(grid - grid.T).max() > 0.01  # so that a swap of the axes would show
    net = SmallNetwork()
    for j, i in ((0, 49), (49, 0), (10, 30)):
        here = reference["slice_center"] + alphas[i] * reference["slice_direction1"]
        net.set_flat_params(here + betas[j] * reference["slice_direction2"])
        assert abs(grid[j, i] - net.compute_loss(net.forward(X)[0], Y)) < 1e-12


def test_a_slice_of_other_range_and_size_is_the_loop(reference):
    net, random = SmallNetwork(3), np.random.default_rng(0)
    d1, d2 = random.standard_normal((2, 65))
    center = net.get_flat_params()
    alphas, betas, grid = visualize_loss_landscape(net, X, Y, center, d1, d2, 0.3, 7)
    np.testing.assert_allclose(grid, loop_slice(net, center, d1, d2, 0.3, 7), atol=1e-12)
    assert grid.shape == (7, 7)
    assert alphas[-1] == betas[-1] == 0.3


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_trajectories_are_the_books(name, reference):
    net = SmallNetwork()
    points, losses = train_with_trajectory(net, X, Y, name)
    assert len(points) == 201
    assert len(losses) == 200
    assert type(losses[0]) is float
    np.testing.assert_allclose(points, reference[f"{name}_trajectory"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(losses, reference[f"{name}_losses"], rtol=0, atol=1e-9)
    np.testing.assert_array_equal(net.get_flat_params(), points[-1])  # the network ends trained


def test_settings_of_the_optimizers_reach_them():
    def end(name, **settings):
        return train_with_trajectory(SmallNetwork(), X, Y, name, n_epochs=5, **settings)[0][-1]

    np.testing.assert_array_equal(end("momentum", momentum=0.0), end("sgd"))
    for name, settings in (
        ("sgd", {"learning_rate": 0.02}),
        ("momentum", {"momentum": 0.5}),
        ("adam", {"beta1": 0.5}),
        ("adam", {"beta2": 0.5}),
    ):
        assert not np.array_equal(end(name, **settings), end(name))


def test_the_global_generator_is_never_touched(reference):
    np.random.seed(7)
    before = np.random.get_state()
    generate_spiral_data(20, 0.1, 3)
    net = SmallNetwork(5)
    net.backward(net.forward(X)[1], Y)
    d1, d2 = reference["slice_direction1"], reference["slice_direction2"]
    visualize_loss_landscape(net, X, Y, net.get_flat_params(), d1, d2, grid_points=3)
    for name in OPTIMIZERS:
        train_with_trajectory(net, X, Y, name, n_epochs=2)
    after = np.random.get_state()
    np.testing.assert_array_equal(after[1], before[1])
    assert (after[0], *after[2:]) == (before[0], *before[2:])


def test_flat_parameters_never_alias():
    net = SmallNetwork()
    flat = np.arange(65.0)
    net.set_flat_params(flat)
    net.params["W1"] -= 100.0
    net.params["b2"][:] = -1.0
    np.testing.assert_array_equal(flat, np.arange(65.0))
    taken = net.get_flat_params()
    taken[:] = 7.0
    assert net.params["W1"][0, 0] == -100.0
    assert net.params["b2"][0] == -1.0
    points, _ = train_with_trajectory(net, X, Y, "sgd", n_epochs=2)
    points[-1][:] = 5.0
    assert not (net.get_flat_params() == 5.0).any()
    assert points[0].base is None


@pytest.mark.parametrize("points", [1, 4])
def test_drawing_a_slice_leaves_the_network_and_the_arguments_alone(points, reference):
    net = SmallNetwork()
    center, d1, d2 = (
        reference[k].copy() for k in ("slice_center", "slice_direction1", "slice_direction2")
    )
    arrays = {k: id(v) for k, v in net.params.items()}
    visualize_loss_landscape(net, X, Y, center, d1, d2, grid_points=points)
    assert {k: id(v) for k, v in net.params.items()} == arrays
    np.testing.assert_array_equal(net.get_flat_params(), SmallNetwork().get_flat_params())
    np.testing.assert_array_equal(center, reference["slice_center"])
    np.testing.assert_array_equal(d1, reference["slice_direction1"])


def test_a_slice_has_no_plateau():
    # Along b2 the loss far out is |b2| / 2; the book's clip would stop every example at 27.6.
    center, d1, d2 = np.zeros(65), np.eye(65)[64], np.eye(65)[0]
    alphas, _, grid = visualize_loss_landscape(SmallNetwork(), X, Y, center, d1, d2, 1e5, 11)
    far = np.abs(alphas) > 1e3
    np.testing.assert_allclose(grid[0, far], np.abs(alphas[far]) / 2, rtol=1e-12)
    net = SmallNetwork()
    net.set_flat_params(center + 1e5 * d1)
    capped = net.compute_loss(net.forward(X)[0], Y)
    assert capped == pytest.approx(27.63 / 2, abs=0.01)  # as in the book, where it is asked for


def test_unknown_optimizers_are_answered_with_the_choices():
    net = SmallNetwork()
    with pytest.raises(InputError, match="one of sgd, momentum, adam, got 'SGD'; pick one"):
        train_with_trajectory(net, X, Y, "SGD")
    np.testing.assert_array_equal(net.get_flat_params(), SmallNetwork().get_flat_params())


NAN = np.full((400, 2), np.nan)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X[:, :1], Y, r"must have shape \(any, 2\), got \(400, 1\)"),
        (X, Y[:-1], r"targets must have shape \(400\), got \(399,\)"),
        (X, Y[:, None], r"got \(400, 1\)"),
        (X[:0], Y[:0], "at least 1 example"),
        (X, Y + 1, "labels must be whole numbers from 0 to 1, got 2"),
        (X, Y - 0.5, "got -0.5"),
        (NAN, Y, "inputs must be finite, got 800 NaN"),
        (X, Y * np.nan, "targets must be finite, got 400 NaN"),
        (X * np.inf, Y, "must be finite"),
    ],
)
def test_bad_data_is_refused_in_words(x, y, message):
    net = SmallNetwork()
    center, d1, d2 = net.get_flat_params(), np.eye(65)[0], np.eye(65)[1]
    with pytest.raises(InputError, match=message):
        visualize_loss_landscape(net, x, y, center, d1, d2)
    with pytest.raises(InputError, match=message):
        train_with_trajectory(net, x, y)
    np.testing.assert_array_equal(net.get_flat_params(), center)


def slice_with(**change):
    net = SmallNetwork()
    good = {"center": net.get_flat_params(), "d1": np.eye(65)[0], "d2": np.eye(65)[1]}
    arguments = {**good, **{k: v for k, v in change.items() if k in good}}
    rest = {k: v for k, v in change.items() if k not in good}
    return visualize_loss_landscape(net, X, Y, *arguments.values(), **rest)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"center": np.zeros(64)}, r"center_params must have shape \(65\), got \(64,\)"),
        ({"d1": np.zeros(64)}, r"direction1 must have shape \(65\)"),
        ({"d2": np.zeros((65, 1))}, r"direction2 must have shape \(65\)"),
        ({"d2": np.zeros(65)}, "linearly independent"),
        ({"d2": 2 * np.eye(65)[0]}, "linearly independent"),
        ({"center": np.full(65, np.nan)}, "origin must be finite"),
        ({"grid_range": 0.0}, "radius must be"),
        ({"grid_points": 0}, "at least 1 point"),
    ],
)
def test_impossible_slices_are_refused_in_words(change, message):
    with pytest.raises(InputError, match=message):
        slice_with(**change)


def test_impossible_calls_of_the_network_are_refused_in_words():
    net = SmallNetwork()
    with pytest.raises(InputError, match=r"X must have shape \(any, 2\)"):
        net.forward(np.zeros(2))
    with pytest.raises(InputError, match=r"point must have shape \(65\)"):
        net.set_flat_params(np.zeros(64))
    with pytest.raises(InputError, match=r"y_true must have shape \(400\), got \(400, 1\)"):
        net.compute_loss(net.forward(X)[0], Y[:, None])
    with pytest.raises(InputError, match="steps"):
        train_with_trajectory(net, X, Y, n_epochs=0)
    with pytest.raises(InputError, match="learning rate of SGD"):
        train_with_trajectory(net, X, Y, learning_rate=-0.1)
