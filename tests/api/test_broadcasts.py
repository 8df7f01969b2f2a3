"""Drafts of broadcasts over the API: moments that mean one moment, and lists as long as they may be."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.conftest import Api, problem
from verno.kit import db
from verno.members import service as members
from verno.members.types import Topic
from verno.messaging.broadcasts.types import MOST_LISTED

BODY: dict[str, Any] = {
    "name": "Autumn",
    "topic": "news",
    "variants": [{"code": "a", "template": "notice"}],
    "channels": [{"channel": "email"}],
}


@pytest.fixture
def owner(caller: Callable[..., Api]) -> Api:
    made = caller("messages:send")
    with db.transaction() as conn:
        members.ensure_topics(
            conn, made.shop.program.id, [Topic("news", "marketing"), Topic("orders", "transactional")]
        )
    return made


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"send": {"kind": "at", "at": "2026-12-01T10:00:00"}}, "invalid"),
        ({"valid_until": "2026-12-01T10:00:00"}, "invalid"),
        ({"send": {"kind": "local", "day": "2026-12-01", "time": "10:00:00+03:00"}}, "invalid"),
        ({"send": {"kind": "at", "at": "9999-12-31T23:59:59Z"}}, "bad-moment"),
        ({"send": {"kind": "best", "day": "9999-12-31", "fallback": "10:00:00"}}, "bad-moment"),
        ({"topic": "orders"}, "topic-not-for-many"),
    ],
)
def test_what_means_no_moment_is_refused(owner: Api, changes: dict[str, object], code: str) -> None:
    answer = owner.post("/broadcasts", {**BODY, **changes})
    assert problem(answer) == (422, code)


def test_the_longest_list_is_taken(owner: Api) -> None:
    named = [f"member-{n:08d}" for n in range(MOST_LISTED)]
    wanted = {**BODY, "audience": {"kind": "list", "external_ids": named}}
    drafted = owner.post("/broadcasts", wanted)
    assert drafted.status_code == 201, drafted.content[:300]
    held = drafted.json()
    edited = owner.put(f"/broadcasts/{held['id']}", {"version": 1, "wanted": wanted})
    assert (edited.status_code, edited.json()["version"]) == (200, 2)
    wanted["audience"] = {"kind": "list", "external_ids": [*named, "one-more"]}
    assert owner.post("/broadcasts", wanted).status_code == 422
