"""The command line: parse, call, print. Nothing heavy is imported before a command runs."""

import os
import signal
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter
from rich.console import Console

from thalweg.core.errors import ThalwegError
from thalweg.version import __version__

EXIT_USAGE, EXIT_INTERRUPTED = 2, 130

app = App(
    name="thalweg",
    help="A laboratory for neural-network loss landscapes.",
    version=__version__,
    version_flags=["--version"],
    suppress_keyboard_interrupt=False,  # main says what was kept
)


EXAMPLES = """\
Examples:
  thalweg case-study --open
  thalweg case-study --out runs/seed-7 --seed 7
  thalweg case-study --quick --out /tmp/quick
"""


@app.command(name="case-study", help_epilogue=EXAMPLES)
def case_study(
    *,
    out: Annotated[Path, Parameter(help="Folder for the results; made if absent.")] = Path(
        "case-study"
    ),
    seed: Annotated[int, Parameter(help="Seed of data and networks; the chapter has 42.")] = 42,
    quick: Annotated[
        bool, Parameter(help="A smaller study of the same shape.", negative="")
    ] = False,
    open_: Annotated[
        bool, Parameter(name="--open", help="Open the report in the browser.", negative="")
    ] = False,
) -> None:
    """Run the chapter's case study and write a report.

    Writes report.html (one self-contained file), figures/*.png and *.svg, results.json, and the
    surfaces and trajectories as Zarr stores. A run that was stopped resumes when the same
    command is given again; a folder that belongs to another run is refused.
    """
    from thalweg.core.errors import InputError
    from thalweg.study.artists import artists

    if not 0 <= seed < 2**31:
        raise InputError("--seed must lie between 0 and 2147483647", str(seed), "try 42")
    console = Console(stderr=True)
    with artists() as drawing:  # they start while this process still imports what it needs
        from thalweg.cli_progress import SectionProgress
        from thalweg.study.case_study import case_study as study
        from thalweg.study.case_study import check_folder, estimate_seconds
        from thalweg.study.settings import Plan

        plan = Plan(seed, quick)
        check_folder(out, plan)
        seconds = estimate_seconds(plan)
        console.print(
            f"Case study, seed {seed}: about {seconds:.0f} s on this machine, less if resumed."
        )
        with SectionProgress(console) as progress:
            outcome = study(out, plan, progress.tell, progress.advance, drawing)
    if outcome.resumed:
        console.print(f"Resumed: {len(outcome.resumed)} results were there already.")
    console.print(f"Done in {outcome.seconds:.0f} s. The report:")
    print(outcome.report)  # noqa: T201
    if open_:
        import webbrowser

        webbrowser.open(outcome.report.resolve().as_uri())


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 2 usage or input, 130 interrupted.

    Args:
        arguments: what follows `thalweg`; default: those of the process.
    """
    # Small matrices: a second BLAS thread costs more than it gives, and would fight with ours.
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    signal.signal(signal.SIGTERM, _terminate)
    try:
        app(
            arguments if arguments is not None else sys.argv[1:],
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
        )
    except ThalwegError as fault:
        return _complain(str(fault), fault.exit_code)
    except CycloptsError as fault:
        return _complain(" ".join(str(fault).split()) + " See thalweg --help.", EXIT_USAGE)
    except KeyboardInterrupt:
        kept = "Stopped. What was computed is kept; give the same command again to go on."
        return _complain(kept, EXIT_INTERRUPTED)
    return 0


def _complain(message: str, code: int) -> int:
    print(f"thalweg: {message}", file=sys.stderr)  # noqa: T201
    return code


def _terminate(signum: int, frame: object) -> None:
    raise KeyboardInterrupt


def entry() -> None:
    """Run the command line as a program."""
    sys.exit(main())
