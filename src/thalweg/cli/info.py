"""`thalweg info`: what stores hold."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from thalweg.cli.output import Json, print_json, print_result
from thalweg.core.errors import ThalwegError

EXAMPLES = """\
Examples:
  thalweg info landscape.zarr
  thalweg info runs/
  thalweg info landscape.zarr --json
"""


def info(
    *stores: Annotated[Path, Parameter(help="Stores, or folders of stores.")],
    json: Json = False,
) -> int:
    """Tell what stores hold: kind, size, fields, counts of cells, and how they were made.

    Cells are done, nonfinite, failed or pending; NaN, plus and minus infinity are counted apart.
    A folder of stores is listed, one line each.
    """
    from thalweg.cli.stored import found
    from thalweg.cli.words import lines, one_line

    places = found(stores)
    told = [_told(place) for place in places]
    damaged = any("error" in each for each in told)
    if json:
        print_json({"stores": told})
    elif len(told) == 1 and not damaged:
        print_result("\n".join(lines(told[0])))
    else:
        print_result("\n".join(one_line(each) for each in told))
    return 2 if damaged else 0


def _told(store: Path) -> dict[str, Any]:
    from thalweg.cli.describe import description
    from thalweg.cli.stored import read

    try:
        told = description(read(store), store)
    except ThalwegError as fault:
        return {"store": str(store), "error": str(fault)}
    files = [file for file in store.rglob("*") if file.is_file()]
    return {**told, "bytes": sum(file.stat().st_size for file in files), "files": len(files)}
