"""What a Ray of ours leaves behind is found and ended; nobody else is."""

import os
import subprocess
import sys

from thalweg.ray import leftovers
from thalweg.ray.leftovers import Process, end, offspring

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
child.wait()
"""


def test_offspring_is_found_to_the_last_generation_and_ended(monkeypatch):
    monkeypatch.setattr(leftovers, "PATIENCE", 0.2)
    before = offspring(os.getpid())
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    try:
        grandchild = int(parent.stdout.readline())
        found = offspring(os.getpid()) - before
        assert {one.number for one in found} == {parent.pid, grandchild}
        other = Process(grandchild, 1)  # an earlier process of that number is not this one
        end({other})
        assert offspring(os.getpid()) - before == found
        end(found)
        assert parent.wait(timeout=60) < 0
        assert not {one.number for one in offspring(os.getpid())} & {parent.pid, grandchild}
    finally:
        parent.kill()
        parent.stdout.close()
