"""Judges a bank's history: was every member's account one register, and did no point appear or vanish?

    python bank_checker.py HISTORY.jsonl

Shares no code with the product and knows nothing of it. Each line of the history is what a caller did: ``start`` and
``end`` (nanoseconds of one clock; no end: nobody knows whether it happened), ``do`` and what was told:

| do | members | told |
|---|---|---|
| ``open`` | ``values`` of all members | before anything else |
| ``earn``, ``spend`` | ``who``, ``points`` | ``value`` of ``who`` right after, or ``refused`` |
| ``send`` | ``who``, ``to``, ``points`` | ``value`` of ``who`` right after, or ``refused`` |
| ``read`` | ``who`` | ``value`` |
| ``snapshot`` | all | ``values`` |

Strict serialisability of a member: there is an order of all that concerned the member in which every operation takes
place between its start and its end and tells what had come before it. The search keeps every order that is possible
so far (Wing and Gong, with the states of Lowe). A refusal must meet fewer points than were asked for.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

FOREVER = float("inf")
Event = dict[str, object]


@dataclass(frozen=True)
class Step:
    """What an operation means to one member; ``told`` is the value after it, where that was told."""

    number: int
    start: float
    end: float
    delta: int = 0
    told: int | None = None
    below: int | None = None
    """The member had fewer points than this: a refusal."""

    def meets(self, value: int) -> int | None:
        """Return the value after the step, or None when the step cannot take place at ``value``."""
        after = value + self.delta
        if after < 0 or (self.told is not None and after != self.told):
            return None
        if self.below is not None and value >= self.below:
            return None
        return after


State = tuple[frozenset[int], int]
"""Steps that have taken place although their end has not come, and the value then."""


def steps_of(history: Iterable[Event]) -> dict[int, list[Step]]:
    """Sort the history by member."""
    steps: dict[int, list[Step]] = {}
    for number, event in enumerate(history):
        for who, more in _parts(event):
            start, end = _span(event)
            steps.setdefault(who, []).append(Step(number, start, end, **more))
    return steps


def _parts(event: Event) -> Iterator[tuple[int, dict[str, int]]]:
    do, who, points = event["do"], _int(event, "who"), _int(event, "points")
    if do == "read":
        yield who, {"told": _int(event, "value")}
    elif do == "snapshot":
        yield from ((member, {"told": value}) for member, value in enumerate(_list(event, "values")))
    elif event.get("refused"):
        yield who, {"below": points}
    elif do != "open":
        told = {"told": _int(event, "value")} if event.get("value") is not None else {}
        yield who, {"delta": points if do == "earn" else -points, **told}
        if do == "send":
            yield _int(event, "to"), {"delta": points}


def is_one_register(steps: list[Step], opening: int) -> bool:
    """Tell whether some order of the steps explains all that was told."""
    marks = sorted(
        [(step.start, 1, step) for step in steps] + [(step.end, 0, step) for step in steps if step.end < FOREVER],
        key=lambda mark: (mark[0], mark[1], mark[2].number),
    )
    states: set[State] = {(frozenset(), opening)}
    pending: dict[int, Step] = {}
    for _, begins, step in marks:
        if begins:
            pending[step.number] = step
            continue
        states = {(done - {step.number}, value) for done, value in _onward(states, pending) if step.number in done}
        del pending[step.number]
        if not states:
            return False
    return True


def _onward(states: set[State], pending: dict[int, Step]) -> set[State]:
    """Return all states that can be reached by letting pending steps take place."""
    reached = set(states)
    todo = list(states)
    while todo:
        done, value = todo.pop()
        for number, step in pending.items():
            if number not in done and (after := step.meets(value)) is not None:
                state = (done | {number}, after)
                if state not in reached:
                    reached.add(state)
                    todo.append(state)
    return reached


def wrong_totals(history: list[Event], opening: int) -> Iterator[str]:
    """Name snapshots whose sum no order of earning and spending explains; points that are sent must be in them once."""
    moves = [
        (*_span(event), _int(event, "points") * (1 if event["do"] == "earn" else -1))
        for event in history
        if event["do"] in {"earn", "spend"} and not event.get("refused")
    ]
    for number, event in enumerate(history):
        if event["do"] != "snapshot":
            continue
        start, end = _span(event)
        certain = sum(points for _, over, points in moves if over <= start)
        open_ = [points for began, over, points in moves if over > start and began < end]
        low = opening + certain + sum(points for points in open_ if points < 0)
        high = opening + certain + sum(points for points in open_ if points > 0)
        total = sum(_list(event, "values"))
        if not low <= total <= high:
            yield f"snapshot {number}: {total} points in all, where {low} to {high} can be"


def judge(history: list[Event]) -> list[str]:
    """Return what is wrong with a history."""
    first = history[0]
    opening = _list(first, "values") if first["do"] == "open" else []
    told = [value for event in history for value in (*_list(event, "values"), _int(event, "value"))]
    out = [f"a value below zero: {value}" for value in told if value < 0]
    out += wrong_totals(history, sum(opening))
    for who, steps in sorted(steps_of(history).items()):
        if not is_one_register(steps, opening[who]):
            out.append(f"member {who}: no order explains what was told")
    return out


def _span(event: Event) -> tuple[float, float]:
    end = event.get("end")
    return float(str(event["start"])), FOREVER if end is None else float(str(end))


def _int(event: Event, name: str) -> int:
    value = event.get(name)
    return value if isinstance(value, int) else 0


def _list(event: Event, name: str) -> list[int]:
    value = event.get(name)
    return value if isinstance(value, list) else []


if __name__ == "__main__":
    lines = [json.loads(line) for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()]
    found = judge(lines)
    print(json.dumps({"ok": not found, "operations": len(lines), "wrong": found[:20]}))  # noqa: T201 its answer
    sys.exit(1 if found else 0)
