"""Pages: the HTML of the explorer, and the few words of a closed door."""

from html import escape

STYLE = """\
:root { color-scheme: light dark; }
html, body { margin: 0; height: 100%; }
body { background: #ffffff; color: #1a1d21; font: 15px/1.5 system-ui, sans-serif; }
[data-thalweg] { min-height: 100%; }
.words { max-width: 34em; margin: 15vh auto 0; padding: 0 1.5em; }
.words h1 { font-size: 20px; }
@media (prefers-color-scheme: dark) { body { background: #14171c; color: #e8eaed; } }
"""

ICON = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="6" fill="#31688e"/>
<path d="M4 9c6 0 7 14 12 14S22 9 28 9" fill="none" stroke="#fde725" stroke-width="3"/>
<circle cx="16" cy="20" r="3.5" fill="#ffffff"/></svg>
"""

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">{head}
<title>{title}</title>
</head>
<body>
{body}
</body>
</html>
"""

_EXPLORER = """\
<div data-thalweg="live"></div>
<noscript><div class="words"><h1>The explorer needs JavaScript</h1>
<p>Allow it for this page; nothing is loaded from anywhere else.</p></div></noscript>"""

_ASSETS = """
<link rel="icon" href="/favicon.ico" type="image/svg+xml">
<link rel="stylesheet" href="/static/page.css">
<script type="module" src="/static/viewer.js"></script>"""


def explorer() -> str:
    """Return the page on which the viewer lives."""
    return _PAGE.format(head=_ASSETS, title="Thalweg", body=_EXPLORER)


def words(title: str, *lines: str) -> str:
    """Return a page of plain text; a closed door serves no style sheet either."""
    told = "\n".join(f"<p>{escape(line)}</p>" for line in lines)
    return _PAGE.format(head="", title=escape(title), body=f"<h1>{escape(title)}</h1>\n{told}")


def leading(link: str) -> str:
    """Return a page for a file that leads to a link."""
    head = f'\n<meta http-equiv="refresh" content="0;url={escape(link)}">'
    body = f'<p>To the <a href="{escape(link)}">explorer</a>.</p>'
    return _PAGE.format(head=head, title="Thalweg", body=body)
