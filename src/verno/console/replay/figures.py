"""What came out of a replay, put into rows and charts for its page."""

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.http import QueryDict

from verno.console.face import Face
from verno.console.promotions.parting import part
from verno.kit.money import currency_digits
from verno.progress.types import Track
from verno.promotions.drafts import queries as drafts
from verno.replay.types import Report, RuleTotals, TrackChange
from verno.rules.types import STEPS, Rulebook

CHARTED = 10
"""Rules of a chart: those that cost most."""
NOTHING = RuleTotals(0, {}, 0)


class RuleRow(NamedTuple):
    """A rule under both rulebooks; ``cost`` is discounts and what its points are worth, in minor units."""

    id: str
    name: str
    current: RuleTotals
    draft: RuleTotals
    current_cost: int
    draft_cost: int

    @property
    def change(self) -> int:
        """Return how much more it costs under the draft."""
        return self.draft_cost - self.current_cost


class StepRow(NamedTuple):
    """A step by its name, and how many stand on it; none has a name of its own."""

    name: str
    current: int
    draft: int


class TrackRow(NamedTuple):
    """A track by its name, its steps, who moves (before, after, members), and its chart."""

    name: str
    steps: list[StepRow]
    moves: list[tuple[str, str, int]]
    cards: int
    chart: str


def shown(
    face: Face, report: Report, names: Mapping[str, str], tracks: Mapping[str, Track], *, asked: QueryDict
) -> dict[str, object]:
    """Return what the page shows of a report beside the report itself; ``names`` are those of rules."""
    rows = rules(face, report, names)
    burnt = [(names.get(burn.rule, burn.rule), burn) for burn in report.draft.budgets]
    units = sorted({*report.current.points, *report.draft.points})
    return {
        "part": part(asked, rows, lambda row: (row.name, row.id)),
        "chart": _chart(face, rows),
        "budgets": part(asked, burnt, key="budgets"),
        "over": [(names.get(burn.rule, burn.rule), burn) for burn in report.over],
        "points": [(unit, report.current.points.get(unit, 0), report.draft.points.get(unit, 0)) for unit in units],
        "cost_change": report.draft.cost - report.current.cost,
        "discount_change": report.draft.discount - report.current.discount,
        "share": face.percent_of(report.share),
        "most_share": None if report.most_share is None else face.percent_of(report.most_share),
        "bands": [(*(int(part) for part in _ends(group.name)), group) for group in report.bands],
        "tracks": [_track(face, one, tracks.get(one.track)) for one in report.tracks],
    }


def names_of(*bodies: object) -> dict[str, str]:
    """Return the names that rulebooks give their rules; the last one's hold."""
    found: dict[str, str] = {}
    for body in bodies:
        read = drafts.read(body)
        if isinstance(read, Rulebook):
            found |= {rule.id: rule.name for rule in read.rules if rule.name}
    return found


def rules(face: Face, report: Report, names: Mapping[str, str]) -> list[RuleRow]:
    """Return the rules of both sides, those that cost most first."""
    ids = {*report.current.rules, *report.draft.rules}
    rows = []
    for id_ in ids:
        current, draft = (side.rules.get(id_, NOTHING) for side in (report.current, report.draft))
        rows.append(RuleRow(id_, names.get(id_, id_), current, draft, _cost(face, current), _cost(face, draft)))
    return sorted(rows, key=lambda row: (-max(row.current_cost, row.draft_cost), row.id))


def _cost(face: Face, rule: RuleTotals) -> int:
    worth = 0
    for code, points in rule.points.items():
        unit = next((one for one in face.units if one.code == code), None)
        if unit is not None and unit.spend_value is not None:
            worth += points * unit.spend_value // STEPS[unit.scale]
    return worth + rule.discount


def _chart(face: Face, rows: Sequence[RuleRow]) -> str:
    """Return the chart's data, in the currency's whole units; empty where nothing costs anything."""
    scale = 10 ** currency_digits(face.program.currency)
    costly = [row for row in rows if row.current_cost or row.draft_cost][:CHARTED]
    return _json(
        [{"label": row.name, "current": row.current_cost / scale, "draft": row.draft_cost / scale} for row in costly]
    )


def _track(face: Face, found: TrackChange, track: Track | None) -> TrackRow:
    """Name a track and its steps in the reader's language."""
    named = {} if track is None else {step.code: _name(face, step.names, step.code) for step in track.steps}

    def name(step: str | None) -> str:
        return "" if step is None else named.get(step, step)

    rows = [StepRow(name(one.step), one.current, one.draft) for one in found.steps]
    chart = _json([{"label": row.name or "–", "current": row.current, "draft": row.draft} for row in rows])
    moves = [(name(one.before), name(one.after), one.members) for one in found.moves]
    title = found.track if track is None else _name(face, track.names, track.code)
    return TrackRow(title, rows, moves, found.cards, chart)


def _name(face: Face, names: Mapping[str, str], code: str) -> str:
    return names.get(face.locale) or names.get("en") or code


def _json(rows: Sequence[Mapping[str, object]]) -> str:
    return json.dumps(rows, ensure_ascii=False) if rows else ""


def _ends(name: str) -> tuple[str, str]:
    """Return the two ends of a band; either may be below zero."""
    at = name.index("-", 1)
    return name[:at], name[at + 1 :]
