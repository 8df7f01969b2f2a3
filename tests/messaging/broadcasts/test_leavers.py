"""After which broadcast people leave."""

from datetime import timedelta

from tests.builders import Shop
from tests.messaging.broadcasts.shows import launch, work
from tests.messaging.news import NEWS, NOW, readers, send
from tests.messaging.postman import Postman
from verno.kit import db
from verno.members import service as members
from verno.members.types import ConsentFact
from verno.messaging.leaving import reasons
from verno.messaging.leaving.reasons import Last

DAY = timedelta(days=1)


def leave(shop: Shop, holder: str, reason: str | None, *, days: float) -> None:
    fact = ConsentFact(holder, NEWS, "email", granted=False, at=NOW + days * DAY, method="link", reason=reason)
    with db.transaction(shop.program.id) as conn:
        members.record_consents(conn, shop.program.id, [fact], now=NOW + days * DAY)


def test_the_last_broadcast_before_each_departure(shop: Shop, postman: Postman) -> None:
    anna, boris, cesar, dora = readers(shop, 4)
    leave(shop, dora, "boring", days=-1)
    first = launch(shop, name="Autumn")
    work()
    assert send(postman).accepted == 3
    leave(shop, anna, "too-often: each day", days=0.5)
    second = launch(shop, name="Winter", now=NOW + 2 * DAY)
    work(NOW + 2 * DAY)
    assert send(postman, now=NOW + 2 * DAY).accepted == 2
    leave(shop, boris, "too-often", days=3)
    leave(shop, cesar, None, days=40)
    with db.transaction(shop.program.id) as conn:
        found = reasons.report(conn, shop.program.id, NOW - 9 * DAY, NOW + 50 * DAY)
    assert set(found.broadcasts) == {
        Last(first.id, "Autumn", "everybody", "too-often", 1),
        Last(second.id, "Winter", "everybody", "too-often", 1),
    }, "neither who left before, nor who left long after"
    assert {one.reason: one.members for one in found.groups} == {"too-often": 2, "boring": 1, "": 1}


def test_who_says_it_again_leaves_once(shop: Shop) -> None:
    """A second word is kept, since it beats a yes from between; nobody left by it. Who came back and left again did."""
    anna, boris = readers(shop, 2)
    for holder in (anna, boris):
        leave(shop, holder, "boring", days=-5)
    came_back = ConsentFact(boris, NEWS, "email", granted=True, at=NOW - DAY, method="page", text_version="1")
    with db.transaction(shop.program.id) as conn:
        members.record_consents(conn, shop.program.id, [came_back], now=NOW)
    for holder in (anna, boris):
        leave(shop, holder, None, days=1)
    with db.transaction(shop.program.id) as conn:
        first = reasons.report(conn, shop.program.id, NOW - 9 * DAY, NOW - 2 * DAY)
        second = reasons.report(conn, shop.program.id, NOW - 2 * DAY, NOW + 9 * DAY)
    assert [(one.reason, one.members) for one in (*first.groups, *second.groups)] == [("boring", 2), ("", 1)]
