"""What a receipt asks of the ledger, and the balances that its answer tells."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from verno.intake.context import Context
from verno.intake.settling.case import Case
from verno.intake.types import Refusal, Refused
from verno.kit.db import Connection
from verno.kit.errors import TryAgain
from verno.ledger import lifetime
from verno.ledger import queries as ledger_queries
from verno.ledger import service as ledger
from verno.ledger.types import Balance, Earn, Entry, Extend, Hold, Operation, Posted, Result, Spend
from verno.ledger.types import Refused as NotPosted
from verno.rules.effects import ExtendExpiry
from verno.rules.types import Fired
from verno.workspace.types import Unit

SLASH = "/"
LONGER = str(ExtendExpiry.__struct_config__.tag)


def post(conn: Connection, context: Context, cases: Sequence[Case], *, now: datetime) -> dict[int, Refused]:
    """Post what was spent, set aside and earned, and read the balances that the answers need.

    Returns by the cases' indices which the ledger refused; nothing of those was posted.
    """
    asking: list[Case] = []
    operations: list[Operation] = []
    for case in cases:
        entries = _entries(context, case)
        if entries:
            asking.append(case)
            operations.append(_operation(case, entries))
    refused: dict[int, Refused] = {}
    caps = any(unit.max_balance is not None for unit in context.units)
    for case, operation, result in zip(
        asking, operations, ledger.post(conn, context.program.id, operations, now=now, new=True), strict=True
    ):
        if isinstance(result, Posted):
            case.balances = result.balances
            case.given = given(context, operation.entries, result.moved) if caps else None
        else:
            refused[case.index] = why(result)
    short = [case for case in cases if case.holder and len(case.balances) < len(context.units)]
    if short:
        read = ledger_queries.balances(conn, sorted({case.holder or "" for case in short}), now=now)
        for case in short:
            case.balances = completed(case.balances, read.get(case.holder or "", ()))
    return refused


def completed(told: Sequence[Balance], read: Sequence[Balance]) -> tuple[Balance, ...]:
    """Return the balances right after an item, as the ledger told them, with those of units that it did not touch.

    What was read is as of the end of the batch: it must not stand in for what the ledger told of an item within it.
    """
    units = {balance.unit_id for balance in told}
    return (*told, *(balance for balance in read if balance.unit_id not in units))


def why(result: Result) -> Refused:
    """Translate the ledger's refusal; raises ``TryAgain`` where another transaction was faster."""
    if isinstance(result, NotPosted) and result.reason in _WORDS:
        return Refused(*_WORDS[result.reason])
    # Fresh to us, known to the ledger: another transaction took the number while we waited for the account.
    message = f"the ledger did not post: {result}"
    raise TryAgain(message)


_WORDS: Mapping[str, tuple[Refusal, str, str]] = {
    "insufficient-points": (Refusal.INSUFFICIENT_POINTS, "spend", "the member has fewer points available"),
    "too-many-points": (Refusal.TOO_MUCH, "spend", "more points than one entry may move"),
    "hold-expired": (Refusal.HOLD_EXPIRED, "", "the time of the hold is over, its points are the member's again"),
    "already-resolved": (Refusal.ALREADY_RESOLVED, "", "the hold was captured or cancelled before"),
}


def key_of(place_id: str, series: str, number: str) -> str:
    """Return the operation's key of a receipt's or a return's number, the same for ever."""
    if SLASH in series or "%" in series:
        series = series.replace("%", "%25").replace(SLASH, "%2F")
    return f"receipt/{place_id}/{series}/{number}"


def _operation(case: Case, entries: Sequence[Entry]) -> Operation:
    key = key_of(case.store.id, case.receipt.series, case.receipt.number)
    return Operation(key, case.id, case.holder or "", case.fingerprint, tuple(entries))


def _entries(context: Context, case: Case) -> list[Entry]:
    """Return what is posted: a hold sets aside and earns nothing yet; a sale spends, lets points live longer, earns."""
    holder, zone = case.holder or "", context.zones[case.store.id]
    if case.hold_until is not None:
        return [
            Hold(holder, context.by_code[code].id, points, case.at, case.hold_until)
            for code, points in case.spent.points.items()
        ]
    then = (holder, case.at, case.day, zone)
    longer = lengthened(context, case.fired, *then) if case.facts is not None else []
    if not (case.points or case.spent.points or longer):
        return []
    earned = earns(context, case.points, *then)
    if not (case.spent.points or longer):
        return earned
    return [*spends(context, case.spent.points, *then), *longer, *earned]


def spends(
    context: Context, points: Mapping[str, int], holder: str, at: datetime, day: date, zone: ZoneInfo
) -> list[Entry]:
    """Return the entries that spend ``points`` by unit code."""
    out: list[Entry] = []
    for code, number in points.items():
        if number:
            unit = context.by_code[code]
            out.append(Spend(holder, unit.id, number, at, lifetime.touched(unit.lifetime, day, zone)))
    return out


def earns(
    context: Context, points: Mapping[str, int], holder: str, at: datetime, day: date, zone: ZoneInfo
) -> list[Entry]:
    """Return the entries that give ``points`` by unit code, each with the life that its unit says."""
    out: list[Entry] = []
    for code, number in points.items():
        if not number:
            continue
        unit = context.by_code[code]
        key = (code, day, zone)
        life = context.lives.get(key)
        if life is None:
            life = context.lives[key] = lifetime.born(unit.lifetime, day, zone)
        out.append(
            Earn(
                *(holder, unit.id, number, at, life.active_from, life.expires_at, life.awaits, life.lapses_at),
                unit.max_balance,
            )
        )
    return out


def lengthened(
    context: Context, fired: Sequence[Fired], holder: str, at: datetime, day: date, zone: ZoneInfo
) -> list[Entry]:
    """Return the entries that let points live longer, in the order of the rules."""
    return [
        Extend(
            *(holder, context.by_code[one.unit].id, at, lifetime.soon(day, one.per, zone), zone.key, one.full),
            lifetime.soon(date.fromisoformat(one.text), 0, zone) if one.text else None,
        )
        for one in fired
        if one.effect == LONGER
    ]


def given(context: Context, entries: Sequence[Entry], moved: Sequence[int]) -> dict[str, int] | None:
    """Return the points by unit that a cap left of what the rules said; None when all were given."""
    capped = False
    out: dict[str, int] = {}
    for entry, number in zip(entries, moved, strict=True):
        if isinstance(entry, Earn):
            capped = capped or number < entry.points
            out[code_of(context, entry.unit_id)] = number
    return out if capped else None


def code_of(context: Context, unit_id: str) -> str:
    """Return a unit's code."""
    return next(unit.code for unit in context.units if unit.id == unit_id)


def in_order(context: Context, balances: Sequence[Balance]) -> list[tuple[Unit, Balance]]:
    """Return a balance for each unit of the program, an empty one where there is no account."""
    by_unit = {balance.unit_id: balance for balance in balances}
    return [(unit, by_unit.get(unit.id) or Balance(unit.id)) for unit in context.units]
