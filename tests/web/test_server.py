"""The server on a real socket: crowds, half requests, clients that do not read, and the end."""

import asyncio
import gc
import os
import re
import resource
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from thalweg.core.errors import InputError
from thalweg.web import connections
from thalweg.web.address import PORT, Address, numbers_of
from thalweg.web.app import create_app
from thalweg.web.guard import HEADERS
from thalweg.web.ports import bind, listener
from thalweg.web.server import Server, raise_file_limit
from visitors import Echo, until

TOKEN = "x" * 43
BEARER = {"authorization": f"Bearer {TOKEN}"}
HALF_OPEN, LIVE = (500, 200) if os.environ.get("THALWEG_FULL") else (100, 40)


@dataclass(frozen=True)
class Place:
    """Where a server is, and how to end it."""

    port: int
    stop: Callable[[], None]


@contextmanager
def served(begin=Echo, token=TOKEN):
    """The address of a server in a thread of its own; at the end nothing of it is left."""
    gc.collect()
    threads, files = threading.active_count(), len(os.listdir("/proc/self/fd"))
    listening, address = bind(port=0)
    up = threading.Event()
    server = Server(create_app(token=token, address=address, begin=begin), up.set)
    thread = threading.Thread(target=server.run, args=([listening],))

    def stop():
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()

    thread.start()
    try:
        assert up.wait(60)
        yield Place(address.port, stop)
    finally:
        stop()
    assert not Echo.alive
    gc.collect()
    until(lambda: threading.active_count() <= threads)
    until(lambda: len(os.listdir("/proc/self/fd")) <= files)


def get(address, path="/", headers=BEARER):
    """Status, headers and body of one request."""
    connection = HTTPConnection("127.0.0.1", address.port, timeout=60)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def live(address, **more):
    """A websocket."""
    return connect(f"ws://127.0.0.1:{address.port}/stream", additional_headers=BEARER, **more)


def ended(client):
    """Whether the other side has closed; waits for it."""
    with suppress(ConnectionResetError):
        while client.recv(4096):
            pass
    return True


def raw(address, data=b"", **more):
    """A plain socket that has sent some bytes."""
    made = socket.create_connection(("127.0.0.1", address.port), timeout=60)
    made.sendall(data)
    return made


def test_it_answers_on_its_socket_and_says_little_about_itself():
    with served() as address:
        status, headers, body = get(address)
        assert status == 200
        assert b"data-thalweg" in body
        assert "server" not in headers
        assert get(address, headers={**BEARER, "host": f"localhost:{address.port}"})[0] == 200
        assert get(address, headers={**BEARER, "host": f"evil.example:{address.port}"})[0] == 403
        assert get(address, headers={**BEARER, "x-forwarded-host": "evil.example"})[0] == 200
        assert get(address, headers={})[0] == 401


def test_the_stream_is_refused_with_a_reason_and_does_not_compress():
    with served() as address:
        with pytest.raises(InvalidStatus) as refused:
            connect(f"ws://127.0.0.1:{address.port}/stream")
        assert refused.value.response.status_code == 403
        assert HEADERS.items() <= dict(refused.value.response.headers.raw_items()).items()
        with live(address, compression="deflate") as client:
            assert "Sec-WebSocket-Extensions" not in client.response.headers
            assert client.response.headers["x-content-type-options"] == "nosniff"
            client.send("hello")
            assert client.recv() == b"hello"


@pytest.mark.parametrize("close", ["close", "break"])
def test_a_closed_page_frees_its_visit_however_it_closed(close):
    with served() as address, live(address) as client:
        (visit,) = until(lambda: Echo.alive)
        client.close() if close == "close" else client.socket.shutdown(socket.SHUT_RDWR)
        until(lambda: visit.closed, 2)


def test_messages_beyond_the_wire_limit_and_bad_text_end_the_connection_alone():
    with served() as address, live(address) as other:
        for content, why in ((b"x" * (2**20 + 1), "exceeds limit"), (b"\xff\xfe", "")):
            with live(address, max_size=None) as client:
                with suppress(ConnectionClosed):  # it may be told before all is sent
                    client.send(content, text=True)
                with pytest.raises(ConnectionClosed) as gone:
                    client.recv(60)
                assert gone.value.rcvd.code in (1009, 1007)
                assert why in gone.value.rcvd.reason
        other.send("still here")
        assert other.recv() == b"still here"


