"""Members over HTTP: what goes in, what comes out, what is refused with nothing written."""

from collections.abc import Callable

import pytest

from tests.api.conftest import Api, count_members, problem

ANNA = {
    "external_id": "a-1",
    "name": "Anna Ivanova",
    "phone": "8 (916) 000-00-01",
    "email": "Anna@Example.com",
    "card": "1234-5678 90ab",
    "birth_date": "1990-05-17",
    "locale": "ru",
    "attributes": {"visits": 3, "vip": True},
    "consents": [{"topic": "points-statement", "channel": "email", "granted": True}],
}


def test_a_member_is_created_then_changed(api: Api) -> None:
    created = api.post("/members", ANNA)
    assert created.status_code == 201, created.content
    body = created.json()
    assert (body["phone"], body["email"], body["card"]) == ("+79160000001", "anna@example.com", "1234567890AB")
    assert body["attributes"] == {"visits": 3, "vip": True}
    assert [(c["topic"], c["channel"], c["granted"]) for c in body["consents"]] == [("points-statement", "email", True)]
    changed = api.post("/members", {"external_id": "a-1", "name": None, "attributes": {"vip": None}})
    assert changed.status_code == 200
    after = changed.json()
    assert (after["id"], after["name"], after["phone"]) == (body["id"], None, "+79160000001")
    assert after["attributes"] == {"visits": 3}
    assert api.get(f"/members/{body['id']}").json() == after


BAD = [
    ({}, 422, "invalid", "external_id"),
    ({"external_id": ""}, 422, "invalid", "external_id"),
    ({"external_id": 7}, 422, "invalid", "external_id"),
    ({"external_id": "x" * 101}, 422, "invalid", "external_id"),
    ({"external_id": "x", "nickname": "y"}, 422, "invalid", "nickname"),
    ({"external_id": "x", "phone": "12"}, 422, "bad-phone", "phone"),
    ({"external_id": "x", "phone": 79160000001}, 422, "invalid", "phone"),
    ({"external_id": "x", "email": "nobody"}, 422, "bad-email", "email"),
    ({"external_id": "x", "card": "№ 1"}, 422, "bad-card", "card"),
    ({"external_id": "x", "name": "  "}, 422, "bad-name", "name"),
    ({"external_id": "x", "name": "y" * 201}, 422, "invalid", "name"),
    ({"external_id": "x", "birth_date": "1990-02-30"}, 422, "invalid", "birth_date"),
    ({"external_id": "x", "birth_date": "2990-01-01"}, 422, "bad-birth-date", "birth_date"),
    ({"external_id": "x", "locale": "russian!"}, 422, "invalid", "locale"),
    ({"external_id": "x", "attributes": []}, 422, "invalid", "attributes"),
    ({"external_id": "x", "attributes": {"a": {"b": 1}}}, 422, "invalid", "attributes[...]"),
    ({"external_id": "x", "attributes": {str(n): n for n in range(51)}}, 422, "invalid", "attributes"),
    ({"external_id": "x", "consents": [{"topic": "t", "channel": "email", "granted": True}]}, 422, "unknown-topic",
     "consents[0].topic"),
    ({"external_id": "x", "consents": [{"topic": "points-statement", "channel": "pigeon", "granted": True}]}, 422,
     "invalid", "consents[0].channel"),
    ({"external_id": "x", "consents": [{"topic": "points-statement", "channel": "email", "granted": 1}]}, 422,
     "invalid", "consents[0].granted"),
    ({"external_id": "x", "consents": [{"topic": "points-statement", "channel": "email", "granted": True,
                                         "at": "2999-01-01T00:00:00Z"}]}, 422, "time-out-of-range", "consents[0].at"),
    ([], 422, "invalid", ""),
]  # fmt: skip


def test_bad_members_are_refused_and_leave_no_trace(api: Api) -> None:
    for body, status, kind, field in BAD:
        response = api.post("/members", body)
        assert problem(response) == (status, kind), (body, response.content)
        assert response.json()["errors"][0]["field"] == field, (body, response.content)
    assert count_members() == 0


@pytest.mark.parametrize(
    ("raw", "status", "kind"),
    [
        (b"", 400, "bad-json"),
        (b"{", 400, "bad-json"),
        (b'{"external_id": "a", "external_id": "b"}', 400, "bad-json"),
        (b'{"external_id": "a", "attributes": {"n": NaN}}', 400, "bad-json"),
        (b'{"external_id": "a\\u0000"}', 400, "bad-json"),
        (b'{"external_id": "\xff"}', 400, "bad-json"),
        (b"[" * 100 + b"]" * 100, 400, "bad-json"),
        (b'{"external_id": "' + b"a" * 256 * 1024 + b'"}', 413, "too-large"),
    ],
)
def test_bad_bodies(api: Api, raw: bytes, status: int, kind: str) -> None:
    assert problem(api.post("/members", raw)) == (status, kind)
    assert count_members() == 0


def test_an_identity_of_another_member_is_taken(api: Api) -> None:
    api.post("/members", ANNA)
    response = api.post("/members", {"external_id": "b-2", "phone": "+79160000001"})
    assert problem(response) == (409, "identity-taken")
    assert response.json()["errors"] == [{"field": "phone", "message": "another member has this phone"}]
    assert count_members() == 1


def test_an_attribute_keeps_its_type(api: Api) -> None:
    api.post("/members", ANNA)
    response = api.post("/members", {"external_id": "b-2", "attributes": {"visits": "three"}})
    assert problem(response) == (422, "bad-attribute")
    assert response.json()["errors"][0]["field"] == "attributes.visits"


