"""Doors to a member's points."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from ninja import Router

from verno.api import shapes
from verno.api.doors import Bearer, answer, caller
from verno.api.members import holder
from verno.intake import context
from verno.intake import queries as intake
from verno.intake.queries import ReceiptName
from verno.intake.reading import explaining
from verno.intake.reading import progress as standing
from verno.intake.reading.explaining import Explanation
from verno.intake.reading.progress import ProgressPart
from verno.kit import db
from verno.kit.clock import clock
from verno.ledger import queries as ledger
from verno.ledger.queries import TransferView
from verno.ledger.types import Balance
from verno.web import problems
from verno.web.pages import Place, read_cursor, read_limit
from verno.web.problems import Refused
from verno.workspace import queries as workspace
from verno.workspace.types import Scope, Unit

router = Router(tags=["points"])


class Ending(msgspec.Struct, frozen=True):
    """Points that end at a moment: usable while now < ``at``."""

    at: datetime
    points: int


class UnitBalance(msgspec.Struct, frozen=True):
    """A member's points of one unit, in the unit's smallest step."""

    unit: str
    available: int
    pending: int
    held: int
    debt: int
    expiring: list[Ending]


class BalanceAnswer(msgspec.Struct, frozen=True):
    """One entry a unit of the program, the oldest unit first."""

    balance: list[UnitBalance]


class ProgressAnswer(msgspec.Struct, frozen=True):
    """One entry a track, by its code."""

    progress: list[ProgressPart]


class ReceiptPart(msgspec.Struct, frozen=True):
    """The receipt behind a transfer."""

    id: str
    number: str


class TransferPart(msgspec.Struct, frozen=True):
    """A movement of points from the member's side: positive when the member got them."""

    id: str
    at: datetime
    recorded_at: datetime
    unit: str
    kind: str
    points: int
    reason: str
    receipt: ReceiptPart | None


class TransferPage(msgspec.Struct, frozen=True):
    """A page, newest first; ``next`` goes into ``cursor`` for the one after it."""

    transfers: list[TransferPart]
    next: str | None


@router.get(
    "/members/{id}/balance",
    auth=Bearer(Scope.MEMBERS_READ),
    summary="A member's points",
    openapi_extra=shapes.describe(gives={200: BalanceAnswer}),
)
def balance(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Read points by unit and when they end, exact at this moment."""
    now = clock.now()
    key = caller(request)
    with db.transaction(key.program_id) as conn:
        who = holder(conn, key, id)
        units = workspace.units(conn, key.program_id)
        found = {one.unit_id: one for one in ledger.balances(conn, [who], now=now).get(who, [])}
        ending = ledger.expiring(conn, who, now=now)
    return answer(
        BalanceAnswer(
            [
                _unit(unit, found.get(unit.id, Balance(unit.id)), [e for e in ending if e.unit_id == unit.id])
                for unit in units
            ]
        )
    )


@router.get(
    "/members/{id}/progress",
    auth=Bearer(Scope.MEMBERS_READ),
    summary="Where a member stands on tiers, scales and other tracks",
    openapi_extra=shapes.describe(gives={200: ProgressAnswer}),
)
def progress(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Read each track that is for the member: value, step, and how far the next one is, also in words."""
    now = clock.now()
    key = caller(request)
    with db.transaction(key.program_id) as conn:
        who = holder(conn, key, id)
        about = context.of(conn, key.program_id)
        return answer(ProgressAnswer(standing.of(conn, about, who, now=now)))


@router.get(
    "/members/{id}/transfers",
    auth=Bearer(Scope.MEMBERS_READ),
    summary="A member's movements of points",
    openapi_extra=shapes.describe(gives={200: TransferPage}),
)
def transfers(
    request: HttpRequest,
    id: str,  # noqa: A002 the address's own word
    cursor: str | None = None,
    limit: str | None = None,
) -> HttpResponse:
    """Read movements newest first, each with its reason in words; ``limit`` is 1 to 200, 50 unless told."""
    size = read_limit(limit)
    place = read_cursor(cursor)
    key = caller(request)
    with db.transaction(key.program_id) as conn:
        who = holder(conn, key, id)
        units = {unit.id: unit.code for unit in workspace.units(conn, key.program_id)}
        # One row more than asked tells whether there is a page after this one.
        before = (place.at, place.id) if place else None
        rows = ledger.transfers(conn, who, before=before, limit=size + 1)
        behind = [row.operation_id for row in rows if row.operation_id]
        receipts = intake.names(conn, behind)
    shown = rows[:size]
    following = Place(shown[-1].at, shown[-1].id).encode() if len(rows) > size else None
    return answer(TransferPage([_transfer(row, units, receipts) for row in shown], following))


@router.get(
    "/transfers/{id}/explain",
    auth=Bearer(Scope.MEMBERS_READ),
    summary="Why a movement is what it is",
    openapi_extra=shapes.describe(gives={200: Explanation}),
)
def explain(request: HttpRequest, id: str, explain: str | None = None) -> HttpResponse:  # noqa: A002 the address's own word
    """Tell the rules, the lines and the numbers behind points; the lots they left, and where a lot's points went.

    `?explain=all` adds the rules that did not match. Words are in the reader's language.
    """
    key = caller(request)
    with db.transaction(key.program_id) as conn:
        about = context.of(conn, key.program_id)
        locale = get_language() or about.program.locale
        found = explaining.transfer(conn, about, id, locale=locale, everything=explain == "all")
    if found is None:
        raise Refused(problems.not_found())
    return answer(found)


def _unit(unit: Unit, found: Balance, ending: list[ledger.Expiring]) -> UnitBalance:
    return UnitBalance(
        unit.code,
        found.available,
        found.pending,
        found.held,
        debt=found.debt,
        expiring=[Ending(one.expires_at, one.points) for one in ending],
    )


def _transfer(row: TransferView, units: Mapping[str, str], receipts: Mapping[str, ReceiptName]) -> TransferPart:
    receipt = receipts.get(row.operation_id or "")
    return TransferPart(
        row.id,
        row.at,
        row.recorded_at,
        units[row.unit_id],
        row.kind,
        row.points,
        explaining.in_words(row.kind, row.reason, receipt),
        ReceiptPart(receipt.id, receipt.number) if receipt else None,
    )
