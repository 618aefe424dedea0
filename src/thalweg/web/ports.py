"""Ports: a socket to listen on, or one line on who has it."""

import errno
import os
import socket
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

from thalweg.core.errors import InputError
from thalweg.web.address import PORT, Address, numbers_of

LISTENING = "0A"  # the state in /proc/net/tcp
BACKLOG = 512


def bind(
    host: str = "127.0.0.1", port: int | None = None, expose: bool = False
) -> tuple[socket.socket, Address]:
    """Return a bound socket and the address that it has.

    Args:
        host: a name or number of this machine.
        port: 0 for any free one; None for the usual one, or a free one if that is taken.
        expose: whether the address may be one that other machines can reach.

    Raises:
        InputError: no such address here, one that must not be used, a port that is taken, or
            one that needs other rights.
    """
    if port is not None and not 0 <= port <= 65535:
        raise InputError("--port must lie between 0 and 65535", str(port), "leave it out")
    try:
        return _bound(host, PORT if port is None else port, expose)
    except OSError as fault:
        if fault.errno == errno.EADDRINUSE and port is None:
            return bind(host, 0, expose)
        raise _told(host, PORT if port is None else port, fault) from None


def _bound(host: str, port: int, expose: bool) -> tuple[socket.socket, Address]:
    family, kind, number, _, place = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    if not expose and not ip_address(place[0]).is_loopback:
        wanted = "--host must be an address of this machine alone, such as 127.0.0.1"
        mend = "add --expose to let other machines in; --help says what that means"
        raise InputError(wanted, host, mend)
    made = socket.socket(family, kind, number)
    try:
        if os.name == "posix":  # a port that was just left may be taken again
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(place)
        made.listen(BACKLOG)  # now, so that a second server is told at once
    except BaseException:
        made.close()
        raise
    found, real = made.getsockname()[:2]
    return made, Address(real, host, numbers_of(host, found))


def _told(host: str, port: int, fault: OSError) -> InputError:
    if fault.errno == errno.EADDRINUSE:
        mend = "end it, or pass --port 0 for a free one"
        return InputError(f"port {port} must be free", f"one that {listener(port)} has", mend)
    if fault.errno == errno.EACCES:
        return InputError("--port must be one that you may open", str(port), "pass 1024 or more")
    if isinstance(fault, socket.gaierror) or fault.errno == errno.EADDRNOTAVAIL:
        wanted = "--host must be an address of this machine"
        return InputError(wanted, repr(host), "leave it out, or see `ip address`")
    return InputError(f"port {port} of {host} must open", str(fault), "pass another --port")


def listener(port: int) -> str:
    """Return who listens on a port of this machine, as far as the system tells."""
    number = _process(_sockets(port))
    if number is None:
        return "another program"
    words = _read(Path(f"/proc/{number}/cmdline")).split("\0")
    ours = "explore" in words and any("thalweg" in word for word in words)
    name = _read(Path(f"/proc/{number}/comm")).strip() or "a program"
    return f"{'another thalweg explore' if ours else name} (process {number})"


def _sockets(port: int) -> set[str]:
    """Return the sockets that listen on a port, as /proc links to them."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in _read(Path(table)).splitlines()[1:]:
            words = line.split()
            if words[3] == LISTENING and int(words[1].rpartition(":")[2], 16) == port:
                found.add(f"socket:[{words[9]}]")
    return found


def _process(sockets: set[str]) -> int | None:
    """Return the process that holds one of the sockets open, if we may see it."""
    if not sockets:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # not ours, or gone
            for file in (process / "fd").iterdir():
                if _link(file) in sockets:
                    return int(process.name)
    return None


def _link(file: Path) -> str:
    try:
        return os.readlink(file)
    except OSError:  # closed since
        return ""


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
