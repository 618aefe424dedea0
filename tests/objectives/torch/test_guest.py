"""The guest is sacred: nothing that a caller could notice changes, whatever is called or raised."""

import random
import sys
from pathlib import Path

import cloudpickle
import numpy as np
import pytest
import torch
import torch.nn.functional as F

import thalweg.objectives.torch.from_torch as home
from objectives.torch.guests import FULL, GUESTS, process, snapshot
from thalweg.core.plane import Plane
from thalweg.geometry.scaling import Unscaled
from thalweg.geometry.seeded import seeded_plane
from thalweg.objectives.torch.from_torch import from_torch
from thalweg.objectives.torch.metrics import accuracy
from thalweg.objectives.torch.policies import FixedMasks, Normalisation
from thalweg.objectives.torch.walk import Walk

COORDS = np.array([[0.0, 0.0], [0.1, -0.2], [0.3, 0.1]])


class Faulty:
    """Cross entropy that disturbs the process, and raises at a chosen call."""

    def __init__(self):
        self.calls, self.at, self.fault = 0, None, None

    def __call__(self, outputs, targets):
        torch.rand(1), np.random.rand(), random.random()
        self.calls += 1
        if self.calls == self.at:
            raise self.fault
        return F.cross_entropy(outputs.float(), targets)


def dense(objective):
    directions = np.random.default_rng(0).normal(size=(2, objective.layout.size))
    return Plane(objective.start, directions)


CALLS = {
    "value": lambda o: o.value(o.start),
    "values": lambda o: o.values(dense(o).points(COORDS)),
    "gradients": lambda o: o.value_and_gradients(dense(o).points(COORDS)),
    "hvp": lambda o: o.hvp(o.start, dense(o).directions),
    "restrict": lambda o: o.restrict(dense(o), o.fields)(COORDS),
    "seeded": lambda o: o.restrict(seeded_plane(o, 1, 2, Unscaled()), o.fields)(COORDS),
    "subset": lambda o: o.subset([3, 1, 2, 1]).value(o.start),
    "identity": lambda o: (o.digest(), o.identity()),
    "pickle": cloudpickle.dumps,
    "start": lambda o: (o.start, list(o.start_blocks())),
}
FAULTS = (RuntimeError("planned"), KeyboardInterrupt())


def made(guest, loss, model, **options):
    return from_torch(model, loss, guest.data, metrics=[accuracy], batch_size=8, **options)


@pytest.mark.parametrize("guest", GUESTS, ids=str)
def test_every_call_leaves_the_guest_as_it_was(guest):
    model, loss = guest.model(), Faulty()
    if guest.name == "compiled":
        model(guest.data[0])  # so that there is compiled code
    before = snapshot(model)
    objective = made(guest, loss, model, strategy=Walk())  # as many calls each time
    assert snapshot(model) == before, "from_torch"
    for name, call in CALLS.items():
        loss.calls, loss.at = 0, None
        call(objective)
        assert snapshot(model) == before, name
        for at in sorted({1, (loss.calls + 1) // 2, loss.calls}) if loss.calls else ():
            for fault in FAULTS if FULL or guest.name == "batch-norm" else FAULTS[1:]:
                loss.calls, loss.at, loss.fault = 0, at, fault
                with pytest.raises(type(fault)):
                    call(objective)
                assert snapshot(model) == before, f"{name}: {fault!r} at {at}"


@pytest.mark.parametrize("guest", GUESTS, ids=str)
def test_the_usual_strategy_leaves_the_guest_as_it_was(guest):
    model = guest.model()
    before = snapshot(model)
    objective = made(guest, Faulty(), model)
    CALLS["values"](objective), CALLS["restrict"](objective), CALLS["seeded"](objective)
    assert snapshot(model) == before


@pytest.mark.parametrize("guest", GUESTS, ids=str)
def test_a_model_whose_construction_fails_is_as_it_was(guest):
    for fault, raised in ((RuntimeError("planned"), ValueError), (KeyboardInterrupt(), None)):
        model, loss = guest.model(), Faulty()
        loss.at, loss.fault = 2, fault
        before = snapshot(model)
        with pytest.raises(raised or KeyboardInterrupt):
            made(guest, loss, model)
        assert snapshot(model) == before


@pytest.mark.parametrize("guest", GUESTS[:3], ids=str)
def test_the_objective_stays_as_it_was_when_the_guest_goes_on_training(guest):
    model = guest.model()
    objective = made(guest, torch.nn.CrossEntropyLoss(), model)
    value, identity = objective.value(objective.start), objective.identity()
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), 0.5)
    F.cross_entropy(model(guest.data[0]), guest.data[1]).backward()
    optimizer.step()
    again = made(guest, torch.nn.CrossEntropyLoss(), model)
    assert objective.value(objective.start) == value != again.value(again.start)
    assert objective.identity() == identity
    assert again.identity()["model"] != identity["model"]
    assert again.identity()["data"] == identity["data"]


