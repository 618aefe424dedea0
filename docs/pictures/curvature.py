"""One Hessian three ways: its whole spectrum, its ends, its density. Writes curvature.png."""

import sys
from pathlib import Path

from thalweg.curvature.dense import spectrum
from thalweg.curvature.density import Quadrature, density
from thalweg.curvature.ends import ends, ends_dataset
from thalweg.curvature.lanczos import Lanczos
from thalweg.datasets import spiral
from thalweg.dynamics.record import record
from thalweg.dynamics.steppers import Adam
from thalweg.objectives.activations import Activation
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.plots.mpl_figures import views_figure
from thalweg.plots.mpl_save import save_figure
from thalweg.views.density import density_view
from thalweg.views.spectrum import spectrum_view
from thalweg.views.trust import trust_lines


def main(folder: Path) -> None:
    """Train a small network a little, then look at its Hessian."""
    X, y = spiral(200, noise=0.1, seed=0)
    objective = MLPObjective(MLP((2, 16, 16, 1), Activation.TANH), X, y)
    run = record(objective, objective.start, Adam(lr=0.01), steps=300, every=300)
    point = run["point"].values[-1]
    whole = spectrum(objective, point)
    found = ends(objective, point, 6, 6, lanczos=Lanczos(dense_up_to=0))
    smooth = density(objective, point, Quadrature(draws=8, steps=60, width=0.01))
    n, exact = len(point), 100 * whole.attrs["negative"] / len(point)
    tolerance = whole.attrs["tolerance"]
    below = 100 * float(smooth.density.sel(eigenvalue=slice(None, 0)).integrate("eigenvalue"))
    views = [
        spectrum_view(whole, tolerance=tolerance, title="dense: all of it"),
        spectrum_view(ends_dataset(objective, point, found), title="Lanczos: both ends"),
        density_view(smooth, title="density: its shape"),
    ]
    lines = [
        f"Negative eigenvalues: {exact:.0f} % of {n} exactly, {below:.0f} % read off the density.",
        f"Lanczos: {found.products} products with the Hessian instead of {n}, largest residual "
        f"{found.residuals.max():.0e} of a largest eigenvalue {found.eigenvalues[-1]:.3g}.",
        f"Density: {smooth.attrs['draws']} draws of {smooth.attrs['steps']} products; band: one "
        "standard error; network 2-16-16-1 after 300 steps of Adam, not a critical point.",
    ]
    figure = views_figure(
        views,
        title="The ends are exact; the density shows the shape",
        trust=trust_lines(lines),
        columns=1,
        width_mm=105.0,
        flexible_aspect=0.36,
    )
    save_figure(figure, folder, "curvature", ("png",))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
