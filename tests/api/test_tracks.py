"""Progress tracks, contracts and goods over HTTP."""

from collections.abc import Callable

import pytest

from tests.api.conftest import Api, problem
from verno.intake import context
from verno.intake.reading import recounting
from verno.kit import db
from verno.kit.clock import clock
from verno.progress import queries

CLUB = {
    "code": "club",
    "metric": "spend",
    "window": {"window": "lifetime"},
    "settings": {"kind": "tiers"},
    "steps": [{"code": "silver", "threshold": 10_000}, {"code": "gold", "threshold": 50_000}],
}
SCALE = {
    "code": "turnover",
    "metric": "spend",
    "window": {"window": "calendar", "period": "year"},
    "settings": {"kind": "scale", "whose": "group"},
    "audience": "company",
    "steps": [{"code": "five", "threshold": 10_000, "share": 500}],
}


@pytest.fixture
def api(caller: Callable[..., Api]) -> Api:
    return caller(
        *("promotions:read", "promotions:write", "members:read", "members:write", "points:adjust"),
        *("receipts:write", "goods:write"),
    )


def member(api: Api, code: str, **more: object) -> str:
    answer = api.post("/members", {"external_id": code, **more})
    assert answer.status_code in {200, 201}, answer.content
    return str(answer.json()["id"])


def sell(api: Api, number: str, id_: str, amount: int) -> None:
    lines = [{"sku": "tea", "quantity": "1", "amount": amount}]
    sale = {"number": number, "place": "msk-1", "at": clock.now().isoformat(), "member": {"id": id_}, "lines": lines}
    answer = api.post("/receipts", sale)
    assert answer.status_code == 201, answer.content


def publish(api: Api, track: object, rule: object = None) -> dict[str, object]:
    answer = api.post("/tracks", {"track": track, **({"rule": rule} if rule else {})})
    assert answer.status_code == 201, answer.content
    context.forget()
    recounting.fill(api.shop.program.id, now=clock.now() + recounting.SETTLED, stopping=lambda: False)
    context.forget()
    return dict(answer.json())


def stands(api: Api, id_: str) -> dict[str, object]:
    (one,) = api.get(f"/members/{id_}/progress").json()["progress"]
    return dict(one)


def on_steps(api: Api) -> dict[str | None, int]:
    """Return how many were last found on each step."""
    with db.transaction(api.shop.program.id) as conn:
        return {one.step: one.owners for one in queries.on_steps(conn, api.shop.program.id)}


def test_a_track_is_previewed_published_changed_and_removed(api: Api) -> None:
    ann, bob = member(api, "ann"), member(api, "bob")
    sell(api, "S-1", ann, 20_000)
    sell(api, "S-2", bob, 60_000)
    preview = api.post("/tracks?dry_run=true", {"track": CLUB}).json()
    assert preview["moves"] == [
        {"before": None, "after": "silver", "members": 1},
        {"before": None, "after": "gold", "members": 1},
    ]
    assert (preview["members"], preview["whole"]) == (2, True)
    assert api.get("/tracks").json() == {"tracks": []}, "nothing was stored"
    made = publish(api, CLUB)
    assert (made["code"], made["version"], made["state"]) == ("club", 1, "recounting")
    assert stands(api, ann)["step"] == "silver"
    assert publish(api, CLUB)["version"] == 1, "the same again changes nothing"
    harder = {**CLUB, "steps": [{"code": "silver", "threshold": 30_000}]}
    moves = api.post("/tracks?dry_run=true", {"track": harder, "rule": {"rule": "keep"}}).json()["moves"]
    assert moves == [
        {"before": "silver", "after": "silver", "members": 1},
        {"before": "gold", "after": "silver", "members": 1},
    ]
    assert publish(api, harder, {"rule": "keep"})["state"] == "holds"
    (listed,) = api.get("/tracks").json()["tracks"]
    assert (listed["version"], listed["rule"], listed["track"]["steps"]) == (2, {"rule": "keep"}, harder["steps"])
    assert api.delete("/tracks/club").json() == {"removed": "club"}
    assert problem(api.delete("/tracks/club")) == (404, "not-found")
    context.forget()
    assert api.get(f"/members/{ann}/progress").json() == {"progress": []}


