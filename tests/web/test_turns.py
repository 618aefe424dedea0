"""Turns: every call of an objective happens inside a context, also of what it hands out."""

import asyncio
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from thalweg.core.objective import Objective, SmoothObjective
from thalweg.core.plane import Plane
from thalweg.curvature.dense import hessian
from thalweg.curvature.ends import ends
from thalweg.datasets import xor
from thalweg.dynamics.record import Minibatches, record
from thalweg.dynamics.steppers import Adam
from thalweg.objectives.activations import Activation
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.objectives.zoo import quadratic
from thalweg.web import searches
from thalweg.web.hall import Hall
from thalweg.web.turns import _ANSWERS, _RESTRICTIONS, Gone, Turn, WhileWanted, within
from web.conversation import opened, visit

NET = MLPObjective(MLP((2, 3, 1), Activation.RELU), *xor(12, seed=0))
PLANE = Plane(NET.start, np.eye(NET.layout.size)[:2])


class Counted:
    """A context that counts how often it was entered, and never twice at once."""

    def __init__(self):
        self.entered, self.inside = 0, 0

    def __enter__(self):
        assert not self.inside, "entered twice: a lock would wait for itself"
        self.entered, self.inside = self.entered + 1, self.inside + 1

    def __exit__(self, *_):
        self.inside -= 1


def parts(answer):
    return answer if isinstance(answer, tuple) else (answer,)


@pytest.mark.parametrize(
    "ask",
    [
        lambda o: o.value(NET.start),
        lambda o: o.values(NET.start[None]),
        lambda o: o.gradient(NET.start),
        lambda o: o.value_and_gradients(NET.start[None]),
        lambda o: o.hvp(NET.start, PLANE.directions),
        lambda o: o.kink_distance(NET.start),
        lambda o: o.crossings(NET.start, PLANE.directions[0]),
        lambda o: o.outputs(NET.start),
        lambda o: o.accuracies(NET.start[None]),
        lambda o: hessian(o, NET.start),
        lambda o: o.restrict(PLANE)(np.zeros((1, 2)))["loss"],
        lambda o: o.operator(NET.start).times(PLANE.directions),
        lambda o: ends(o, NET.start).eigenvalues,
        lambda o: o.subset(np.arange(4)).value(NET.start),
        lambda o: record(o, NET.start, Adam(0.1), 5, Minibatches(4, 0))["point"].values,
        lambda o: o.digest(),
    ],
)
def test_each_call_enters_and_the_answer_is_the_same(ask):
    context = Counted()
    made = within(NET, context)
    assert context.entered == 0
    told, known = ask(made), ask(NET)
    assert context.entered > 0
    assert context.inside == 0
    for one, other in zip(parts(told), parts(known), strict=True):
        assert np.array_equal(one, other)
    assert not {*_ANSWERS, *_RESTRICTIONS} & vars(NET).keys()  # it stays as it is


def test_two_contexts_are_entered_one_within_the_other():
    outer, inner = Counted(), Counted()
    assert within(within(NET, inner), outer).value(NET.start) == NET.value(NET.start)
    assert (outer.entered, inner.entered) == (1, 1)


def test_nothing_that_computes_is_forgotten():
    told = {*_ANSWERS, *_RESTRICTIONS, "operator", "subset"}
    bookkeeping = {"check_point", "check_points", "start_blocks", "check_request", "dense"}
    for kind in (Objective, SmoothObjective, MLPObjective):
        public = {n for n in dir(kind) if not n.startswith("_") and callable(getattr(kind, n))}
        assert public - told <= bookkeeping


def test_an_error_within_lets_go():
    turn = Turn()
    made = within(NET, turn)
    for _ in range(3):
        with pytest.raises(ValueError, match="must have shape"):
            made.value(np.zeros(3))
    assert made.value(NET.start) > 0


@pytest.mark.parametrize("raised", [SystemExit(3), KeyboardInterrupt(), StopIteration()])
def test_what_would_end_a_server_is_an_ordinary_error(raised):
    def leaving(points):
        raise raised

    made = within(replace(quadratic([1.0, 2.0]), value_function=leaving), Turn())
    plane = Plane(np.zeros(2), np.eye(2))
    restriction = made.restrict(plane)
    for ask in (lambda: made.value([0.0, 0.0]), lambda: restriction(np.zeros((1, 2)))):
        with pytest.raises(RuntimeError, match=f"{type(raised).__name__} from the loss"):
            ask()


def test_turns_are_given_in_the_order_in_which_they_were_asked_for():
    turn, order, begun = Turn(), [], threading.Barrier(2)

    def work(number):
        begun.wait(10)
        with turn:
            order.append(number)

    threads = []
    with turn:
        for number in range(8):
            threads.append(threading.Thread(target=work, args=(number,)))
            threads[-1].start()
            begun.wait(10)
            while len(turn._queue) < number + 2:
                time.sleep(1e-3)
    for thread in threads:
        thread.join(10)
    assert order == list(range(8))


def test_once_nobody_waits_the_next_call_ends_it():
    gone = threading.Event()
    made = within(NET, WhileWanted(gone))
    assert made.value(NET.start) > 0
    gone.set()
    with pytest.raises(Gone):
        made.value(NET.start)
    assert NET.value(NET.start) > 0


def test_a_search_ends_when_its_page_is_gone(monkeypatch):
    begun, ended = threading.Event(), []
    search = searches.find_critical

    def watched(objective, *args):
        begun.set()
        try:
            while True:
                search(objective, *args)
        except Gone:
            ended.append("gone")
            raise

    monkeypatch.setattr(searches, "find_critical", watched)

    async def talk():
        hall = Hall()
        async with visit(hall, close_hall=False) as page:
            await opened(page, bench={"points": 20, "width": 4}, points=9)
            await page.say("find", a=0.0, b=0.0)
            assert await asyncio.to_thread(begun.wait, 10)
        async with asyncio.timeout(2):
            while not ended:
                await asyncio.sleep(0.01)
        hall.close()

    asyncio.run(talk())
    assert ended == ["gone"]
