"""P21: whatever comes to the door, however often and in whatever order, has one effect; forged things have none."""

import json
import random
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.test import RequestFactory

from tests.builders import NOW, Shop
from tests.faults.effort import either
from tests.webhooks.conftest import shop  # noqa: F401 a fixture
from verno.kit import db
from verno.kit.clock import clock, system_now
from verno.kit.db import Connection
from verno.webhooks import signing
from verno.webhooks.receiving import service
from verno.webhooks.receiving.types import Handler, Incoming, MadeSource, NewSource
from verno.webhooks.receiving.views import HEADERS, door
from verno.workspace.audit import SYSTEM

COPIES = 5
THINGS = either(6, 60)
STATES = ("accepted", "sent", "delivered")
CLOSE = either(30, 300)
"""Races of two copies."""


class Effects:
    """A provider's receipts: each counts once, and a state never goes back."""

    def __init__(self) -> None:
        self.handlers = {
            "receipt.counted": Handler(self.count),
            **{f"message.{state}": Handler(self.move, states="message") for state in STATES},
        }

    def count(self, conn: Connection, program_id: str, event: Incoming, *, now: datetime) -> None:
        conn.execute("INSERT INTO effects VALUES (%s, 'counted')", (event.id,))

    def move(self, conn: Connection, program_id: str, event: Incoming, *, now: datetime) -> None:
        conn.execute("INSERT INTO effects VALUES (%s, %s)", (event.content["subject"], event.type))

    @staticmethod
    def found() -> list[tuple[str, str]]:
        with psycopg.connect(db.owner_url()) as owner:
            return owner.execute("SELECT thing, what FROM effects ORDER BY n").fetchall()


@pytest.fixture
def effects(database: str) -> Iterator[Effects]:
    clock.read = lambda: NOW
    with psycopg.connect(db.owner_url()) as owner:
        owner.execute("CREATE TABLE effects (thing text, what text, n serial)")
        owner.execute("GRANT ALL ON effects, effects_n_seq TO verno_app")
    yield Effects()
    clock.read = system_now


@pytest.fixture
def made(shop: Shop) -> MadeSource:  # noqa: F811 a fixture's name
    with db.transaction(shop.program.id) as conn:
        added = service.add(conn, shop.program.id, NewSource("gateway"), now=NOW, by=SYSTEM)
    assert isinstance(added, MadeSource), added
    return added


Message = tuple[str, int, str, bytes]
"""Id, timestamp, signature, body."""


def message(made: MadeSource, id_: str, body: object, *, at: timedelta = timedelta(0)) -> Message:
    key = signing.key_of(made.secret)
    assert key is not None
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    stamp = int((NOW + at).timestamp())
    return id_, stamp, signing.signature([key], id_, stamp, raw), raw


def send(effects: Effects, made: MadeSource, sent: Message, method: str = "POST") -> int:
    id_, stamp, signed, body = sent
    headers = dict(zip(HEADERS, (id_, str(stamp), signed), strict=True))
    request = RequestFactory().generic(method, made.source.path, body, "application/json", headers=headers)
    return door(effects.handlers)(request, made.source.id).status_code  # type: ignore[arg-type]  # as Django calls it


def stored() -> list[tuple[str, str, str]]:
    with psycopg.connect(db.owner_url()) as owner:
        return owner.execute("SELECT message_id, type, state FROM webhooks_incoming ORDER BY 1").fetchall()


def test_each_event_has_one_effect_however_it_comes(effects: Effects, made: MadeSource) -> None:
    """Five copies of each, shuffled, with forged, late and early ones between them."""
    honest: list[Message] = []
    for n in range(THINGS):
        honest.append(message(made, f"count-{n}", {"type": "receipt.counted", "n": n}))
        for later, state in enumerate(STATES):
            time = (NOW + timedelta(seconds=later)).isoformat()
            body: dict[str, Any] = {"type": f"message.{state}", "subject": f"m-{n}", "time": time}
            honest.append(message(made, f"{state}-{n}", body))
    forged = [one for number, sent in enumerate(honest) for one in spoilt(made, sent, number)]
    everything = [(sent, 204) for sent in honest for _ in range(COPIES)] + [(sent, 401) for sent in forged]
    random.Random(20261125).shuffle(everything)
    for sent, answered in everything:
        assert send(effects, made, sent) == answered, sent
    assert [id_ for id_, _, _ in stored()] == sorted(id_ for id_, _, _, _ in honest)
    found = effects.found()
    counted = sorted(thing for thing, what in found if what == "counted")
    assert counted == sorted(f"count-{n}" for n in range(THINGS))
    for n in range(THINGS):
        states = [STATES.index(what.partition(".")[2]) for thing, what in found if thing == f"m-{n}"]
        assert states == sorted(set(states)), "a state went back"
        assert states[-1] == len(STATES) - 1
    stale = sum(1 for _, _, state in stored() if state == "stale")
    assert stale == THINGS * len(STATES) - sum(1 for thing, _ in found if thing.startswith("m-"))


