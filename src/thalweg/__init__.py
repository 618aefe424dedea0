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
    "core.units": (
        "Nature",
        "Place",
        "UnitLayer",
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
    "geometry.canonical": (
        "Canonical",
        "canonical",
    ),
    "curvature.along": ("curvature_along",),
    "curvature.chance": (
        "chance_of_minimum",
        "null_curvature",
        "share_below",
    ),
    "curvature.dense": (
        "hessian",
        "inertia",
        "spectrum",
    ),
    "curvature.ends": (
        "Ends",
        "ends",
        "ends_dataset",
    ),
    "curvature.lanczos": ("Lanczos",),
    "curvature.trace": (
        "DiagonalEstimate",
        "Estimate",
        "diagonal",
        "trace",
    ),
    "curvature.density": (
        "Quadrature",
        "density",
    ),
    "curvature.blocks": (
        "block_hessian",
        "block_spectra",
    ),
    "curvature.scale": (
        "ScaledCurvature",
        "curvature_at_scale",
    ),
    "curvature.fields": ("curved",),
    "topology.of_surface": ("topology_of",),
    "topology.connectivity": ("Connectivity",),
    "topology.noise": ("StandardErrors",),
    "topology.result": ("Topology",),
    "topology.sublevel": (
        "sublevel",
        "superlevel",
    ),
    "sharpness.measure": (
        "Sharpness",
        "sharpness_of",
    ),
    "sharpness.ranks": ("ranks",),
    "critical.classify": ("classify",),
    "critical.descent": (
        "BothWays",
        "Descent",
        "descend_both_ways",
    ),
    "critical.dips": (
        "Dip",
        "dips",
    ),
    "critical.behind": (
        "Behind",
        "behind_dataset",
        "saddles_behind",
    ),
    "critical.escape_time": (
        "efold_steps",
        "escape_steps",
    ),
    "critical.levenberg_marquardt": ("LevenbergMarquardt",),
    "critical.lifted": ("Lifted",),
    "critical.many": (
        "Find",
        "Finds",
        "alike",
        "find_critical_many",
        "finds_dataset",
    ),
    "critical.point": (
        "CriticalPoint",
        "Kind",
    ),
    "critical.search": (
        "Outcome",
        "Search",
        "find_critical",
    ),
    "critical.starts": (
        "Starts",
        "starts_along",
        "starts_around",
    ),
    "critical.tolerances": ("Tolerances",),
    "critical.unstable": (
        "saddle_plane",
        "unstable_plane",
    ),
    "surface.evaluate": (
        "estimate",
        "evaluate",
    ),
    "surface.out_of_plane": ("out_of_plane_gradient",),
    "dynamics.diagnostics": ("diagnose",),
    "dynamics.project": ("project",),
    "dynamics.record": (
        "Minibatches",
        "record",
        "record_many",
    ),
    "dynamics.stepper_of": ("stepper_of",),
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
    "dynamics.nulls": (
        "Null",
        "cosine_content",
        "walk_null",
        "walk_shares",
    ),
    "dynamics.stability": ("stability_along",),
    "dynamics.central_flow": ("central_flow",),
    "dynamics.oscillation": ("oscillation",),
    "dynamics.moving_frame": (
        "Frame",
        "moving_frame",
    ),
    "connect.barrier": ("barrier",),
    "connect.bends": (
        "Bezier",
        "PolyChain",
    ),
    "connect.curve": (
        "Curve",
        "curve",
    ),
    "connect.connection": ("connection",),
    "connect.disagreement": (
        "Disagreement",
        "disagreement",
    ),
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
        "Reference",
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
    "views.density": ("density_view",),
    "views.connection": ("connection_view",),
    "views.persistence": ("persistence_view",),
    "views.merge_tree": ("merge_tree_view",),
    "views.basins": (
        "topology_lines",
        "with_basins",
    ),
    "views.moving_frame": ("moving_frame_view",),
    "plots.mpl_figures": (
        "stacked_figure",
        "surfaces_figure",
        "views_figure",
    ),
    "plots.mpl_save": ("save_figure",),
    "plots.mpl_surface_3d": ("surface_3d_figure",),
    "plots.mpl_animation": ("save_animation",),
    "viewer.figure": ("save_html",),
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
    "trust_report.effort": ("Effort",),
    "trust_report.report": ("TrustReport",),
    "trust_report.trust": ("trust",),
    "study.journeys": (
        "Landscape",
        "follow",
        "landscape",
    ),
    "study.notebook": (
        "explore",
        "load_ipython_extension",
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
