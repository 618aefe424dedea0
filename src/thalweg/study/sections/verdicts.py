"""The verdicts: the chapter's claims, each with its test, in both settings."""

from thalweg.study import court_surface, court_training
from thalweg.study.claims import Results, Ruling, Verdict
from thalweg.study.context import Study
from thalweg.study.section import Marked, Section, Table

ORDER = (
    "learns",
    "not a bowl",
    "flat",
    "valleys",
    "saddles",
    "saddles matter",
    "basins",
    "oscillates",
    "momentum",
    "adam",
    "apart",
    "decides",
    "depends",
    "filter",
    "penalty",
    "slices",
)


def verdicts_section(study: Study, results: Results) -> Section:
    """Return the table of all claims; it reads the facts of the other sections."""
    claims = {**court_surface.CLAIMS, **court_training.CLAIMS}
    rulings: dict[str, dict[str, Ruling]] = {}
    rows = []
    for key in ORDER:
        claim = claims[key]
        rulings[key] = {s.key: claim.test(study, s, results) for s in study.settings}
        cells = [_cell(ruling) for ruling in rulings[key].values()]
        rows.append((claim.text, f"{claim.rule[0].upper()}{claim.rule[1:]}.", *cells))
    head = ("The chapter says", "Test", *(s.title.capitalize() for s in study.settings))
    return Section(
        "verdicts",
        "The chapter's claims, put to the test",
        (
            f"{_counts(study, rulings)} Each claim is tested by a statistic with a threshold fixed "
            "in the program, not fitted to this run. A verdict is about these two settings; "
            "undetermined means that the test cannot tell.",
            Table(head, tuple(rows), words=True),
        ),
        {
            key: {
                setting: {"verdict": ruling.verdict.value, "evidence": ruling.evidence}
                for setting, ruling in found.items()
            }
            for key, found in rulings.items()
        },
    )


def _cell(ruling: Ruling) -> Marked:
    return Marked(ruling.verdict.value, f"{ruling.evidence[0].upper()}{ruling.evidence[1:]}.")


def _counts(study: Study, rulings: dict[str, dict[str, Ruling]]) -> str:
    parts = []
    for setting in study.settings:
        found = [r[setting.key].verdict for r in rulings.values()]
        count = {verdict: found.count(verdict) for verdict in Verdict}
        parts.append(
            f"in {setting.title} {count[Verdict.HOLDS]} of {len(found)} claims hold, "
            f"{count[Verdict.FAILS]} fail and {count[Verdict.UNDETERMINED]} stay undetermined"
        )
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."
