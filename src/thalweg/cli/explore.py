"""`thalweg explore`: the explorer in the browser."""

import os
import sys
import threading
from contextlib import ExitStack, redirect_stdout, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from thalweg.cli.guest import Arguments
from thalweg.cli.output import console, guests_on_stderr, print_result
from thalweg.core.errors import MissingExtraError

EXAMPLES = """\
Examples:
  thalweg explore
  thalweg explore case-study/
  thalweg explore landscape.zarr --objective train.py:loss
  thalweg explore --port 0 --no-open
"""

NEEDED = ("starlette", "uvicorn", "websockets", "msgspec")


def explore(
    run: Annotated[Path | None, Parameter(help="A store, or a folder of them.")] = None,
    /,
    *,
    objective: Annotated[
        str, Parameter(help="MODULE:FUNCTION that makes the objective.", show_default=False)
    ] = "",
    arg: Arguments = (),
    port: Annotated[
        int | None, Parameter(help="Port; default: 8642, or a free one. 0: a free one.")
    ] = None,
    open_: Annotated[
        bool, Parameter(name="--open", help="Open the browser.", negative="--no-open")
    ] = True,
    host: Annotated[str, Parameter(help="Address to listen on; see --expose.")] = "127.0.0.1",
    expose: Annotated[
        bool,
        Parameter(
            help="Let other machines in, at an address of --host.", negative="", show_default=False
        ),
    ] = False,
) -> int:
    """Walk the terrain: a page on which balls roll down the true loss.

    Without RUN it opens on the chapter's network. With RUN it shows what is stored there,
    and follows what is still being computed; with --objective it computes on that loss.

    Prints one link, which lets in once; press Enter for another one, and Ctrl-C to stop.
    Only this machine can reach it, unless --host and --expose both say otherwise.
    """
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")  # many visitors share the cores, matrices are small
    check_installed()
    from thalweg.web.keyboard import on_enter
    from thalweg.web.opening import opened
    from thalweg.web.ports import bind

    say = console()
    listening, address = bind(host, port, expose)
    with listening, ExitStack() as later:
        if not address.loopback:
            say.print(
                f"Other machines can reach this at {address.names[0]}. Whoever has a link may "
                "compute here, and whoever reads the network may read along: it is not encrypted."
            )
        if run is not None:
            check_stored(run)
        guest = None
        if objective:
            with guests_on_stderr():
                from thalweg.cli.guest import smooth_of

                guest = smooth_of(objective, arg)
        from thalweg.web.app import create_app
        from thalweg.web.server import serve

        app = create_app(run, guest, address=address)

        ours = sys.stdout

        def show() -> None:
            with redirect_stdout(ours):
                print_result(address.url(app.keys.ticket()))
            ours.flush()  # a program may wait for it

        def ready() -> None:
            show()
            more = "; Enter shows a new link" if on_enter(show) else ""
            say.print(f"Ctrl-C stops it{more}.")
            if not open_:
                return
            with suppress(OSError):  # no place for a file: there is still the link
                later.enter_context(opened(address.url(app.keys.ticket())))

        with guests_on_stderr():
            serve(app, listening, ready)
    leave_at_once()
    return 0


def leave_at_once() -> None:
    """End the process if threads still compute for visitors, who are gone by now.

    Python would wait for them, and nothing that they do is kept.
    """
    if any(thread.name.startswith("thalweg-") for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def check_installed() -> None:
    """Raise MissingExtraError unless the explorer's own dependencies are there."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        wanted, mend = f"the explorer needs {', '.join(NEEDED)}", "pip install 'thalweg[web]'"
        raise MissingExtraError(wanted, f"no {', '.join(missing)}", mend)


def check_stored(run: Path) -> None:
    """Raise StoreError for what is no store, and for a single store that is damaged."""
    from thalweg.cli.stored import found, read

    stores = found((run,))
    if len(stores) == 1:
        read(stores[0])
