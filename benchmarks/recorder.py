"""What a Recorder costs a training loop: ResNet-20, batches of 128 random images, every 10th step.

Two copies of one model train in turns, ten steps each, one of them recorded to a store; so every
turn of the recorded one holds one row. Prints the ratio of their times, with its standard error,
and the share of the time that is spent in the recorder itself, which is less noisy.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from models import resnet_case

from thalweg.dynamics.recorder.recorder import Recorder
from thalweg.dynamics.recorder.schedule import Every

EVERY = 10
BATCH = 128


def guest():
    """Return a model in training mode, its optimizer, loss, and batches."""
    model, loss, inputs, labels = resnet_case(4 * BATCH)
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9, weight_decay=1e-4)
    batches = [*zip(inputs.split(BATCH), labels.split(BATCH), strict=True)]
    return model.train(), optimizer, loss, batches


def turn(model, optimizer, loss, batches, told=None):
    """Return the seconds of ten steps."""
    begin = time.perf_counter()
    for t in range(EVERY):
        inputs, labels = batches[t % len(batches)]
        optimizer.zero_grad()
        now = loss(model(inputs), labels)
        now.backward()
        optimizer.step()
        if told is not None:
            told.step(now)
    return time.perf_counter() - begin


def timed(recorder):
    """Let the recorder note how long it takes; return its notes."""
    notes = []
    for name in ("_after_step", "step"):
        inner = getattr(recorder, name)

        def outer(*arguments, inner=inner):
            begin = time.perf_counter()
            inner(*arguments)
            notes.append(time.perf_counter() - begin)

        setattr(recorder, name, outer)
    return notes


def main(turns):
    """Print one line."""
    torch.set_num_threads(1)
    plain, ours = guest(), guest()
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(*ours[:2], Path(folder) / "run", keep=Every(EVERY))
        notes, pairs = timed(recorder), []
        with recorder:
            for _ in range(turns):
                pairs.append((turn(*plain), turn(*ours, told=recorder)))
            begin = time.perf_counter()
        closing = time.perf_counter() - begin
        size = sum(p.numel() for p in ours[0].parameters())
        without, recorded = np.array(pairs).T
        ratios = recorded / without
        error = ratios.std(ddof=1) / np.sqrt(turns)
        share = (sum(notes) + closing) / (recorded.sum() - sum(notes))
        print(
            f"ResNet-20, {size:,} parameters, every {EVERY}th of {turns * EVERY} steps to a store:"
            f" {1e3 * without.mean() / EVERY:.0f} ms a step, recorded / plain = {ratios.mean():.3f}"
            f" +- {error:.3f} (median {np.median(ratios):.3f}); the recorder itself takes"
            f" {100 * share:.2f} % of the time, closing included,"
            f" {1e3 * sum(notes) / turns:.1f} ms a row"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
