"""Keys: who is let in. A link lets in once, and leaves a cookie; programs show a bearer token."""

import hmac
import secrets
from collections import deque

from thalweg.core.errors import InputError

UNUSED = 8  # links that wait to be opened; a ninth makes the oldest void
SHORTEST = 22  # characters of URL-safe base64 that hold 128 bits


class Keys:
    """The secrets of one server; they live in memory only.

    Args:
        token: lets in once as a link, and programs always as `Authorization: Bearer`;
            None: no program is let in.
        port: is part of the cookie's name, so that two servers on one machine do not
            overwrite each other's.

    Raises:
        InputError: a token that could be guessed.

    >>> keys = Keys(port=8642)
    >>> link = keys.ticket()
    >>> keys.redeem(link), keys.redeem(link)
    (True, False)
    """

    def __init__(self, token: str | None = None, port: int = 0) -> None:
        if token is not None and len(token) < SHORTEST:
            wanted = f"a token must have at least {SHORTEST} characters"
            raise InputError(wanted, str(len(token)), "use secrets.token_urlsafe(32)")
        self._name = f"thalweg-{port}"
        self._bearer = token
        self._pass, self._page = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self._tickets: deque[str] = deque([token] if token else [], maxlen=UNUSED)

    def ticket(self) -> str:
        """Return a new token that lets in once."""
        made = secrets.token_urlsafe(32)
        self._tickets.append(made)
        return made

    def redeem(self, token: str) -> bool:
        """Whether the token is an unused one; it is used now."""
        held = [each for each in self._tickets if _same(each, token)]
        for each in held:
            self._tickets.remove(each)
        return bool(held)

    def cookies(self) -> tuple[str, str]:
        """Return the headers that hand out the cookies, neither of them to scripts.

        The first is never sent on behalf of another site. A link on another site would so lead
        to a closed door, hence the second, which opens the empty page and nothing else.
        """
        rest = "HttpOnly; Path=/"
        return (
            f"{self._name}={self._pass}; SameSite=Strict; {rest}",
            f"{self._name}-page={self._page}; SameSite=Lax; {rest}",
        )

    def knows(self, cookies: list[str], page: bool = False) -> bool:
        """Whether one of the Cookie headers holds ours; `page`: the one for the page will do."""
        pairs = [pair.strip().partition("=") for line in cookies for pair in line.split(";")]
        good = [(self._name, self._pass)] + [(f"{self._name}-page", self._page)] * page
        return any(
            name == ours and _same(secret, value)
            for name, _, value in pairs
            for ours, secret in good
        )

    def admits(self, authorization: str) -> bool:
        """Whether an Authorization header holds the token of programs."""
        scheme, _, token = authorization.partition(" ")
        bearer = self._bearer
        return bearer is not None and scheme.lower() == "bearer" and _same(bearer, token)


def _same(ours: str, theirs: str) -> bool:
    """Compare in a time that does not depend on where they differ."""
    return hmac.compare_digest(ours.encode(), theirs.encode(errors="surrogatepass"))
