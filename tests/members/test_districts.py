"""Districts: borders and lists, who is in them, what is kept of where somebody is."""

import math
from datetime import timedelta

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW, Shop, make_shop
from verno.members import masking, queries, service
from verno.members.districts import locating, registry
from verno.members.districts.shapes import BadShape, Ready, inside, rings_of
from verno.members.districts.types import MOST_POINTS, District, DistrictKind, NotKept
from verno.members.types import Location, LocationKind, NewMember, Refused, Updated
from verno.workspace.audit import SYSTEM

SQUARE = [[37.0, 55.0], [38.0, 55.0], [38.0, 56.0], [37.0, 56.0], [37.0, 55.0]]
HOLE = [[37.4, 55.4], [37.6, 55.4], [37.6, 55.6], [37.4, 55.6], [37.4, 55.4]]


def polygon(*rings: object) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": list(rings)}


def border(code: str, *rings: object) -> District:
    return District(code, DistrictKind.POLYGON, {"en": code}, polygon(*rings))


def listed(code: str, *entries: str) -> District:
    return District(code, DistrictKind.LIST, {"en": code}, entries=entries)


@pytest.fixture
def shop(conn: psycopg.Connection) -> Shop:
    return make_shop(conn)


def put(conn: psycopg.Connection, shop: Shop, one: District, *, days: int = 0) -> District | NotKept:
    return registry.put(conn, shop.program.id, one, now=NOW + timedelta(days=days), by=SYSTEM)


def store(conn: psycopg.Connection, shop: Shop, **given: object) -> str:
    """Store what is said of Ann; returns her id."""
    (found,) = service.upsert(conn, shop.program, [NewMember("ann", **given)], now=NOW)  # type: ignore[arg-type]
    assert not isinstance(found, Refused), found
    return found.member_id


def areas(conn: psycopg.Connection, shop: Shop, who: str) -> dict[str, list[str]]:
    return queries.members(conn, shop.program.id, [who])[who].districts


@pytest.mark.parametrize(
    ("at", "there"),
    [
        ((37.1, 55.1), True),
        ((37.5, 55.5), False),
        ((36.9, 55.5), False),
        ((38.1, 55.5), False),
        ((37.5, 56.1), False),
        ((37.5, 54.9), False),
        ((37.5, 55.7), True),
    ],
)
def test_a_point_is_inside_a_border_and_outside_its_hole(at: tuple[float, float], there: bool) -> None:
    assert inside(rings_of(polygon(SQUARE, HOLE)), *at) is there


@given(st.floats(-179, 179), st.floats(-89, 89), st.floats(0, 360), st.floats(0.05, 0.9), st.integers(3, 60))
def test_what_is_near_the_middle_of_a_round_border_is_inside(
    x: float, y: float, angle: float, share: float, corners: int
) -> None:
    """A regular shape around a point: within its inner circle is inside, beyond the outer one is not."""
    turns = [2 * math.pi * n / corners for n in range(corners)]
    ring = [(x + math.cos(turn), y + math.sin(turn)) for turn in turns]
    ring.append(ring[0])
    inner = math.cos(math.pi / corners) * share
    dx, dy = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    assert inside([ring], x + inner * dx, y + inner * dy)
    assert not inside([ring], x + 1.01 * dx, y + 1.01 * dy)


@pytest.mark.parametrize(
    "shape",
    [
        None,
        [],
        {},
        {"type": "Point", "coordinates": [1, 2]},
        {"type": "MultiPolygon", "coordinates": [[SQUARE]]},
        {"type": "Polygon"},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[]]},
        {"type": "Polygon", "coordinates": ["ring"]},
        polygon(SQUARE[:-1]),
        polygon([*SQUARE[:1], *SQUARE[:1], *SQUARE[:1]]),
        polygon([[181, 0], [0, 0], [0, 1], [181, 0]]),
        polygon([[0, 91], [0, 0], [0, 1], [0, 91]]),
        polygon([[True, 0], [0, 0], [0, 1], [True, 0]]),
        polygon([["0", 0], [0, 0], [0, 1], ["0", 0]]),
        polygon([[float("nan"), 0], [0, 0], [0, 1], [float("nan"), 0]]),
        polygon([[0, n / 100] for n in range(MOST_POINTS)] + [[0, 0]]),
    ],
)
def test_what_is_no_border_is_refused(conn: psycopg.Connection, shop: Shop, shape: object) -> None:
    with pytest.raises(BadShape):
        rings_of(shape)
    refused = put(conn, shop, District("centre", DistrictKind.POLYGON, polygon=shape))  # type: ignore[arg-type]
    assert isinstance(refused, NotKept)
    assert refused.field == "polygon"
    assert locating.districts(conn, shop.program.id) == []


def test_postcodes_and_streets_are_compared_as_people_write_them() -> None:
    ready = Ready([listed("centre", "101000", "Tverskaya  STREET"), listed("west", "12*")])
    assert ready.of(Location(postcode="101000")) == ["centre"]
    assert ready.of(Location(street="tverskaya street")) == ["centre"]
    assert ready.of(Location(postcode="121099", street="Tverskaya street")) == ["centre", "west"]
    assert ready.of(Location(postcode="1")) == []
    assert Ready([listed("a", "x")]).of(Location(lat=1, lon=1)) == []


def test_a_feature_is_taken_too(conn: psycopg.Connection, shop: Shop) -> None:
    kept = put(
        conn, shop, District("c", DistrictKind.POLYGON, polygon={"type": "Feature", "geometry": polygon(SQUARE)})
    )
    assert not isinstance(kept, NotKept)