@pytest.mark.parametrize(
    ("track", "field", "words"),
    [
        ({**CLUB, "metric": "points"}, "unit", "points are those of a unit"),
        ({**CLUB, "where": {"combinator": "and", "rules": [{"field": "x", "operator": "=", "value": 1}]}}, "where", ""),
        ({**CLUB, "settings": {"kind": "challenge"}}, "window", "a challenge lies between two dates"),
        ({**CLUB, "steps": [{"code": "a", "threshold": 2}, {"code": "b", "threshold": 1}]}, "steps", "each threshold"),
    ],
)
@pytest.mark.parametrize("path", ["/tracks", "/tracks?dry_run=true"])
def test_what_is_wrong_with_a_track_is_named(api: Api, track: object, field: str, words: str, path: str) -> None:
    answer = api.post(path, {"track": track})
    assert problem(answer) == (422, "not-valid")
    error = answer.json()["errors"][0]
    assert error["field"].partition(".")[0] == field
    assert words in error["message"]


def test_what_is_no_track(api: Api) -> None:
    assert problem(api.post("/tracks", {"track": {**CLUB, "metric": "love"}})) == (422, "invalid")
    assert problem(api.post("/tracks", {"track": {**CLUB, "colour": 1}})) == (422, "invalid")
    assert problem(api.post("/tracks?dry_run=yes", {"track": CLUB})) == (422, "invalid")


def test_contracts_of_members_and_groups(api: Api) -> None:
    north = member(api, "north", kind="company", buying_group="g/1")
    publish(api, SCALE)
    group = "/buying-groups/g%2F1/contracts"
    agreed = api.put(f"{group}/turnover/2020-01-01", {"share": 900}).json()["contracts"]
    assert [(one["share"], one["first"], one["last"]) for one in agreed] == [(900, "2020-01-01", None)]
    assert stands(api, north)["share"] == 900
    own = f"/members/{north}/contracts/turnover/2020-01-01"
    assert api.put(own, {"share": 1100, "last": "2090-12-31"}).status_code == 200
    assert api.put(own, {"share": 1100, "last": "2090-12-31"}).json() == api.get(f"/members/{north}/contracts").json()
    assert stands(api, north)["share"] == 1100
    assert api.delete(own).json() == api.delete(own).json() == {"contracts": []}
    assert stands(api, north)["share"] == 900
    assert api.delete(f"{group}/turnover/2020-01-01").json() == {"contracts": []}
    assert stands(api, north)["share"] is None


def test_what_cannot_be_agreed(api: Api) -> None:
    north = member(api, "north", kind="company")
    for track in (CLUB, SCALE):
        publish(api, track)

    def put(path: str, body: object) -> tuple[int, str]:
        return problem(api.put(f"/members/{north}/contracts/{path}", body))

    assert put("nothing/2026-01-01", {"share": 1}) == (404, "not-found")
    assert put("club/2026-01-01", {"share": 1}) == (422, "not-a-scale")
    assert put("turnover/2026-01-01", {"share": 1, "last": "2025-01-01"}) == (422, "bad-dates")
    assert put("turnover/tomorrow", {"share": 1}) == (422, "invalid")
    assert put("turnover/2026-01-01", {"share": 10_001}) == (422, "invalid")


def test_a_new_group_counts_at_once(api: Api) -> None:
    north, south = (member(api, name, kind="company") for name in ("north", "south"))
    publish(api, SCALE)
    sell(api, "S-1", north, 6_000)
    sell(api, "S-2", south, 6_000)
    assert (stands(api, north)["step"], stands(api, south)["step"]) == (None, None)
    items = [{"external_id": name, "buying_group": "g"} for name in ("north", "south")]
    assert {one["code"] for one in api.post("/members:batch", {"members": items}).json()["results"]} == {200}
    assert (stands(api, north)["step"], stands(api, south)["value"]) == ("five", 12_000)
    assert on_steps(api)["five"] == 1, "it was told at once"
    member(api, "south", buying_group=None)
    assert stands(api, north)["step"] is None
    assert "five" not in on_steps(api)


def test_goods_have_a_cost(api: Api) -> None:
    first = api.post("/goods", {"sku": "tea", "name": "Tea", "category": ["food", "tea"], "cost": 70})
    assert (first.status_code, first.json()["category"], first.json()["cost"]) == (201, ["food", "tea"], 70)
    again = api.post("/goods", {"sku": "tea", "cost": None})
    assert (again.status_code, again.json()["name"], again.json()["cost"]) == (200, "Tea", None)
    assert problem(api.post("/goods", {"sku": "tea", "cost": -1})) == (422, "invalid")
    batch = [{"sku": "cup", "cost": 5}, 7, {"sku": "tea", "cost": 80}, {"name": "x"}]
    results = api.post("/goods:batch", {"goods": batch}).json()["results"]
    assert [one["code"] for one in results] == [201, 400, 200, 422]
    assert (results[0]["body"]["cost"], results[2]["body"]["cost"]) == (5, 80)
