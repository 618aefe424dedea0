"""`thalweg case-study`: the chapter's case study and its report."""

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from thalweg.cli.output import Json, console, print_json, print_result
from thalweg.core.errors import InputError

EXAMPLES = """\
Examples:
  thalweg case-study --open
  thalweg case-study --out runs/seed-7 --seed 7
  thalweg case-study --quick --out /tmp/quick
"""


def case_study(
    *,
    out: Annotated[Path, Parameter(help="Folder for the results; made if absent.")] = Path(
        "case-study"
    ),
    seed: Annotated[int, Parameter(help="Seed of data and networks; the chapter has 42.")] = 42,
    quick: Annotated[
        bool, Parameter(help="A smaller study of the same shape.", negative="", show_default=False)
    ] = False,
    open_: Annotated[
        bool,
        Parameter(
            name="--open", help="Open the report in the browser.", negative="", show_default=False
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Run the chapter's case study and write a report.

    Writes report.html (one self-contained file), figures/*.png and *.svg, results.json, and the
    surfaces and trajectories as Zarr stores. A run that was stopped resumes when the same
    command is given again; a folder that belongs to another run is refused.
    """
    if not 0 <= seed < 2**31:
        raise InputError("--seed must lie between 0 and 2147483647", str(seed), "try 42")
    # Small matrices: a second BLAS thread costs more than it gives, and would fight with ours.
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    from thalweg.study.artists import artists

    say = console()
    with artists() as drawing:  # they start while this process still imports what it needs
        from thalweg.cli.progress import SectionProgress
        from thalweg.study.case_study import case_study as study
        from thalweg.study.case_study import check_folder, estimate_seconds
        from thalweg.study.settings import Plan

        plan = Plan(seed, quick)
        check_folder(out, plan)
        seconds = estimate_seconds(plan)
        say.print(
            f"Case study, seed {seed}: about {seconds:.0f} s on this machine, less if resumed."
        )
        with SectionProgress(say) as progress:
            outcome = study(out, plan, progress.tell, progress.advance, drawing)
    if outcome.resumed:
        say.print(f"Resumed: {len(outcome.resumed)} results were there already.")
    say.print(f"Done in {outcome.seconds:.0f} s. The report:")
    if json:
        print_json(
            {
                "report": str(outcome.report),
                "seconds": outcome.seconds,
                "resumed": list(outcome.resumed),
            }
        )
    else:
        print_result(str(outcome.report))
    if open_:
        import webbrowser

        webbrowser.open(outcome.report.resolve().as_uri())