def spoilt(made: MadeSource, sent: Message, number: int) -> list[Message]:
    """Return what an attacker or a broken proxy makes of a message, under ids that would be new."""
    id_, stamp, signed, body = sent
    bit = bytearray(body)
    bit[number % len(bit)] ^= 1 << (number % 8)
    again = json.dumps(json.loads(body), separators=(",", ":")).encode()
    late = message(made, f"late-{id_}", body, at=-timedelta(minutes=6))
    early = message(made, f"early-{id_}", body, at=timedelta(minutes=6))
    return [
        (id_, stamp, signed, bytes(bit)),
        (id_, stamp, signed, again),
        (f"new-{id_}", stamp, signed, body),
        (id_, stamp + 1, signed, body),
        (f"none-{id_}", stamp, "", body),
        late,
        early,
    ]


def test_of_two_copies_at_once_one_has_an_effect(effects: Effects, made: MadeSource) -> None:
    for n in range(CLOSE):
        sent = message(made, f"twin-{n}", {"type": "receipt.counted"})
        gate = threading.Barrier(2)
        codes: list[int] = []

        def copy(sent: Message = sent, gate: threading.Barrier = gate, codes: list[int] = codes) -> None:
            gate.wait()
            codes.append(send(effects, made, sent))

        both = [threading.Thread(target=copy) for _ in range(2)]
        for one in both:
            one.start()
        for one in both:
            one.join()
        assert codes == [204, 204]
    assert len(effects.found()) == len(stored()) == CLOSE


def test_what_nobody_handles_is_stored(effects: Effects, made: MadeSource) -> None:
    bodies = [{"type": "news.v9"}, {"type": 7}, {}, [], b"no json", b"", b'{"type": "a\\u0000"}', b"\xff" * 10]
    for n, body in enumerate(bodies):
        assert send(effects, made, message(made, f"m-{n}", body)) == 204
    assert [row[1:] for row in stored()] == [("news.v9", "stored"), *[("", "stored")] * 7]
    with psycopg.connect(db.owner_url()) as owner:
        kept = [bytes(body) for (body,) in owner.execute("SELECT body FROM webhooks_incoming ORDER BY message_id")]
    assert kept[4:] == [b"no json", b"", b'{"type": "a\\u0000"}', b"\xff" * 10]


def test_an_effect_that_fails_leaves_no_row_and_comes_again(effects: Effects, made: MadeSource) -> None:
    sent = message(made, "m-1", {"type": "receipt.counted"})
    with psycopg.connect(db.owner_url()) as owner:
        owner.execute("ALTER TABLE effects RENAME TO away")
    with pytest.raises(psycopg.errors.UndefinedTable):
        send(effects, made, sent)
    assert stored() == []
    with psycopg.connect(db.owner_url()) as owner:
        owner.execute("ALTER TABLE away RENAME TO effects")
    assert send(effects, made, sent) == 204
    assert len(effects.found()) == 1


def test_the_door_is_small(effects: Effects, made: MadeSource) -> None:
    sent = message(made, "m-1", {"type": "x"})
    assert send(effects, made, sent, "GET") == 405
    assert send(effects, made, message(made, "m-1", b"x" * (256 * 1024 + 1))) == 413
    assert send(effects, made, message(made, "m 1", b"{}")) == 401
    assert send(effects, made, message(made, "m" * 257, b"{}")) == 401
    stranger = MadeSource(made.source, signing.new_secret())
    assert send(effects, made, message(stranger, "m-1", b"{}")) == 401
    assert stored() == []


def test_an_unknown_source_is_answered_as_a_forged_message(shop: Shop, effects: Effects, made: MadeSource) -> None:  # noqa: F811
    with db.transaction(shop.program.id) as conn:
        assert service.delete(conn, shop.program.id, made.source.id, now=NOW, by=SYSTEM)
    assert send(effects, made, message(made, "m-1", b"{}")) == 401


def test_a_new_secret_holds_at_once(shop: Shop, effects: Effects, made: MadeSource) -> None:  # noqa: F811
    changed = MadeSource(made.source, signing.new_secret())
    with db.transaction(shop.program.id) as conn:
        service.change_secret(conn, shop.program.id, made.source.id, changed.secret, now=NOW, by=SYSTEM)
    assert [send(effects, one, message(one, f"m-{n}", b"{}")) for n, one in enumerate((made, changed))] == [401, 204]


def test_ids_are_kept_for_thirty_days(effects: Effects, made: MadeSource) -> None:
    send(effects, made, message(made, "m-1", b"{}"))
    for days, left in ((30, 1), (31, 0)):
        with db.across_programs() as conn:
            service.forget(conn, now=NOW + timedelta(days=days))
        assert len(stored()) == left
