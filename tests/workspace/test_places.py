"""Stores are added, called, put into regions and out of them; every change leaves its line in the audit."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from click.testing import Result

from tests.builders import NOW, make_shop
from tests.workspace.conftest import printed
from verno.kit import db
from verno.workspace import audit, settings
from verno.workspace import queries as workspace
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.places import queries, service
from verno.workspace.places.types import NewPlace, Place, PlaceChange, Refusal, Refused
from verno.workspace.registry import HOLD_SECONDS

OWNER = Actor(ActorKind.STAFF, "olga")
ZONE = "Europe/Moscow"
Verno = Callable[..., Result]


@pytest.fixture
def program(conn: psycopg.Connection) -> str:
    """Return a program with the stores msk-1 and spb-1."""
    made = make_shop(conn).program.id
    service.add(conn, made, [NewPlace("spb-1", "Nevsky")], now=NOW)
    return made


def change(conn: psycopg.Connection, program: str, *wanted: PlaceChange) -> list[Place | Refused]:
    return service.change(conn, program, wanted, now=NOW, by=OWNER)


def told(conn: psycopg.Connection, program: str) -> list[tuple[str, str, str]]:
    """Return what the owner did, newest first."""
    return [(one.action, one.object_id, one.detail) for one in audit.page(conn, program) if one.actor_id == OWNER.id]


def test_a_region_is_there_with_its_first_store_and_a_store_leaves_it(conn: psycopg.Connection, program: str) -> None:
    north = PlaceChange("spb-1", region="Северо-Запад")
    (done,) = change(conn, program, north)
    assert done == Place("spb-1", "Nevsky", ZONE, "Северо-Запад", None)
    assert [one.region for one in queries.places(conn, program)] == [None, "Северо-Запад"]
    assert told(conn, program) == [("place.change", "spb-1", "region")]
    change(conn, program, north)
    assert len(told(conn, program)) == 1, "what changes nothing is not told"
    change(conn, program, PlaceChange("spb-1", region=None))
    assert queries.regions(queries.places(conn, program)) == []
    assert len(told(conn, program)) == 2


def test_a_store_takes_what_is_set_for_its_region(conn: psycopg.Connection, program: str) -> None:
    change(conn, program, PlaceChange("spb-1", region="north"))
    settings.write(conn, program, HOLD_SECONDS.key, 60, scope="region=north", now=NOW)
    change(conn, program, PlaceChange("msk-1", region="north"), PlaceChange("spb-1", region=None))
    book = settings.load(conn, program)
    assert [book.value(HOLD_SECONDS, place=code) for code in ("msk-1", "spb-1")] == [60, HOLD_SECONDS.default]


def test_one_refusal_does_not_touch_the_others(conn: psycopg.Connection, program: str) -> None:
    done = change(
        conn,
        program,
        PlaceChange("msk-1", name=" Arbat ", legal_entity="Daisy LLC"),
        PlaceChange("msk-9", region="north"),
        PlaceChange("spb-1", region=" "),
        PlaceChange("spb-1", region="x" * 65),
        PlaceChange("spb-1", name="a\nb"),
        PlaceChange("spb-1", legal_entity=""),
        PlaceChange("spb\0", region="north"),
    )
    assert done[0] == Place("msk-1", "Arbat", ZONE, None, "Daisy LLC")
    assert [one.reason for one in done if isinstance(one, Refused)] == [
        Refusal.UNKNOWN_PLACE,
        Refusal.BAD_REGION,
        Refusal.BAD_REGION,
        Refusal.BAD_NAME,
        Refusal.BAD_LEGAL_ENTITY,
        Refusal.UNKNOWN_PLACE,
    ]
    assert queries.places(conn, program, ["spb-1"]) == [Place("spb-1", "Nevsky", ZONE, None, None)]
    assert told(conn, program) == [
        ("place.change", "msk-1", "name"),
        ("setting.set", "place.legal_entity place=msk-1", ""),
    ]


def test_of_several_changes_of_one_store_the_later_says_more(conn: psycopg.Connection, program: str) -> None:
    first, second = PlaceChange("spb-1", name="A", region="south"), PlaceChange("spb-1", region="north")
    done = change(conn, program, first, second)
    assert done == [Place("spb-1", "A", ZONE, "north", None)] * 2


def test_stores_are_added_with_a_zone_and_a_region(conn: psycopg.Connection, program: str) -> None:
    wanted = [
        NewPlace("vvo-1", "Svetlanskaya", "Asia/Vladivostok", "far-east"),
        NewPlace("vvo-2"),
        NewPlace("vvo-2", "Again"),
        NewPlace("msk-1", "Again"),
        NewPlace("a~b"),
        NewPlace("a b"),
        NewPlace("x", timezone="Mars/Olympus"),
        NewPlace("x", name=""),
        NewPlace("x", region="\n"),
    ]
    done = service.add(conn, program, wanted, now=NOW, by=OWNER)
    assert done[:2] == [
        Place("vvo-1", "Svetlanskaya", "Asia/Vladivostok", "far-east", None),
        Place("vvo-2", "vvo-2", ZONE, None, None),
    ]
    assert [one.reason for one in done if isinstance(one, Refused)] == [
        Refusal.CODE_TAKEN,
        Refusal.CODE_TAKEN,
        Refusal.BAD_CODE,
        Refusal.BAD_CODE,
        Refusal.UNKNOWN_TIMEZONE,
        Refusal.BAD_NAME,
        Refusal.BAD_REGION,
    ]
    assert sorted(told(conn, program)) == [("place.add", "vvo-1", ""), ("place.add", "vvo-2", "")]


def test_a_thousand_cost_as_many_statements_as_one(conn: psycopg.Connection, program: str) -> None:
    def statements(count: int) -> int:
        codes = [f"s-{count}-{i}" for i in range(count)]
        service.add(conn, program, [NewPlace(code) for code in codes], now=NOW)
        seen = 0
        execute = conn.execute

        def counting(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 as it was called
            nonlocal seen
            seen += 1
            return execute(*args, **kwargs)

        conn.execute = counting  # type: ignore[method-assign]  # taken back below
        try:
            change(conn, program, *(PlaceChange(code, region=f"r-{code}", legal_entity="Daisy") for code in codes))
        finally:
            conn.execute = execute  # type: ignore[method-assign]  # as it was
        return seen

    assert statements(1) == statements(1000)


def test_the_command_lists_adds_and_sets(verno: Verno) -> None:
    assert verno("place", "list").stdout == "msk-1: msk-1, no region, Europe/Moscow\n"
    said = verno("place", "add", "spb-1", "--name", "Nevsky", "--region", "north")
    assert (said.exit_code, said.stdout) == (0, "spb-1: Nevsky, region north, Europe/Moscow\n")
    both = printed(verno("place", "set", "msk-1", "spb-1", "--region", "west", "--legal-entity", "Daisy", "--json"))
    assert [(one["code"], one["region"], one["legal_entity"]) for one in both["places"]] == [
        ("msk-1", "west", "Daisy"),
        ("spb-1", "west", "Daisy"),
    ]
    verno("place", "set", "msk-1", "--region", "default", "--legal-entity", "default")
    assert verno("place", "list").stdout.splitlines()[0] == "msk-1: msk-1, no region, Europe/Moscow"
    with db.transaction() as conn:
        found = audit.page(conn, workspace.only_program(conn).id)
    assert {one.actor_kind for one in found if one.object_kind == "place"} == {"operator"}


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("set", "msk-1", "msk-9", "--region", "x"), 1, "msk-9: there is no such store"),
        (("set", "msk-1", "--region", " "), 1, "--region msk-1: must be one line of 1 to 64 characters"),
        (("set", "msk-1"), 2, "say what to set: --region, --legal-entity or --name"),
        (("set", "msk-1", "msk-2", "--name", "x"), 2, "--name is for one store at a time"),
        (("add", "msk-1"), 1, "msk-1: there is a store of this code already"),
        (("add", "x", "--timezone", "Mars"), 1, "--timezone x: is not in the IANA list"),
    ],
)
def test_the_command_says_what_is_wrong(verno: Verno, words: tuple[str, ...], code: int, sentence: str) -> None:
    said = verno("place", *words)
    assert (said.exit_code, sentence in said.stderr) == (code, True), said.output
    assert verno("place", "list").stdout == "msk-1: msk-1, no region, Europe/Moscow\n", "nothing was done"
