"""Reporting: a trust report in the words of the page, where a button asks for all of it."""

from dataclasses import replace

from thalweg.trust_report.report import TrustReport
from thalweg.trust_report.trust import MORE
from thalweg.viewer.frames import Frame
from thalweg.viewer.scene import trust_frame
from thalweg.views.trust import TrustLine

BUTTON = "“Trust report in full” below"
WHOLE = TrustLine("This is the report in full.")


def report_frame(report: TrustReport, *, full: bool = False) -> Frame:
    """Return the frame of a report; of one that was asked for in full it says so."""
    lines = [replace(line, text=line.text.replace(MORE, BUTTON)) for line in report.lines()]
    return trust_frame([*lines, WHOLE] if full else lines)
