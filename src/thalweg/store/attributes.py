"""Attributes as strict JSON: NaN and infinity as text, and a list of where they stood.

JSON has no word for them. Zarr writes a bare NaN, which strict parsers refuse; here they become
"NaN", "Infinity" and "-Infinity", as Zarr itself spells fill values, and the attribute `nonfinite`
names the attributes in which these words are numbers.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from thalweg.core.errors import InputError

NONFINITE = "nonfinite"
_WORDS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def to_json(attrs: Mapping[Any, Any]) -> dict[str, Any]:
    """Return attributes that strict JSON can hold.

    Raises:
        InputError: one is neither text, number nor a list of them.

    >>> to_json({"lowest": float("nan"), "seed": 1})
    {'lowest': 'NaN', 'seed': 1, 'nonfinite': ['lowest']}
    """
    plain: dict[str, Any] = {}
    named: list[str] = []
    for key, value in attrs.items():
        plain[str(key)] = spelled = _spelled(value)
        try:
            json.dumps(spelled, allow_nan=False)
        except (TypeError, ValueError):
            wanted = f"attribute {key!r} must be text, a number or a list of them"
            raise InputError(wanted, type(value).__name__, "convert or drop it") from None
        if _differs(value, spelled):
            named.append(str(key))
    return {**plain, NONFINITE: named} if named else plain


def from_json(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes that `to_json` was given.

    >>> from_json({"lowest": "NaN", "label": "NaN", "nonfinite": ["lowest"]})
    {'lowest': nan, 'label': 'NaN'}
    """
    named = attrs.get(NONFINITE, [])
    return {
        key: _read(value) if key in named else value
        for key, value in attrs.items()
        if key != NONFINITE
    }


def _spelled(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return _spelled(value.tolist())
    if isinstance(value, list | tuple):
        return [_spelled(part) for part in value]
    if isinstance(value, float) and not np.isfinite(value):
        return "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _differs(value: Any, spelled: Any) -> bool:
    """Return whether a number became a word."""
    if isinstance(spelled, list):
        return any(_differs(a, b) for a, b in zip(value, spelled, strict=True))
    return isinstance(spelled, str) and not isinstance(value, str)


def _read(value: Any) -> Any:
    if isinstance(value, list):
        return [_read(part) for part in value]
    return _WORDS.get(value, value) if isinstance(value, str) else value
