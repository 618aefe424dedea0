"""Saving: PNG, SVG and PDF with the same bytes for the same data, written whole or not at all."""

import re
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure

from thalweg.core.errors import InputError
from thalweg.core.files import write_whole
from thalweg.plots.mpl_style import styled

DPI = 200
IMAGE_DPI = 120  # of shaded surfaces inside vector formats
_DPI = {"png": DPI, "svg": IMAGE_DPI, "pdf": IMAGE_DPI}
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # from labels
_METADATA = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def png_bytes(figure: Figure, dpi: int = DPI) -> bytes:
    """Return the figure as PNG."""
    return _rendered(figure, "png", dpi)


def svg_text(figure: Figure) -> str:
    """Return the figure as SVG with real text; shaded surfaces are images inside it."""
    return _rendered(figure, "svg", IMAGE_DPI).decode()


def pdf_bytes(figure: Figure) -> bytes:
    """Return the figure as PDF with real text."""
    return _rendered(figure, "pdf", IMAGE_DPI)


def save_figure(
    figure: Figure, folder: Path | str, name: str, formats: Sequence[str] = ("png", "svg")
) -> tuple[Path, ...]:
    """Write the figure as folder/name.png and so on; return the paths.

    Args:
        figure: what.
        folder: where; made if it does not exist.
        name: file name without ending.
        formats: among png, svg, pdf.

    Raises:
        InputError: an unknown format, or a name with a folder in it.
        StoreError: a file cannot be written.
    """
    unknown = [f for f in formats if f not in _METADATA]
    if unknown:
        raise InputError("formats must be among png, svg, pdf", ", ".join(unknown), "drop them")
    if not name or Path(name).name != name:
        raise InputError("name must be a plain file name", repr(name), "give the folder apart")
    folder = Path(folder)
    return tuple(
        write_whole(folder / f"{name}.{f}", _rendered(figure, f, _DPI[f])) for f in formats
    )


def _rendered(figure: Figure, form: str, dpi: int) -> bytes:
    buffer = BytesIO()
    color = figure.get_facecolor()
    with styled():
        figure.savefig(buffer, format=form, dpi=dpi, metadata=_METADATA[form], facecolor=color)
    content = buffer.getvalue()
    return _NO_XML.sub("\ufffd", content.decode()).encode() if form == "svg" else content
