"""`thalweg spectrum`: the curvature at a point, in full space."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from thalweg.cli.checkpoint import At
from thalweg.cli.guest import Arguments, smooth_of
from thalweg.cli.output import Json, print_json, print_result
from thalweg.cli.surface import Made

if TYPE_CHECKING:
    import xarray as xr

    from thalweg.core.arrays import FloatArray
    from thalweg.core.objective import SmoothObjective

EXAMPLES = """\
Examples:
  thalweg spectrum train.py:loss
  thalweg spectrum train.py:loss --at last.pt --figure spectrum.png
  thalweg spectrum train.py:loss --highest 10 --json
"""


def spectrum(
    objective: Made,
    /,
    *,
    at: At = None,
    lowest: Annotated[int, Parameter(help="Eigenvalues from below, where not all.")] = 1,
    highest: Annotated[int, Parameter(help="Eigenvalues from above, where not all.")] = 5,
    out: Annotated[Path | None, Parameter(help="Store to keep it in; must be free.")] = None,
    figure: Annotated[
        Path | None, Parameter(help="Also draw it: .png, .svg or .pdf; replaced if there.")
    ] = None,
    arg: Arguments = (),
    json: Json = False,
) -> None:
    """Tell the curvature at a point: Hessian eigenvalues, index, trace, sharpness.

    Up to 3,000 parameters the whole spectrum is computed, exactly; above, its two ends, each with
    its residual, and the trace with a standard error. The number of negative eigenvalues is the
    index only where the gradient vanishes. Sharpness is told in several metrics, since the raw
    one changes with scales that leave the function alone.
    """
    from thalweg.cli.checkpoint import point_at
    from thalweg.cli.output import guests_on_stderr
    from thalweg.cli.pictures import check_suffix, draw
    from thalweg.cli.work import require_free
    from thalweg.store.folder import save

    if figure is not None:
        check_suffix(figure)
    if out is not None:
        require_free(out)
    with guests_on_stderr():
        made = smooth_of(objective, arg)
        point = point_at(at, made)
        found = _computed(made, point, lowest, highest)
        told = _told(made, point, found)
    if out is not None:
        save(found, out)
    if figure is not None:
        draw(found, None, figure, "loss", "", None)
    places = {"store": out and str(out), "figure": figure and str(figure)}
    if json:
        print_json({**told, **places})
    else:
        print_result("\n".join([*_lines(told), *(place for place in places.values() if place)]))


def _computed(
    made: "SmoothObjective", point: "FloatArray", lowest: int, highest: int
) -> "xr.Dataset":
    from thalweg.curvature import dense
    from thalweg.curvature.ends import ends, ends_dataset

    if made.layout.size <= dense.DENSE_LIMIT:
        return dense.spectrum(made, point)
    return ends_dataset(made, point, ends(made, point, lowest, highest))


def _told(made: "SmoothObjective", point: "FloatArray", found: "xr.Dataset") -> dict[str, Any]:
    from dataclasses import asdict

    from thalweg.curvature.trace import trace
    from thalweg.sharpness.measure import sharpness_of

    about = found.attrs
    return {
        "objective": made.name,
        "parameters": made.layout.size,
        "loss": about["loss"],
        "gradient_norm": about["gradient_norm"],
        "eigenvalues": found["eigenvalues"].values.tolist(),
        "residuals": found["residuals"].values.tolist(),
        "left_out": int(about.get("truncated", 0)),
        "negative": about["negative"],
        "zero": about.get("zero"),
        "tolerance": about["tolerance"],
        "how": about["how"],
        "trace": asdict(trace(made, point)),
        "sharpness": asdict(sharpness_of(made, point)),
        "kink_distance": float(made.kink_distance(point)),
    }


def _lines(told: dict[str, Any]) -> list[str]:
    from math import inf, isfinite, isnan

    from thalweg.views.prose import number

    values, trace, sharp = told["eigenvalues"], told["trace"], told["sharpness"]
    error = f" ± {number(trace['stderr'], 1)}" if trace["stderr"] else ""
    n = told["parameters"]
    counts = f"{told['negative']:,} negative"
    counts += f", {told['zero']:,} zero of {n:,}" if told["zero"] is not None else ", at least"
    known = {name: sharp[name] for name in ("raw", "adaptive", "neuron", "canonical")}
    metrics = ", ".join(f"{number(x)} {name}" for name, x in known.items() if isfinite(x))
    rows = {
        "objective": f"{told['objective']}, {n:,} parameters",
        "loss": number(told["loss"], 6),
        "|gradient|": number(told["gradient_norm"]),
        "eigenvalues": f"{number(values[0])} to {number(values[-1])}; {counts}",
        "how": f"{told['how']}; largest residual {number(max(told['residuals']), 1)}",
        "trace": f"{number(trace['value'])}{error}; mean eigenvalue {number(trace['value'] / n)}",
        "sharpness": metrics + (f" ({sharp['note']})" if sharp["note"] else ""),
    }
    if isnan(told["kink_distance"]):
        rows["kinks"] = "not known: an operation is not followed, see docs/concepts/kinks.md"
    elif told["kink_distance"] < inf:
        rows["kinks"] = (
            f"nearest at an input of {number(told['kink_distance'], 2)}; the Hessian misses the "
            "curvature that sits in kinks"
        )
    wide = max(map(len, rows))
    return [f"{key:<{wide}}  {text}" for key, text in rows.items()]