def test_a_batch_answers_each_item_in_its_place(api: Api) -> None:
    items = [
        ANNA,
        7,
        {"external_id": "b-2", "phone": "+7 916 000-00-01"},
        {"external_id": "c-3", "wrong": 1},
        {"external_id": "d-4"},
        {"external_id": "d-4", "name": "Dasha"},
    ]
    response = api.post("/members:batch", {"members": items})
    assert response.status_code == 200
    results = response.json()["results"]
    assert [one["code"] for one in results] == [201, 400, 409, 422, 201, 200]
    assert [one["body"].get("type") for one in results[1:4]] == ["bad-json", "identity-taken", "invalid"]
    assert results[5]["body"]["name"] == "Dasha"
    assert count_members() == 2


def test_batch_limits(api: Api) -> None:
    thousand = [{"external_id": str(n)} for n in range(1000)]
    assert problem(api.post("/members:batch", {"members": [*thousand, {"external_id": "x"}]})) == (422, "invalid")
    assert problem(api.post("/members:batch", {"members": {}})) == (422, "invalid")
    assert problem(api.post("/members:batch", {"members": [], "more": 1})) == (422, "invalid")
    assert problem(api.post("/members:batch", b" " * (8 * 1024 * 1024 + 1))) == (413, "too-large")
    assert api.post("/members:batch", {"members": []}).json() == {"results": []}
    assert count_members() == 0
    codes = [one["code"] for one in api.post("/members:batch", {"members": thousand}).json()["results"]]
    assert codes == [201] * 1000


@pytest.mark.parametrize(
    "wanted",
    [{"phone": "89160000001"}, {"email": "ANNA@example.com"}, {"card": "1234567890ab"}, {"external_id": "a-1"}],
)
def test_lookup_finds_by_any_identity(api: Api, wanted: dict[str, str]) -> None:
    id_ = api.post("/members", ANNA).json()["id"]
    assert api.post("/members:lookup", wanted).json()["id"] == id_


def test_lookup_refuses_what_it_cannot_look_for(api: Api) -> None:
    assert problem(api.post("/members:lookup", {"phone": "+79160000009"})) == (404, "not-found")
    assert problem(api.post("/members:lookup", {"phone": "12"})) == (422, "bad-phone")
    assert problem(api.post("/members:lookup", {})) == (422, "invalid")
    assert problem(api.post("/members:lookup", {"phone": "1", "card": "2"})) == (422, "invalid")


def test_without_the_scope_personal_data_are_masked(api: Api, caller: Callable[..., Api]) -> None:
    id_ = api.post("/members", ANNA).json()["id"]
    other = caller("members:read", "members:write")
    for body in (other.get(f"/members/{id_}").json(), other.post("/members:lookup", {"external_id": "a-1"}).json()):
        assert body["masked"] == ["name", "phone", "email", "card", "birth_date"]
        shown = [body[name] for name in body["masked"]]
        assert shown == ["A••• I•••", "+7916•••0001", "a•••@example.com", "•••90AB", None]
        assert body["attributes"] == ANNA["attributes"]


def test_a_write_shows_what_it_wrote_and_nothing_more(api: Api, caller: Callable[..., Api]) -> None:
    api.post("/members", ANNA)
    body = caller("members:write").post("/members", {"external_id": "a-1", "phone": "+79160000002"}).json()
    assert body["phone"] == "+79160000002"
    assert body["email"] == "a•••@example.com"
    assert body["masked"] == ["name", "email", "card", "birth_date"]


def test_members_of_another_address_are_not_there(api: Api) -> None:
    for id_ in ("01a21293-b600-7000-8230-956097880ea8", "junk", "%00", "x" * 500):
        assert problem(api.get(f"/members/{id_}"))[0] == 404
        assert problem(api.get(f"/members/{id_}/balance"))[0] == 404
        assert problem(api.get(f"/members/{id_}/transfers"))[0] == 404


def test_where_a_member_is_is_told_to_those_who_may_see(api: Api, caller: Callable[..., Api]) -> None:
    home = {"lat": 55.7652, "lon": 37.6056, "postcode": "125009", "street": "Tverskaya street"}
    stored = api.post("/members", {"external_id": "a-1", "home_place": "msk-1", "location": home}).json()
    assert (stored["home_place"], stored["districts"]) == ("msk-1", {"home": []})
    assert api.get(f"/members/{stored['id']}").json()["locations"] == [home]
    masked = caller("members:read").get(f"/members/{stored['id']}").json()
    assert (masked["locations"], masked["districts"], masked["home_place"]) == ([], {}, "msk-1")
    assert "districts" in masked["masked"]
    gone = api.post("/members", {"external_id": "a-1", "location": None}).json()
    assert gone["districts"] == {}


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"location": {"lat": 91, "lon": 0}}, "location.lat"),
        ({"location": {"lat": 1, "lon": 181}}, "location.lon"),
        ({"location": {"lat": "1", "lon": 1}}, "location.lat"),
        ({"location": {"kind": "moon"}}, "location.kind"),
        ({"location": {"city": "Moscow"}}, "location"),
        ({"location": {"lat": 1}}, "location"),
        ({"home_place": "nowhere"}, "home_place"),
        ({"attributes": {"pets": ["x"] * 51}}, "attributes"),
    ],
)
def test_nowhere_is_no_place(api: Api, said: dict[str, object], field: str) -> None:
    refused = api.post("/members", {"external_id": "a-1", **said})
    assert refused.status_code == 422
    assert field in refused.content.decode()
    assert count_members() == 0
