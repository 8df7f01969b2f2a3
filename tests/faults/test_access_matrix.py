"""P29: every operation x keys x {own, other store, other program, random}, compared with a reviewed table.

The table is access.toml. Unknown and forbidden look alike, no answer holds a byte of what is not the caller's, and what
was refused has changed nothing.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from django.test import Client

from tests.builders import NOW, Shop, make_shop
from verno.api.base import api
from verno.corrections import service as corrections
from verno.corrections.types import Adjustment, By, ByKind, Done
from verno.corrections.types import Asked as Asking
from verno.kit import db
from verno.kit.clock import clock, system_now
from verno.workspace import keys, queries, service, settings, staff
from verno.workspace.audit import SYSTEM, Actor, ActorKind
from verno.workspace.roles import Role
from verno.workspace.types import NewStore, Scope

TABLE: dict[str, dict[str, Any]] = tomllib.loads((Path(__file__).parent / "access.toml").read_text())
SET = [
    ("transfers.between_members", True, None),
    ("households.pools", True, None),
    ("spend.value", 100, "unit=points"),
]
NOWHERE = "01890a5d-ac96-7bbb-8bbb-0123456789ab"
OURS = ("intake_receipt", "intake_return", "corrections_correction")
WORD = {"approval": {"staff": "7", "pin": "8264"}}
"""Somebody who approves is called so in both programs."""
DRAFT = {
    "title": "Unmistakable",
    "body": {
        "rules": [
            {"id": name, "effects": [{"type": "earn_per_full", "unit": "points", "points": 1, "per": per}]}
            for name, per in (("base", 1000), ("unmistakable", 100_000))
        ]
    },
}
BROADCAST: dict[str, object] = {
    "name": "Unmistakable",
    "topic": "points-statement",
    "variants": [{"code": "a", "template": "unmistakable@1"}],
    "channels": [{"channel": "email"}],
}
TRACK: dict[str, object] = {
    "code": "turnover",
    "metric": "spend",
    "window": {"window": "lifetime"},
    "settings": {"kind": "scale"},
    "steps": [{"code": "unmistakable", "threshold": 1, "share": 500}],
}
TEMPLATE: dict[str, object] = {
    "name": "Unmistakable",
    "class_name": "program",
    "topic": "points-statement",
    "blocks": {"sms": {"en": {"body": "Unmistakable words"}}},
}
TEMPLATES = {
    "template": "unmistakable",
    "rewritten": "rewritten",
    "publishable_template": "publishable",
    "old_template": "old",
}
EVERY = tuple(str(scope) for scope in Scope)
ANNA = {
    "external_id": "m-1",
    "name": "Anna Unmistakable",
    "phone": "+79161112233",
    "email": "anna.unmistakable@example.com",
    "card": "7701-2200-3344",
}


SPEAKER = {"role": "accountant", "name": "Unmistakable Olga", "email": "olga.unmistakable@example.com"}


@dataclass(frozen=True)
class Target:
    """What a request names: things of a program, or names that nobody has."""

    member: str
    second: str
    third: str
    external_id: str
    contact: str
    place: str
    receipt: str
    held: str
    cancelled: str
    unmatched: str
    returned: str
    transfer: str
    merge: str
    approvable: str
    refusable: str
    version: str
    withdrawable: str
    rule: str
    draft: int
    reviewable: int
    publishable: int
    track: str
    removable: str
    webhook: str
    old_webhook: str
    source: str
    old_source: str
    firm: str
    speaker: str
    old_speaker: str
    broadcast: str
    old_broadcast: str
    template: str
    rewritten: str
    publishable_template: str
    old_template: str
    household: str
    housemate: str
    single: str
    guest: str
    invitation: str


NOBODY = Target(
    *(NOWHERE, NOWHERE, NOWHERE, "m-999", "+79169998877", "nowhere", NOWHERE),
    *(NOWHERE, NOWHERE, NOWHERE, NOWHERE, NOWHERE, NOWHERE, NOWHERE, NOWHERE),
    *("999", "999", "nothing", 999, 999, 999),
    *("nothing", "nothing", NOWHERE, NOWHERE, NOWHERE, NOWHERE),
    *(NOWHERE, NOWHERE, NOWHERE, NOWHERE, NOWHERE),
    *("nothing", "rewritten", "nothing", "nothing"),
    *(NOWHERE, NOWHERE, NOWHERE, NOWHERE, "0000000000"),
)


@dataclass(frozen=True)
class Asked:
    """A request: its address, its body if it has one, the header that names it for ever if it needs one."""

    path: str
    body: object = None
    key: str | None = None


def sale(target: Target, number: str, **more: object) -> dict[str, object]:
    return {
        "number": number,
        "place": target.place,
        "at": NOW.isoformat(),
        "member": {"id": target.member},
        "lines": [{"sku": "tea", "quantity": "1", "amount": 10_000}],
        **more,
    }


def back(target: Target, number: str) -> dict[str, object]:
    original = {"id": target.receipt}
    lines = [{"line": 1, "quantity": "0.1"}]
    return {"number": number, "place": target.place, "at": NOW.isoformat(), "original": original, "lines": lines}


REQUESTS: dict[str, Callable[[Target, str], Asked]] = {
    "POST /v1/members": lambda t, n: Asked("/v1/members", {"external_id": t.external_id, "locale": "en"}),
    "POST /v1/members:batch": lambda t, n: Asked("/v1/members:batch", {"members": [{"external_id": t.external_id}]}),
    "GET /v1/members/{id}": lambda t, n: Asked(f"/v1/members/{t.member}"),
    "POST /v1/members:lookup": lambda t, n: Asked("/v1/members:lookup", {"phone": t.contact}),
    "GET /v1/members/{id}/consents": lambda t, n: Asked(f"/v1/members/{t.member}/consents"),
    "POST /v1/members/{id}/consents": lambda t, n: Asked(
        f"/v1/members/{t.member}/consents", {"action": "grant", "purpose": "rules", "method": "paper"}
    ),
    "GET /v1/members/{id}/wishes": lambda t, n: Asked(f"/v1/members/{t.member}/wishes"),
    "PUT /v1/members/{id}/wishes": lambda t, n: Asked(f"/v1/members/{t.member}/wishes", {"most_per": 7}),
    "GET /v1/members/{id}/contacts": lambda t, n: Asked(f"/v1/members/{t.firm}/contacts"),
    "POST /v1/members/{id}/contacts": lambda t, n: Asked(f"/v1/members/{t.firm}/contacts", SPEAKER),
    "PUT /v1/members/{id}/contacts/{contact_id}": lambda t, n: Asked(
        f"/v1/members/{t.firm}/contacts/{t.speaker}", SPEAKER
    ),
    "DELETE /v1/members/{id}/contacts/{contact_id}": lambda t, n: Asked(
        f"/v1/members/{t.firm}/contacts/{t.old_speaker}"
    ),
    "POST /v1/members/{id}/contacts/{contact_id}/consents": lambda t, n: Asked(
        f"/v1/members/{t.firm}/contacts/{t.speaker}/consents",
        {"action": "grant", "purpose": "rules", "method": "paper"},
    ),
    "POST /v1/households": lambda t, n: Asked("/v1/households", {"head": {"id": t.single}}),
    "GET /v1/households/{id}": lambda t, n: Asked(f"/v1/households/{t.household}"),
    "GET /v1/members/{id}/household": lambda t, n: Asked(f"/v1/members/{t.member}/household"),
    "POST /v1/households/{id}/members": lambda t, n: Asked(
        f"/v1/households/{t.household}/members", {"member": {"id": t.guest}}
    ),
    "DELETE /v1/households/{id}/members/{member_id}": lambda t, n: Asked(
        f"/v1/households/{t.household}/members/{t.housemate}"
    ),
    "POST /v1/households/{id}/invitations": lambda t, n: Asked(f"/v1/households/{t.household}/invitations", {}),
    "POST /v1/households:accept": lambda t, n: Asked(
        "/v1/households:accept", {"code": t.invitation, "member": {"id": t.guest}}
    ),
    "POST /v1/households/{id}/contributions": lambda t, n: Asked(
        f"/v1/households/{t.household}/contributions", {"member": {"id": t.member}, "unit": "points", "points": 2}, n
    ),
    "POST /v1/households/{id}/draws": lambda t, n: Asked(
        f"/v1/households/{t.household}/draws", {"member": {"id": t.member}, "unit": "points", "points": 1}, n
    ),
    "POST /v1/members/{id}/identities/{kind}:verify-start": lambda t, n: Asked(
        f"/v1/members/{t.member}/identities/phone:verify-start", {}
    ),
    "POST /v1/members/{id}/identities/{kind}:verify": lambda t, n: Asked(
        f"/v1/members/{t.member}/identities/phone:verify", {"code": "000000"}
    ),
    "GET /v1/members/{id}/reach": lambda t, n: Asked(f"/v1/members/{t.member}/reach"),
    "POST /v1/members/{id}/telegram:link": lambda t, n: Asked(f"/v1/members/{t.member}/telegram:link", {}),
    "GET /v1/members/{id}/words": lambda t, n: Asked(f"/v1/members/{t.member}/words"),
    "GET /v1/topics": lambda t, n: Asked("/v1/topics"),
    "POST /v1/suppressions:batch": lambda t, n: Asked(
        "/v1/suppressions:batch", {"suppressions": [{"address": f"gone-{n}@example.com"}]}
    ),
    "PUT /v1/topics/{code}": lambda t, n: Asked("/v1/topics/news", {"class_name": "marketing"}),
    "GET /v1/consent-texts": lambda t, n: Asked("/v1/consent-texts"),
    "POST /v1/consent-texts": lambda t, n: Asked(
        "/v1/consent-texts", {"text_id": n, "purpose": "rules", "bodies": {"en": "Rules."}}
    ),
    "POST /v1/members/{id}/adjustments": lambda t, n: Asked(
        f"/v1/members/{t.member}/adjustments", {"unit": "points", "points": 1, "reason": "goodwill"}, n
    ),
    "POST /v1/members/{id}/reinstatements": lambda t, n: Asked(
        f"/v1/members/{t.member}/reinstatements", {"unit": "points"}, n
    ),
    "POST /v1/members/{id}/transfers": lambda t, n: Asked(
        f"/v1/members/{t.member}/transfers", {"to": {"id": t.third}, "unit": "points", "points": 1}, n
    ),
    "POST /v1/members/{id}/merge": lambda t, n: Asked(f"/v1/members/{t.second}/merge", {"into": {"id": t.member}}, n),
    "POST /v1/merges/{id}:undo": lambda t, n: Asked(f"/v1/merges/{t.merge}:undo", None, n),
    "GET /v1/approvals": lambda t, n: Asked("/v1/approvals"),
    "POST /v1/approvals/{id}:approve": lambda t, n: Asked(f"/v1/approvals/{t.approvable}:approve", WORD),
    "POST /v1/approvals/{id}:refuse": lambda t, n: Asked(f"/v1/approvals/{t.refusable}:refuse", WORD),
    "GET /v1/members/{id}/balance": lambda t, n: Asked(f"/v1/members/{t.member}/balance"),
    "GET /v1/members/{id}/progress": lambda t, n: Asked(f"/v1/members/{t.member}/progress"),
    "GET /v1/members/{id}/transfers": lambda t, n: Asked(f"/v1/members/{t.member}/transfers"),
    "GET /v1/transfers/{id}/explain": lambda t, n: Asked(f"/v1/transfers/{t.transfer}/explain"),
    "POST /v1/receipts": lambda t, n: Asked("/v1/receipts", sale(t, n)),
    "POST /v1/receipts:batch": lambda t, n: Asked("/v1/receipts:batch", {"receipts": [sale(t, n)]}),
    "POST /v1/receipts:quote": lambda t, n: Asked("/v1/receipts:quote", sale(t, n)),
    "GET /v1/receipts/{id}": lambda t, n: Asked(f"/v1/receipts/{quote(t.receipt, safe='')}"),
    "POST /v1/receipts/{id}:capture": lambda t, n: Asked(f"/v1/receipts/{t.held}:capture", {}),
    "POST /v1/receipts/{id}:cancel": lambda t, n: Asked(f"/v1/receipts/{t.cancelled}:cancel", {}),
    "POST /v1/receipts/{id}:activate": lambda t, n: Asked(
        f"/v1/receipts/{t.receipt}:activate", {"event": "delivered", "at": NOW.isoformat()}
    ),
    "POST /v1/receipts/{id}:claim": lambda t, n: Asked(
        f"/v1/receipts/{t.unmatched}:claim", {"member": {"external_id": t.external_id}}
    ),
    "POST /v1/returns": lambda t, n: Asked("/v1/returns", back(t, n)),
    "POST /v1/returns:batch": lambda t, n: Asked("/v1/returns:batch", {"returns": [back(t, n)]}),
    "GET /v1/returns/{id}": lambda t, n: Asked(f"/v1/returns/{quote(t.returned, safe='')}"),
    "GET /v1/settings": lambda t, n: Asked(f"/v1/settings?scope=place={t.place}"),
    "PATCH /v1/settings": lambda t, n: Asked(f"/v1/settings?scope=place={t.place}", {"claim.days": 7}),
    "GET /v1/limits": lambda t, n: Asked("/v1/limits"),
    "PUT /v1/limits": lambda t, n: Asked("/v1/limits", {"limits": []}),
    "GET /v1/promotions/rulebooks": lambda t, n: Asked("/v1/promotions/rulebooks"),
    "GET /v1/promotions/rulebooks/{version}": lambda t, n: Asked(f"/v1/promotions/rulebooks/{t.version}"),
    "GET /v1/promotions/rulebooks/{version}/diff": lambda t, n: Asked(f"/v1/promotions/rulebooks/{t.version}/diff"),
    "POST /v1/promotions/rulebooks/{version}:withdraw": lambda t, n: Asked(
        f"/v1/promotions/rulebooks/{t.withdrawable}:withdraw", {}
    ),
    "POST /v1/promotions/rulebooks/{version}:roll-back": lambda t, n: Asked(
        f"/v1/promotions/rulebooks/{t.version}:roll-back", {}
    ),
    "GET /v1/promotions/pauses": lambda t, n: Asked("/v1/promotions/pauses"),
    "POST /v1/promotions:pause": lambda t, n: Asked("/v1/promotions:pause", {"kind": "rule", "code": t.rule}),
    "POST /v1/promotions:resume": lambda t, n: Asked("/v1/promotions:resume", {"kind": "rule", "code": t.rule}),
    "GET /v1/promotions/budgets": lambda t, n: Asked("/v1/promotions/budgets"),
    "GET /v1/promotions/drafts": lambda t, n: Asked("/v1/promotions/drafts"),
    "POST /v1/promotions/drafts": lambda t, n: Asked("/v1/promotions/drafts", {**DRAFT, "number": t.draft}),
    "GET /v1/promotions/drafts/{number}": lambda t, n: Asked(f"/v1/promotions/drafts/{t.draft}"),
    "GET /v1/promotions/drafts/{number}/diff": lambda t, n: Asked(f"/v1/promotions/drafts/{t.draft}/diff"),
    "POST /v1/promotions/drafts/{number}:submit": lambda t, n: Asked(f"/v1/promotions/drafts/{t.draft}:submit", {}),
    "POST /v1/promotions/drafts/{number}:review": lambda t, n: Asked(
        f"/v1/promotions/drafts/{t.reviewable}:review", {"agreed": True, **WORD}
    ),
    "POST /v1/promotions/drafts/{number}:publish": lambda t, n: Asked(
        f"/v1/promotions/drafts/{t.publishable}:publish", {}
    ),
    "GET /v1/tracks": lambda t, n: Asked("/v1/tracks"),
    "POST /v1/tracks": lambda t, n: Asked("/v1/tracks", {"track": {**TRACK, "code": n}}),
    "DELETE /v1/tracks/{code}": lambda t, n: Asked(f"/v1/tracks/{t.removable}"),
    "GET /v1/members/{id}/contracts": lambda t, n: Asked(f"/v1/members/{t.member}/contracts"),
    "PUT /v1/members/{id}/contracts/{track}/{first}": lambda t, n: Asked(
        f"/v1/members/{t.member}/contracts/{t.track}/2027-01-01", {"share": 700}
    ),
    "DELETE /v1/members/{id}/contracts/{track}/{first}": lambda t, n: Asked(
        f"/v1/members/{t.member}/contracts/{t.track}/2026-01-01"
    ),
    "GET /v1/buying-groups/{group}/contracts": lambda t, n: Asked("/v1/buying-groups/north/contracts"),
    "PUT /v1/buying-groups/{group}/contracts/{track}/{first}": lambda t, n: Asked(
        f"/v1/buying-groups/north/contracts/{t.track}/2027-01-01", {"share": 700}
    ),
    "DELETE /v1/buying-groups/{group}/contracts/{track}/{first}": lambda t, n: Asked(
        f"/v1/buying-groups/north/contracts/{t.track}/2026-01-01"
    ),
    "GET /v1/broadcasts": lambda t, n: Asked("/v1/broadcasts"),
    "POST /v1/broadcasts": lambda t, n: Asked("/v1/broadcasts", BROADCAST),
    "GET /v1/broadcasts/{id}": lambda t, n: Asked(f"/v1/broadcasts/{t.broadcast}"),
    "PUT /v1/broadcasts/{id}": lambda t, n: Asked(f"/v1/broadcasts/{t.broadcast}", {"version": 1, "wanted": BROADCAST}),
    "GET /v1/broadcasts/{id}/results": lambda t, n: Asked(f"/v1/broadcasts/{t.broadcast}/results"),
    "POST /v1/broadcasts/{id}:pause": lambda t, n: Asked(f"/v1/broadcasts/{t.broadcast}:pause"),
    "POST /v1/broadcasts/{id}:cancel": lambda t, n: Asked(f"/v1/broadcasts/{t.old_broadcast}:cancel"),
    "GET /v1/templates": lambda t, n: Asked("/v1/templates"),
    "GET /v1/templates/{code}": lambda t, n: Asked(f"/v1/templates/{t.template}"),
    "PUT /v1/templates/{code}": lambda t, n: Asked(f"/v1/templates/{t.rewritten}", TEMPLATE),
    "POST /v1/templates/{code}:publish": lambda t, n: Asked(f"/v1/templates/{t.publishable_template}:publish", {}),
    "POST /v1/templates/{code}:preview": lambda t, n: Asked(f"/v1/templates/{t.template}:preview", {"channel": "sms"}),
    "DELETE /v1/templates/{code}": lambda t, n: Asked(f"/v1/templates/{t.old_template}"),
    "GET /v1/webhooks": lambda t, n: Asked("/v1/webhooks"),
    "POST /v1/webhooks": lambda t, n: Asked("/v1/webhooks", {"url": "https://shop.example/hooks"}),
    "GET /v1/webhooks/{id}": lambda t, n: Asked(f"/v1/webhooks/{t.webhook}"),
    "PATCH /v1/webhooks/{id}": lambda t, n: Asked(f"/v1/webhooks/{t.webhook}", {"state": "paused"}),
    "DELETE /v1/webhooks/{id}": lambda t, n: Asked(f"/v1/webhooks/{t.old_webhook}"),
    "POST /v1/webhooks/{id}:rotate-secret": lambda t, n: Asked(f"/v1/webhooks/{t.webhook}:rotate-secret"),
    "POST /v1/webhooks/{id}:test": lambda t, n: Asked(f"/v1/webhooks/{t.webhook}:test"),
    "POST /v1/webhooks/{id}:replay": lambda t, n: Asked(f"/v1/webhooks/{t.webhook}:replay", {"since": NOW.isoformat()}),
    "GET /v1/webhooks/{id}/deliveries": lambda t, n: Asked(f"/v1/webhooks/{t.webhook}/deliveries"),
    "GET /v1/webhook-sources": lambda t, n: Asked("/v1/webhook-sources"),
    "POST /v1/webhook-sources": lambda t, n: Asked("/v1/webhook-sources", {"name": n}),
    "PATCH /v1/webhook-sources/{id}": lambda t, n: Asked(
        f"/v1/webhook-sources/{t.source}", {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
    ),
    "DELETE /v1/webhook-sources/{id}": lambda t, n: Asked(f"/v1/webhook-sources/{t.old_source}"),
    "GET /v1/webhook-sources/{id}/events": lambda t, n: Asked(f"/v1/webhook-sources/{t.source}/events"),
    "GET /v1/events": lambda t, n: Asked("/v1/events"),
    "POST /v1/goods": lambda t, n: Asked("/v1/goods", {"sku": "tea", "cost": 70}),
    "POST /v1/goods:batch": lambda t, n: Asked("/v1/goods:batch", {"goods": [{"sku": "tea", "cost": 70}]}),
    "GET /v1/places": lambda t, n: Asked("/v1/places"),
    "PATCH /v1/places": lambda t, n: Asked("/v1/places", {"places": [{"code": t.place, "region": "south"}]}),
}
"""How each operation is asked about a target; ``n`` is a number or a name of its own."""


def operations() -> list[str]:
    """Return the operations of the API's own description."""
    paths = api.get_openapi_schema()["paths"]
    return [f"{method.upper()} {path}" for path, methods in paths.items() for method in methods]


