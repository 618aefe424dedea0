"""Sublevel sets against gudhi, brute force, and identities that hold on every grid."""

from itertools import combinations, pairwise, product

import gudhi
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.ndimage import gaussian_filter
from scipy.ndimage import label as labels_of

from thalweg.core.errors import InputError
from thalweg.topology.connectivity import Connectivity, star
from thalweg.topology.sublevel import sublevel, superlevel

FREUDENTHAL, FACES, ALL = Connectivity
SHAPES = ((1,), (7,), (1, 9), (2, 2), (6, 1), (8, 9), (2, 1, 3), (4, 5, 3))
every_connectivity = pytest.mark.parametrize("connectivity", Connectivity)
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


LEVELS = st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0])


def grids(elements=LEVELS):
    """Values on any grid; few different ones, so that many are level."""
    shapes = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=6)
    return hnp.arrays(np.float64, shapes, elements=elements)


def fields(shape, seed=0):
    """White noise, smooth noise, and level places."""
    noise = np.random.default_rng(seed).standard_normal(shape)
    return noise, gaussian_filter(noise, 1.5), np.round(2 * noise)


def neighbors(cell, shape, connectivity):
    around = star(connectivity, len(shape))
    for offset in around.offsets[: around.near]:
        other = tuple(int(i) for i in np.add(cell, offset))
        if all(0 <= i < n for i, n in zip(other, shape, strict=True)):
            yield other


def pairs(found):
    """Births and deaths apart from those of level places, in one order."""
    keep = found.persistence > 0
    return sorted(zip(found.birth[keep].tolist(), found.death[keep].tolist(), strict=True))


def gudhi_pairs(tree, of=0):
    more = {"persistence_dim_max": True} if isinstance(tree, gudhi.SimplexTree) else {}
    found = tree.persistence(homology_coeff_field=2, min_persistence=0, **more)
    return sorted((float(b), float(d)) for dim, (b, d) in found if dim == of and d > b)


def cubical(values):
    return gudhi.CubicalComplex(vertices=values)


def dual_cubical(values):
    return gudhi.CubicalComplex(top_dimensional_cells=values)


def triangulated(values):
    """The lower-star filtration of the Freudenthal triangulation, simplex by simplex."""
    tree, k = gudhi.SimplexTree(), values.ndim
    at = {cell: i for i, cell in enumerate(np.ndindex(values.shape))}
    ahead = [o for o in product((0, 1), repeat=k) if any(o)]
    for size in range(k + 1):
        for chain in combinations(ahead, size):
            ordered = sorted(chain, key=sum)
            if not all(np.less_equal(a, b).all() for a, b in pairwise(ordered)):
                continue
            for cell in at:
                others = [tuple(int(i) for i in np.add(cell, o)) for o in ordered]
                if all(other in at for other in others):
                    simplex = [cell, *others]
                    height = max(values[c] for c in simplex)
                    tree.insert([at[c] for c in simplex], filtration=float(height))
    return tree


ORACLES = {FREUDENTHAL: triangulated, FACES: cubical, ALL: dual_cubical}


@every_shape
@every_connectivity
def test_pairs_are_those_of_gudhi(connectivity, shape):
    for values in fields(shape):
        assert pairs(sublevel(values, connectivity)) == gudhi_pairs(ORACLES[connectivity](values))
        high = superlevel(values, connectivity)
        down = sorted((-b, -d) for b, d in pairs(high))
        np.testing.assert_array_equal(values.ravel()[high.birth_cell], high.birth)
        dies = high.death_cell >= 0
        np.testing.assert_array_equal(values.ravel()[high.death_cell[dies]], high.death[dies])
        assert down == gudhi_pairs(ORACLES[connectivity](-values))


@given(grids())
def test_lower_links_add_up_to_one_on_every_grid(values):
    for connectivity in Connectivity:
        found = sublevel(values, connectivity)
        assert found.excess.sum(dtype=int) == 1
        assert (found.components == 0).sum() == found.birth.size
        assert superlevel(values, connectivity).excess.sum(dtype=int) == 1


