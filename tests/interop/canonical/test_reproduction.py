"""Their directions, surface, principal directions and projections, made again."""

import numpy as np
import pytest
import torch

from interop.canonical.files import (
    COS,
    DIRECTIONS,
    FOLDER,
    LSTSQ,
    PRINCIPAL,
    SURFACE,
    checkpoints,
    data,
    loss_and_accuracy,
    network,
    trained,
)
from thalweg.core.grid import Grid
from thalweg.core.schema import Cell
from thalweg.interop.canonical.directions import canonical_principal, read_directions
from thalweg.interop.canonical.names import ProjectionMethod
from thalweg.interop.canonical.projections import read_projection
from thalweg.interop.canonical.recipe import canonical_directions
from thalweg.interop.canonical.surfaces import read_surface
from thalweg.objectives.torch.from_torch import from_torch
from thalweg.surface.evaluate import evaluate

pytestmark = pytest.mark.usefixtures("one_reader")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def same_bits(one, two):
    return all(
        a.dtype == b.dtype == np.float32 and a.tobytes() == b.tobytes()
        for ones, twos in zip(one.tensors, two.tensors, strict=True)
        for a, b in zip(ones, twos, strict=True)
    )


def test_directions_of_seed_123_have_the_same_bits():
    theirs = read_directions(FOLDER / DIRECTIONS)
    assert same_bits(canonical_directions(trained), theirs)
    assert theirs.flat.shape == (2, sum(p.numel() for p in network().parameters()))
    assert theirs.spread is None


def test_another_seed_or_a_model_built_before_the_seed_gives_other_directions():
    theirs, early = read_directions(FOLDER / DIRECTIONS), trained()
    assert not same_bits(canonical_directions(trained, seed=124), theirs)
    assert not same_bits(canonical_directions(lambda: early), theirs)


def test_the_stream_of_the_caller_goes_on_undisturbed():
    torch.manual_seed(7)
    wanted = torch.randn(3)
    torch.manual_seed(7)
    canonical_directions(trained)
    assert torch.equal(torch.randn(3), wanted)


def test_their_surface_is_what_the_network_gives_on_the_plane():
    plane = read_directions(FOLDER / DIRECTIONS).plane(checkpoints()[-1])
    surface = read_surface(FOLDER / SURFACE, plane)
    assert surface.attrs["fields"] == ["loss", "accuracy"]
    assert surface.sizes["a"] == surface.sizes["b"] == 11
    assert (surface.status == Cell.DONE).all()
    assert surface.attrs["plane_digest"] == plane.digest()
    assert surface.attrs["direction_file"].endswith(DIRECTIONS)
    surface = surface.isel(a=slice(None, None, 2), b=slice(None, None, 2))  # all, in the next one
    losses, shares = np.empty((6, 6)), np.empty((6, 6))
    for row, b in enumerate(surface.b.values):
        for column, a in enumerate(surface.a.values):
            point = plane.points([[a, b]])[0].astype(np.float32)
            losses[row, column], shares[row, column] = loss_and_accuracy(point)
    assert losses == pytest.approx(surface.loss.values, rel=1e-6)
    assert np.abs(shares - surface.accuracy.values).max() <= 1e-12
    # the axes are not mirrored or swapped by luck
    assert np.abs(losses.T - surface.loss.values).max() > 0.1


def test_the_usual_road_through_evaluate_gives_their_surface():
    plane = read_directions(FOLDER / DIRECTIONS).plane(checkpoints()[-1])
    theirs = read_surface(FOLDER / SURFACE, plane)
    objective = from_torch(trained(), torch.nn.CrossEntropyLoss(), data(), batch_size=128)
    grid = Grid((theirs.a.values, theirs.b.values))
    ours = evaluate(objective, plane, grid)
    assert ours.loss.values == pytest.approx(theirs.loss.values, rel=1e-6)
    assert ours.attrs["plane_digest"] == theirs.attrs["plane_digest"]


def test_their_least_squares_projection_is_the_plane_s_own():
    directions = read_directions(FOLDER / DIRECTIONS)
    path = read_projection(FOLDER / LSTSQ, ProjectionMethod.LSTSQ)
    ours = directions.plane(checkpoints()[-1]).coordinates(checkpoints())
    assert np.abs(np.column_stack([path.a, path.b]) - ours).max() <= 1e-6
    assert np.abs(ours[0]).min() > 0.01


def test_their_principal_directions_and_spread():
    theirs = read_directions(FOLDER / PRINCIPAL)
    ours = canonical_principal(checkpoints(), [t.shape for t in theirs.tensors[0]])
    signs = np.sign((ours.flat * theirs.flat).sum(axis=1))[:, None]
    assert np.abs(ours.flat * signs - theirs.flat).max() <= 1e-5
    for name in ("explained_ratio", "singular_values", "explained_variance"):
        assert getattr(ours.spread, name) == pytest.approx(getattr(theirs.spread, name), rel=1e-5)


def test_their_cosine_projection_on_unit_axes():
    principal = read_directions(FOLDER / PRINCIPAL)
    path = read_projection(FOLDER / COS, ProjectionMethod.COS, principal.flat)
    ours = principal.plane(checkpoints()[-1]).coordinates(checkpoints())
    assert np.abs(np.column_stack([path.a, path.b]) - ours).max() <= 1e-5
    assert np.abs(ours).max() > 0.1
