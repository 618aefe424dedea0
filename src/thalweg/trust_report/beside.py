"""Beside: the file with all numbers of a trust report, next to the picture that it is about."""

from pathlib import Path

from thalweg.core.files import write_whole
from thalweg.trust_report.report import TrustReport

ENDING = ".trust.json"


def report_beside(picture: Path, report: TrustReport) -> Path:
    """Write the report next to a picture, replacing an older one; return its path.

    Args:
        picture: a file of any ending: figures/path.png has figures/path.trust.json beside it.
        report: what to trust of the picture.

    Raises:
        StoreError: it cannot be written.
    """
    forms = (".png", ".svg", ".pdf", ".html")
    name = picture.stem if picture.suffix.lower() in forms else picture.name
    return write_whole(picture.with_name(name + ENDING), f"{report.to_json()}\n".encode())