def test_what_is_no_http_is_refused_with_the_headers():
    with served() as address:
        for data in (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET / HTTP/9\r\n\r\n"):
            with raw(address, data) as client:
                answer = b"".join(iter(lambda: client.recv(4096), b"")).decode()
            assert answer.startswith("HTTP/1.1 400 ")
            assert "content-security-policy: default-src 'none'" in answer
        for target in ("http://evil.example/", f"http://127.0.0.1:{address.port}/", "//", "*"):
            head = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{address.port}\r\n\r\n"
            with raw(address, head.encode()) as client:
                assert client.recv(4096)[9:12] in (b"403", b"401")
        doubled = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{address.port}\r\nHost: evil\r\n\r\n"
        with raw(address, doubled.encode()) as client:
            assert client.recv(4096)[9:12] in (b"400", b"403")


@pytest.mark.parametrize(
    "data",
    [b"", b"GET / HTTP/1.1\r\nHost: ", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na"],
    ids=["nothing", "half a head", "half a body"],
)
def test_half_a_request_ends_in_time(monkeypatch, data):
    monkeypatch.setattr(connections, "PATIENCE", 0.2)
    with served() as address, raw(address, data) as client:
        assert ended(client)
        assert get(address)[0] == 200


def test_half_a_second_request_ends_in_time(monkeypatch):
    monkeypatch.setattr(connections, "PATIENCE", 0.2)
    with served() as address:
        head = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{address.port}\r\n\r\n".encode()
        with raw(address, head) as client:
            assert client.recv(12) == b"HTTP/1.1 401"
            client.sendall(b"GET / HT")
            assert ended(client)


def test_of_too_many_half_requests_the_oldest_goes(monkeypatch):
    monkeypatch.setattr(connections, "LIMIT_HALF_OPEN", 3)
    with served() as address, ExitStack() as later:
        half = [later.enter_context(raw(address, b"GET")) for _ in range(5)]
        assert all(ended(client) for client in half[:2])
        assert get(address)[0] == 200  # itself a fourth one, for a moment
        assert ended(half[2])
        head = f" / HTTP/1.1\r\nHost: 127.0.0.1:{address.port}\r\n\r\n"
        half[4].sendall(head.encode())
        assert half[4].recv(12) == b"HTTP/1.1 401"


@contextmanager
def upgraded(address):
    """A websocket by hand, which neither reads nor answers by itself; and its visit."""
    head = (
        f"GET /stream HTTP/1.1\r\nHost: 127.0.0.1:{address.port}\r\nConnection: Upgrade\r\n"
        f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer {TOKEN}\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with raw(address, head.encode()) as client:
        answer = client.recv(12)
        assert answer == b"HTTP/1.1 101"
        while not answer.endswith(b"\r\n\r\n"):
            answer += client.recv(1)
        (visit,) = until(lambda: Echo.alive)
        yield client, visit


def frame(head, content):
    """A masked frame as on the wire; the mask is zero."""
    return bytes([head, 0x80 + len(content), 0, 0, 0, 0]) + content


def test_a_client_that_reads_nothing_is_cut_off(monkeypatch):
    monkeypatch.setattr(connections, "PATIENCE", 0.2)
    with served() as address, upgraded(address) as (client, visit):
        client.sendall(frame(0x81, b"flood 400"))  # 25 MB, more than the system keeps for anybody
        until(lambda: visit.closed)
        assert get(address)[0] == 200


def test_a_client_that_answers_no_ping_is_cut_off(monkeypatch):
    monkeypatch.setattr("thalweg.web.server.PING", 0.1)
    monkeypatch.setattr("thalweg.web.server.PATIENCE", 0.1)
    monkeypatch.setattr(connections, "PATIENCE", 3600)
    with served() as address, upgraded(address) as (client, visit):
        client.sendall(frame(0x81, b"flood 400"))  # so that there is no end in good order
        until(lambda: visit.closed)


@pytest.mark.parametrize(
    "data",
    [
        frame(0xC1, b"\x4b\x4c\xc4\x00"),  # compressed, which was not agreed on
        frame(0x83, b"?"),  # of a kind that does not exist
        frame(0x80, b"the rest of nothing"),
        frame(0x01, b"a") + frame(0x81, b"b"),  # one begins before the other ends
        bytes([0x81, 1]) + b"x",  # without a mask
        frame(0x09, b"a ping in parts"),
        bytes([0x81, 0xFF]) + b"\xff" * 8 + bytes(4),  # 16 EB
        b"GET / HTTP/1.1\r\n\r\n",
    ],
    ids=["compressed", "kind", "rest", "mixed", "bare", "ping", "huge", "http"],
)
def test_frames_that_break_the_protocol_end_the_connection_alone(data):
    with served() as address:
        with upgraded(address) as (client, visit):
            client.sendall(data)
            assert client.recv(1) == b"\x88"  # a close frame
            assert ended(client)
            until(lambda: visit.closed)
        with live(address) as other:
            other.send("still here")
            assert other.recv() == b"still here"


def test_a_crowd_leaves_the_server_answering_and_goes_without_a_trace():
    raise_file_limit()
    with served() as address, ExitStack() as later:
        for _ in range(HALF_OPEN):
            later.enter_context(raw(address, b"GET / HT"))
        clients = [later.enter_context(live(address)) for _ in range(LIVE)]
        for client in clients:
            client.send("here")
        assert [client.recv(60) for client in clients] == [b"here"] * LIVE
        assert [get(address)[0] for _ in range(20)] == [200] * 20
        assert len(Echo.alive) == LIVE


def test_it_ends_with_clients_of_every_kind_still_there():
    closed = []

    class Careful(Echo):
        async def close(self):
            await asyncio.sleep(0.05)  # is given the time that it needs
            closed.append(self)
            await super().close()

    with served(Careful) as address, ExitStack() as later:
        half = later.enter_context(raw(address, b"GET"))
        clients = [later.enter_context(live(address)) for _ in range(3)]
        address.stop()
        for client in clients:
            with pytest.raises(ConnectionClosed) as gone:
                client.recv(60)
            assert gone.value.rcvd.code == 1012
        assert ended(half)
    assert len(closed) == 3


def test_nothing_that_it_logs_has_a_token(caplog, capfd):
    caplog.set_level("DEBUG")
    with served() as address:
        for path in (f"/?token={TOKEN}", f"/?token={TOKEN}", f"/nowhere?token={TOKEN}"):
            get(address, path, {})
        with live(address) as client:
            client.send("hello")
            client.recv()
        with pytest.raises(InvalidStatus):
            connect(f"ws://127.0.0.1:{address.port}/stream?token={TOKEN}")
    ours = [record for record in caplog.records if not record.name.startswith("websockets.client")]
    assert TOKEN not in "".join(record.getMessage() for record in ours)
    assert TOKEN not in "".join(capfd.readouterr())


def test_a_port_that_is_taken_is_told_with_its_owner():
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        with pytest.raises(InputError) as told:
            bind(port=port)
        mend = "end it, or pass --port 0 for a free one"
        owner = rf"port {port} must be free, got one that \S+ \(process {os.getpid()}\) has; "
        assert re.fullmatch(owner + mend, str(told.value))
    assert listener(port) == "another program"  # nobody, but something must have had it


def test_without_a_wish_the_usual_port_or_a_free_one(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as held:
        monkeypatch.setattr("thalweg.web.ports.PORT", held.getsockname()[1])
        made, address = bind()
        with made:
            assert address.port not in (0, PORT, held.getsockname()[1])


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("127.0.0.1", 65536, "--port must lie between 0 and 65535, got 65536"),
        ("127.0.0.1", -1, "--port must lie between"),
        ("no.such.host.invalid", 0, "--host must be an address of this machine, got 'no.such"),
        ("192.0.2.7", 0, "--host must be an address of this machine alone.*add --expose"),
        ("0.0.0.0", 0, "alone, such as 127.0.0.1, got 0.0.0.0; add --expose"),
        ("", 0, "--host must be"),
        ("::", 0, "alone"),
    ],
)
def test_addresses_that_will_not_do(host, port, words):
    with pytest.raises(InputError, match=words):
        bind(host, port)


def test_exposed_it_answers_to_its_own_addresses_and_to_no_other_name():
    made, address = bind("0.0.0.0", 0, expose=True)
    made.close()
    assert not address.loopback or address.numbers == ("127.0.0.1",)
    assert f"127.0.0.1:{address.port}" in address.hosts
    assert not [host for host in address.hosts if "0.0.0.0" in host or "evil" in host]
    assert numbers_of("::1", "::1") == ("::1",)


def test_names_are_written_as_browsers_do():
    assert Address(80).hosts == {"127.0.0.1:80", "localhost:80", "127.0.0.1", "localhost"}
    assert Address(1, "::1", ("::1",)).hosts == {"[::1]:1", "localhost:1"}
    assert Address(1, "Lab-PC.local", ("192.0.2.7",)).names == ("lab-pc.local", "192.0.2.7")
    assert not Address(1, "0.0.0.0", ("192.0.2.7", "127.0.0.1")).loopback
    assert Address(1, "localhost").url("t") == "http://127.0.0.1:1/?token=t"


def test_the_limit_of_open_files_is_raised_as_far_as_it_goes():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        raise_file_limit()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert hard == before[1]
        assert soft == (8192 if hard < 0 else min(8192, hard))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
