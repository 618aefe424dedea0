"""The optimizers' paths on one plane, and what that plane leaves out."""

from dataclasses import asdict, dataclass, replace
from functools import partial

import numpy as np
import xarray as xr

from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.dynamics.moving_frame import moving_frame
from thalweg.dynamics.project import project
from thalweg.geometry.planes import principal_plane
from thalweg.plots.mpl_figures import surfaces_figure, views_figure
from thalweg.plots.mpl_surface_3d import surface_3d_figure
from thalweg.study.artists import Drawing
from thalweg.study.context import Study
from thalweg.study.edge import edge_blocks, edge_facts, edges
from thalweg.study.margin import judged, margin
from thalweg.study.planarity import planarities, planarity_blocks, planarity_facts
from thalweg.study.section import Exhibit, Section, Table, listed, number, percent
from thalweg.study.settings import Setting
from thalweg.trust_report.report import TrustReport
from thalweg.viewer.figure import figure_frames
from thalweg.viewer.page import placed
from thalweg.views.moving_frame import moving_frame_view
from thalweg.views.path import TRUE_BELOW, PathView, gap_shares, path_view
from thalweg.views.surface import SurfaceView, shared_scale, surface_view
from thalweg.views.trust import trust_lines


@dataclass(frozen=True)
class Honesty:
    """How far one run's path in a plane can be trusted.

    Attributes:
        captured: share of the run's own variance that lies in the plane.
        largest_gap: largest |true loss - loss in the plane|.
        gap_share: the largest gap on the picture's own scale (its logarithm, where that is
            drawn), as a share of the range shown.
        farthest: largest distance from the plane.
        end_to_end: distance between the run's first and last point.
        true_share: share of the steps whose gap is below a tenth of the range.
    """

    captured: float
    largest_gap: float
    gap_share: float
    farthest: float
    end_to_end: float
    true_share: float


_OWN_CAPTION = (
    "Each run on its own principal plane, on one color scale. The planes differ; in brackets the "
    "share of the run's variance along a and b, both of unit length."
)


def trajectories_section(study: Study) -> Section:
    """Draw all three runs on their common plane, each on its own, and state the gaps."""
    blocks: list[str | Exhibit | Table] = [
        "Each run visits points in a space of many dimensions; a picture keeps two. The plane "
        "below is the one that lies closest to all three runs together (their principal "
        "directions). A path pales as its gap grows, and is dashed where the drawn height is off "
        "by more than a tenth of the range. The gap is the true loss at a step minus the loss of "
        "the picture under it."
    ]
    joint, own = {}, {}
    for setting in study.settings:
        surface, paths = _joint(study, setting)
        view = surface_view(surface)
        joint[setting.key] = {n: honesty(p, view) for n, p in paths.items()}
        blocks += _joint_exhibits(study, setting, surface, paths, joint[setting.key])
        alone = _own(study, setting)
        own[setting.key] = {n: honesty(p, surface_view(s)) for n, (s, p) in alone.items()}
        if not study.plan.quick:
            drawing = _own_figure(study, setting, alone)
            blocks.append(study.exhibit(f"own-paths-{setting.key}", drawing, _OWN_CAPTION))
        blocks.append(_prose(setting, joint[setting.key], own[setting.key]))
    blocks.append(_table(study, joint, own))
    planar, near = planarities(study), edges(study)
    blocks += planarity_blocks(study, planar)
    blocks += _frame_blocks(study)
    blocks += edge_blocks(study, near)
    return Section(
        "trajectories",
        "The paths, and how far the picture of them is true",
        tuple(blocks),
        {
            "joint_plane": _nested(joint),
            "own_plane": _nested(own),
            "nulls": planarity_facts(planar),
            "stability": edge_facts(near),
        },
    )


def honesty(path: xr.Dataset, view: SurfaceView) -> Honesty:
    """Return the trust numbers of a path over the view of a surface."""
    shares = gap_shares(path["loss"].values, path["plane_loss"].values, view)
    return Honesty(
        captured=float(path.attrs["captured_variance"]),
        largest_gap=float(path.attrs["largest_gap"]),
        gap_share=float(shares.max()),
        farthest=float(path["residual"].max()),
        end_to_end=float(path.attrs["end_to_end"]),
        true_share=float((shares < TRUE_BELOW).mean()),
    )


