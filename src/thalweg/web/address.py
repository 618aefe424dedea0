"""Address: the names under which the server answers, and no others.

A page of another site can make its own name point at this machine (DNS rebinding). Its
requests then carry that name as Host, which is not on the list.
"""

import socket
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address

PORT = 8642  # always the same, so that a link to a view keeps its address


@dataclass(frozen=True)
class Address:
    """Where the server listens.

    Attributes:
        port: of its socket.
        host: the name or number that was asked for.
        numbers: the IP addresses under which it can be reached.

    >>> sorted(Address(8642).hosts)
    ['127.0.0.1:8642', 'localhost:8642']
    >>> Address(8642, "::1", ("::1",)).url("secret")
    'http://[::1]:8642/?token=secret'
    """

    port: int
    host: str = "127.0.0.1"
    numbers: tuple[str, ...] = ("127.0.0.1",)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return all(ip_address(number).is_loopback for number in self.numbers)

    @property
    def names(self) -> tuple[str, ...]:
        """Host names as a browser writes them, the one to show first."""
        unnamed = self.host in ("", "0.0.0.0", "::")
        local = any(ip_address(number).is_loopback for number in self.numbers)
        names = [_bracketed(number) for number in self.numbers]
        if not unnamed and self.host not in ("localhost", *self.numbers):
            names.insert(0, self.host.lower())
        return (*names, "localhost") if local else tuple(names)

    @property
    def hosts(self) -> frozenset[str]:
        """The Host headers that are let in."""
        plain = self.names if self.port == 80 else ()  # browsers leave out the usual port
        return frozenset((*(f"{name}:{self.port}" for name in self.names), *plain))

    def url(self, token: str) -> str:
        """Return the link that lets in once."""
        return f"http://{self.names[0]}:{self.port}/?token={token}"


def numbers_of(host: str, bound: str) -> tuple[str, ...]:
    """Return the IP addresses of a socket that was bound for `host` and got `bound`.

    >>> numbers_of("localhost", "127.0.0.1")
    ('127.0.0.1',)
    """
    if not ip_address(bound).is_unspecified:
        return (bound,)
    family = socket.AF_INET6 if ":" in bound else socket.AF_INET
    found = [_outward(family)]
    with suppress(OSError):
        found += [str(entry[4][0]) for entry in socket.getaddrinfo(socket.gethostname(), 0, family)]
    found.append("::1" if ":" in bound else "127.0.0.1")
    return tuple(dict.fromkeys(number for number in found if number and "%" not in number))


def _outward(family: socket.AddressFamily) -> str:
    """Return the address that others see; a datagram socket sends nothing when it connects."""
    far = "2001:db8::1" if family == socket.AF_INET6 else "192.0.2.1"  # for documentation only
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((far, 9))
        return str(probe.getsockname()[0])
    return ""


def _bracketed(number: str) -> str:
    return f"[{number}]" if ":" in number else number
