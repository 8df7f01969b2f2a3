"""Doors to consents, wishes, topics, texts and codes."""

from collections.abc import Callable

import pytest

from tests.api.conftest import Api
from verno.kit import db
from verno.messaging import queries as messaging

YES = {
    "action": "grant", "method": "web-form", "topic": "news", "channel": "email", "text_id": "ads",
    "text_version": "1", "locale": "en", "surface": "form/7", "ip": "203.0.113.77", "agent": "Browser",
}  # fmt: skip


@pytest.fixture
def ann(api: Api, caller: Callable[..., Api]) -> str:
    owner = caller("settings:write")
    assert owner.put("/topics/news", {"class_name": "marketing", "names": {"en": "News"}}).status_code == 200
    bodies = {"en": "Send me offers."}
    published = owner.post("/consent-texts", {"text_id": "ads", "purpose": "advertising", "bodies": bodies})
    assert published.json() == {"text_id": "ads", "version": 1}
    member = api.post("/members", {"external_id": "ann", "phone": "+79161234567", "email": "ann@example.com"})
    return str(member.json()["id"])


def test_a_consent_is_kept_with_its_evidence_and_read_back(api: Api, ann: str, caller: Callable[..., Api]) -> None:
    said = api.post(f"/members/{ann}/consents", YES)
    assert said.status_code == 201
    assert said.json()["level"] == "nothing"
    assert [(one["topic"], one["state"], one["granted"]) for one in said.json()["standings"]] == [
        ("news", "unconfirmed", False)
    ]
    with db.transaction() as conn:
        (letter,) = messaging.of_member(conn, ann)
    assert (letter.template, letter.class_name, letter.state) == ("confirm-email", "transactional", "queued")
    confirmed = api.post(
        f"/members/{ann}/consents", {"action": "confirm", "method": "link", "topic": "news", "channel": "email"}
    )
    assert confirmed.json()["level"] == "email-only"
    page = api.get(f"/members/{ann}/consents?limit=1").json()
    assert [one["action"] for one in page["history"]] == ["confirm"]
    rest = api.get(f"/members/{ann}/consents?cursor={page['next']}").json()
    (grant,) = rest["history"]
    assert (grant["ip"], grant["agent"], grant["surface"], grant["text_id"]) == (
        "203.0.113.0/24", "Browser", "form/7", "ads",
    )  # fmt: skip
    assert rest["next"] is None
    masked = caller("members:read").get(f"/members/{ann}/consents").json()["history"]
    assert {(one["ip"], one["agent"]) for one in masked} == {(None, None)}
    read = api.get(f"/members/{ann}").json()["consents"]
    assert [(one["topic"], one["granted"], one["state"]) for one in read] == [("news", True, "granted")]


def test_a_yes_by_staff_after_a_complaint_is_kept_and_told(api: Api, ann: str, caller: Callable[..., Api]) -> None:
    """Of a complaint here, and of one that an earlier provider knows of; the member's own act is heard."""
    no = {"action": "withdraw", "method": "complaint", "topic": "*marketing", "channel": "email"}
    api.post(f"/members/{ann}/consents", no | {"at": "2026-01-01T12:00:00"})
    silent = {"address": "+79161234567", "reason": "complaint", "at": "2026-01-01T12:00:00Z"}
    brought = caller("settings:write").post("/suppressions:batch", {"suppressions": [silent]})
    assert brought.json()["results"][0]["body"]["outcome"] == "new"
    for channel in ("email", "sms"):
        told = api.post(f"/members/{ann}/consents", YES | {"channel": channel, "method": "till"}).json()
        assert told["note"].startswith("kept, but it does not count")
    staff = {"channel": "sms", "topic": "news", "granted": True, "method": "till", "text_version": "1"}
    stored = api.post("/members", {"external_id": "ann", "consents": [staff, staff | {"channel": "email"}]}).json()
    assert stored["unheard"] == ["news/sms", "news/email"]
    other = api.post("/members", {"external_id": "ann", "consents": [staff | {"channel": "push"}]}).json()
    assert other["unheard"] == []
    assert len(api.get(f"/members/{ann}/consents").json()["history"]) >= 5, "all of it is on record"
    for channel in ("email", "sms"):
        assert api.post(f"/members/{ann}/consents", YES | {"channel": channel}).json()["note"] is None


@pytest.mark.parametrize(
    ("change", "kind", "field"),
    [
        ({"topic": "none"}, "unknown-topic", "topic"),
        ({"text_version": "9"}, "unknown-text", "text_id"),
        ({"channel": None}, "bad-consent", "channel"),
        ({"purpose": "rules"}, "bad-consent", "topic"),
        ({"at": "2090-01-01T00:00:00Z"}, "time-out-of-range", "at"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "time-out-of-range", "at"),
        ({"action": "maybe"}, "invalid", "action"),
        ({"country": "Russia"}, "invalid", "country"),
    ],
)
def test_a_refusal_names_the_field(api: Api, ann: str, change: dict[str, object], kind: str, field: str) -> None:
    refused = api.post(f"/members/{ann}/consents", {**YES, **change})
    assert (refused.status_code, refused.json()["type"]) == (422, kind)
    assert refused.json()["errors"][0]["field"].strip("$.") == field
    assert api.get(f"/members/{ann}/consents").json()["history"] == []