@dataclass
class World:
    """Two programs in one database, with the same codes and numbers wherever they may be the same."""

    ours: Shop
    theirs: Shop
    target: Target
    counter: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))
    made: dict[tuple[str, ...], str] = field(default_factory=dict)

    def key(self, shop: Shop, scopes: tuple[str, ...], *places: str) -> str:
        """Return a key of a program; made once."""
        about = (shop.program.id, *sorted(scopes), "at", *places)
        if about not in self.made:
            with db.transaction(shop.program.id) as conn:
                text = keys.create(conn, shop.program.id, "matrix", scopes, now=NOW, places=places)
            self.made[about] = text
        return self.made[about]

    def ask(self, operation: str, key: str | None, target: Target) -> "Heard":
        """Send an operation's request about a target."""
        number = f"n-{next(self.counter)}"
        return send(operation.partition(" ")[0], REQUESTS[operation](target, number), key)


@dataclass(frozen=True)
class Heard:
    """An answer, and what had been sent for it."""

    status: int
    body: str
    sent: str

    @property
    def verdict(self) -> int:
        """The status; of a batch that of its one item."""
        results = json.loads(self.body).get("results") if self.status < 300 else None
        return int(results[0]["code"]) if results else self.status

    def plain(self) -> str:
        """Return the body with what differs between any two answers made alike."""
        text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "ID", self.body)
        text = re.sub(r'"n-\d+"', '"N"', text)
        return re.sub(r'"(claim_code|external_id|quote|secret)":"[^"]*"', r'"\1":"…"', text)


