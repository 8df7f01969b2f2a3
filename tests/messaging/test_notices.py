"""Every movement of points is told, from a real sale to the letter in the mailbox."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from zoneinfo import ZoneInfo

import pytest

from tests.builders import Shop
from tests.messaging.news import send, stories
from tests.messaging.people import add_members
from tests.messaging.postman import Postman
from tests.waiting import until_readable
from verno.intake import context
from verno.intake import service as intake
from verno.intake.returns import service as returning
from verno.intake.returns.types import Original, Return
from verno.intake.types import Line, MemberRef, Receipt, Settled
from verno.kit import db
from verno.kit.outbox import StoredEvent
from verno.messaging.letters.notice import Move, Told
from verno.messaging.notices import reader, telling
from verno.messaging.notices.telling import Names
from verno.workspace import settings

NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
NAMES = Names(ZoneInfo("Europe/Moscow"), {"points": 0}, {"u-1": "points"}, {"msk-1": "Arbat"})


@pytest.fixture(autouse=True)
def told(shop: Shop) -> None:
    with db.transaction() as conn:
        settings.write(conn, shop.program.id, "messages.points_notices", True, now=NOW)


def sell(shop: Shop, number: str, amount: int, *, at: datetime = NOW) -> None:
    with db.transaction(shop.program.id) as conn:
        about = context.of(conn, shop.program.id)
        receipt = Receipt(number, "msk-1", at, [Line("tea", "1", amount)], member=MemberRef(external_id="m-0"))
        [outcome] = intake.settle(conn, about, [receipt], now=NOW).outcomes
        assert isinstance(outcome, Settled), outcome


def letters(postman: Postman) -> list[tuple[str, str]]:
    """Return subject and plain text of what lies in mailboxes."""
    read = [message_from_bytes(data, policy=policy.default) for _, data in postman.stored]
    return [(str(one["Subject"]), one.get_body(("plain",)).get_content()) for one in read]  # type: ignore[union-attr]


def tell(*, now: datetime = NOW) -> None:
    until_readable()
    while reader.step(now=now):
        pass


def test_a_purchase_and_its_return_are_told(shop: Shop, postman: Postman) -> None:
    with db.transaction() as conn:
        [anna] = add_members(conn, shop, 1, agree=False)
    sell(shop, "A-1", 45_000)
    tell()
    assert send(postman).accepted == 1
    [(subject, text)] = letters(postman)
    assert subject == "+450 points: purchase on November 3, 2026"
    assert "Receipt: A-1" in text
    assert "You have now: 450 points" in text
    assert "This was not me: http" in text
    with db.transaction(shop.program.id) as conn:
        back = Return("R-1", "msk-1", NOW, Original(place="msk-1", number="A-1"))
        returning.take(conn, context.of(conn, shop.program.id), [back], now=NOW)
    tell()
    send(postman)
    subject, text = letters(postman)[1]
    assert subject == "−450 points: return on November 3, 2026"
    assert "You have now: 0 points" in text
    assert [one.topic for one in stories(anna)] == ["points-moves"] * 2
    tell()
    assert send(postman).total == 0, "each once"


def test_a_balance_is_told_as_it_is_when_the_letter_leaves(shop: Shop, postman: Postman) -> None:
    with db.transaction() as conn:
        add_members(conn, shop, 1)
    sell(shop, "A-1", 10_000)
    tell()
    sell(shop, "A-2", 5_000)
    send(postman)
    assert "You have now: 150 points" in letters(postman)[0][1]


def test_old_news_is_told_to_nobody(shop: Shop) -> None:
    """A first load of a year's receipts, and a worker that was down for a week, write no letters."""
    with db.transaction() as conn:
        [anna] = add_members(conn, shop, 1)
    sell(shop, "A-1", 10_000, at=NOW - timedelta(days=2))
    tell()
    assert stories(anna) == []


def test_nobody_is_told_where_the_owner_does_not_want_it(shop: Shop) -> None:
    with db.transaction() as conn:
        [anna] = add_members(conn, shop, 1)
        settings.write(conn, shop.program.id, "messages.points_notices", False, now=NOW)
    sell(shop, "A-1", 10_000)
    tell()
    assert stories(anna) == []


def event(type_: str, body: dict[str, object], holder: str | None = "anna") -> StoredEvent:
    return StoredEvent("1", 1, "program", holder, type_, body, NOW)


def days(type_: str, points: Sequence[int], *, hours: Sequence[int] = (0,), ahead: int = 0) -> list[StoredEvent]:
    ends = datetime(2026, 11, 10, 21, 0, tzinfo=UTC)
    return [
        event(
            type_,
            {
                "day": date(2026, 11, 3),
                "unit_id": "u-1",
                "points": one,
                "at": ends + timedelta(hours=hour),
                "days": ahead,
            },
        )
        for one, hour in zip(points, hours, strict=True)
    ]


def test_what_ends_on_a_day_is_told_as_one() -> None:
    found = telling.notices(days("points.expiring.v1", [10, 30], hours=[-2, 0], ahead=7), NAMES, now=NOW)
    [notice] = found
    assert notice.context.moves == [Move("points", 0, -40)]
    assert (notice.context.told, notice.context.day) == (Told.EXPIRING, date(2026, 11, 10))
    assert notice.until == datetime(2026, 11, 10, 19, 0, tzinfo=UTC), "after the first end it would be wrong"


def test_what_is_over_is_not_announced() -> None:
    coming = days("points.expiring.v1", [10], ahead=1)
    assert telling.notices(coming, NAMES, now=NOW + timedelta(days=7, hours=12)) == []
    assert telling.notices(days("points.expired.v1", [10]), NAMES, now=NOW + timedelta(days=2)) == []


def test_who_sends_and_who_receives_are_told_apart() -> None:
    sent = event("points.transferred.v1", {"correction": "c-1", "unit": "points", "points": -20, "to": "boris"})
    found = telling.notices([sent], NAMES, now=NOW)
    assert [(one.holder_id, one.context.told, one.context.moves[0].points) for one in found] == [
        ("anna", Told.SENT, -20),
        ("boris", Told.RECEIVED, 20),
    ]


def test_a_receipt_without_points_and_one_of_nobody_are_not_told() -> None:
    body: dict[str, object] = {"receipt": "r", "number": "1", "place": "msk-1", "at": NOW, "points": {}}
    nobody = event("receipt.settled.v1", body | {"points": {"points": 5}}, None)
    assert telling.notices([event("receipt.settled.v1", body), nobody], NAMES, now=NOW) == []
