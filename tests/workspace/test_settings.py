"""The registry, and where a value comes from."""

import itertools
import re
import tempfile
from datetime import timedelta

import msgspec
import psycopg
import pytest

from tests.builders import NOW, Shop, make_shop
from verno.kit.ids import new_ids
from verno.ledger.lifetime import ForDays, ForMonths, Lifetime, Never
from verno.workspace import audit, queries, registry, settings
from verno.workspace import service as workspace
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.registry import ALL, HOLD_SECONDS, PLACES, Definition, Wrong
from verno.workspace.settings import NotSet, Value
from verno.workspace.types import NewStore

OWNER = Actor(ActorKind.STAFF, "olga")
BAD = {"x", "", "-1", "1.5", "9999999999999999999", "refuse,", "none none", "date:02-30", "ON", " "}


@pytest.fixture
def shop(conn: psycopg.Connection) -> Shop:
    """A program with a region of one store and a till, and a store of the network's own."""
    made = make_shop(conn)
    program = made.program.id
    workspace.add_stores(conn, program, [NewStore("spb-1", "Nevsky")], now=NOW)
    region, anonymous = new_ids(2, now=NOW)
    conn.execute(
        "INSERT INTO workspace_place (id, program_id, parent_id, kind, code, name, anonymous_holder_id, created_at)"
        " SELECT %s, program_id, id, 'region', 'north', 'North', %s, created_at FROM workspace_place"
        " WHERE kind = 'network'",
        (region, anonymous),
    )
    conn.execute("UPDATE workspace_place SET parent_id = %s WHERE code = 'spb-1'", (region,))
    store = queries.stores(conn, program, ["spb-1"])[0]
    workspace.add_tills(conn, program, [(store.id, "1"), (store.id, "2")], now=NOW)
    return made


def put(conn: psycopg.Connection, shop: Shop, key: str, value: object, scope: str | None = None) -> Value:
    result = settings.write(conn, shop.program.id, key, value, scope=scope, now=NOW)
    assert isinstance(result, Value), result
    return result


@pytest.mark.parametrize("definition", ALL, ids=lambda one: one.key)
def test_a_default_reads_as_it_is_told(definition: Definition[object]) -> None:
    kind, default = definition.kind, definition.default
    assert kind.parse(kind.tell(default)) == default
    assert kind.accept(definition.plain(default)) == default
    assert definition.of(None) == default
    assert definition.meaning
    assert kind.allowed


NAMES = {
    registry.LEGAL_ENTITY.key,
    "messages.marking_note",
    "messages.sms_sender_note",
    *(f"brand.{name}" for name in ("legal_name", "address", "contact", "tax_id")),
}
"""Settings that are any text within bounds."""


def test_a_name_is_text_within_bounds() -> None:
    kind = registry.LEGAL_ENTITY.kind
    assert kind.parse("ООО «Ромашка»") == "ООО «Ромашка»"
    assert kind.parse("none") is None
    nonsense: tuple[object, ...] = ("", "a\nb", "a" * 201, 1, [])
    assert all(isinstance(kind.accept(raw), Wrong) for raw in nonsense)


@pytest.mark.parametrize("definition", [one for one in ALL if one.key not in NAMES], ids=lambda one: one.key)
def test_nonsense_is_refused(definition: Definition[object]) -> None:
    for words in BAD - ({"x"} if definition is registry.ADJUST_REASONS else set()):
        assert isinstance(definition.kind.parse(words), Wrong), words
    nonsense: list[object] = [{}, [[]], 1.5, "nonsense!", -1]
    assert all(isinstance(definition.kind.accept(raw), Wrong) for raw in nonsense)


def test_bounds() -> None:
    for definition, least, most in (
        (registry.HOLD_SECONDS, 1, 86_400),
        (registry.MAX_SHARE, 0, 100),
        (registry.CLAIM_DAYS, 0, 3_650),
        (registry.SPEND_VALUE, 1, 10**9),
        (registry.MAX_BALANCE, 1, 10**12),
        (registry.ADJUST_LIMIT, 0, 10**12),
    ):
        assert [definition.kind.accept(n) for n in (least, most)] == [least, most]
        assert all(isinstance(definition.kind.accept(n), Wrong) for n in (least - 1, most + 1, True, str(least)))