def euler(inside, connectivity):
    """Euler characteristic of the domain, counted piece by piece."""
    k, total = inside.ndim, 0
    padded = np.pad(inside, 1)
    if connectivity is ALL:  # closed squares: count every corner, edge and face that one has
        for part in product((0, 1), repeat=k):
            held = padded
            for axis, open_ in enumerate(part):
                if not open_:
                    low = [slice(None)] * k
                    low[axis], high = slice(0, -1), [slice(None)] * k
                    high[axis] = slice(1, None)
                    held = held[tuple(low)] | held[tuple(high)]
            total += (-1) ** sum(part) * int(held.sum())
        return total
    ahead = [o for o in product((0, 1), repeat=k) if any(o)]
    if connectivity is FACES:
        groups = [
            (sum(o), [p for p in product((0, 1), repeat=k) if np.all(np.less_equal(p, o))])
            for o in product((0, 1), repeat=k)
        ]
    else:
        groups = []
        for size in range(k + 1):
            for chain in combinations(sorted(ahead, key=sum), size):
                if all(np.less_equal(a, b).all() for a, b in pairwise(chain)):
                    groups.append((size, [(0,) * k, *chain]))
    cells = set(map(tuple, np.argwhere(inside).tolist()))
    for dimension, group in groups:
        whole = sum(all(tuple(np.add(c, o).tolist()) in cells for o in group) for c in cells)
        total += (-1) ** dimension * whole
    return total


@given(grids(elements=st.sampled_from([0.0, 1.0, 2.0, np.nan, np.inf])))
def test_with_holes_lower_links_add_up_to_the_euler_characteristic(values):
    for connectivity in Connectivity:
        found = sublevel(values, connectivity)
        assert found.excess.sum(dtype=int) == euler(np.isfinite(values), connectivity)
        assert (found.holes, found.walls) == (np.isnan(values).sum(), np.isinf(values).sum())


def brute_force(values, connectivity):
    """Follow the lowest neighbor from every cell; level cells are ordered by index."""
    keys = {c: (values[c], i) for i, c in enumerate(np.ndindex(values.shape))}
    ends = np.empty(values.shape, dtype=np.intp)
    for cell in keys:
        at = cell
        while True:
            low = min((*neighbors(at, values.shape, connectivity), at), key=keys.__getitem__)
            if low == at:
                break
            at = low
        ends[cell] = keys[at][1]
    return ends


@every_shape
@every_connectivity
def test_basins_are_where_descent_ends(connectivity, shape):
    noise, smooth, level = fields(shape)
    for values in (noise, smooth):
        found = sublevel(values, connectivity)
        expected = brute_force(values, connectivity)
        np.testing.assert_array_equal(found.birth_cell[found.basins()], expected)
    found = sublevel(level, connectivity)
    expected = brute_force(level, connectivity)
    np.testing.assert_array_equal(found.birth_cell[found.reached], expected)
    assert set(np.unique(found.basins())) == set(range(int((found.persistence > 0).sum())))


STRUCTURE = {FACES: 1, ALL: 2}


@pytest.mark.parametrize("connectivity", [FACES, ALL])
@pytest.mark.parametrize("shape", [(30,), (9, 11), (4, 5, 6)], ids=str)
def test_the_merge_tree_knows_the_lakes_of_every_level(connectivity, shape):
    values = np.random.default_rng(1).random(shape)
    found = sublevel(values, connectivity)
    touching = np.ones((3,) * len(shape)) if connectivity is ALL else None
    for level in np.quantile(values, [0.1, 0.3, 0.5, 0.8]):
        lakes, count = labels_of(values <= level, structure=touching)
        alive = (found.birth <= level) & (found.death > level)
        assert alive.sum() == count
        root = np.arange(found.birth.size)
        for row in root:  # elders come first
            if found.death[row] <= level:
                root[row] = root[found.elder[row]]
        ours = root[found.reached]
        under = values <= level
        for lake in range(1, count + 1):
            assert len(set(ours[under & (lakes == lake)])) == 1