def _frame_blocks(study: Study) -> list[str | Exhibit]:
    """Return the last run of the chapter's setting on a map that goes along with it."""
    setting = study.chapter
    name, run = list(study.runs[setting.key].items())[-1]
    objective = study.objectives[setting.key]
    columns = 31 if study.plan.quick else 81
    found = study.shop.keep(
        f"{setting.key}-frame-{name}", lambda: moving_frame(objective, run, columns=columns)
    )
    view = moving_frame_view(found)
    walls = found["curvature"].values
    steeper = walls[-1] / walls[0]
    change = "steepen" if steeper > 1.1 else "flatten" if steeper < 0.9 else "stay as steep"
    title = f"Along {name}'s way the walls {change}: largest curvature {number(walls[0], 2)}"
    title += f" at the start, {number(walls[-1], 2)} at the end"
    figure = partial(views_figure, [view], title=title, trust=view.trust, width_mm=130)
    caption = (
        f"The loss around the whole run of {name}, {setting.title}: across, the distance traveled; "
        "up and down, the distance along the sharpest direction at each point. The straight line "
        "is the run itself."
    )
    words = (
        "A map need not be a plane. The next one goes along with the run, so that every step lies "
        "on it at its true loss; what it pays is that the sheet is bent."
    )
    return [words, study.exhibit(f"frame-{setting.key}", figure, caption)]


def _joint(study: Study, setting: Setting) -> tuple[xr.Dataset, dict[str, xr.Dataset]]:
    runs = study.runs[setting.key]
    plane = principal_plane(np.concatenate([run["point"].values for run in runs.values()]))
    return _surface_and_paths(study, setting, plane, runs, f"{setting.key}-joint")


def _surface_and_paths(
    study: Study,
    setting: Setting,
    plane: Plane,
    runs: dict[str, xr.Dataset],
    name: str,
    least: float = 0.5,
) -> tuple[xr.Dataset, dict[str, xr.Dataset]]:
    objective = study.objectives[setting.key]
    coords = np.concatenate([plane.coordinates(run["point"].values) for run in runs.values()])
    grid = Grid.covering(coords, study.plan.grid_points, least=least)
    surface = study.shop.surface(f"{name}-plane", objective, plane, grid, ("loss", "accuracy"))

    def projected(run: xr.Dataset) -> xr.Dataset:
        path, points = project(objective, run, plane), run["point"].values
        path.attrs["end_to_end"] = float(np.linalg.norm(points[-1] - points[0]))
        return path

    return surface, {
        label: study.shop.keep(f"{name}-path-{label}", partial(projected, run))
        for label, run in runs.items()
    }


def _views(
    surface: xr.Dataset, paths: dict[str, xr.Dataset], title: str = ""
) -> tuple[SurfaceView, list[PathView]]:
    view = surface_view(surface, title=title)
    return view, [path_view(path, view) for path in paths.values()]


def _joint_exhibits(
    study: Study,
    setting: Setting,
    surface: xr.Dataset,
    paths: dict[str, xr.Dataset],
    found: dict[str, Honesty],
) -> list[Exhibit]:
    view, drawn = _views(surface, paths)
    least = min(found, key=lambda name: found[name].captured)
    title = f"The common plane keeps {percent(found[least].captured)} of what {least} did"
    report = _report(study, setting, surface, paths)
    trust = trust_lines(margin(study, f"paths-{setting.key}", {setting.title: report}))
    flat = partial(surfaces_figure, [view], paths=[drawn], title=title, trust=trust)
    relief = partial(
        surface_3d_figure,
        view,
        drawn,
        title=f"The same plane in relief, {setting.title}",
        trust=trust_lines(run.line() for run in report.paths),
        width_mm=130,
    )
    frames = figure_frames(surface, list(paths.values()), trust=trust)
    return [
        study.exhibit(
            f"paths-{setting.key}",
            flat,
            f"The three runs of {setting.title} on their common principal plane. Start hollow, "
            "end solid; dots are steps.",
        ),
        study.exhibit(
            f"relief-{setting.key}",
            relief,
            "The same in relief, paths at their true loss, with stems to the surface where they "
            "leave it.",
            placed(frames, f"paths-{setting.key}-frames", lazy=True, theme="light"),
        ),
    ]


