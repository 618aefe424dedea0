"""Errors that say what was wanted, what came, and the mend.

ThalwegError            base of all; `exit_code` is what the command line returns
├── InputError          the caller's values do not fit (also a ValueError); exit code 2
├── StoreError          a store on disk cannot be used as asked; exit code 2
└── MissingExtraError   an optional dependency is not installed (also an ImportError); exit code 2
"""


class ThalwegError(Exception):
    """Base of every error that Thalweg raises on purpose."""

    exit_code = 1


class _WantedGotMend(ThalwegError):
    """One sentence in three parts; the parts stay readable as attributes."""

    exit_code = 2

    def __init__(self, wanted: str, got: str, mend: str) -> None:
        super().__init__(f"{wanted}, got {got}; {mend}")
        self.wanted, self.got, self.mend = wanted, got, mend

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        """Let the error cross to another process whole."""
        return type(self), (self.wanted, self.got, self.mend)


class InputError(_WantedGotMend, ValueError):
    """A value that does not fit.

    >>> raise InputError("labels must be 0 or 1", "2", "re-code the classes")
    Traceback (most recent call last):
    thalweg.core.errors.InputError: labels must be 0 or 1, got 2; re-code the classes
    """


class StoreError(_WantedGotMend):
    """A folder or store that cannot be used as asked; nothing in it was changed."""


class MissingExtraError(_WantedGotMend, ImportError):
    """An optional dependency is missing; the mend is the `pip install` line."""
