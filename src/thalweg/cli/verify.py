"""`thalweg verify`: whether stores are whole."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from thalweg.cli.output import Json, print_json, print_result
from thalweg.core.errors import ThalwegError

if TYPE_CHECKING:
    from thalweg.store.verify import Report

EXAMPLES = """\
Examples:
  thalweg verify landscape.zarr
  thalweg verify runs/ --json
  thalweg verify landscape.zarr --repair
"""

EXIT_FAILED, EXIT_REFUSED = 1, 2


def verify(
    *stores: Annotated[Path, Parameter(help="Stores, or folders of stores.")],
    repair: Annotated[
        bool,
        Parameter(help="Make damaged and missing tiles pending.", negative="", show_default=False),
    ] = False,
    json: Json = False,
) -> int:
    """Check every file of stores against the checksum it was written with.

    Damaged and missing files are named. With --repair those of a surface become
    pending; the command that made it then computes them again, and only them.
    Returns 0 if all is sound, 1 if something is damaged or missing.
    """
    from thalweg.cli.stored import found

    told = [_checked(store, repair) for store in found(stores)]
    if json:
        print_json({"stores": [facts for facts, _ in told]})
    else:
        print_result("\n".join(words for _, words in told))
    if any("error" in facts for facts, _ in told):
        return EXIT_REFUSED
    return 0 if all(facts["sound"] for facts, _ in told) else EXIT_FAILED


def _checked(store: Path, repair: bool) -> tuple[dict[str, Any], str]:
    """Return what was found in a store, as facts and as words."""
    from thalweg.store.verify import repair as repaired
    from thalweg.store.verify import verify as verified

    try:
        report = verified(store)
        if report.sound or not repair:
            return _facts(report), str(report)
        repaired(store)
        after = verified(store)
    except ThalwegError as fault:
        return {"store": str(store), "error": str(fault)}, str(fault)
    facts = {**_facts(after), "damaged": report.damaged, "missing": report.missing}
    words = f"{report}\nrepaired: give the command that made it again to compute what is pending"
    return {**facts, "repaired": True}, words


def _facts(report: "Report") -> dict[str, Any]:
    return {
        "store": str(report.path),
        "kind": report.kind,
        "sound": report.sound,
        "files": report.files,
        "damaged": report.damaged,
        "missing": report.missing,
        "stray": report.stray,
        "cells": report.cells,
    }