def _own(study: Study, setting: Setting) -> dict[str, tuple[xr.Dataset, xr.Dataset]]:
    """Return for each run the surface of its own principal plane, and its path there."""
    found = {}
    for name, run in study.runs[setting.key].items():
        plane = principal_plane(run["point"].values)
        label = f"{setting.key}-own-{name}"
        surface, paths = _surface_and_paths(study, setting, plane, {name: run}, label, 1.0)
        found[name] = surface, paths[name]
    return found


def _own_figure(
    study: Study, setting: Setting, found: dict[str, tuple[xr.Dataset, xr.Dataset]]
) -> Drawing:
    views, drawn, reports = [], [], {}
    for name, (surface, path) in found.items():
        view, lines = _views(surface, {name: path}, name)
        reports[name] = _report(study, setting, surface, {name: path})
        shares = [label.split(", ")[-1] for label in surface.attrs["labels"]]
        views.append(replace(view, a_label=f"a ({shares[0]})", b_label=f"b ({shares[1]})"))
        drawn.append(lines)
    return partial(
        surfaces_figure,
        shared_scale(views),
        paths=drawn,
        title=f"Each run on the plane that suits it best, {setting.title}",
        trust=trust_lines(margin(study, f"own-paths-{setting.key}", reports)),
    )


def _report(
    study: Study, setting: Setting, surface: xr.Dataset, paths: dict[str, xr.Dataset]
) -> TrustReport:
    """Return the report on a plane of runs, looked underneath where the last of them ends."""
    last = list(paths)[-1]
    end = study.runs[setting.key][last]["point"].values[-1]
    objective = study.objectives[setting.key]
    return judged(surface, objective, list(paths.values()), at=end, where=f"the end of {last}")


def _prose(setting: Setting, joint: dict[str, Honesty], own: dict[str, Honesty]) -> str:
    wrong = [name for name, h in joint.items() if h.gap_share > TRUE_BELOW]
    words = (
        f"In {setting.title} the common plane misstates the loss of {listed(wrong)} by more than a "
        "tenth of the range somewhere on the way"
        if wrong
        else f"In {setting.title} every path on the common plane is true to a tenth of the range"
    )
    least = min(joint, key=lambda name: joint[name].captured)
    change = (
        f"{least}, of which the common plane keeps {percent(joint[least].captured)}, has "
        f"{percent(own[least].captured, 1)} of its variance in a plane of its own"
    )
    return f"{words}. {change[0].upper()}{change[1:]}."


def _table(
    study: Study, joint: dict[str, dict[str, Honesty]], own: dict[str, dict[str, Honesty]]
) -> Table:
    rows = []
    for setting in study.settings:
        for name, h in joint[setting.key].items():
            alone = own[setting.key][name]
            rows.append(
                (
                    f"{setting.title}, {name}",
                    percent(h.captured),
                    percent(h.gap_share),
                    f"{h.farthest / h.end_to_end:.2g}",
                    percent(alone.captured),
                    percent(alone.gap_share),
                )
            )
    head = ("run", "captured", "largest gap", "residual", "own: captured", "own: gap")
    caption = (
        "Common plane and own plane. Captured: share of the run's variance. Gap: share of the "
        "range of losses shown. Residual: largest distance from the plane over the distance from "
        "start to end."
    )
    return Table(head, tuple(rows), caption)


def _nested(found: dict[str, dict[str, Honesty]]) -> dict[str, dict[str, dict[str, float]]]:
    return {key: {n: asdict(h) for n, h in runs.items()} for key, runs in found.items()}
