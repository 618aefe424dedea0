"""Thalweg: a laboratory for neural-network loss landscapes.

The face: it only re-exports, and loads each name when it is first asked for, so that
`import thalweg` stays quick. Code inside the package imports the files, never the face.
The stub `__init__.pyi` beside this file shows the same names to type checkers.
"""

from importlib import import_module

from thalweg.version import __version__

_HOME = {
    "core.errors": (
        "InputError",
        "MissingExtraError",
        "StoreError",
        "ThalwegError",
    ),
    "core.executor": (
        "Executor",
        "SerialExecutor",
        "ThreadExecutor",
    ),
    "core.grid": ("Grid",),
    "core.layout": (
        "Block",
        "Layout",
        "Role",
    ),
    "core.objective": (
        "Objective",
        "SampledObjective",
        "SmoothObjective",
    ),
    "core.plane": ("Plane",),
    "core.schema": (
        "Cell",
        "plane_of",
    ),
    "datasets": (
        "attainable_accuracy",
        "bayes_posterior",
        "blobs",
        "circles",
        "moons",
        "spiral",
        "spiral_arms",
        "xor",
    ),
    "objectives.activations": ("Activation",),
    "objectives.functions": ("from_function",),
    "objectives.linear_network": ("LinearNetwork",),
    "objectives.losses": ("Loss",),
    "objectives.mlp": ("MLPObjective",),
    "objectives.network": (
        "MLP",
        "FanIn",
        "Gaussian",
    ),
    "objectives.torch.from_torch": ("from_torch",),
    "objectives.torch.metrics": (
        "Metric",
        "accuracy",
    ),
    "objectives.torch.losses": (
        "OnBatch",
        "PerExample",
    ),
    "objectives.torch.policies": (
        "FixedMasks",
        "Normalisation",
        "Residence",
    ),
    "objectives.zoo": (
        "beale",
        "himmelblau",
        "monkey_saddle",
        "mueller_brown",
        "quadratic",
        "rosenbrock",
    ),
    "geometry.directions": (
        "orthogonalized",
        "principal_directions",
        "random_directions",
    ),
    "geometry.planes": (
        "eigen_plane",
        "plane_through",
        "principal_plane",
        "random_plane",
    ),
    "geometry.scaling": (
        "BiasRule",
        "FilterNorm",
        "LayerNorm",
        "Unit",
        "Unscaled",
    ),
    "geometry.seeded": ("seeded_plane",),
    "geometry.symmetry": (
        "aligned_twin",
        "permuted_twin",
    ),
    "curvature.along": ("curvature_along",),
    "curvature.chance": ("chance_of_minimum",),
    "curvature.dense": (
        "hessian",
        "inertia",
        "spectrum",
    ),
    "surface.evaluate": (
        "estimate",
        "evaluate",
    ),
    "surface.minima": ("interior_minima",),
    "dynamics.diagnostics": ("diagnose",),
    "dynamics.project": ("project",),
    "dynamics.record": (
        "Minibatches",
        "record",
        "record_many",
    ),
    "dynamics.steppers": (
        "SGD",
        "Adam",
        "AdamW",
        "Momentum",
        "Nesterov",
        "RMSprop",
    ),
    "dynamics.recorder.hugging_face_recorder": ("HuggingFaceRecorder",),
    "dynamics.recorder.lightning_recorder": ("LightningRecorder",),
    "dynamics.recorder.recorder": ("Recorder",),
    "dynamics.recorder.schedule": (
        "Every",
        "Thinned",
    ),
    "dynamics.recorder.projection": ("Projection",),
    "connect.barrier": ("barrier",),
    "store.folder": (
        "load",
        "save",
    ),
    "store.trajectory": ("Flush",),
    "store.verify": (
        "repair",
        "verify",
    ),
    "views.curves": (
        "Series",
        "curves_view",
    ),
    "views.dots": ("dots_view",),
    "views.levels": ("Scale",),
    "views.matrix": ("matrix_view",),
    "views.path": ("path_view",),
    "views.scatter": ("scatter_view",),
    "views.spectrum": ("spectrum_view",),
    "views.surface": (
        "shared_scale",
        "surface_view",
    ),
    "views.trust": ("trust_lines",),
    "plots.mpl_figures": (
        "stacked_figure",
        "surfaces_figure",
        "views_figure",
    ),
    "plots.mpl_save": ("save_figure",),
    "plots.mpl_surface_3d": ("surface_3d_figure",),
    "plots.mpl_animation": ("save_animation",),
    "plots.plotly_page": ("save_html",),
    "plots.plotly_surface": ("surface_html",),
    "interop.checkpoints.trajectory": ("trajectory_from_checkpoints",),
    "interop.export": ("export",),
    "interop.heights": ("Heights",),
    "interop.netcdf": ("read_netcdf",),
    "interop.canonical.directions": (
        "canonical_principal",
        "read_directions",
        "write_directions",
    ),
    "interop.canonical.projections": (
        "read_projection",
        "write_projection",
    ),
    "interop.canonical.recipe": ("canonical_directions",),
    "interop.canonical.surfaces": (
        "read_surface",
        "write_surface",
    ),
    "ray.executor": ("RayExecutor",),
    "study.journeys": (
        "Landscape",
        "follow",
        "landscape",
    ),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}

__all__ = ["__version__", *sorted(_MODULE)]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    """Load a public name from its home."""
    if name not in _MODULE:
        raise AttributeError(f"module 'thalweg' has no attribute {name!r}")
    value = getattr(import_module(f"thalweg.{_MODULE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, loaded or not."""
    return __all__