def test_what_only_a_later_release_can_read_is_the_default() -> None:
    assert registry.LATE_CAPTURE.of("ask-a-person") is registry.LateCapture.REFUSE
    assert registry.POINTS_EXPIRY.of({"model": "moon"}) == Never()


def test_the_nearest_scope_counts(conn: psycopg.Connection, shop: Shop) -> None:
    chain = ["program", "network", "region=north", "place=spb-1", "till=spb-1~1"]
    for seconds, scope in enumerate(chain, 1):
        put(conn, shop, "hold.default_seconds", seconds, scope)
        book = settings.load(conn, shop.program.id)
        assert book.value(HOLD_SECONDS, place="spb-1", till="1") == seconds
        assert book.show(HOLD_SECONDS, "till=spb-1~1").origin == scope
        assert book.set_in("hold.default_seconds") == sorted(chain[:seconds])
    book = settings.load(conn, shop.program.id)
    assert book.value(HOLD_SECONDS, place="spb-1", till="2") == 4
    assert book.value(HOLD_SECONDS, place="spb-1") == 4
    assert book.value(HOLD_SECONDS, place="msk-1", till="1") == 2, "a store of no region"
    assert book.value(HOLD_SECONDS) == 1, "no place at all"
    for scope, expected in zip(chain, [1, 2, 3, 4, 5], strict=True):
        assert book.show(HOLD_SECONDS, scope) == Value("hold.default_seconds", expected, scope, str(expected))
    for seconds, scope in zip(range(5, 1, -1), reversed(chain), strict=False):
        assert book.value(HOLD_SECONDS, place="spb-1", till="1") == seconds
        put(conn, shop, "hold.default_seconds", None, scope)
        book = settings.load(conn, shop.program.id)
    assert book.value(HOLD_SECONDS, place="spb-1", till="1") == 1


def test_a_unit_s_own_value_goes_before_the_program_s(conn: psycopg.Connection, shop: Shop) -> None:
    workspace.add_unit(conn, shop.program.id, "miles", life_days=None, now=NOW)
    put(conn, shop, "adjust.limit", 7)
    put(conn, shop, "adjust.limit", 9, "unit=miles")
    book = settings.load(conn, shop.program.id)
    assert [book.value(registry.ADJUST_LIMIT, unit=code) for code in ("points", "miles")] == [7, 9]
    assert settings.value(conn, shop.program.id, registry.ADJUST_LIMIT) == 7


def test_a_value_is_taken_back(conn: psycopg.Connection, shop: Shop) -> None:
    assert put(conn, shop, "spend.max_share", 30).origin == "program"
    assert put(conn, shop, "spend.max_share", None) == Value("spend.max_share", 100, "default", "100")
    result = settings.write_all(conn, shop.program.id, {"spend.max_share": "30"}, now=NOW, in_words=True)
    assert result == [Value("spend.max_share", 30, "program", "30")]
    result = settings.write_all(conn, shop.program.id, {"spend.max_share": "default"}, now=NOW, in_words=True)
    assert result == [Value("spend.max_share", 100, "default", "100")]


def test_scopes_that_a_key_is_not_set_for(conn: psycopg.Connection, shop: Shop) -> None:
    scopes = ["program", "network", "region=north", "place=spb-1", "till=spb-1~1", "unit=points"]
    for definition, scope in itertools.product(ALL, scopes):
        result = settings.write(conn, shop.program.id, definition.key, None, scope=scope, now=NOW)
        if scope.partition("=")[0] in definition.levels:
            assert isinstance(result, Value), (definition.key, scope)
        else:
            words = f"{definition.key} is set for: {settings.FORMS[definition.levels]}"
            assert result == NotSet("scope", words)


@pytest.mark.parametrize(
    "scope",
    ["place=north", "place=network", "place=1", "region=spb-1", "till=spb-1~3", "till=msk-1~1", "till=spb-1", "till=1",
     "till=~1", "place=", "place=SPB-1", "place=spb-1 ", "place=\x00"],
)  # fmt: skip
def test_places_that_are_not_there(conn: psycopg.Connection, shop: Shop, scope: str) -> None:
    result = settings.write(conn, shop.program.id, "spend.max_share", 30, scope=scope, now=NOW)
    assert isinstance(result, NotSet)
    assert result.reason.startswith("there is no ")
    assert settings.load(conn, shop.program.id).set_in("spend.max_share") == []


