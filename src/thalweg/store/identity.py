"""What makes a stored surface this one: its digests and its fields."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from thalweg.core.errors import StoreError


def identity(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes that tell a surface from others: all digests, and the fields.

    >>> identity({"recipe": "random", "plane_digest": "3b57", "fields": ["loss"]})
    {'plane_digest': '3b57', 'fields': ['loss']}
    """
    return {k: attrs[k] for k in attrs if k.endswith("_digest") or k == "fields"}


def require_same(path: Path, wanted: Mapping[str, Any], there: Mapping[str, Any]) -> None:
    """Raise StoreError unless two surfaces are the same; it names all that differs."""
    names = [*wanted, *(key for key in there if key not in wanted)]
    names = [key for key in names if wanted.get(key) != there.get(key)]
    if names:
        asked, found = (", ".join(_said(key, one) for key in names) for one in (wanted, there))
        mend = "choose another folder, or delete that one"
        raise StoreError(f"{path} must hold this surface ({asked})", found, mend)


def _said(key: str, attrs: Mapping[str, Any]) -> str:
    return f"{key} {' '.join(str(attrs.get(key, 'none')).split())[:80]}"