@given(grids(), st.floats(0, 5))
def test_persistent_minima_keep_their_cells_and_the_others_lose_them(values, threshold):
    found = sublevel(values)
    basins = found.basins(threshold)
    strong = np.flatnonzero((found.persistence > threshold) | (found.elder < 0))
    assert sorted(set(basins.ravel().tolist())) == strong.tolist()
    assert (found.elder < np.arange(found.elder.size)).all()
    np.testing.assert_array_equal(basins.ravel()[found.birth_cell[strong]], strong)
    young = found.elder >= 0
    assert (found.birth[found.elder[young]] <= found.birth[young]).all()
    np.testing.assert_array_equal(values.ravel()[found.death_cell[young]], found.death[young])


@given(grids(), st.floats(0, 5))
def test_every_basin_is_in_one_piece(values, threshold):
    for connectivity in Connectivity:
        found = sublevel(values, connectivity)
        basins = found.basins(threshold)
        for row in set(basins.ravel().tolist()):
            todo = [tuple(np.argwhere(basins == row)[0].tolist())]
            seen = set(todo)
            while todo:
                for other in neighbors(todo.pop(), values.shape, connectivity):
                    if basins[other] == row and other not in seen:
                        seen.add(other)
                        todo.append(other)
            assert len(seen) == (basins == row).sum()


def test_a_dent_in_a_slope_belongs_to_the_basin_below_it():
    """Its lake meets one that holds both basins: the elder is far away."""
    heights = np.array([0.0, 5.0, 1.0, 7.0, 6.0, 9.0])
    found = sublevel(heights)
    assert (found.elder[2], found.beside[2]) == (0, 1)
    assert found.basins(2.0).tolist() == [0, 0, 1, 1, 1, 1]


@every_connectivity
def test_values_that_move_by_eps_move_persistence_by_eps(connectivity):
    random = np.random.default_rng(3)
    values = gaussian_filter(random.standard_normal((24, 24)), 2)
    values /= np.ptp(values)
    for eps in (1e-3, 0.02):
        moved = values + random.uniform(-eps, eps, values.shape)
        ends = [np.array(pairs(sublevel(v, connectivity))) for v in (values, moved)]
        assert gudhi.bottleneck_distance(*ends) <= eps * (1 + 1e-12)
        certain = (sublevel(values, connectivity).persistence > 2 * eps).sum()
        assert (sublevel(moved, connectivity).persistence > 0).sum() >= certain


@every_connectivity
def test_on_101_by_101_cells_minima_are_those_that_neighbors_tell(connectivity):
    """Descent, links and lakes are three ways to count; the fourth compares with neighbors."""
    for values in fields((101, 101))[:2]:
        found = sublevel(values, connectivity)
        padded = np.pad(values, 1, constant_values=np.inf)
        around = star(connectivity, 2)
        low = np.ones(values.shape, dtype=bool)
        for b, a in around.offsets[: around.near]:
            low &= values < padded[1 + b : 102 + b, 1 + a : 102 + a]
        np.testing.assert_array_equal(np.sort(found.birth_cell), np.flatnonzero(low))
        np.testing.assert_array_equal(found.components == 0, low)
        assert found.reached.max() + 1 == low.sum()
        assert found.excess.sum(dtype=int) == 1


def test_white_noise_has_as_many_minima_as_the_law_says():
    counts = []
    for seed in range(12):
        found = sublevel(np.random.default_rng(seed).random((50, 50)), ALL)
        counts.append((~found.on_boundary.ravel()[found.birth_cell]).sum())
    assert np.mean(counts) == pytest.approx(48**2 / 9, abs=15)