def test_wishes(api: Api, ann: str) -> None:
    assert api.get(f"/members/{ann}/wishes").json() == {"most_per": None, "paused_until": None}
    kept = api.put(f"/members/{ann}/wishes", {"most_per": 7, "paused_until": "2026-11-30T03:00:00+03:00"})
    assert kept.json() == {"most_per": 7, "paused_until": "2026-11-30T00:00:00Z"}
    assert api.get(f"/members/{ann}/wishes").json() == kept.json()
    for wrong in (
        {"most_per": 3},
        {"paused_until": "2090-01-01T00:00:00Z"},
        {"paused_until": "2026-11-30T00:00:00"},
        {"paused_until": "9999-12-31T23:59:59-14:00"},
        {"most": 7},
    ):
        assert api.put(f"/members/{ann}/wishes", wrong).status_code == 422, wrong


def test_topics_and_texts(api: Api, ann: str, caller: Callable[..., Api]) -> None:
    owner = caller("settings:write", "members:read")
    found = {one["code"]: one for one in owner.get("/topics").json()["topics"]}
    assert found["news"]["names"] == {"en": "News"}
    for wrong, field in (
        ({"class_name": "program"}, "class_name"),
        ({"class_name": "marketing", "is_default": True}, "is_default"),
        ({"class_name": "marketing", "names": {"en": ""}}, "names.en"),
        ({"class_name": "marketing", "min_age": 100}, "min_age"),
    ):
        refused = owner.put("/topics/news", wrong)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    assert owner.put("/topics/news", {"class_name": "marketing", "min_age": 18}).json()["min_age"] == 18
    gone = owner.put("/topics/news", {"class_name": "marketing", "archived": True})
    assert gone.json()["archived_at"]
    assert [one["body"] for one in owner.get("/consent-texts").json()["texts"]] == ["Send me offers."]
    empty = owner.post("/consent-texts", {"text_id": "ads", "purpose": "advertising", "bodies": {"en": " "}})
    assert empty.json()["errors"][0]["field"] == "bodies.en"
    assert caller("members:write").put("/topics/news", {"class_name": "marketing"}).status_code == 403


def test_a_code_confirms_a_phone(api: Api, ann: str) -> None:
    address = f"/members/{ann}/identities/phone"
    api.post(f"/members/{ann}/consents", {**YES, "channel": "sms"})
    made = api.post(f"{address}:verify-start", {})
    assert made.status_code == 201
    code = made.json()["code"]
    soon = api.post(f"{address}:verify-start", {})
    assert (soon.status_code, soon.json()["type"], soon.json()["retryable"]) == (429, "too-soon", True)
    wrong = api.post(f"{address}:verify", {"code": f"{(int(code) + 1) % 10**6:06}"})
    assert (wrong.status_code, wrong.json()["type"], wrong.json()["left"]) == (422, "wrong-code", 4)
    assert api.post(f"{address}:verify", {"code": code}).json() == {"confirmed": 1}
    assert api.get(f"/members/{ann}/consents").json()["level"] == "sms-only"
    assert api.post(f"{address}:verify", {"code": "12"}).status_code == 422
    assert api.post(f"/members/{ann}/identities/card:verify-start", {}).status_code == 404
    bob = api.post("/members", {"external_id": "bob"}).json()["id"]
    assert api.post(f"/members/{bob}/identities/phone:verify-start", {}).status_code == 409


def test_addresses_that_another_system_left_alone(api: Api, caller: Callable[..., Api]) -> None:
    owner = caller("settings:write")
    items = [
        {"address": "Gone@Example.com"},
        {"address": "8 916 123-45-67", "reason": "complaint", "at": "2020-01-01T00:00:00"},
        {"address": "nobody"},
        {"address": "a@example.com", "reason": "mood"},
        {"address": "a@example.com", "at": "2999-01-01T00:00:00Z"},
        "a@example.com",
        {"address": "a@example.com", "at": "0001-01-01T00:00:00+14:00"},
        {"address": "gone@example.com", "at": "2020-01-01T00:00:00Z"},
    ]
    answer = owner.post("/suppressions:batch", {"suppressions": items})
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [one["code"] for one in results] == [201, 201, 422, 422, 422, 400, 422, 200]
    assert [results[n]["body"]["outcome"] for n in (0, 1, 7)] == ["new", "new", "known"]
    assert "nobody" not in str(results[2]["body"])
    again = owner.post("/suppressions:batch", {"suppressions": items[:2]}).json()["results"]
    assert [one["body"]["outcome"] for one in again] == ["known", "known"]
    with db.transaction() as conn:
        rows = conn.execute("SELECT channel, reason FROM messaging_suppression ORDER BY channel").fetchall()
    assert rows == [("email/erased", "unsubscribed"), ("sms/erased", "complaint")]
    assert owner.post("/suppressions:batch", {"suppressions": items * 200}).status_code == 422
