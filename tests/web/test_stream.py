"""One websocket, one visitor: rules of the stream, and that both end together."""

import asyncio
import json

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from thalweg.core.errors import InputError
from thalweg.web import stream as module
from thalweg.web.app import create_app
from thalweg.web.hall import Hall
from thalweg.web.limits import LIMIT_MESSAGE, Bucket
from thalweg.web.session import Session
from visitors import Echo, until

TOKEN = "x" * 43
HEADERS = {"authorization": f"Bearer {TOKEN}", "host": "127.0.0.1:8642"}


@pytest.fixture(autouse=True)
def nobody_stays():
    Echo.alive.clear()
    yield
    assert not Echo.alive


def connected(begin=Echo):
    app = create_app(token=TOKEN, port=8642, begin=begin)
    return TestClient(app).websocket_connect("/stream", headers=HEADERS)


def ended(socket):
    """Code and reason of the close."""
    try:
        while True:
            socket.receive_bytes()
    except WebSocketDisconnect as gone:
        return gone.code, gone.reason


def test_messages_go_in_and_frames_come_out_in_order():
    with connected() as socket:
        for text in ("one", "zwei", "três", "x" * LIMIT_MESSAGE):
            socket.send_text(text)
        assert [socket.receive_bytes().decode()[:4] for _ in range(4)] == [
            *("one", "zwei", "três", "xxxx")
        ]
        (visit,) = until(lambda: Echo.alive)
    assert visit.closed


def test_bytes_are_refused():
    with connected() as socket:
        socket.send_bytes(b"{}")
        socket.send_text("break")  # so that it ends one way or the other
        assert ended(socket) == (1003, "messages are text")


@pytest.mark.parametrize("text", ["x" * (LIMIT_MESSAGE + 1), "ü" * (LIMIT_MESSAGE // 2 + 1)])
def test_long_messages_are_refused_unread(text):
    with connected() as socket:
        socket.send_text(text)
        socket.send_text("break")
        assert ended(socket) == (1009, "a message has at most 64 kB")


def test_a_fault_of_ours_ends_the_stream_says_so_and_frees_the_visit(caplog):
    with connected() as socket:
        (visit,) = until(lambda: Echo.alive)
        socket.send_text("break")
        assert ended(socket) == (1011, "the server failed; its terminal shows where")
    assert visit.closed
    assert "a fault of ours" in caplog.text
    assert TOKEN not in caplog.text


def test_a_full_hall_says_so():
    def full():
        raise InputError("at most 2 pages may be open", "3" * 200, "close one")

    with connected(full) as socket:
        code, reason = ended(socket)
    assert code == 1013
    assert reason.startswith("at most 2 pages may be open, got 333")
    assert len(reason.encode()) <= 123  # of a control frame of 125


def test_who_sends_too_much_is_slowed_and_then_told_to_go(monkeypatch):
    monkeypatch.setattr(module, "Bucket", lambda: Bucket(rate=200, burst=10, patience=0.05))
    with connected() as socket:
        (visit,) = until(lambda: Echo.alive)
        for _ in range(100):
            socket.send_text("again")
        assert ended(socket) == (1008, "too many messages for too long")
    assert 10 < len(visit.heard) < 100


def test_a_bucket_fills_again():
    bucket = Bucket(rate=100, burst=200, patience=10)
    assert [bucket.spend(5.0) for _ in range(200)] == [0.0] * 200
    assert bucket.spend(5.0) == pytest.approx(0.01)
    assert bucket.spend(5.0) == pytest.approx(0.02)
    assert bucket.spend(5.03) == 0.0
    assert [bucket.spend(60.0) for _ in range(200)] == [0.0] * 200  # no more than a burst
    assert bucket.spend(60.0) > 0
    now = 60.0
    while not bucket.flooded:  # one who waits as told, and comes again at once
        now += bucket.spend(now) + 1e-9
    assert 70 < now < 70.1
    assert bucket.spend(80.0) == 0.0


def test_a_client_that_reads_nothing_is_left(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    app = create_app(token=TOKEN, port=8642, begin=Echo)
    asked = [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "hello"}]
    sent = []

    async def receive():
        if asked:
            return asked.pop(0)
        return await asyncio.Future()

    async def send(message):
        sent.append(message)
        if message["type"] == "websocket.send":
            await asyncio.Future()

    headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
    scope = {"type": "websocket", "path": "/stream", "headers": headers, "extensions": {}}
    scope |= {"query_string": b"", "subprotocols": [], "root_path": ""}
    asyncio.run(app(scope, receive, send))
    assert [each["type"] for each in sent][-1] == "websocket.close"
    assert (sent[-1]["code"], sent[-1]["reason"]) == (1008, "nothing was read for 0 s")


def test_a_real_session_says_hello_and_is_gone_with_its_page():
    hall = Hall()
    with connected(lambda: Session(hall)) as socket:
        socket.send_text(json.dumps({"kind": "open", "points": 5}))
        data = socket.receive_bytes()
        size = int.from_bytes(data[:4], "little")
        assert json.loads(data[4 : 4 + size])["kind"] == "hello"
        assert len(hall.sessions) == 1
    until(lambda: not hall.sessions)
    hall.close()
