"""Time the topology of a map: minima, saddles, maxima, merge trees and basins, against peers.

gudhi gives the pairs alone (a cubical complex on the vertices, 4 neighbors; CubicalPersistence is
its fast path for dimension 0 with 8 neighbors), scipy's filter the minima alone. All in one run,
the best of the repeats, in turns. Run as `python benchmarks/topology.py [repeats]`.
"""

import os
import subprocess
import sys
import tempfile
import time

import gudhi
import numpy as np
from gudhi.sklearn.cubical_persistence import CubicalPersistence
from scipy.ndimage import gaussian_filter, label, minimum_filter

from thalweg.topology.connectivity import Connectivity
from thalweg.topology.sublevel import sublevel, superlevel


def whole(values):
    """Everything, from below and from above, on the Freudenthal triangulation."""
    return sublevel(values), superlevel(values)


def below(values):
    """Minima, pairs, merge tree and basins, with 4 neighbors."""
    return sublevel(values, Connectivity.FACES)


def gudhi_all(values):
    """Pairs of dimension 0 and 1."""
    return gudhi.CubicalComplex(vertices=values).persistence()


def gudhi_fast(values):
    """Pairs of dimension 0, with 8 neighbors."""
    return CubicalPersistence(homology_dimensions=0).fit_transform([values])


def scipy_minima(values):
    """Places lower than all neighbors, without pairs, tree or basins."""
    return label(values == minimum_filter(values, size=3))


RIVALS = {
    "all": whole,
    "below": below,
    "gudhi": gudhi_all,
    "gudhi H0": gudhi_fast,
    "scipy": scipy_minima,
}


def cold_compile():
    """Return the seconds that the first call takes with an empty cache, in a fresh process."""
    code = (
        "import time; import numpy as np; from thalweg.topology.sublevel import sublevel\n"
        "t = time.perf_counter(); sublevel(np.zeros((3, 3))); print(time.perf_counter() - t)"
    )
    with tempfile.TemporaryDirectory() as folder:
        run = [sys.executable, "-c", code]
        env = os.environ | {"NUMBA_CACHE_DIR": folder}
        return float(subprocess.run(run, env=env, check=True, capture_output=True).stdout)


def main():
    """Print the table."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    random = np.random.default_rng(0)
    print("topology of a map, milliseconds, best of several; ratio: gudhi over all, over below")
    print(
        f"{'cells':<18}" + "".join(f"{name:>10}" for name in RIVALS) + f"{'ratio':>9}{'ratio':>8}"
    )
    for function in (whole, below):
        function(np.eye(3))  # loads the compiled loops
    for side, rounds in ((101, 10 * repeats), (401, repeats), (1001, 2)):
        noise = random.standard_normal((side, side))
        for name, values in (("noise", noise), ("smooth", gaussian_filter(noise, side / 20))):
            times = dict.fromkeys(RIVALS, np.inf)
            for _ in range(rounds):
                for rival, function in RIVALS.items():
                    start = time.perf_counter()
                    function(values)
                    times[rival] = min(times[rival], 1e3 * (time.perf_counter() - start))
            line = "".join(f"{times[rival]:10.2f}" for rival in RIVALS)
            ratios = [times["gudhi"] / times[mine] for mine in ("all", "below")]
            print(f"{side}^2 {name:<12} {line}{ratios[0]:9.1f}{ratios[1]:8.1f}")
    print(f"cold compile {cold_compile():.1f} s, once a machine")


if __name__ == "__main__":
    main()
