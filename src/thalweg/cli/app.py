"""The program: commands by name, and what each way to end looks like to the shell.

0 done, 1 failed, 2 usage or input, 130 after Ctrl-C, 143 after SIGTERM; the explorer, which
leaves nothing undone, ends with 0 after either. A refusal is one line.
"""

import inspect
import os
import shlex
import sys
from collections.abc import Callable
from contextlib import suppress

from cyclopts import App, CycloptsError

from thalweg.cli import (
    basins,
    case_study,
    connect,
    critical,
    explore,
    export,
    follow,
    info,
    line,
    show,
    spectrum,
    surface,
    trust,
    verify,
)
from thalweg.cli.stopping import listening
from thalweg.core.errors import ThalwegError
from thalweg.version import __version__

EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130
TRACEBACK = "THALWEG_TRACEBACK"  # set it to see where an error came from

app = App(
    name="thalweg",
    help="A laboratory for neural-network loss landscapes.",
    help_epilogue=(
        "Results go to standard output, progress and messages to standard error. A command "
        "that was stopped goes on where it stopped when it is given again."
    ),
    help_format="plaintext",  # keeps the examples on lines of their own
    version=__version__,
    version_flags=["--version"],
    suppress_keyboard_interrupt=False,  # main says what was kept
)


def _add(command: Callable[..., object], examples: str, name: str | None = None) -> None:
    """Add a command; its help is its docstring, whose lines flow."""
    paragraphs = (inspect.getdoc(command) or "").split("\n\n")
    told = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    app.command(command, name=name, help=told, help_epilogue=examples)


_add(surface.surface, surface.EXAMPLES)
_add(line.line, line.EXAMPLES)
_add(follow.follow, follow.EXAMPLES)
_add(spectrum.spectrum, spectrum.EXAMPLES)
_add(critical.critical, critical.EXAMPLES)
_add(connect.connect, connect.EXAMPLES)
_add(basins.basins, basins.EXAMPLES)
_add(explore.explore, explore.EXAMPLES)
_add(info.info, info.EXAMPLES)
_add(show.show, show.EXAMPLES)
_add(trust.trust, trust.EXAMPLES)
_add(export.export, export.EXAMPLES)
_add(verify.verify, verify.EXAMPLES)
_add(case_study.case_study, case_study.EXAMPLES, "case-study")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: what follows `thalweg`; default: those of the process.
    """
    words = arguments if arguments is not None else sys.argv[1:]
    try:
        with listening():
            code = app(
                words,
                exit_on_error=False,
                print_error=False,
                result_action="return_value",
            )
        return code if isinstance(code, int) else 0
    except KeyboardInterrupt as stop:
        return _complain(_stopped(stop, words), getattr(stop, "code", EXIT_INTERRUPTED))
    except Exception as fault:
        if os.environ.get(TRACEBACK):
            raise
        return _refused(fault)


def entry() -> None:
    """Run the command line as a program."""
    code = main()
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # a reader such as `head` had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _stopped(stop: KeyboardInterrupt, words: list[str]) -> str:
    kept = " ".join(["Stopped. What was computed is kept.", *getattr(stop, "__notes__", [])])
    return f"{kept} To go on: {shlex.join(['thalweg', *words])}"


def _refused(fault: Exception) -> int:
    """Say in one line what is wrong; return the exit code."""
    if isinstance(fault, ThalwegError):
        return _complain(str(fault), fault.exit_code)
    if isinstance(fault, CycloptsError):
        return _complain(f"{fault} See thalweg --help.", EXIT_USAGE)
    if isinstance(fault, BrokenPipeError):
        return EXIT_FAILED
    said = f"{type(fault).__name__}: {fault}".rstrip(": ")
    return _complain(f"{said}; set {TRACEBACK}=1 to see where", EXIT_FAILED)


def _complain(message: str, code: int) -> int:
    with suppress(OSError):  # the terminal may be gone
        print(f"thalweg: {' '.join(message.split())}", file=sys.stderr)  # noqa: T201
    return code
