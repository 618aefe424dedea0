import re

import pytest

from plots.drawn import path, surface
from thalweg.core.errors import StoreError
from thalweg.plots.plotly_page import save_html


def test_the_page_is_whole_and_asks_for_nothing(tmp_path):
    view = surface(title="<Valley> & path", nb=101, na=101)
    file = save_html(view, tmp_path / "new" / "s.html", [path(view)])
    text = file.read_text()
    assert text.startswith("<!DOCTYPE html>")
    assert "<title>&lt;Valley&gt; &amp; path</title>" in text
    assert "plotly.js v" in text
    assert path(view).label in text.replace("\\u0025", "%")
    assert not re.search(r"<script[^>]*\bsrc=|<link|@import", text)
    assert 4.5e6 < file.stat().st_size < 5.5e6
    assert [p.name for p in file.parent.iterdir()] == ["s.html"]


def test_pages_are_the_same_each_time_and_can_be_dark(tmp_path):
    view = surface()
    one, two, dark = (
        save_html(view, tmp_path / name, dark=name == "d").read_bytes() for name in "12d"
    )
    assert one == two
    assert b"<title>Surface of the loss</title>" in one
    assert b"background: #14171C" in dark
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="must be writable, got"):
        save_html(view, tmp_path / "file" / "s.html")
