"""A return as it stands now: settled, waiting for its sale, or refused when the sale came."""

from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from verno.intake import answer
from verno.intake.context import Context
from verno.intake.queries import SQL
from verno.intake.reading import state
from verno.intake.returns.answer import BackLinePart, BackPart, OriginalPart, ReturnAnswer, read_refusal
from verno.intake.types import Target
from verno.kit.db import Connection

SETTLED, REFUSED = "settled", "refused"


class RefusalPart(msgspec.Struct, frozen=True, gc=False):
    """Why a return that had waited could not be settled: what its till is answered when it asks again."""

    type: str
    detail: str


class ReturnStandAnswer(msgspec.Struct, frozen=True, gc=False):
    """A return as it stands. ``status`` is parked, settled or refused; ``place`` is where it was made.

    ``member``, whose sale it is of by now, ``points``, ``refund`` and ``lines`` are there once it is settled,
    ``refusal`` when it was refused; ``refund`` in minor units.
    """

    id: str
    number: str
    series: str
    place: str
    at: datetime
    status: str
    original: OriginalPart
    member: answer.MemberPart | UnsetType | None = UNSET
    points: list[BackPart] | UnsetType = UNSET
    refund: int | UnsetType = UNSET
    lines: list[BackLinePart] | UnsetType = UNSET
    refusal: RefusalPart | UnsetType = UNSET


class Stored(msgspec.Struct, frozen=True):
    """A return as it lies there, with its sale. ``owner_id`` is whose points the sale moves now, None of nobody's."""

    id: str
    status: str
    place_id: str
    series: str
    number: str
    at: datetime
    original_id: str | None
    original_place_id: str
    original_series: str
    original_number: str
    owner_id: str | None
    taken: dict[str, int] | None
    put: dict[str, int] | None
    answer: str


_settled = msgspec.json.Decoder(ReturnAnswer)


def find(conn: Connection, context: Context, name: Target) -> Stored | None:
    """Return the return of that name; None when there is none."""
    parameters = state.named(conn, context, name)
    values = conn.execute(SQL["one_return"], parameters).fetchone() if parameters else None
    if values is None:
        return None
    found = msgspec.convert(dict(zip(Stored.__struct_fields__, values, strict=True)), Stored, str_keys=True)
    context.catch_up(conn, (), {found.place_id, found.original_place_id})
    return found


def answer_of(context: Context, one: Stored) -> bytes:
    """Return a return as it stands: what it came to is told as it was told when it was settled."""
    stand = ReturnStandAnswer(
        id=one.id,
        number=one.number,
        series=one.series,
        place=context.by_place[one.place_id].code,
        at=one.at,
        status=one.status,
        original=OriginalPart(
            context.by_place[one.original_place_id].code,
            *(one.original_series, one.original_number),
            one.original_id or UNSET,
        ),
    )
    if one.status == REFUSED:
        no = read_refusal(one.answer)
        stand = msgspec.structs.replace(stand, refusal=RefusalPart(no.reason, no.detail))
    elif one.status == SETTLED:
        told = _settled.decode(one.answer)
        units = context.units if one.owner_id else []
        taken, put = one.taken or {}, one.put or {}
        stand = msgspec.structs.replace(
            stand,
            member=answer.MemberPart(one.owner_id) if one.owner_id else None,
            points=[BackPart(unit.code, taken.get(unit.code, 0), put.get(unit.code, 0)) for unit in units],
            refund=told.refund,
            lines=told.lines,
        )
    return answer.encode(stand)
