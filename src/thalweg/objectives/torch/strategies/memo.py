"""Memo: what was found out about a problem or a course, as long as that lives; never pickled."""

from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

Found = TypeVar("Found")


class Memo(Generic[Found]):
    """Values by the object they belong to. They must not hold that object, or both stay for ever.

    >>> class Key: pass
    >>> key, memo = Key(), Memo()
    >>> memo.of(key, lambda: 1), memo.of(key, lambda: 2)
    (1, 1)
    """

    def __init__(self) -> None:
        self._found: WeakKeyDictionary[object, Found] = WeakKeyDictionary()

    def of(self, key: object, find: Callable[[], Found]) -> Found:
        """Return what belongs to `key`; found out at the first call."""
        if key not in self._found:
            self._found[key] = find()
        return self._found[key]

    def __reduce__(self) -> tuple[type, tuple[()]]:
        """Leave everything behind: another process finds out for itself."""
        return Memo, ()
