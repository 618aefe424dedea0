"""Power loss: what was not flushed is gone, cut or zeroed; what was acknowledged is there."""

import os
import stat

import numpy as np
import pytest

from formulas import Formula, ripples
from thalweg.core.grid import Grid
from thalweg.core.plane import Plane
from thalweg.core.schema import Cell
from thalweg.store.durable import files_below
from thalweg.store.folder import is_store, load
from thalweg.store.verify import verify
from thalweg.surface.evaluate import evaluate

CUTS = 200 if os.environ.get("THALWEG_FULL") == "1" else 25
PLANE = Plane(np.zeros(2), [[1.0, 0.0], [0.5, 2.0]])
GRID = Grid((np.linspace(-1, 2, 7), np.linspace(0, 0.5, 4)), tile=3)


class Disk:
    """Follows what has surely reached the disk: contents by file, entries by folder.

    A file's content is safe once it was flushed, its name once its folder was. What came after may
    be there or not, in any mixture; `left` draws one.
    """

    def __init__(self, root, patch):
        self.root, self.states, self.told = root, [], 0
        self.safe_content, self.safe_names = {}, {}
        self.flush, self.move, self.cut = os.fsync, os.replace, os.ftruncate
        patch.setattr(os, "fsync", self.fsync)
        patch.setattr(os, "replace", self.replace)
        patch.setattr(os, "ftruncate", self.ftruncate)

    def fsync(self, handle):
        self.note()
        self.flush(handle)
        about = os.fstat(handle)
        if stat.S_ISDIR(about.st_mode):
            folder = os.readlink(f"/proc/self/fd/{handle}")
            entries = {name: os.lstat(os.path.join(folder, name)) for name in os.listdir(folder)}
            self.safe_names[about.st_ino] = {n: at.st_ino for n, at in entries.items()}
        else:
            with open(f"/proc/self/fd/{handle}", "rb") as file:
                self.safe_content[about.st_ino] = file.read()
        self.note()

    def replace(self, source, target):
        self.note()
        self.move(source, target)
        self.note()

    def ftruncate(self, handle, length):
        self.note()
        self.cut(handle, length)

    def note(self):
        """Keep what is seen now, and what of it is safe."""
        seen = {}
        for folder, folders, files in os.walk(self.root):
            place = os.lstat(folder).st_ino
            entries = {n: os.lstat(os.path.join(folder, n)).st_ino for n in (*folders, *files)}
            seen[place] = (os.path.relpath(folder, self.root), entries)
            for name in files:
                with open(os.path.join(folder, name), "rb") as file:
                    seen[entries[name]] = file.read()
        safe = ({**self.safe_content}, {k: dict(v) for k, v in self.safe_names.items()})
        self.states.append((seen, *safe, os.lstat(self.root).st_ino, self.told))

    def left(self, number, target, random):
        """Build in `target` what a power cut at that instant may leave; return what was told."""
        seen, content, names, root, told = self.states[number]
        target.mkdir()
        self._build(root, target, seen, content, names, random)
        return told

    def _build(self, place, target, seen, content, names, random):
        now, safe = seen[place][1], names.get(place, {})
        for name in {*now, *safe}:
            one = now.get(name) if random.random() < 0.5 else safe.get(name)
            if one is None:
                continue
            if isinstance(seen.get(one), tuple):
                (target / name).mkdir()
                self._build(one, target / name, seen, content, names, random)
            elif one in seen or one in content:
                whole, kept = seen.get(one, content.get(one)), content.get(one, b"")
                (target / name).write_bytes(_torn(whole, kept, random))


def _torn(now, safe, random):
    """Return the flushed content, with what came after there, missing, cut or zeroed."""
    if now == safe or not now.startswith(safe):
        return safe
    more = now[len(safe) :]
    cut = int(random.integers(len(more) + 1))
    return safe + (b"", more, more[:cut], bytes(len(more)))[random.integers(4)]


@pytest.fixture
def disk(tmp_path):
    (tmp_path / "disk").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        disk = Disk(tmp_path / "disk", patch)

        def tell(done, total):
            disk.told = done

        evaluate(Formula(ripples), PLANE, GRID, store=tmp_path / "disk" / "s", progress=tell)
        disk.note()
    return disk


def test_after_any_power_cut_what_was_acknowledged_is_there(disk, tmp_path):
    wanted = evaluate(Formula(ripples), PLANE, GRID)
    random, resumed = np.random.default_rng(0), 0
    for cut, number in enumerate(random.integers(len(disk.states), size=CUTS)):
        left = tmp_path / f"left{cut}"
        told = disk.left(int(number), left, random)
        store = left / "s"
        if is_store(store):
            kept = load(store)
            done = kept.status.values == Cell.DONE
            assert done.sum() >= told
            np.testing.assert_array_equal(kept.loss.values[done], wanted.loss.values[done])
            assert (kept.status.values[~done] == Cell.PENDING).all()
            assert verify(store).sound
        else:
            assert told == 0
            assert not store.exists() or not [*files_below(store)]
        again = Formula(ripples)
        assert evaluate(again, PLANE, GRID, store=store).identical(wanted)
        assert again.cells <= 28 - told
        assert [*left.iterdir()] == [store]
        resumed += 1
    assert resumed == CUTS
