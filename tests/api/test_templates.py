"""Templates over the API: a draft is saved with what is wrong with it, published, read, seen, retired."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.conftest import Api, problem
from verno.kit import db
from verno.members import service as members
from verno.members.types import Topic
from verno.workspace import audit

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

LETTER = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{ member.first_name | default('friend') }}"
    ' <a href="{{ unsubscribe_url }}">Leave</a> <a href="{{ preferences_url }}">Choose</a>'
    "</mj-text></mj-column></mj-section></mj-body></mjml>"
)
BODY: dict[str, Any] = {
    "name": "Welcome",
    "class_name": "marketing",
    "topic": "news",
    "blocks": {
        "email": {"en": {"subject": "Hello", "body": LETTER}},
        "sms": {"en": {"body": "Hi {{ context.word | d('x') }}"}},
    },
}


@pytest.fixture
def owner(caller: Callable[..., Api]) -> Api:
    made = caller("settings:write", "messages:send", "personal:read")
    with db.transaction() as conn:
        members.ensure_topics(conn, made.shop.program.id, [Topic("news", "marketing")])
    return made


def put(owner: Api, body: object = BODY, code: str = "welcome") -> "Response":
    return owner.put(f"/templates/{code}", body)


def test_from_a_draft_to_a_version(owner: Api) -> None:
    saved = put(owner)
    assert saved.status_code == 200, saved.content
    assert saved.json() == {"code": "welcome", "version": 1, "problems": []}
    read = owner.get("/templates/welcome").json()
    assert (read["template"]["published_at"], read["template"]["channels"]) == (None, {"email": ["en"], "sms": ["en"]})
    assert owner.get("/templates/welcome?version=1").status_code == 404
    published = owner.post("/templates/welcome:publish", {})
    assert published.json() == {"code": "welcome", "version": 1, "reference": "welcome@1"}
    assert owner.get("/templates/welcome?version=draft").status_code == 404
    read = owner.get("/templates/welcome?version=1").json()
    assert read["blocks"] == {"email": {"en": {"subject": "Hello", "body": LETTER}}, "sms": BODY["blocks"]["sms"]}
    (item,) = owner.get("/templates").json()["templates"]
    assert (item["reference"], item["name"]) == ("welcome@1", "Welcome")
    assert owner.delete("/templates/welcome").json() == {"code": "welcome"}
    assert owner.get("/templates/welcome").json()["template"]["retired_at"]


def test_what_is_wrong_is_told(owner: Api) -> None:
    blocks = {"sms": {"en": {"body": "{{ member.name }}: 20% off"}}}
    saved = put(owner, {**BODY, "blocks": blocks})
    assert [one["code"] for one in saved.json()["problems"]] == ["missing-fallback"]
    told = owner.post("/templates/welcome:publish", {"because": "please"})
    assert problem(told) == (422, "template-not-valid")
    assert told.json()["errors"] == [{"field": "blocks.sms.en", "message": "missing-fallback: member.name"}]
    mixed = {
        **BODY,
        "class_name": "program",
        "topic": "points-statement",
        "blocks": {"sms": {"en": {"body": "20% off"}}},
    }
    assert put(owner, mixed).status_code == 200
    assert problem(owner.post("/templates/welcome:publish", {})) == (422, "template-needs-reason")
    assert owner.post("/templates/welcome:publish", {"because": "Legal agreed"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "code", "type_"),
    [
        ({**BODY, "blocks": {"sms": {"en": {"body": "{% if %}"}}}}, "welcome", "template-broken"),
        ({**BODY, "blocks": {"pigeon": {"en": {"body": "x"}}}}, "welcome", "invalid"),
        ({**BODY, "blocks": {"sms": {"fr": {"body": "x"}}}}, "welcome", "invalid"),
        ({**BODY, "more": 1}, "welcome", "invalid"),
        ({**BODY, "class_name": "gossip"}, "welcome", "invalid"),
        ({**BODY, "blocks": {"sms": {"en": {"body": "x" * 200_001}}}}, "welcome", "invalid"),
        (BODY, "Welcome", "invalid"),
        (BODY, "welcome@1", "invalid"),
    ],
)
def test_what_is_refused(owner: Api, body: object, code: str, type_: str) -> None:
    assert problem(put(owner, body, code)) == (422, type_)
    assert owner.get("/templates").json() == {"templates": []}


def test_a_preview(owner: Api, caller: Callable[..., Api]) -> None:
    put(owner)
    seen = owner.post("/templates/welcome:preview", {"channel": "email"}).json()
    assert (seen["subject"], seen["segments"]) == ("Hello", 0)
    assert "Hello Anna" in seen["text"]
    seen = owner.post("/templates/welcome:preview", {"channel": "sms", "context": {"word": "<b>"}}).json()
    assert (seen["text"], seen["segments"], seen["cost"]) == ("Hi <b>", 1, None)
    assert owner.post("/templates/welcome:preview", {"channel": "telegram"}).status_code == 404
    assert owner.post("/templates/nobody:preview", {"channel": "sms"}).status_code == 404


def test_a_preview_as_a_member_is_a_reading(owner: Api, caller: Callable[..., Api]) -> None:
    put(owner)
    member = caller("members:write").post("/members", {"external_id": "m-1", "name": "Vera"}).json()["id"]
    asked = {"channel": "email", "member": member}
    assert "Hello Vera" in owner.post("/templates/welcome:preview", asked).json()["text"]
    with db.transaction(owner.shop.program.id) as conn:
        (entry,) = audit.page(conn, owner.shop.program.id, reading=True)
        assert (entry.object_id, entry.detail) == (member, "template-preview")
    stranger = caller("messages:send")
    assert problem(stranger.post("/templates/welcome:preview", asked)) == (403, "missing-scope")
    for nobody in ("x", "018f3c00-0000-7000-8000-000000000000"):
        assert owner.post("/templates/welcome:preview", {**asked, "member": nobody}).status_code == 404