def test_it_works_inside_inference_mode_autocast_and_no_grad():
    guest = GUESTS[1]
    model = guest.model()
    objective = made(guest, torch.nn.CrossEntropyLoss(), model)
    value, gradient = objective.value_and_gradient(objective.start)
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        before = process()
        inside = made(guest, torch.nn.CrossEntropyLoss(), model)
        for one in (objective, inside):
            assert one.value(one.start) == value
            assert np.array_equal(one.value_and_gradient(one.start)[1], gradient)
        assert process() == before
        assert torch.is_inference_mode_enabled()


def test_threads_and_flags_that_a_loss_changes_are_put_back():
    guest = GUESTS[0]
    model = guest.model()

    def rude(outputs, targets):
        torch.set_num_threads(2)
        torch.use_deterministic_algorithms(True, warn_only=True)
        return F.cross_entropy(outputs, targets)

    before = snapshot(model)
    objective = made(guest, rude, model)
    assert snapshot(model) == before
    objective.value(objective.start)
    assert snapshot(model) == before


def test_the_generator_of_a_loader_is_put_back():
    generator = torch.Generator().manual_seed(1)
    dataset = torch.utils.data.TensorDataset(*GUESTS[0].data)
    loader = torch.utils.data.DataLoader(dataset, 8, shuffle=True, generator=generator)
    before = generator.get_state()
    from_torch(GUESTS[0].model(), torch.nn.CrossEntropyLoss(), loader)
    assert torch.equal(generator.get_state(), before)


class Interrupt:
    """Raises KeyboardInterrupt at the n-th line that runs in the adapter's own files."""

    folder = str(Path(home.__file__).parent)

    def __init__(self, at):
        self.lines, self.at = 0, at

    def trace(self, frame, event, arg):
        if not frame.f_code.co_filename.startswith(self.folder):
            return None
        if event == "line":
            self.lines += 1
            if self.lines == self.at:
                raise KeyboardInterrupt
        return self.trace

    def run(self, call):
        sys.settrace(self.trace)
        try:
            return call()
        finally:
            sys.settrace(None)


def test_an_interrupt_at_any_line_leaves_guest_and_objective_whole():
    guest = GUESTS[1]
    model = guest.model()
    policy = {"normalisation": Normalisation.REESTIMATED, "dropout": FixedMasks(1)}
    loss = torch.nn.CrossEntropyLoss()
    objective = from_torch(model, loss, guest.data, batch_size=11, **policy)
    before, coords = snapshot(model), COORDS[:2]
    plane = dense(objective)

    def call():
        return objective.restrict(plane)(coords)["loss"]

    wanted = call()
    counter = Interrupt(0)
    assert np.array_equal(counter.run(call), wanted)
    step = 1 if FULL else max(1, counter.lines // 25)
    for at in range(1, counter.lines, step):
        with pytest.raises(KeyboardInterrupt):
            Interrupt(at).run(call)
        assert snapshot(model) == before, at
        assert np.array_equal(call(), wanted), at
