"""Exports: the same numbers as on the page, in a page and a picture."""

import asyncio
import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest

from thalweg.core.errors import InputError
from thalweg.viewer.figure import path_frames, stored_scene
from thalweg.viewer.frames import Frame, decode
from thalweg.viewer.page import viewer_script
from thalweg.viewer.scene import hello_frame, surface_frame, trust_frame
from thalweg.views.surface import surface_view
from thalweg.views.trust import TrustLine
from thalweg.web.exports import export, lines_of, paths_of, saved_page
from thalweg.web.hall import Hall
from thalweg.web.messages import Export
from viewer.stored import OPTIMIZERS, path, surface
from viewer.test_page import LARGEST_VIEWER, Seen, frames_of

ATTACK = "</text><script>alert(1)</script>"


class Shown:
    """A session as far as exports look at it."""

    scene = 3

    def __init__(self, points=9, steps=20, title="The explorer"):
        self.data, self.sent = surface(points), []
        self.hall = Hall()
        self.paths = [path(optimizer, steps) for optimizer in OPTIMIZERS]
        self.view = surface_view(self.data)
        self.frames = [
            hello_frame(title, "1", live=True, choices={}, tours=[{"tour": "x"}]),
            stored_scene(self.data, self.view, 3),
            surface_frame(self.view, 3),
            *path_frames(self.paths, self.view, 3),
            trust_frame([TrustLine(ATTACK, warning=True)]),
            Frame("busy", {"what": "x", "share": None, "done": False}),
        ]

    def snapshot(self):
        return self.frames

    def send(self, frame, topic=""):
        self.sent.append(frame)

    async def compute(self, function, *args):
        return function(*args)


def exported(session, form):
    asyncio.run(export(session, Export(form)))
    (file,) = [frame for frame in session.sent if frame.kind == "file"]
    assert file.head["name"] == f"landscape-3.{form}"
    assert [f.head["done"] for f in session.sent if f.kind == "busy"] == [False, True]
    return file.arrays["bytes"].tobytes().decode(), file.head["mime"]


def test_the_page_holds_what_is_seen_and_nothing_live():
    session = Shown(title=ATTACK)
    text, mime = exported(session, "html")
    assert mime == "text/html"
    told = frames_of(Seen(text), "frames")
    kinds = ["hello", "scene", "surface", *["run", "path"] * 3, "trust"]
    assert [frame.kind for frame in told] == kinds
    hello = told[0].head
    assert (hello["live"], hello["layout"], hello["choices"]) == (False, "explorer", {})
    assert hello["tours"] == []
    assert ATTACK not in text
    for before, after in zip(session.frames[1:-1], told[1:], strict=True):
        assert after.head == json.loads(json.dumps(before.head))
        for name, values in decode(before.encode()).arrays.items():
            assert np.array_equal(after.arrays[name], values, equal_nan=True)


def test_a_large_page_can_be_mailed():
    session = Shown(201, 10_000)
    size = len(saved_page(session.frames)) - len(viewer_script()) + LARGEST_VIEWER
    assert 1_500_000 < size < 2_500_000


def test_the_map_is_drawn_with_real_text():
    session = Shown()
    text, mime = exported(session, "svg")
    assert mime == "image/svg+xml"
    words = [e.text for e in ElementTree.fromstring(text).iter("{http://www.w3.org/2000/svg}text")]
    assert any("SGD" in (word or "") for word in words)
    assert not list(ElementTree.fromstring(text).iter("{http://www.w3.org/2000/svg}script"))


def test_paths_come_back_from_their_frames():
    session = Shown()
    found = paths_of(session.frames, session.view)
    assert [one.name for one in found] == [p.attrs["optimizer"] for p in session.paths]
    for one, known in zip(found, session.paths, strict=True):
        assert np.array_equal(one.loss, known["loss"].values)
        assert np.array_equal(one.steps, known["step"].values)
        assert one.captured == known.attrs["captured_variance"]
    nowhere = found[0].a.copy()
    nowhere[0] = np.nan
    session.frames[4].arrays["a"] = nowhere
    assert len(paths_of(session.frames, session.view)) == 2
    assert lines_of(session.frames).lines == (TrustLine(ATTACK, True),)
    assert lines_of([]).lines == ()


def test_nothing_is_exported_before_there_is_something():
    session = Shown()
    session.view = None
    with pytest.raises(InputError, match="a terrain must be shown"):
        asyncio.run(export(session, Export("svg")))
    assert session.sent == []


@pytest.mark.filterwarnings("ignore:Glyph")  # which no font has
@pytest.mark.parametrize("label", ["a $ b", "$x^{", "$" + "{" * 400, "a\x00\x1b[31mb", "\ufffe"])
def test_a_label_is_no_formula_and_breaks_no_file(label):
    session = Shown()
    session.view = replace(session.view, a_label=label, title=label)
    text, _ = exported(session, "svg")
    told = "".join(ElementTree.fromstring(text).itertext())
    shown = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe]", "\ufffd", label)
    assert shown[:3] in told.replace("\n", "")