def test_all_or_nothing(conn: psycopg.Connection, shop: Shop) -> None:
    wrong = settings.write_all(conn, shop.program.id, {"spend.max_share": 30, "claim.days": -1, "no": 1}, now=NOW)
    assert [one.field for one in wrong if isinstance(one, NotSet)] == ["claim.days", "no"]
    assert settings.load(conn, shop.program.id).set_in("spend.max_share") == []


def test_every_setting_can_be_read_in_every_scope(conn: psycopg.Connection, shop: Shop) -> None:
    everything = settings.all_values(conn, shop.program.id)
    assert isinstance(everything, list)
    assert [(one.key, one.origin) for one in everything] == [(one.key, "default") for one in ALL]
    for scope in ("till=spb-1~1", "place=msk-1", "region=north", "network"):
        here = settings.all_values(conn, shop.program.id, scope=scope)
        assert isinstance(here, list)
        assert [one.key for one in here] == [one.key for one in ALL if one.levels == PLACES]


def test_the_first_unit_is_meant_when_none_is_named(conn: psycopg.Connection, shop: Shop) -> None:
    workspace.add_unit(conn, shop.program.id, "a-first-of-the-alphabet", life_days=None, now=NOW - timedelta(days=9))
    assert put(conn, shop, "spend.value", 100).origin == "unit=points"
    assert [unit.spend_value for unit in queries.units(conn, shop.program.id)] == [100, None]
    read = settings.read(conn, shop.program.id, "spend.value", scope="unit=a-first-of-the-alphabet")
    assert read == Value("spend.value", None, "default", "none")


def test_the_previous_release_reads_life_days_and_writes_them(conn: psycopg.Connection, shop: Shop) -> None:
    """A unit of before says its lifetime in days only; what is set now is kept there as far as days can say it."""

    def days() -> object:
        row = conn.execute("SELECT life_days FROM workspace_unit").fetchone()
        return row and row[0]

    conn.execute("UPDATE workspace_unit SET life_days = 90")
    assert queries.units(conn, shop.program.id)[0].lifetime == Lifetime(ForDays(90))
    told = settings.read(conn, shop.program.id, "points.expiry")
    assert told == Value("points.expiry", {"model": "days", "days": 90}, "unit=points", "days:90")
    for value, expected in (
        ({"model": "days", "days": 30}, 30),
        ({"model": "months", "months": 12}, None),
        ({"model": "days", "days": 60}, 60),
        (None, None),
    ):
        put(conn, shop, "points.expiry", value)
        assert days() == expected
    assert queries.units(conn, shop.program.id)[0].lifetime == Lifetime()
    put(conn, shop, "points.expiry", "months:12")
    conn.execute("UPDATE workspace_unit SET life_days = 90")
    assert queries.units(conn, shop.program.id)[0].lifetime == Lifetime(ForMonths(12)), "what was set now goes first"


def test_reading_costs_one_statement(conn: psycopg.Connection, shop: Shop) -> None:
    """However many units, places and values there are: intake reads both every two seconds."""
    for code in "abcdef":
        workspace.add_unit(conn, shop.program.id, code, life_days=None, now=NOW)
        put(conn, shop, "adjust.limit", 5, f"unit={code}")
    with tempfile.TemporaryFile("w+") as wire:
        conn.pgconn.trace(wire.fileno())
        assert len(queries.units(conn, shop.program.id)) == 7
        settings.load(conn, shop.program.id)
        conn.pgconn.untrace()
        wire.seek(0)
        sent = re.findall(r"\tF\t\d+\t(\w+)", wire.read())
    assert sent.count("Execute") + sent.count("Query") == 2


def test_the_audit_has_keys_and_no_values(conn: psycopg.Connection, shop: Shop) -> None:
    program = shop.program.id
    settings.write_all(conn, program, {"spend.value": 123, "claim.days": 9}, now=NOW, by=OWNER)
    settings.write_all(conn, program, {"spend.value": 123}, now=NOW, by=OWNER)
    settings.write_all(conn, program, {"spend.value": 0}, now=NOW, by=OWNER)
    told = [one for one in audit.page(conn, program) if one.actor_id == "olga"]
    assert sorted((one.action, one.object_id) for one in told) == [
        ("setting.set", "claim.days program"),
        ("setting.set", "spend.value unit=points"),
    ]
    assert b"123" not in msgspec.json.encode([(one.detail, one.object_id) for one in told])
