"""Hessians of single blocks against the whole one."""

import numpy as np
import pytest

from cases import CASES
from thalweg.core.errors import InputError
from thalweg.curvature.blocks import block_hessian, block_spectra
from thalweg.curvature.dense import hessian


@pytest.mark.parametrize("case", CASES[::6], ids=str)
def test_blocks_are_those_of_the_whole(case):
    whole = hessian(case.objective, case.point)
    spectra = block_spectra(case.objective, case.point)
    lowest, highest = np.linalg.eigvalsh(whole)[[0, -1]]
    for block, at in case.objective.layout.slices():
        found = block_hessian(case.objective, case.point, block.name)
        np.testing.assert_allclose(found, whole[at, at], atol=1e-14)
        np.testing.assert_array_equal(found, found.T)
        values = spectra[block.name]
        np.testing.assert_allclose(values, np.linalg.eigvalsh(whole[at, at]), atol=1e-13)
        assert lowest - 1e-12 <= values[0] <= values[-1] <= highest + 1e-12


def test_an_unknown_or_a_large_block():
    case = CASES[-1]
    names = [block.name for block in case.objective.layout.blocks]
    with pytest.raises(InputError, match=f"must be in the layout, got 'X'; take one of {names[0]}"):
        block_hessian(case.objective, case.point, "X")
    size = case.objective.layout.blocks[0].size
    said = f"the Hessian of block {names[0]} needs at most {size - 1} parameters, got {size}"
    with pytest.raises(InputError, match=said):
        block_hessian(case.objective, case.point, names[0], dense_up_to=size - 1)
    small = block_spectra(case.objective, case.point, dense_up_to=size - 1)
    assert names[0] not in small
    assert names[1] in small
