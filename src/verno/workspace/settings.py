"""What an owner may set: read and written by scope, and every value says where it comes from.

A scope is ``program``, ``network``, ``region=<code>``, ``place=<code>`` (a store), ``till=<store>~<till>`` or
``unit=<code>``. For a till the nearest counts: till, store, region, network, program, default. What belongs to a kind
of points is set for a unit; said without a scope it is the program's first unit, the one that it was made with.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from verno.kit import batches
from verno.kit.db import Connection
from verno.ledger import service as ledger
from verno.ledger.lifetime import ForDays, Sliding
from verno.workspace import audit, queries
from verno.workspace.audit import Act, Actor
from verno.workspace.queries import SQL
from verno.workspace.registry import (
    PLACES,
    POINTS_EXPIRY,
    PROGRAM_OR_UNIT,
    REGISTRY,
    UNITS,
    WHOLE,
    Definition,
    Level,
    Wrong,
)
from verno.workspace.types import PlaceKind

T = TypeVar("T")

PROGRAM = str(Level.PROGRAM)
NETWORK = str(Level.NETWORK)
DEFAULT = "default"
SCOPES = "program, network, region=CODE, place=CODE, till=STORE~TILL, unit=CODE"
FORMS = {
    WHOLE: "program",
    PLACES: "program, network, region=CODE, place=CODE, till=STORE~TILL",
    UNITS: "unit=CODE",
    PROGRAM_OR_UNIT: "program, unit=CODE",
}
"""The scopes that a setting of these levels may be set in."""
RESET = "default"
"""The word that takes a value back, so that the next scope counts again."""


class Value(msgspec.Struct, frozen=True):
    """A setting as it stands: as JSON, in words, and the scope it comes from (``default`` when nobody has set it)."""

    key: str
    value: object
    origin: str
    text: str


class NotSet(msgspec.Struct, frozen=True):
    """Why nothing was set: the key or ``scope`` that was wrong, and what is allowed, in words."""

    field: str
    reason: str


class Book:
    """All that one program has set, at one moment."""

    def __init__(self, rows: Sequence[tuple[str, str, object, Sequence[str] | None]]) -> None:
        """Take (scope, key, value, stores of a region's scope)."""
        self._stored = {(scope, key): value for scope, key, value, _ in rows}
        self._regions = {store: scope for scope, _, _, stores in rows for store in stores or ()}

    def value(
        self, definition: Definition[T], *, place: str | None = None, till: str | None = None, unit: str | None = None
    ) -> T:
        """Return a setting as it holds for a store (and a till of it), for a unit, or for the program."""
        return definition.of(self._nearest(definition.key, self._chain(place, till, unit))[0])

    def show(self, definition: Definition[T], scope: str = PROGRAM) -> Value:
        """Return a setting as it holds in a scope, with its origin."""
        stored, origin = self._nearest(definition.key, self._chain_of(scope))
        value = definition.of(stored)
        return Value(definition.key, definition.plain(value), origin, definition.kind.tell(value))

    def stored(self, key: str, scope: str) -> object:
        """Return what is set in this very scope, as JSON; None when nothing is."""
        return self._stored.get((scope, key))

    def set_in(self, key: str) -> list[str]:
        """Return the scopes that have a value of their own."""
        return sorted(scope for scope, name in self._stored if name == key)

    def _nearest(self, key: str, scopes: Iterator[str]) -> tuple[object, str]:
        for scope in scopes:
            stored = self._stored.get((scope, key))
            if stored is not None:
                return stored, scope
        return None, DEFAULT

    def _chain(self, place: str | None, till: str | None, unit: str | None) -> Iterator[str]:
        if unit is not None:
            yield f"unit={unit}"
        if place is not None:
            if till is not None:
                yield f"till={place}~{till}"
            yield f"place={place}"
            if place in self._regions:
                yield self._regions[place]
            yield NETWORK
        yield PROGRAM

    def _chain_of(self, scope: str) -> Iterator[str]:
        level, _, code = scope.partition("=")
        if level == Level.UNIT:
            return self._chain(None, None, code)
        if level == Level.TILL:
            store, _, till = code.partition("~")
            return self._chain(store, till, None)
        if level == Level.PLACE:
            return self._chain(code, None, None)
        above = {Level.REGION: [scope, NETWORK], Level.NETWORK: [NETWORK]}
        return iter([*above.get(Level(level), []), PROGRAM])


def load(conn: Connection, program_id: str) -> Book:
    """Return all that a program has set: one statement."""
    return Book(conn.execute(SQL["settings"], {"program": program_id}).fetchall())


def value(
    conn: Connection,
    program_id: str,
    definition: Definition[T],
    *,
    place: str | None = None,
    till: str | None = None,
    unit: str | None = None,
) -> T:
    """Return one setting as it holds for a store's code (and a till of it), for a unit's code, or for the program."""
    return load(conn, program_id).value(definition, place=place, till=till, unit=unit)


def read(conn: Connection, program_id: str, key: str, *, scope: str | None = None) -> Value | NotSet:
    """Return one setting as it holds in a scope; without one for the program, or for its first unit."""
    definition = REGISTRY.get(key)
    if definition is None:
        return _no_such(key)
    found = _Scopes(conn, program_id).of(definition, scope)
    return found if isinstance(found, NotSet) else load(conn, program_id).show(definition, found)


def all_values(conn: Connection, program_id: str, *, scope: str | None = None) -> list[Value] | NotSet:
    """Return every setting, or those that may be set in ``scope``, as they hold there."""
    scopes = _Scopes(conn, program_id)
    level = _level(scope)
    wanted = [one for one in REGISTRY.values() if scope is None or level in one.levels]
    if not wanted:
        return NotSet("scope", f"a scope is one of: {SCOPES}")
    book = load(conn, program_id)
    out = []
    for definition in wanted:
        found = scopes.of(definition, scope)
        if isinstance(found, NotSet):
            return found
        out.append(book.show(definition, found))
    return out


def write(
    conn: Connection,
    program_id: str,
    key: str,
    value: object,
    *,
    scope: str | None = None,
    now: datetime,
    by: Actor = audit.SYSTEM,
) -> Value | NotSet:
    """Set one value given as JSON, see ``write_all``."""
    return write_all(conn, program_id, {key: value}, scope=scope, now=now, by=by)[0]


def write_all(
    conn: Connection,
    program_id: str,
    values: Mapping[str, object],
    *,
    scope: str | None = None,
    now: datetime,
    by: Actor = audit.SYSTEM,
    in_words: bool = False,
) -> list[Value] | list[NotSet]:
    """Set all of ``values`` or, when one of them is wrong, none; effective in all processes within two seconds.

    The audit names ``by`` and the keys that have changed. Values are JSON, null taking one back; ``in_words`` they are
    what the command line takes (``default`` takes back).
    """
    wanted = [(scope, key, raw) for key, raw in values.items()]
    return _write(conn, program_id, _Scopes(conn, program_id), wanted, now=now, by=by, in_words=in_words)


def write_at_places(
    conn: Connection,
    program_id: str,
    key: str,
    values: Mapping[str, object],
    *,
    now: datetime,
    by: Actor = audit.SYSTEM,
) -> list[Value] | list[NotSet]:
    """Set one key for stores, whose codes (they are there) lead to values as JSON, see ``write_all``."""
    wanted = [(f"{Level.PLACE}={code}", key, raw) for code, raw in values.items()]
    scopes = _Scopes(conn, program_id, [scope for scope, _key, _raw in wanted])
    return _write(conn, program_id, scopes, wanted, now=now, by=by)


def _write(
    conn: Connection,
    program_id: str,
    scopes: "_Scopes",
    wanted: Sequence[tuple[str | None, str, object]],
    *,
    now: datetime,
    by: Actor,
    in_words: bool = False,
) -> list[Value] | list[NotSet]:
    rows: list[dict[str, object]] = []
    wrong: list[NotSet] = []
    for scope, key, raw in wanted:
        row = _row(scopes, key, raw, scope, in_words=in_words)
        if isinstance(row, NotSet):
            wrong.append(row)
        else:
            rows.append(row)
    if wrong:
        return wrong
    old = load(conn, program_id)
    conn.execute(SQL["set"], {"program": program_id, "now": now, "rows": batches.rows(rows)})
    for row in rows:
        if row["key"] == POINTS_EXPIRY.key:
            expiry = POINTS_EXPIRY.of(row["value"])
            days = expiry.days if isinstance(expiry, ForDays) else None
            code = str(row["scope"]).removeprefix("unit=")
            conn.execute(SQL["set_life_days"], {"program": program_id, "code": code, "life_days": days})
    new = load(conn, program_id)
    _slide(conn, program_id, old, new, now=now)
    acts = []
    for row in rows:
        key, where = str(row["key"]), str(row["scope"])
        states = (old.stored(key, where), new.stored(key, where))
        if states[0] != states[1]:
            acts.append(Act("setting.set", ("setting", f"{key} {where}"), states=states))
    audit.record_all(conn, program_id, by, acts, now=now)
    return [new.show(REGISTRY[str(row["key"])], str(row["scope"])) for row in rows]


def _slide(conn: Connection, program_id: str, old: Book, new: Book, *, now: datetime) -> None:
    """Tell the ledger which units leave the sliding model, and which come to it.

    What an activity of today gives lies at least so many days ahead, so no earlier end is one of now.
    """
    for unit in queries.units(conn, program_id) if _expiries(old) != _expiries(new) else ():
        was, is_ = (book.value(POINTS_EXPIRY, unit=unit.code) for book in (old, new))
        if isinstance(is_, Sliding):
            ledger.resume_lapses(conn, unit.id, until=now + timedelta(days=is_.days - 1))
        elif isinstance(was, Sliding):
            ledger.pause_lapses(conn, program_id, unit.id, now=now)


def _expiries(book: Book) -> dict[str, object]:
    return {scope: book.stored(POINTS_EXPIRY.key, scope) for scope in book.set_in(POINTS_EXPIRY.key)}


def _row(scopes: "_Scopes", key: str, raw: object, scope: str | None, *, in_words: bool) -> dict[str, object] | NotSet:
    definition = REGISTRY.get(key)
    if definition is None:
        return _no_such(key)
    found = scopes.of(definition, scope)
    if isinstance(found, NotSet):
        return found
    if raw is None or (in_words and raw == RESET):
        return {"scope": found, "key": key, "value": None}
    read_ = definition.kind.parse(str(raw)) if in_words else definition.kind.accept(raw)
    if isinstance(read_, Wrong):
        return NotSet(key, f"{key} may be: {read_.allowed}")
    return {"scope": found, "key": key, "value": definition.plain(read_)}


def _no_such(key: str) -> NotSet:
    return NotSet(key, f"there is no setting {key}; there are: {', '.join(REGISTRY)}")


def _level(scope: str | None) -> str:
    return (scope or "").partition("=")[0]


class _Scopes:
    """Finds the scope that somebody means, and asks the database for each but once."""

    def __init__(self, conn: Connection, program_id: str, there: Sequence[str] = ()) -> None:
        self._conn = conn
        self._program_id = program_id
        self._known: dict[str, bool] = dict.fromkeys(there, True)
        self._units: list[str] | None = None

    def of(self, definition: Definition[object], scope: str | None) -> str | NotSet:
        """Return the scope, or why a setting cannot be set there."""
        if scope is None:
            return f"unit={self._unit_codes()[0]}" if definition.levels == UNITS else PROGRAM
        level, separator, code = scope.partition("=")
        if level not in definition.levels or bool(separator) != (level not in {Level.PROGRAM, Level.NETWORK}):
            return NotSet("scope", f"{definition.key} is set for: {FORMS[definition.levels]}")
        if separator and scope not in self._known:
            self._known[scope] = self._exists(level, code)
        if not self._known.get(scope, True):
            there = f"; there are: {', '.join(self._unit_codes())}" if level == Level.UNIT else ""
            return NotSet("scope", f"there is no {level} {code}{there}")
        return scope

    def _unit_codes(self) -> list[str]:
        if self._units is None:
            self._units = [unit.code for unit in queries.units(self._conn, self._program_id)]
        return self._units

    def _exists(self, level: str, code: str) -> bool:
        if not code.isprintable():
            return False
        if level == Level.UNIT:
            return code in self._unit_codes()
        store: str | None = None
        if level == Level.TILL:
            # A store's code holds no ~, a till's may.
            store, _, code = code.partition("~")
        kind = PlaceKind.STORE if level == Level.PLACE else PlaceKind(level)
        asked = {"program": self._program_id, "kind": kind, "code": code, "store": store}
        row = self._conn.execute(SQL["has_place"], asked).fetchone()
        return bool(row and row[0])