def test_members_are_in_districts_by_where_they_live_work_and_are(conn: psycopg.Connection, shop: Shop) -> None:
    put(conn, shop, border("centre", SQUARE))
    put(conn, shop, listed("north", "190*"))
    ann = store(conn, shop, location=Location(lat=55.1, lon=37.1, postcode="190000"), home_place="msk-1")
    assert areas(conn, shop, ann) == {"home": ["centre", "north"]}
    store(conn, shop, location=Location(LocationKind.WORK, postcode="190001"))
    assert areas(conn, shop, ann) == {"home": ["centre", "north"], "work": ["north"]}
    store(conn, shop, name="Ann")
    assert areas(conn, shop, ann) == {"home": ["centre", "north"], "work": ["north"]}, "not said, not touched"
    store(conn, shop, location=Location())
    assert areas(conn, shop, ann) == {"work": ["north"]}
    store(conn, shop, location=None, home_place=None)
    assert areas(conn, shop, ann) == {}
    assert queries.members(conn, shop.program.id, [ann])[ann].home_place is None


def test_a_changed_district_sorts_everybody_anew(conn: psycopg.Connection, shop: Shop) -> None:
    put(conn, shop, listed("north", "190000"))
    ann = store(conn, shop, location=Location(postcode="101000"))
    assert areas(conn, shop, ann) == {"home": []}
    put(conn, shop, listed("north", "101000"))
    assert areas(conn, shop, ann) == {"home": ["north"]}, "at the same moment, too"
    gone = District("north", DistrictKind.LIST, entries=("101000",), archived_at=NOW)
    put(conn, shop, gone, days=2)
    assert areas(conn, shop, ann) == {"home": []}
    assert locating.sort_again(conn, shop.program.id, now=NOW + timedelta(days=3), limit=10) == 0, "nothing is left"


def test_the_worker_sorts_what_was_too_much_at_once(
    conn: psycopg.Connection, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "AT_ONCE", 0)
    ann = store(conn, shop, location=Location(postcode="101000"))
    put(conn, shop, listed("north", "101000"), days=1)
    assert areas(conn, shop, ann) == {"home": []}
    assert locating.sort_again(conn, shop.program.id, now=NOW + timedelta(days=1), limit=10) == 1
    assert areas(conn, shop, ann) == {"home": ["north"]}


def test_where_somebody_is_lies_sealed(conn: psycopg.Connection, shop: Shop) -> None:
    home = Location(lat=55.75, lon=37.61, postcode="101000", street="Tverskaya street")
    ann = store(conn, shop, location=home, home_place="msk-1")
    assert locating.locations(conn, [ann]) == {ann: {LocationKind.HOME: home}}
    (row,) = conn.execute("SELECT sealed, l::text FROM members_location l").fetchall()
    assert b"101000" not in bytes(row[0])
    assert "101000" not in row[1]
    masked = masking.masked(queries.members(conn, shop.program.id, [ann])[ann])
    assert masked.districts == {}


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"location": Location(lat=1.0)}, "bad-location"),
        ({"home_place": "nowhere"}, "unknown-place"),
    ],
)
def test_what_cannot_be_is_refused(conn: psycopg.Connection, shop: Shop, given_: dict[str, object], said: str) -> None:
    store(conn, shop)
    (found,) = service.upsert(conn, shop.program, [NewMember("ann", **given_)], now=NOW)  # type: ignore[arg-type]
    assert isinstance(found, Refused)
    assert found.reason == said
    assert conn.execute("SELECT count(*) FROM members_location").fetchone() == (0,)


def test_of_one_batch_the_last_word_counts(conn: psycopg.Connection, shop: Shop) -> None:
    put(conn, shop, listed("north", "2"))
    said = [NewMember("ann", location=Location(postcode=code)) for code in ("1", "2")]
    made, again = service.upsert(conn, shop.program, said, now=NOW)
    assert isinstance(again, Updated)
    assert areas(conn, shop, again.member_id) == {"home": ["north"]}
    assert not isinstance(made, Refused)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (listed("North", "1"), "code"),
        (listed("north"), "entries"),
        (listed("north", " "), "entries"),
        (listed("north", "*"), "entries"),
        (listed("north", "x" * 201), "entries"),
        (listed("north", *[str(n) for n in range(5001)]), "entries"),
        (District("north", DistrictKind.LIST, {"en": "x" * 81}, entries=("1",)), "names.en"),
        (District("north", DistrictKind.LIST, polygon=polygon(SQUARE), entries=("1",)), "polygon"),
        (District("north", DistrictKind.POLYGON, polygon=polygon(SQUARE), entries=("1",)), "entries"),
    ],
)
def test_what_is_no_district_is_refused(conn: psycopg.Connection, shop: Shop, wanted: District, field: str) -> None:
    refused = put(conn, shop, wanted)
    assert isinstance(refused, NotKept)
    assert refused.field == field


def test_the_worker_finds_every_program_with_something_to_sort(database: str) -> None:
    from verno.kit import db
    from verno.wiring import chores

    with db.transaction() as conn:
        shop = make_shop(conn)
        who = store(conn, shop, location=Location(postcode="101000"))
    with db.transaction(shop.program.id) as conn, pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "AT_ONCE", 0)
        put(conn, shop, listed("north", "101000"), days=1)
    assert chores.sort_districts(now=NOW + timedelta(days=1), stopping=lambda: False) == 1
    assert chores.sort_districts(now=NOW + timedelta(days=1), stopping=lambda: False) == 0
    with db.transaction(shop.program.id) as conn:
        assert areas(conn, shop, who) == {"home": ["north"]}
