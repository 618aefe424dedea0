"""Scalings against a literal transcription of the canonical code's rules."""

import numpy as np
import pytest

from thalweg.core.errors import InputError
from thalweg.core.layout import Block, Layout, Role
from thalweg.geometry.directions import random_directions
from thalweg.geometry.scaling import BiasRule, FilterNorm, LayerNorm, Unit, Unscaled

LAYOUT = Layout(
    (
        Block("W1", (2, 5), filter_axis=1),
        Block("b1", (5,), Role.BIAS),
        Block("conv", (4, 3, 2, 2), filter_axis=0),  # the canonical order: filters first
        Block("gain", (4,), Role.NORM),
        Block("W2", (5, 1), filter_axis=1),
    )
)
ORIGIN = np.random.default_rng(0).standard_normal(LAYOUT.size)
DIRECTIONS = random_directions(LAYOUT, 3, seed=1)


def transcribed(direction, origin, ignore_biases, by_filter):
    """normalize_directions_for_weights of the canonical code, block by block, in loops."""
    d, w = LAYOUT.unpack(direction), LAYOUT.unpack(origin)
    for block in LAYOUT.blocks:
        dv, wv = d[block.name], w[block.name]
        if wv.ndim <= 1:
            dv[...] = 0.0 if ignore_biases else wv
        elif by_filter:
            dv, wv = np.moveaxis(dv, block.filter_axis, 0), np.moveaxis(wv, block.filter_axis, 0)
            for df, wf in zip(dv, wv, strict=True):
                df *= np.sqrt((wf**2).sum()) / (np.sqrt((df**2).sum()) + 1e-10)
        else:
            dv *= np.sqrt((wv**2).sum()) / np.sqrt((dv**2).sum())
    return LAYOUT.pack(d)


@pytest.mark.parametrize("rule", list(BiasRule))
@pytest.mark.parametrize("method", [FilterNorm, LayerNorm])
def test_normalization_is_the_canonical_rule(method, rule):
    before = DIRECTIONS.copy()
    found = method(rule).apply(DIRECTIONS, ORIGIN, LAYOUT)
    for row, direction in zip(found, DIRECTIONS, strict=True):
        wanted = transcribed(direction, ORIGIN, rule is BiasRule.ZERO, method is FilterNorm)
        np.testing.assert_allclose(row, wanted, rtol=1e-9, atol=0)
        if method is FilterNorm:
            np.testing.assert_allclose(row, wanted, rtol=1e-14, atol=0)
    np.testing.assert_array_equal(DIRECTIONS, before)


def test_zero_filters_stay_put_and_zero_directions_do_not_divide():
    origin, directions = LAYOUT.unpack(ORIGIN), DIRECTIONS.copy()
    origin["W1"][:, 2] = 0.0
    origin["conv"][1] = 0.0
    directions[
        0, LAYOUT.pack({**LAYOUT.unpack(np.zeros(LAYOUT.size)), "W2": np.ones((5, 1))}) > 0
    ] = 0
    flat = LAYOUT.pack(origin)
    found = FilterNorm().apply(directions, flat, LAYOUT)
    parts = LAYOUT.unpack(found[0])
    assert not parts["W1"][:, 2].any()
    assert not parts["conv"][1].any()
    assert not parts["W2"].any()
    assert parts["W1"][:, 1].all()
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[0], transcribed(directions[0], flat, True, True), rtol=1e-14)
    layer = LayerNorm().apply(directions, flat, LAYOUT)
    assert np.isfinite(layer).all()
    assert not LAYOUT.unpack(layer[0])["W2"].any()


def test_each_filter_is_as_long_as_at_the_origin():
    found = FilterNorm().apply(DIRECTIONS, ORIGIN, LAYOUT)
    weights = LAYOUT.unpack(ORIGIN)
    for row in found:
        parts = LAYOUT.unpack(row)
        for name, axes in (("W1", 0), ("conv", (1, 2, 3)), ("W2", 0)):
            lengths = np.sqrt((parts[name] ** 2).sum(axis=axes))
            wanted = np.sqrt((weights[name] ** 2).sum(axis=axes))
            np.testing.assert_allclose(lengths, wanted, rtol=1e-6)


def test_biases_and_norms_are_zero_or_the_parameters_themselves():
    zero = LAYOUT.unpack(FilterNorm().apply(DIRECTIONS, ORIGIN, LAYOUT)[1])
    copied = LAYOUT.unpack(FilterNorm(BiasRule.COPY).apply(DIRECTIONS, ORIGIN, LAYOUT)[1])
    for name in ("b1", "gain"):
        assert not zero[name].any()
        np.testing.assert_array_equal(copied[name], LAYOUT.unpack(ORIGIN)[name])


def test_unit_and_unscaled():
    unit = Unit().apply(DIRECTIONS, ORIGIN, LAYOUT)
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1.0, rtol=1e-15)
    np.testing.assert_allclose(unit * np.linalg.norm(DIRECTIONS, axis=1)[:, None], DIRECTIONS)
    same = Unscaled().apply(DIRECTIONS, ORIGIN, LAYOUT)
    np.testing.assert_array_equal(same, DIRECTIONS)
    assert same is not DIRECTIONS
    assert not np.shares_memory(same, DIRECTIONS)


def test_filter_normalization_is_blind_to_the_length_of_the_draw():
    here = FilterNorm().apply(DIRECTIONS, ORIGIN, LAYOUT)
    np.testing.assert_allclose(
        FilterNorm().apply(100 * DIRECTIONS, ORIGIN, LAYOUT), here, rtol=1e-8
    )


def test_methods_are_values():
    assert FilterNorm() == FilterNorm(BiasRule.ZERO) != FilterNorm(BiasRule.COPY)
    assert repr(LayerNorm()) == "LayerNorm(biases=<BiasRule.ZERO: 'zero'>)"
    assert {str(m) for m in (Unscaled(), Unit(), LayerNorm(), FilterNorm())} == {
        "unscaled", "unit-length", "layer-normalized", "filter-normalized"
    }  # fmt: skip


@pytest.mark.parametrize("method", [Unscaled(), Unit(), LayerNorm(), FilterNorm()])
def test_another_layout_is_refused(method):
    with pytest.raises(InputError, match="must have shape"):
        method.apply(np.ones((2, 3)), np.ones(3), LAYOUT)


@pytest.mark.parametrize("method", [LayerNorm(), FilterNorm()])
def test_an_origin_without_weights_has_no_normalized_directions(method):
    with pytest.raises(InputError, match="no weights that are not zero"):
        method.apply(DIRECTIONS, np.zeros(LAYOUT.size), LAYOUT)


def test_filter_normalization_needs_filters():
    with pytest.raises(InputError, match="filters"):
        FilterNorm().apply(np.ones((2, 3)), np.ones(3), Layout.plain(3))
