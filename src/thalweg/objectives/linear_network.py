"""Linear network: W2 W1 fitted to a matrix; every critical point and its spectrum are known.

Baldi and Hornik 1989, "Neural networks and principal component analysis: learning from examples
without local minima": the critical points of 1/2 ||target - W2 W1||_F^2 keep some singular
triples of the target and drop the others. At a balanced one the Hessian splits into blocks of
size 1 and 2 in the target's singular bases, which gives the closed spectrum below.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from thalweg.core.arrays import FloatArray, as_floats, digest, frozen, require_finite
from thalweg.core.errors import InputError
from thalweg.core.layout import Block, Layout
from thalweg.core.objective import Restriction, SmoothObjective
from thalweg.core.seeded_plane import Planar
from thalweg.core.units import Nature, Place, UnitLayer
from thalweg.objectives.functions import FIELDS, check_directions, restrict_smooth
from thalweg.objectives.zoo import KnownPoint, random_orthogonal


@dataclass(frozen=True, eq=False)
class KnownSpectrum(KnownPoint):
    """A critical point with all its Hessian eigenvalues known.

    Attributes:
        spectrum: (n,), the eigenvalues, ascending.
    """

    spectrum: FloatArray

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "spectrum", frozen(self.spectrum))


@final
class LinearNetwork(SmoothObjective):
    """The loss 1/2 ||target - W2 W1||_F^2 over W1 (hidden, inputs) and W2 (outputs, hidden).

    Args:
        target: (outputs, inputs), the matrix to fit (the input-output correlation of whitened
            data).
        hidden: number of hidden units, at least 1.
        seed: of the start, whose entries are normal with standard deviation 0.1.

    Raises:
        InputError: target empty or not finite, or hidden below 1.

    >>> network = LinearNetwork([[3.0, 0.0], [0.0, 1.0]], hidden=1)
    >>> network.value(np.zeros(4))
    5.0
    """

    def __init__(self, target: ArrayLike, hidden: int, seed: int = 0) -> None:
        mend = "pass a matrix (outputs, inputs)"
        matrix = as_floats(target, "target", (None, None), mend)
        require_finite(matrix, "target", mend)
        if matrix.size == 0:
            raise InputError("target must have entries", str(matrix.shape), mend)
        if hidden < 1:
            raise InputError("hidden must be at least 1", str(hidden), "give a number of units")
        outputs, inputs = matrix.shape
        self.target = frozen(matrix)
        self.hidden = hidden
        self.name = f"linear network {inputs}-{hidden}-{outputs}"
        self.layout = Layout(
            (
                Block("W1", (hidden, inputs), filter_axis=0),
                Block("W2", (outputs, hidden), filter_axis=0),
            )
        )
        rng = np.random.default_rng(seed)
        self.start = frozen(0.1 * rng.standard_normal(self.layout.size))
        self.fields = FIELDS

    @classmethod
    def from_singular_values(
        cls, singular_values: ArrayLike, shape: tuple[int, int], hidden: int, seed: int = 0
    ) -> "LinearNetwork":
        """Return a network whose target has these singular values and random singular vectors.

        Args:
            singular_values: (min(shape),), not negative.
            shape: (outputs, inputs) of the target.
            hidden: number of hidden units, at least 1.
            seed: of the singular vectors and of the start.

        Raises:
            InputError: a wrong number of singular values, negative or not finite ones.

        >>> network = LinearNetwork.from_singular_values([3.0, 1.0], (4, 2), hidden=2)
        >>> np.linalg.svd(network.target, compute_uv=False).round(12)
        array([3., 1.])
        """
        m = min(shape)
        mend = f"pass {m} numbers, none negative"
        s = as_floats(singular_values, "singular values", (m,), mend)
        require_finite(s, "singular values", mend)
        if (s < 0).any():
            raise InputError("singular values must not be negative", str(s.min()), mend)
        u, v = random_orthogonal(shape[0], seed), random_orthogonal(shape[1], seed + 1)
        return cls((u[:, :m] * s) @ v[:, :m].T, hidden, seed)

    def values(self, points: FloatArray) -> FloatArray:
        """Return the losses (m,) at points (m, n). NaN and inf are kept."""
        with np.errstate(all="ignore"):
            w1, w2 = self._weights(self.check_points(points))
            return 0.5 * ((w2 @ w1 - self.target) ** 2).sum(axis=(1, 2))

    def value_and_gradients(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return losses (m,) and gradients (m, n) at points (m, n)."""
        with np.errstate(all="ignore"):
            w1, w2 = self._weights(self.check_points(points))
            error = w2 @ w1 - self.target
            by_w1, by_w2 = w2.transpose(0, 2, 1) @ error, error @ w1.transpose(0, 2, 1)
            return 0.5 * (error**2).sum(axis=(1, 2)), _join(by_w1, by_w2)

    def hvp(self, point: FloatArray, directions: FloatArray) -> FloatArray:
        """Return the Hessian at point (n,) times directions (n,) or (k, n), in the same shape."""
        directions = check_directions(directions, self.layout.size)
        with np.errstate(all="ignore"):
            [w1], [w2] = self._weights(self.check_point(point)[None])
            v1, v2 = self._weights(np.atleast_2d(directions))
            error, change = w2 @ w1 - self.target, v2 @ w1 + w2 @ v1
            by_w1 = v2.transpose(0, 2, 1) @ error + w2.T @ change
            by_w2 = error @ v1.transpose(0, 2, 1) + change @ w1.T
        return _join(by_w1, by_w2).reshape(directions.shape)

    def hessian(self, point: FloatArray) -> FloatArray:
        """Return the exact Hessian (n, n) at point (n,), built block by block."""
        with np.errstate(all="ignore"):
            [w1], [w2] = self._weights(self.check_point(point)[None])
            (outputs, inputs), units = self.target.shape, np.eye(self.hidden)
            first = np.kron(w2.T @ w2, np.eye(inputs))
            last = np.kron(np.eye(outputs), w1 @ w1.T)
            mixed = np.einsum("ic,ab->acib", w2 @ w1 - self.target, units)
            mixed += np.einsum("ia,bc->acib", w2, w1)
        mixed = mixed.reshape(len(first), len(last))
        return np.block([[first, mixed], [mixed.T, last]])

    def restrict(self, plane: Planar, fields: Sequence[str] = ("loss",)) -> Restriction:
        """Return f with f(coords (m, k)) -> {field: (m,)}.

        Raises:
            InputError: the plane lives in another space, or a field is unknown.
        """
        return restrict_smooth(self, plane, fields)

    def digest(self) -> str:
        """Return 16 hexadecimal digits that name target and width."""
        return digest("linear network", self.target, [self.hidden])

    def units(self) -> tuple[UnitLayer, ...]:
        """Return the one hidden layer; its units can also be mixed, which units do not tell."""
        places = (Place("W1", 0),), (Place("W2", 1),)
        return (UnitLayer("hidden", self.hidden, *places, Nature.LINEAR),)

    def critical_point(self, kept: Iterable[int], seed: int | None = None) -> KnownSpectrum:
        """Return the balanced critical point that keeps some singular triples of the target.

        With target = U S V^T, I = kept, r = |I|: W2 = [U_I S_I^(1/2), 0] Q and
        W1 = Q^T [S_I^(1/2) V_I^T; 0]. The loss is 1/2 sum of s_j^2 over the dropped j. The index
        is #{i in I, j dropped: s_j > s_i} + (hidden - r) (m - r), m = min(outputs, inputs); it is
        0, a minimum, only for the min(hidden, m) largest.

        Args:
            kept: places of the kept singular values, counted from 0, the largest first.
            seed: of the orthogonal Q that mixes the hidden units; None leaves Q = identity.

        Returns:
            The point, its loss, index, nullity and full spectrum, by closed formulas.

        Raises:
            InputError: kept has twins, places beyond m, or more than `hidden` of them, or the
                target's singular values are not distinct and above 0.

        >>> saddle = LinearNetwork([[3.0, 0.0], [0.0, 1.0]], hidden=1).critical_point([1])
        >>> saddle.index, round(saddle.value, 12), saddle.spectrum.round(12)
        (1, 4.5, array([-2.,  0.,  2.,  4.]))
        """
        u, s, vt = np.linalg.svd(self.target, full_matrices=False)
        if s[-1] <= 1e-12 * s[0] or (-np.diff(s) <= 1e-12 * s[0]).any():
            wanted = "the target's singular values must be distinct and above 0"
            raise InputError(wanted, str(s), "build it with from_singular_values")
        inside = self._check_kept(kept, s.size)
        outside = [j for j in range(s.size) if j not in inside]
        r, roots = len(inside), np.sqrt(s[inside])
        q = np.eye(self.hidden) if seed is None else random_orthogonal(self.hidden, seed)
        w1, w2 = q[:r].T @ (roots[:, None] * vt[inside]), (u[:, inside] * roots) @ q[:r]
        spectrum = self._spectrum(s[inside], s[outside])
        overtaken = int((s[outside] > s[inside][:, None]).sum())
        dead, excess = self.hidden - r, sum(self.target.shape) - 2 * s.size
        return KnownSpectrum(
            point=self.layout.pack({"W1": w1, "W2": w2}),
            value=0.5 * float((s[outside] ** 2).sum()),
            index=overtaken + dead * (s.size - r),
            nullity=r * r + dead * (2 * r + excess),
            spectrum=spectrum,
        )

    def _check_kept(self, kept: Iterable[int], m: int) -> list[int]:
        inside = sorted(kept)
        most = min(self.hidden, m)
        fits = len(set(inside)) == len(inside) <= most and all(0 <= i < m for i in inside)
        if not fits:
            wanted = f"kept must be at most {most} distinct places among 0 to {m - 1}"
            raise InputError(wanted, repr(inside), "name each kept singular value once")
        return inside

    def _spectrum(self, inside: FloatArray, outside: FloatArray) -> FloatArray:
        r, dead = inside.size, self.hidden - inside.size
        excess = sum(self.target.shape) - 2 * (r + outside.size)
        parts = (
            np.add.outer(inside, inside),  # a kept pair: one stiff direction ...
            np.zeros(r * r),  # ... and one of the orbit of GL(hidden)
            np.add.outer(inside, outside),
            np.subtract.outer(inside, outside),  # negative: a larger one waits outside
            np.repeat(inside, excess),
            np.tile(outside, dead),
            np.tile(-outside, dead),
            np.zeros(dead * (2 * r + excess)),
        )
        return np.sort(np.concatenate([part.ravel() for part in parts]))

    def _weights(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return W1 (m, hidden, inputs) and W2 (m, outputs, hidden) as views of points (m, n)."""
        outputs, inputs = self.target.shape
        cut = self.hidden * inputs
        w1 = points[:, :cut].reshape(-1, self.hidden, inputs)
        return w1, points[:, cut:].reshape(-1, outputs, self.hidden)


def _join(by_w1: FloatArray, by_w2: FloatArray) -> FloatArray:
    """Return rows (m, n) from the two blocks (m, ., .)."""
    m = len(by_w1)
    first, last = by_w1.shape[1] * by_w1.shape[2], by_w2.shape[1] * by_w2.shape[2]
    return np.concatenate([by_w1.reshape(m, first), by_w2.reshape(m, last)], axis=1)