def test_in_the_plane_a_saddle_joins_two_lakes_or_parts_two_summits():
    """Inside one high rim it is one or the other; then summits are the holes of sublevel sets."""
    for values in fields((9, 10)):
        low, high = sublevel(values), superlevel(np.pad(values, 1, constant_values=np.inf))
        ends = np.zeros(values.shape, dtype=int)
        np.add.at(ends.ravel(), low.death_cell[low.death_cell >= 0], 1)
        rimmed = np.zeros((11, 12), dtype=int)
        np.add.at(rimmed.ravel(), high.death_cell[high.death_cell >= 0], 1)
        ends += rimmed[1:-1, 1:-1]
        np.testing.assert_array_equal(ends, np.maximum(low.components, 1) - 1)
        around = sorted((d, b) for b, d in pairs(high) if b < np.inf)
        assert around == gudhi_pairs(triangulated(values), of=1)


def test_a_ring_of_holes_cuts_a_basin_off():
    y, x = np.mgrid[-5:6, -5:6]
    values = np.hypot(x, y).astype(float)
    ring = np.maximum(abs(x), abs(y)) == 3
    for connectivity in Connectivity:
        values[ring] = np.nan
        found = sublevel(values, connectivity)
        alone = found.death == np.inf
        assert (alone.sum(), found.holes) == (2, 24)
        assert found.excess.sum(dtype=int) == 1  # a disk, and an annulus of 0
        basins = found.basins(10.0)
        assert (basins[ring] == -1).all()
        inner = np.maximum(abs(x), abs(y)) < 3
        assert (basins[inner] == 0).all()
        assert (basins[~inner & ~ring] > 0).all()
        assert found.on_boundary[3, 3]
        assert not found.on_boundary[5, 5]


def test_a_wall_is_known_to_be_high_and_a_hole_is_not():
    values = np.full((5, 5), 9.0)
    values[2, 2] = 0.0
    for beside, uncertain in ((np.inf, False), (np.nan, True)):
        values[2, 1] = beside
        found = sublevel(values)
        assert found.birth.tolist()[0] == 0.0
        assert found.on_boundary[2, 2] == uncertain
        assert found.reached[2, 1] == -1
    everything = sublevel(np.full((3, 3), np.inf))
    assert (everything.birth.size, everything.walls) == (0, 9)
    assert sublevel(np.full((3, 3), np.nan)).holes == 9
    parted = sublevel([1.0, np.inf, 2.0])
    assert parted.death.tolist() == [np.inf, np.inf]


def test_minus_infinity_is_the_lowest():
    found = sublevel([3.0, -np.inf, -np.inf, 5.0, 1.0, 2.0])
    assert found.birth[0] == -np.inf
    assert pairs(found) == [(-np.inf, np.inf), (1.0, 5.0)]
    assert superlevel([-np.inf, 3.0, -np.inf]).birth.tolist() == [3.0]


def test_a_level_place_is_one_minimum_and_on_the_edge_if_any_of_it_is():
    step = np.array([[9.0] * 6, [9, 2, 2, 2, 2, 9], [9, 2, 2, 2, 1, 9], [9] * 6])
    for connectivity in Connectivity:
        found = sublevel(step, connectivity)
        assert (found.persistence > 0).sum() == 1
        open_ = np.full((6, 6), 9.0)
        open_[2, 1:] = 1.0  # reaches the edge at the far end
        found = sublevel(open_, connectivity)
        assert found.birth_cell[0] == 13
        assert found.on_boundary[2, 1]
        assert not found.touches[2, 1]
    flat = sublevel(np.zeros((4, 5)))
    assert (flat.birth.size, flat.birth_cell[0]) == (1, 0)


@pytest.mark.parametrize("values", [np.zeros((2, 2, 2, 2)), np.zeros(()), np.zeros((0, 3))])
def test_values_must_lie_on_a_grid(values):
    with pytest.raises(InputError, match="on a grid"):
        sublevel(values)


@every_connectivity
@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_link_of_a_cell_is_a_sphere(connectivity, k):
    around = star(connectivity, k)
    total = len(around.corners) - len(around.edges) + len(around.faces)
    assert total == 1 + (-1) ** (k - 1)
    np.testing.assert_array_equal(np.sort(around.offsets, 0), -np.sort(-around.offsets, 0)[::-1])
    assert around.near == {FREUDENTHAL: 2 ** (k + 1) - 2, FACES: 2 * k, ALL: 3**k - 1}[connectivity]
