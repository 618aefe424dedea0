"""A surface in an output cell: its picture, the viewer in a frame, and as a widget."""

import re
import sys
from html import unescape

import pytest
import xarray as xr
from IPython.core.formatters import DisplayFormatter

import thalweg
from thalweg.study.journeys import Landscape
from thalweg.study.notebook import explore, load_ipython_extension
from thalweg.viewer import notebook
from thalweg.viewer.frames import decode
from thalweg.viewer.page import page
from viewer.stored import BOWL, PLANE, path, surface

ATTACK = '"><script>alert(1)</script>'


@pytest.fixture
def plain(monkeypatch):
    """Without anywidget."""
    monkeypatch.setitem(sys.modules, "anywidget", None)
    notebook.widget.cache_clear()
    yield
    notebook.widget.cache_clear()


def shown(thing):
    return DisplayFormatter().format(thing)[0]


def test_without_anywidget_the_viewer_is_a_frame_that_cannot_reach_out(plain):
    made = explore(surface(), [path()], title=ATTACK)
    told = shown(made)
    assert "application/vnd.jupyter.widget-view+json" not in told
    html = told["text/html"]
    (source,) = re.findall(r'<iframe srcdoc="([^"]*)" sandbox="allow-scripts"', html)
    assert unescape(source) == page(made.frames, ATTACK)
    assert "<script" not in html
    assert html.count("<") == 2  # the frame alone
    assert len(told["text/plain"]) < 100


def test_with_anywidget_it_answers_open_with_the_frames(monkeypatch):
    made = explore(surface(), [path()])
    told = made._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in told[0]
    viewer, sent = notebook.widget()(made.frames), []
    monkeypatch.setattr(viewer, "send", lambda content, buffers: sent.append(buffers))
    viewer._handle_custom_msg({"kind": "drop"}, [])
    viewer._handle_custom_msg("open", [])
    assert sent == []
    viewer._handle_custom_msg({"kind": "open", "bench": None}, [])
    (buffers,) = sent
    assert [decode(b).kind for b in buffers] == [frame.kind for frame in made.frames]
    assert viewer._esm == notebook.viewer_script()


def test_a_landscape_shows_its_picture_its_trust_and_how_to_turn_it():
    found = Landscape(surface(), PLANE, path(), BOWL)
    html = found._repr_html_()
    assert html.startswith('<div><img src="data:image/png;base64,iVBOR')
    lines = re.findall(r"<li>(?:<strong>)?(.*?)(?:</strong>)?</li>", html)
    assert [unescape(line) for line in lines] == [line.text for line in found.trust.lines()]
    assert "<code>.explore()</code>" in html
    assert [f.kind for f in found.explore().frames][:4] == ["hello", "scene", "surface", "run"]


def test_the_extension_shows_surfaces_and_leaves_other_datasets_alone():
    class Shell:
        display_formatter = DisplayFormatter()

    load_ipython_extension(Shell)
    data = surface()
    data.attrs["objective"] = ATTACK
    html = Shell.display_formatter.format(data)[0]["text/html"]
    assert html.startswith('<div><img src="data:image/png')
    assert "<script>alert" not in html
    assert f"<details><summary>Dataset</summary>{data._repr_html_()[:20]}" in html
    other = xr.Dataset({"x": 1})
    assert "<img" not in Shell.display_formatter.format(other)[0]["text/html"]
    assert thalweg.load_ipython_extension is load_ipython_extension
