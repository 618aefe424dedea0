"""Page: frames as one HTML file that holds the viewer and asks for nothing else."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path

from thalweg.core.files import write_whole
from thalweg.viewer.frames import Frame

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
{body}
<noscript>What is shown here is drawn by a script inside this file, and scripts are switched off.\
</noscript>
<script type="module">{script}</script>
</body>
</html>
"""
_FULL = "html,body{margin:0;height:100%}[data-thalweg]{min-height:100%}"
_FIGURE = (
    "body{margin:2rem auto;max-width:62rem;padding:0 1rem;"
    "font:16px/1.5 system-ui,sans-serif;color:#1a1d21;background:#fff}"
    "h1{font-size:1.25rem;font-weight:600}[data-thalweg]{min-height:36rem}"
    "@media(prefers-color-scheme:dark){body{color:#e8eaed;background:#14171c}}"
)


def page(frames: Sequence[Frame], title: str = "Thalweg", view: str = "") -> str:
    """Return the page that shows frames; the same for the same frames.

    No script but the viewer's can run in it, whatever the labels say: a content security policy
    names the viewer by its SHA-256, and the frames are base64 that nothing executes.

    Args:
        frames: the first is a `hello`; its layout decides whether the viewer fills the page.
        title: of the page; over a figure also its heading.
        view: what to begin with (camera, time, height), as in an address of the explorer.
    """
    full = frames[0].head["layout"] == "explorer"
    style, script = _FULL if full else _FIGURE, viewer_script()
    heading = "" if full or not title else f"<h1>{escape(title)}</h1>\n"
    return _PAGE.format(
        policy=policy(script, style),
        title=escape(title or "Thalweg"),
        style=style,
        body=heading + placed(frames, "frames", view=view),
        script=script,
    )


def save_page(frames: Sequence[Frame], path: Path | str, title: str = "Thalweg") -> Path:
    """Write the page that shows frames, whole or not at all; return its path.

    Raises:
        StoreError: the file cannot be written.
    """
    return write_whole(Path(path), page(frames, title).encode())


def placed(
    frames: Sequence[Frame], name: str, *, lazy: bool = False, theme: str = "", view: str = ""
) -> str:
    """Return the part of a page that shows frames, for a page that holds the viewer's script.

    Args:
        frames: what is shown.
        name: an identifier of letters, digits and dashes; each part of a page has its own.
        lazy: shown only while it is in view or was lately: a page may hold any number of these,
            a browser draws in some 16 at once.
        view: what to begin with, as in an address of the explorer.
        theme: "light" or "dark" on a page that has one theme; default: what the reader prefers.
    """
    lines = "\n".join(base64.b64encode(frame.encode()).decode("ascii") for frame in frames)
    where = f'data-thalweg="{"lazy" if lazy else "file"}" data-frames="{name}"'
    where += f' data-theme="{theme}"' if theme else ""
    where += f' data-view="{escape(view)}"' if view else ""
    return f'<div {where}></div>\n<script type="text/plain" id="{name}">\n{lines}\n</script>'


@cache
def viewer_script() -> str:
    """Return the built viewer: one module, which may stand inside a script element."""
    built = files("thalweg.viewer") / "static" / "viewer.js"
    return built.read_text(encoding="utf-8")


def policy(script: str, style: str) -> str:
    """Return the content security policy of a page with one script and one style inside it.

    >>> policy("", "h1{margin:0}").split("; ")[:2]
    ["default-src 'none'", "script-src 'none'"]
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {_sum(script)}",
            f"style-src {_sum(style)}",
            "img-src data: blob:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _sum(text: str) -> str:
    if not text:
        return "'none'"
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return f"'sha256-{digest}'"
