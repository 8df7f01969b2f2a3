"""Short words for broadcasts: draft, launch, let the worker go on, look."""

from datetime import datetime, timedelta

from tests.builders import Shop
from tests.messaging.news import NEWS, NOW
from verno.kit import db
from verno.messaging.broadcasts import queries, service
from verno.messaging.broadcasts.running import step
from verno.messaging.broadcasts.types import Broadcast, Channel, Done, NewBroadcast, Progress, Result, Variant
from verno.workspace.audit import Actor, ActorKind

ANNA, BORIS = Actor(ActorKind.STAFF, "anna"), Actor(ActorKind.STAFF, "boris")
MACHINE = Actor(ActorKind.KEY, "k-1")
EMAIL, SMS = Channel("email"), Channel("sms")
LETTER = "confirm-email"
"""A letter that the house has by itself."""
MINUTE = timedelta(minutes=1)


def wanted(**changes: object) -> NewBroadcast:
    """One letter to everybody at once, nobody held out."""
    asked: dict[str, object] = {
        "name": "Autumn",
        "topic": NEWS,
        "variants": (Variant("a", LETTER),),
        "channels": (EMAIL,),
        "holdout": 0,
        "context": {"address_hash": "00", "until": "2026-12-01T00:00:00+00:00"},
    }
    return NewBroadcast(**{**asked, **changes})  # type: ignore[arg-type]


def draft(shop: Shop, **changes: object) -> Broadcast:
    with db.transaction(shop.program.id) as conn:
        (result,) = service.create(conn, shop.program.id, [wanted(**changes)], by=ANNA, now=NOW)
    assert isinstance(result, Done), result
    return result.broadcast


def launch(shop: Shop, *, now: datetime = NOW, **changes: object) -> Broadcast:
    """Draft, approve and launch."""
    held = draft(shop, **changes)
    with db.transaction(shop.program.id) as conn:
        service.approve(conn, shop.program.id, held.id, version=1, by=BORIS, now=now)
        result = service.launch(conn, shop.program.id, held.id, by=ANNA, now=now)
    assert isinstance(result, Done), result
    return result.broadcast


def do(verb: str, shop: Shop, broadcast: Broadcast, *, now: datetime = NOW, by: Actor = ANNA) -> Result:
    with db.transaction(shop.program.id) as conn:
        result: Result = getattr(service, verb)(conn, shop.program.id, broadcast.id, by=by, now=now)
    return result


def work(now: datetime = NOW) -> int:
    """Let the worker go on until it finds nothing to do at this moment."""
    total = 0
    while done := step.step(now=now):
        total += done
    return total


def look(shop: Shop, broadcast: Broadcast) -> Broadcast:
    with db.transaction(shop.program.id) as conn:
        found = queries.broadcast(conn, shop.program.id, broadcast.id)
    assert found is not None
    return found


def progress(shop: Shop, broadcast: Broadcast) -> Progress:
    with db.transaction(shop.program.id) as conn:
        return queries.progress(conn, shop.program.id, broadcast.id)


def rows(shop: Shop, text: str, *parameters: object) -> list[tuple[object, ...]]:
    with db.transaction(shop.program.id) as conn:
        return conn.execute(text, parameters).fetchall()  # type: ignore[arg-type]


def hours(count: float) -> datetime:
    return NOW + timedelta(hours=count)
