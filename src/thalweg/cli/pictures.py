"""Pictures: any stored result as a file that people look at, chosen by its ending."""

from pathlib import Path
from typing import TYPE_CHECKING

from thalweg.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr

    from thalweg.plots.mpl_figures import View
    from thalweg.plots.mpl_page import Figure
    from thalweg.trust_report.report import TrustReport
    from thalweg.views.curves import CurvesView
    from thalweg.views.trust import TrustLines

    Drawn = tuple[View | list[View], TrustLines]

PAPER, WEB = (".png", ".svg", ".pdf"), ".html"
PICTURES = (*PAPER, WEB)


def check_suffix(out: Path) -> None:
    """Raise InputError unless the ending names a kind of picture."""
    if out.suffix.lower() not in PICTURES:
        wanted = f"a picture must end in {', '.join(PAPER)} or {WEB}"
        raise InputError(wanted, repr(out.name), "give it one of these endings")
    if out.is_dir():
        raise InputError(f"{out} must be a file", "a folder", "choose another name")


def draw(
    stored: "xr.Dataset",
    path: "xr.Dataset | None",
    out: Path,
    field: str,
    title: str,
    width: float | None,
    report: "TrustReport | None" = None,
) -> Path:
    """Write the picture of a result, and its trust report beside it if it is a surface.

    Files that are there already are replaced whole.

    Args:
        stored: a Dataset of any kind.
        path: the path over it, if it is a surface and there is one.
        out: the file; its ending chooses the format.
        field: of a surface.
        title: what the picture shows, or empty.
        width: in millimeters; None for the usual.
        report: what to trust of a surface; default: what is known without the objective.

    Raises:
        InputError: no such field, or an unknown ending.
        StoreError: the file cannot be written.
    """
    from thalweg.core.files import write_whole

    check_suffix(out)
    form = out.suffix.lower()
    if stored.attrs["kind"] == "surface":
        from thalweg.trust_report.beside import report_beside
        from thalweg.trust_report.trust import trust

        report = report or trust(stored, [] if path is None else [path], field=field)
        report_beside(out, report)
    if form == WEB:
        return write_whole(out, _page(stored, path, field, title, report).encode())
    return save(figure_of(stored, path, field, title, width, report), out)


def save(figure: "Figure", out: Path) -> Path:
    """Write a figure; the ending chooses the format."""
    from thalweg.core.files import write_whole
    from thalweg.plots.mpl_save import save_figure, svg_text
    from thalweg.study.journey_page import figure_page

    form = out.suffix.lower()
    if form == WEB:
        return write_whole(out, figure_page(svg_text(figure), "").encode())
    save_figure(figure, out.parent, out.stem, (form[1:],))
    return out


def figure_of(
    stored: "xr.Dataset",
    path: "xr.Dataset | None",
    field: str,
    title: str,
    width: float | None,
    report: "TrustReport | None" = None,
) -> "Figure":
    """Return the figure of a result of any kind."""
    from thalweg.plots.mpl_figures import stacked_figure, views_figure
    from thalweg.study.journey_figure import journey_figure

    kind = stored.attrs["kind"]
    if kind == "surface":
        return journey_figure(stored, path, title=title, field=field, width_mm=width, report=report)
    views = _VIEWS.get(kind)
    if views is not None:
        view, strip = views(stored)
        wide = width or (170.0 if isinstance(view, list) else 120.0)
        each = view if isinstance(view, list) else [view]
        return views_figure(each, title=title, trust=strip, width_mm=wide)
    return stacked_figure(_curves(stored), title=title, width_mm=width or 120.0)


def _spectrum(stored: "xr.Dataset") -> "Drawn":
    from thalweg.views.prose import number
    from thalweg.views.spectrum import spectrum_view
    from thalweg.views.trust import TrustLine, trust_lines

    about = stored.attrs
    slope = float(about["gradient_norm"])
    lines = [
        TrustLine(f"|gradient| {number(slope, 2)}: the count is the index only where that is 0."),
        TrustLine(f"{about.get('how', 'dense')}; largest residual {number(about['residual'], 1)}."),
        TrustLine(f"{about['objective']}; thalweg {about['thalweg_version']}"),
    ]
    return spectrum_view(stored), trust_lines(lines)


def _density(stored: "xr.Dataset") -> "Drawn":
    from thalweg.views.density import density_view
    from thalweg.views.trust import trust_lines

    return density_view(stored), trust_lines([str(stored.attrs["limits"])])


def _topology(stored: "xr.Dataset") -> "Drawn":
    from thalweg.views.basins import topology_lines
    from thalweg.views.merge_tree import merge_tree_view
    from thalweg.views.persistence import persistence_view

    both: list[View] = [persistence_view(stored), merge_tree_view(stored)]
    return both, topology_lines(stored)


def _frame(stored: "xr.Dataset") -> "Drawn":
    from thalweg.views.moving_frame import moving_frame_view

    view = moving_frame_view(stored)
    return view, view.trust


def _stability(stored: "xr.Dataset") -> "Drawn":
    from thalweg.views.curves import Reference, Series, curves_view
    from thalweg.views.trust import trust_lines

    name = str(stored.attrs.get("optimizer", ""))
    line = Series(name, stored["step"].values.astype(float), stored["stability_ratio"].values)
    edge = [Reference(1.0, "edge of stability")]
    told = "Largest curvature that the optimizer feels over what it can bear on a quadratic."
    return curves_view([line], "step", "stability ratio", references=edge), trust_lines([told])


_VIEWS: "dict[str, Callable[[xr.Dataset], Drawn]]" = {
    "spectrum": _spectrum,
    "density": _density,
    "topology": _topology,
    "moving_frame": _frame,
    "stability": _stability,
}


def _curves(run: "xr.Dataset") -> "list[CurvesView]":
    """Return the scalars of a trajectory or a path over its steps."""
    from thalweg.views.curves import Series, curves_view

    name = str(run.attrs.get("optimizer", ""))
    steps = run["step"].values.astype(float)
    shown: dict[str, dict[str, str]] = {
        "trajectory": {"loss": "loss", "gradient_norm": "gradient norm"},
        "path": {
            "loss": "loss",
            "gap": "gap: true minus drawn loss",
            "residual": "distance from the plane",
        },
    }
    kind = str(run.attrs["kind"])
    if kind not in shown:
        known = ", ".join(("surface", *_VIEWS, *shown))
        mend = "open it with xarray.open_zarr"
        raise InputError(f"what is drawn must be a {known}", f"a {kind}", mend)
    return [
        curves_view([Series(name if not at else "", steps, run[key].values)], "step", words)
        for at, (key, words) in enumerate(shown[kind].items())
        if key in run
    ]


def _page(
    stored: "xr.Dataset",
    path: "xr.Dataset | None",
    field: str,
    title: str,
    report: "TrustReport | None",
) -> str:
    """Return one self-contained page: a surface to turn, or else the figure."""
    from thalweg.core.schema import axes_of
    from thalweg.plots.mpl_save import svg_text
    from thalweg.study.journey_page import figure_page, surface_page

    if stored.attrs["kind"] == "surface" and len(axes_of(stored)) == 2:
        return surface_page(stored, path, title=title, field=field, report=report)
    return figure_page(svg_text(figure_of(stored, path, field, "", 170.0, report)), title)
