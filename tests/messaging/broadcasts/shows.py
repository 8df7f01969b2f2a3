"""Short words for broadcasts: draft, launch, let the worker go on, look."""

from datetime import datetime, timedelta

from tests.builders import Shop
from tests.messaging.news import NEWS, NOW
from verno.intake import context
from verno.intake import service as intake
from verno.intake.types import Line, MemberRef, Receipt, Settled
from verno.kit import db
from verno.members import service as members
from verno.members.consent.state import LINK, SMS_CODE
from verno.members.types import ConsentFact, NewMember
from verno.messaging.broadcasts import queries, service
from verno.messaging.broadcasts.running import planning, step
from verno.messaging.broadcasts.types import Broadcast, Channel, Done, NewBroadcast, Progress, Result, Variant
from verno.workspace import settings
from verno.workspace.audit import Actor, ActorKind

ANNA, BORIS = Actor(ActorKind.STAFF, "anna"), Actor(ActorKind.STAFF, "boris")
MACHINE = Actor(ActorKind.KEY, "k-1")
EMAIL, SMS = Channel("email"), Channel("sms")
LETTER = "confirm-email"
"""A letter that the house has by itself."""
SENDER = {
    "legal_name": "Tea Ltd",
    "address": "1 Main Street, London",
    "contact": "tea@example.com",
    "tax_id": "7707083893",
}
"""What countries want letters to say of who sends them."""
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


def name_sender(conn: db.Connection, shop: Shop) -> None:
    for name, said in SENDER.items():
        settings.write(conn, shop.program.id, f"brand.{name}", said, now=NOW)


def draft(shop: Shop, **changes: object) -> Broadcast:
    with db.transaction(shop.program.id) as conn:
        name_sender(conn, shop)
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


def work(now: datetime = NOW, *, chunk: int = planning.CHUNK) -> int:
    """Let the worker go on until it finds nothing to do at this moment, ``chunk`` members a transaction."""
    total = 0
    while done := step.step(now=now, chunk=chunk):
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
        return conn.execute(text, parameters).fetchall()


def hours(count: float) -> datetime:
    return NOW + timedelta(hours=count)


def texters(shop: Shop, count: int, *, start: int = 0) -> list[str]:
    """Add members who agreed to news by e-mail and by text message."""
    long_ago = NOW - timedelta(days=9)
    with db.transaction() as conn:
        people = [
            NewMember(external_id=f"t-{n}", email=f"t-{n}@example.com", phone=f"+7916{n:07d}", locale="en")
            for n in range(start, start + count)
        ]
        found = [one.member_id for one in members.upsert(conn, shop.program, people, now=long_ago)]  # type: ignore[union-attr]
        said = [
            ConsentFact(holder, NEWS, channel, granted=True, at=long_ago, method=method, text_version="1")
            for holder in found
            for channel, method in (("email", LINK), ("sms", SMS_CODE))
        ]
        members.record_consents(conn, shop.program.id, said, now=long_ago)
    return found


def mark(shop: Shop, state: str, where: str, *parameters: object, now: datetime = NOW) -> int:
    """Let messages reach a state, as receipts would."""
    with db.transaction(shop.program.id) as conn:
        text = f"UPDATE messaging_message SET state = %s, changed_at = %s WHERE {where}"
        return conn.execute(text, (state, now, *parameters)).rowcount


def setting(shop: Shop, key: str, value: object) -> None:
    with db.transaction(shop.program.id) as conn:
        assert isinstance(settings.write(conn, shop.program.id, key, value, now=NOW), settings.Value)


def buy(shop: Shop, holder: str, number: str, amount: int, *, at: datetime = NOW) -> None:
    """Let a member buy one thing."""
    receipt = Receipt(number, "msk-1", at, [Line("tea", "1", amount)], member=MemberRef(id=holder))
    with db.transaction(shop.program.id) as conn:
        context.forget()
        about = context.of(conn, shop.program.id)
        (outcome,) = intake.settle(conn, about, [receipt], now=at).outcomes
    assert isinstance(outcome, Settled), outcome
