"""strict: JSON that every parser reads, whatever the numbers are."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any


def strict(result: Mapping[str, Any]) -> str:
    """Return JSON that every parser reads: null for what is not finite, and `notes` that say so.

    >>> strict({"loss": {"max": float("inf")}})
    '{"loss": {"max": null}, "notes": ["loss.max is infinity; JSON has no such number"]}'
    """
    notes: list[str] = []
    plain = _plain(result, "", notes)
    if notes:
        plain = {**plain, "notes": [*plain.get("notes", []), *notes]}
    return json.dumps(plain, allow_nan=False, ensure_ascii=False)


def _plain(value: Any, place: str, notes: list[str]) -> Any:
    """Return a value of JSON's own types; scalars of NumPy become Python's."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v, f"{place}.{k}".strip("."), notes) for k, v in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(v, f"{place}[{i}]", notes) for i, v in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        name = "NaN" if math.isnan(value) else "infinity" if value > 0 else "minus infinity"
        notes.append(f"{place} is {name}; JSON has no such number")
        return None
    return value
