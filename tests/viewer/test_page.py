"""The saved page: one file, one script that is named by its sum, frames that come back whole."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from thalweg.core.errors import InputError, StoreError
from thalweg.viewer.figure import figure_frames, save_html
from thalweg.viewer.frames import Frame, decode
from thalweg.viewer.page import page, placed, policy, save_page, viewer_script
from thalweg.viewer.scene import hello_frame
from thalweg.views.trust import trust_lines
from viewer.stored import OPTIMIZERS, path, surface

ATTACK = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
LARGEST_VIEWER = 700_000


class Seen(HTMLParser):
    """Elements with their attributes and, for scripts and styles, what they hold."""

    def __init__(self, text):
        super().__init__()
        self.found, self.texts, self.open = [], [], False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        self.texts.append("")
        self.open = True

    def handle_endtag(self, tag):
        self.open = False

    def handle_data(self, data):
        if self.open:
            self.texts[-1] += data

    def of(self, tag):
        pairs = zip(self.found, self.texts, strict=True)
        return [(about, text) for (name, about), text in pairs if name == tag]


def policy_of(seen):
    (content,) = [a["content"] for a, _ in seen.of("meta") if "http-equiv" in a]
    return dict(part.split(" ", 1) for part in content.split("; "))


def sha(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def frames_of(seen, name):
    (text,) = [text for about, text in seen.of("script") if about.get("id") == name]
    return [decode(base64.b64decode(line)) for line in text.split()]


@pytest.mark.parametrize("layout", ["explorer", "figure"])
def test_the_policy_names_the_one_script_and_the_one_style(layout):
    seen = Seen(page([hello_frame("t", "1", layout=layout)], "t"))
    scripts, styles = seen.of("script"), seen.of("style")
    data = [about for about, _ in scripts if about.get("type") == "text/plain"]
    (code,) = [text for about, text in scripts if about.get("type") == "module"]
    assert len(scripts) == 2
    assert [about["id"] for about in data] == ["frames"]
    assert code == viewer_script()
    assert policy_of(seen) == {
        "default-src": "'none'",
        "script-src": sha(code),
        "style-src": sha(styles[0][1]),
        "img-src": "data: blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert len(styles) == 1


def test_a_page_asks_for_nothing():
    seen = Seen(page(figure_frames(surface(), [path()])))
    asked = [a[k] for _, a in seen.found for k in ("src", "href", "srcdoc", "action") if k in a]
    assert asked == ["data:,"]
    assert not any(key.startswith("on") or key == "style" for _, a in seen.found for key in a)


def test_the_viewer_can_stand_in_a_script_element():
    """Neither ends the element nor hides its end, and survives how HTML reads line ends."""
    script = viewer_script()
    assert not re.search(r"</script|<!--", script, re.I)
    assert "\r" not in script
    assert len(script) > 1000


def test_labels_are_text_whatever_they_say():
    frames = figure_frames(surface(), title=ATTACK, trust=trust_lines([ATTACK]))
    text = page(frames, ATTACK)
    assert ATTACK not in text
    seen = Seen(text)
    assert [name for name, _ in seen.found].count("script") == 2
    assert "img" not in [name for name, _ in seen.found]
    assert seen.of("h1")[0][1].strip() == ATTACK
    assert frames_of(seen, "frames")[0].head["title"] == ATTACK


def test_the_frames_come_back_as_they_were():
    data, over = surface(), path()
    frames = figure_frames(data, [over], trust=trust_lines(["seed 0", ("a warning", True)]))
    told = frames_of(Seen(page(frames)), "frames")
    assert [f.kind for f in told] == ["hello", "scene", "surface", "run", "path", "trust"]
    hello, scene, drawn, run, steps, trust = told
    assert (hello.head["live"], hello.head["layout"]) == (False, "figure")
    assert scene.head["window"] == {"a0": -2.0, "a1": 2.0, "b0": -2.0, "b1": 2.0}
    assert scene.head["parameters"] == 3
    assert scene.head["plane"]["recipe"] == "stored"
    values = drawn.arrays["values"].reshape(9, 9)
    assert np.array_equal(values, data["loss"].values.astype(np.float32))
    assert run.head["status"] == "stored"
    assert run.head["name"] == "SGD(0.01)" or run.head["name"].startswith("SGD")
    assert np.array_equal(steps.arrays["distance"], over["residual"].values.astype(np.float32))
    assert np.array_equal(steps.arrays["loss"], over["loss"].values.astype(np.float32))
    assert [line["warning"] for line in trust.head["lines"]] == [False, True]


def test_a_run_that_leaves_the_map_says_so():
    over = path()
    over["a"] = over["a"] * 0 + 3.0
    run = figure_frames(surface(), [over])[3]
    assert run.head["words"] == "21 steps outside the map"
    assert figure_frames(surface(), [path()])[3].head["words"] == ""


def test_a_large_landscape_is_small_enough_to_mail(tmp_path):
    paths = [path(optimizer, steps=2000) for optimizer in OPTIMIZERS]
    file = save_html(surface(201), tmp_path / "new" / "s.html", paths, title="<b>")
    assert file.stat().st_size - len(viewer_script()) + LARGEST_VIEWER < 2_500_000
    assert b"<title>&lt;b&gt;</title>" in file.read_bytes()
    assert [p.name for p in file.parent.iterdir()] == ["s.html"]


def test_pages_are_the_same_each_time_and_written_whole(tmp_path):
    frames = figure_frames(surface(), [path()])
    one, two = (save_page(frames, tmp_path / n, "t").read_bytes() for n in "12")
    assert one == two == page(frames, "t").encode()
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="must be writable, got"):
        save_page(frames, tmp_path / "file" / "s.html")


def test_lazy_parts_are_marked_and_find_their_own_frames():
    first, second = (Frame("hello", {"title": t, "layout": "figure"}) for t in "12")
    both = placed([first], "one", lazy=True) + placed([second], "two", lazy=True, theme="light")
    seen = Seen(both)
    marked = [a for a, _ in seen.of("div")]
    assert [a["data-thalweg"] for a in marked] == ["lazy", "lazy"]
    assert [a.get("data-theme") for a in marked] == [None, "light"]
    assert [frames_of(seen, a["data-frames"])[0].head["title"] for a in marked] == ["1", "2"]
    assert policy("", "x").split("; ")[1] == "script-src 'none'"


def test_a_line_is_no_landscape():
    line = surface().isel(b=0, drop=True)
    line.attrs["lengths"] = line.attrs["lengths"][:1]
    with pytest.raises(InputError, match="a surface view needs 2 directions"):
        figure_frames(line)