def send(method: str, asked: Asked, key: str | None) -> Heard:
    """Send a request as a till would."""
    headers = {"Authorization": f"Bearer {key}"} if key is not None else {}
    if asked.key is not None:
        headers["Idempotency-Key"] = asked.key
    raw = json.dumps(asked.body).encode() if asked.body is not None else b""
    client = Client(raise_request_exception=False, headers=headers)
    answer = client.generic(method, asked.path, raw, content_type="application/json")
    return Heard(answer.status_code, answer.content.decode(), asked.path + raw.decode())


@pytest.fixture
def world(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Open the two programs and let ours have something of everything."""
    clock.read = lambda: NOW
    shops = []
    for place in ("msk-1", "msk-1"):
        with monkeypatch.context() as patch, db.transaction() as conn:
            patch.setattr(queries, "programs", lambda _conn: [])  # an installation has one program; here are two
            shops.append(make_shop(conn, place=place))
    ours, theirs = shops
    with db.transaction() as conn:
        db.enter(conn, ours.program.id)
        service.add_stores(conn, ours.program.id, [NewStore("spb-1", "Unmistakable Street 5")], now=NOW)
        for shop in shops:
            db.enter(conn, shop.program.id)
            for key, value, scope in SET:
                done = settings.write(conn, shop.program.id, key, value, scope=scope, now=NOW)
                assert isinstance(done, settings.Value), done
            hire(conn, shop, "7")
    made = World(ours, theirs, NOBODY)
    made.target = history(made)
    yield made
    clock.read = system_now


def hire(conn: db.Connection, shop: Shop, number: str) -> str:
    """Make somebody of the staff who may approve; returns the id."""
    wanted = staff.NewStaff(f"{number}@{shop.program.id}.example.com", "Unmistakable", Role.OWNER, external_id=number)
    made = staff.add(conn, shop.program.id, wanted, by=SYSTEM, now=NOW)
    assert isinstance(made, staff.Added), made
    staff.set_pin(conn, shop.program.id, number, WORD["approval"]["pin"], by=SYSTEM, now=NOW)
    return made.staff.id


def wait(world: World, member: str) -> list[str]:
    """Have somebody ask for two adjustments that need another person; returns their ids."""
    with db.transaction(world.ours.program.id) as conn:
        by = By(ByKind.STAFF, hire(conn, world.ours, "8"))
        asked = [Asking(member, Adjustment("points", 5000, "goodwill"), f"wait-{n}", f"0{n}", by) for n in range(2)]
        done = corrections.adjust(conn, world.ours.program, asked, now=NOW)
    assert all(isinstance(one, Done) and one.status == "waiting" for one in done), done
    return [one.id for one in done if isinstance(one, Done)]


def outward(post: Callable[[str, object], Any]) -> dict[str, str]:
    """Make what speaks to others; returns their ids by the target's names."""
    hooks = {"url": "https://shop.example/unmistakable"}
    found = {name: post("/v1/webhooks", hooks)["webhook"]["id"] for name in ("webhook", "old_webhook")}
    for number, name in enumerate(("source", "old_source")):
        found[name] = post("/v1/webhook-sources", {"name": f"unmistakable-{number}"})["source"]["id"]
    found["firm"] = post("/v1/members", {"external_id": "firm", "kind": "company"})["id"]
    for name in ("speaker", "old_speaker"):
        found[name] = post(f"/v1/members/{found['firm']}/contacts", SPEAKER)["id"]
    for name in ("broadcast", "old_broadcast"):
        found[name] = post("/v1/broadcasts", BROADCAST)["id"]
    return found


def write(key: str) -> None:
    """Have our program write templates, and publish one."""
    for code in TEMPLATES.values():
        assert send("PUT", Asked(f"/v1/templates/{code}", TEMPLATE), key).status == 200
    assert send("POST", Asked("/v1/templates/unmistakable:publish", {}), key).status == 200


def home(post: Callable[[str, object], Any], head: str) -> dict[str, str]:
    """Make a household; returns its ids by the target's names."""
    mates = [post("/v1/members", {"external_id": f"mate-{n}"})["id"] for n in range(6)]
    household = post("/v1/households", {"head": {"id": head}})["id"]
    post(f"/v1/households/{household}/members", {"member": {"id": mates[0]}})
    return {
        "household": household,
        "housemate": mates[0],
        "single": mates[1],
        "guest": mates[2],
        "invitation": post(f"/v1/households/{household}/invitations", {})["code"],
    }


def history(world: World) -> Target:
    """Let our program live for a day, through its own doors."""
    key = world.key(world.ours, EVERY)

    def post(path: str, body: object, name: str | None = None) -> dict[str, Any]:
        heard = send("POST", Asked(path, body, name), key)
        assert heard.status in {200, 201}, (path, heard)
        return dict(json.loads(heard.body))

    ids = [
        post("/v1/members", ANNA)["id"],
        *(post("/v1/members", {"external_id": f"m-{n}"})["id"] for n in range(2, 6)),
    ]
    start = replace(NOBODY, member=ids[0], place="msk-1")
    receipt = post("/v1/receipts", sale(start, "Unmistakable-1"))["id"]
    hold = {"hold": True, "spend": [{"unit": "points", "points": 10}]}
    held, cancelled = (post("/v1/receipts", sale(start, f"Unmistakable-{n}", **hold))["id"] for n in (2, 3))
    unmatched = post("/v1/receipts", sale(start, "Unmistakable-4", member={"phone": "+79160000000"}))["id"]
    returned = post("/v1/returns", back(replace(start, receipt=receipt), "Unmistakable-5"))["id"]
    merge = post(f"/v1/members/{ids[4]}/merge", {"into": {"id": ids[3]}}, "merge")
    approvable, refusable = wait(world, ids[1])

    def promote(*steps: tuple[str, dict[str, object]]) -> int:
        number = int(post("/v1/promotions/drafts", DRAFT)["draft"]["number"])
        for verb, body in steps:
            post(f"/v1/promotions/drafts/{number}:{verb}", body)
        return number

    agreed: list[tuple[str, dict[str, object]]] = [("submit", {}), ("review", {"agreed": True, **WORD})]
    promote(*agreed, ("publish", {}))
    promote(*agreed, ("publish", {"at": (NOW + timedelta(days=1)).isoformat()}))
    draft, reviewable, publishable = promote(), promote(("submit", {})), promote(*agreed)
    for code in ("turnover", "removable"):
        post("/v1/tracks", {"track": {**TRACK, "code": code}})
    write(key)
    movements = json.loads(send("GET", Asked(f"/v1/members/{ids[0]}/transfers"), key).body)
    return Target(
        member=ids[0],
        second=ids[1],
        third=ids[2],
        external_id="m-1",
        contact=ANNA["phone"],
        place="msk-1",
        receipt=receipt,
        held=held,
        cancelled=cancelled,
        unmatched=unmatched,
        returned=returned,
        transfer=movements["transfers"][-1]["id"],
        merge=merge["id"],
        approvable=approvable,
        refusable=refusable,
        version="2",
        withdrawable="3",
        rule="unmistakable",
        draft=draft,
        reviewable=reviewable,
        publishable=publishable,
        track="turnover",
        removable="removable",
        **outward(post),
        **TEMPLATES,
        **home(post, ids[0]),
    )


def everything(world: World) -> dict[str, str]:
    """Return a digest of each table's rows of our program."""
    with psycopg.connect(db.owner_url()) as owner:
        tables = owner.execute(
            "SELECT table_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_name = 'program_id' AND table_name <> 'workspace_api_key'"
        ).fetchall()
        out = {}
        for (table,) in tables:
            row = owner.execute(
                f"SELECT md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) FROM {table} t"
                " WHERE program_id = %s AND to_jsonb(t) ->> 'action' IS DISTINCT FROM 'key.create'",
                (world.ours.program.id,),
            ).fetchone()
            assert row
            out[table] = row[0]
    return out


def test_every_operation_has_a_reviewed_row() -> None:
    assert sorted(TABLE) == sorted(operations())
    assert sorted(REQUESTS) == sorted(operations())
    for operation, row in TABLE.items():
        assert set(row) == {"needs", "own", "own_random", "other_store", "other_program"}, operation
        assert row["needs"], operation
        assert set(row["needs"]) <= set(EVERY), operation


def test_the_api_does_what_the_table_says(world: World) -> None:
    """Those from elsewhere come first; then each key with exactly what it needs does its work."""
    found: dict[str, dict[str, object]] = {name: {"needs": row["needs"]} for name, row in TABLE.items()}
    for operation, row in TABLE.items():
        needs = tuple(row["needs"])
        told = found[operation]
        told["other_program"] = world.ask(operation, world.key(world.theirs, needs), world.target).verdict
        told["own_random"] = world.ask(operation, world.key(world.ours, needs), NOBODY).verdict
        elsewhere = world.ask(operation, world.key(world.ours, needs, "spb-1"), world.target)
        told["other_store"] = elsewhere.verdict
    for operation, row in TABLE.items():
        heard = world.ask(operation, world.key(world.ours, tuple(row["needs"])), world.target)
        found[operation]["own"] = heard.verdict
    assert {name: dict(sorted(row.items())) for name, row in found.items()} == {
        name: dict(sorted(row.items())) for name, row in TABLE.items()
    }


def test_another_program_changes_and_reads_nothing(world: World) -> None:
    """Whatever it asks, with every right it can have, under our ids and our names."""
    before = everything(world)
    secrets = [*ANNA.values(), "Unmistakable", world.ours.program.id, "Street", *ids_of(world)]
    key = world.key(world.theirs, EVERY)
    for operation in TABLE:
        heard = world.ask(operation, key, world.target)
        leaked = [secret for secret in secrets if secret in heard.body and secret not in heard.sent]
        assert not leaked, (operation, heard)
    assert everything(world) == before


def ids_of(world: World) -> list[str]:
    """Return every id of our program that a stranger could find in an answer."""
    with psycopg.connect(db.owner_url()) as owner:
        return [
            row[0]
            for table in ("members_member", "ledger_account", "ledger_transfer", *OURS, "workspace_place")
            for row in owner.execute(
                f"SELECT id::text FROM {table} WHERE program_id = %s", (world.ours.program.id,)
            ).fetchall()
        ]


def test_anothers_things_are_answered_as_what_is_not_there(world: World) -> None:
    """To another program our ids are ids that nobody has, in what is done as in what is refused."""
    key = world.key(world.theirs, EVERY)
    nobody = replace(NOBODY, place=world.target.place)
    for operation in TABLE:
        there, nowhere = world.ask(operation, key, world.target), world.ask(operation, key, nobody)
        assert (there.status, there.plain()) == (nowhere.status, nowhere.plain()), operation


def test_another_stores_things_are_refused_as_what_is_not_there(world: World) -> None:
    key = world.key(world.ours, EVERY, "spb-1")
    before = everything(world)
    for operation, row in TABLE.items():
        if row["other_store"] >= 400 and row["other_store"] != row["own"]:
            there, nowhere = world.ask(operation, key, world.target), world.ask(operation, key, NOBODY)
            assert (there.status, there.plain()) == (nowhere.status, nowhere.plain()), operation
    assert everything(world) == before


def test_without_a_live_key_nothing_is_told(world: World) -> None:
    dead = world.key(world.ours, EVERY, "msk-1")
    with db.transaction(world.ours.program.id) as conn:
        by = Actor(ActorKind.OPERATOR, "0")
        keys.revoke(conn, world.ours.program.id, dead.split("_")[1], by=by, now=NOW)
    before = everything(world)
    answers = set()
    for operation in TABLE:
        for key in (None, "", "vk_0_0", dead, dead[:-1] + "x"):
            heard = world.ask(operation, key, world.target)
            answers.add((heard.status, heard.body))
    assert len(answers) == 1
    assert answers.pop()[0] == 401
    assert everything(world) == before


def test_each_scope_is_needed_and_a_missing_one_is_named(world: World) -> None:
    before = everything(world)
    for operation, row in TABLE.items():
        for scope in row["needs"]:
            rest = tuple(one for one in EVERY if one != scope)
            heard = world.ask(operation, world.key(world.ours, rest), world.target)
            assert heard.status == 403, (operation, scope, heard)
            told = json.loads(heard.body)
            assert told["type"] == "missing-scope", operation
            assert scope in told["detail"], operation
    assert everything(world) == before


def test_a_session_of_the_staff_opens_nothing_here(world: World) -> None:
    """The owner's cookies are the console's; else a page elsewhere could post through an owner's browser."""
    with db.transaction(world.ours.program.id) as conn:
        token = service.create_setup_token(conn, world.ours.program.id, now=NOW)
    client = Client(raise_request_exception=False)
    form = {"name": "Vera", "email": "vera@example.com", "password": "orange lamp river 42", "locale": "en"}
    assert client.post(f"/console/setup/{token}", form).status_code == 302
    for operation in TABLE:
        method = operation.partition(" ")[0]
        asked = REQUESTS[operation](world.target, "n")
        raw = json.dumps(asked.body).encode() if asked.body is not None else b""
        assert client.generic(method, asked.path, raw, content_type="application/json").status_code == 401, operation
