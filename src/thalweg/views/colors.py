"""Colors: one color an optimizer, everywhere (Okabe and Ito 2008; safe for the color-blind)."""

from collections.abc import Sequence

_OPTIMIZERS = {
    "sgd": "#0072B2",
    "momentum": "#E69F00",
    "adam": "#009E73",
    "nesterov": "#CC79A7",
    "rmsprop": "#56B4E9",
    "adamw": "#D55E00",
}
_ALIASES = {
    "gradient descent": "sgd",
    "gd": "sgd",
    "sgd with momentum": "momentum",
    "sgd + momentum": "momentum",
    "heavy ball": "momentum",
}
NEUTRAL = "#4D4D4D"
NEGATIVE = "#D55E00"
POSITIVE = "#0072B2"
OTHERS = ("#4D4D4D", "#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9")
CLASSES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#4D4D4D")


def optimizer_color(name: str) -> str | None:
    """Return the color of an optimizer by its display name, None if it has none.

    A longer name may start with a known one and a parenthesis or comma: "Adam (lr 0.01)".

    >>> optimizer_color("Adam"), optimizer_color("AdamW, lr 0.1"), optimizer_color("loss")
    ('#009E73', '#D55E00', None)
    """
    key = name.replace("(", ",").split(",")[0].strip().lower()
    return _OPTIMIZERS.get(_ALIASES.get(key, key))


def colors_for(names: Sequence[str]) -> tuple[str, ...]:
    """Return a color for each name: optimizers their own, the rest distinct others in order."""
    known = [optimizer_color(name) for name in names]
    spare = [color for color in OTHERS if color not in known] or [NEUTRAL]
    colors, used = [], 0
    for color in known:
        if color is None:
            color, used = spare[used % len(spare)], used + 1
        colors.append(color)
    return tuple(colors)
