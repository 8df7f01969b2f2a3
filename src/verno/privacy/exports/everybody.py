"""A program's members to a file that ``verno import members`` reads: streamed, whatever their number."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

import msgspec

from verno.kit import batches, db
from verno.kit.db import Connection
from verno.kit.errors import VernoError
from verno.members import queries as members
from verno.members.attributes import registry
from verno.members.districts import locating
from verno.members.types import Location, LocationKind, Member, Purpose, State, Wishes
from verno.privacy.exports.sealed import SQL
from verno.web.sheets import safe
from verno.workspace import audit
from verno.workspace.audit import Actor
from verno.workspace.types import Program

COLUMNS = (
    *("external_id", "name", "phone", "email", "card", "birth_date", "locale", "kind", "buying_group"),
    *("home_place", "attributes", "locations", "wishes", "consents"),
)
JSON_COLUMNS = frozenset({"attributes", "locations", "wishes", "consents"})
MOST_WORDS = 200
"""Words of one member, the newest: as many as an import takes of a row."""
PAGE = 1000
ACTION = "members.export"

SENSITIVE = "export.sensitive"
"""How the audit calls a reading of special categories by an export."""

Row: TypeAlias = tuple[str | None, ...]
Write: TypeAlias = Callable[[Sequence[Row]], None]


class Format(StrEnum):
    """How the file is written."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


def export(
    program: Program,
    target: Path,
    format_: Format,
    *,
    by: Actor,
    step: Callable[[int], None],
    now: datetime,
) -> int:
    """Write all members who are somebody's own to a file that only its owner may read; returns how many.

    A member who comes meanwhile may be missing. Nothing is left of a file that was not finished.
    """
    draft = target.with_name(f".{target.name}.part")
    count, after = 0, None
    try:
        draft.touch(mode=0o600)
        with _opened(draft, format_) as write:
            while ids := _next(program, after):
                write(_page(program, ids, by, now))
                count, after = count + len(ids), ids[-1]
                step(len(ids))
        with db.transaction(program.id) as conn:  # noted before anybody has the file
            audit.record(conn, program.id, by, ACTION, ("members", program.id), detail=f"{format_}:{count}", now=now)
        draft.replace(target)
    except OSError as error:
        message = f"{target} cannot be written: {error.strerror or error}"
        raise VernoError(message) from error
    finally:
        draft.unlink(missing_ok=True)
    return count


def _next(program: Program, after: str | None) -> list[str]:
    with db.transaction(program.id) as conn:
        return [id_ for id_, _ in members.page(conn, program.id, after=after, limit=PAGE)]


class _Known(msgspec.Struct, frozen=True):
    """What is held of a page of members beside what ``Member`` has."""

    said: Mapping[str, list[dict[str, object]]]
    places: Mapping[str, Mapping[LocationKind, Location]]
    wishes: Mapping[str, Wishes]


def _page(program: Program, ids: Sequence[str], by: Actor, now: datetime) -> list[Row]:
    """Return the rows of a page. Special categories are a reading, of which the audit knows by member."""
    with db.transaction(program.id) as conn:
        found = members.members(conn, program.id, ids, sensitive=True)
        special = {one.name for one in registry.attributes(conn, program.id).values() if one.sensitive}
        shown = [id_ for id_, one in found.items() if special & one.attributes.keys()]
        audit.record_reading(conn, program.id, by, shown, now=now, detail=SENSITIVE)
        known = _Known(_said(conn, ids, now), locating.locations(conn, ids), members.wishes(conn, ids))
    return [_row(found[id_], known) for id_ in ids if id_ in found]


def _row(member: Member, known: _Known) -> Row:
    places = known.places.get(member.id, {})
    wishes = known.wishes.get(member.id)
    said = known.said.get(member.id, [])
    return (
        member.external_id,
        member.name,
        member.phone,
        member.email,
        member.card,
        member.birth_date.isoformat() if member.birth_date else None,
        member.locale,
        member.kind.value,
        member.buying_group,
        member.home_place,
        _json(member.attributes) if member.attributes else None,
        _json([msgspec.to_builtins(places[kind]) for kind in sorted(places)]) if places else None,
        _json(msgspec.to_builtins(wishes)) if wishes else None,
        _json(said[:MOST_WORDS]) if said else None,
    )


def _said(conn: Connection, ids: Sequence[str], now: datetime) -> dict[str, list[dict[str, object]]]:
    """Return by member what was said as an import takes it, whether it may be acted upon by now or not."""
    out: dict[str, list[dict[str, object]]] = {}
    for holder, purpose, topic, channel, state, at, *rest in conn.execute(
        SQL["words_out"], {"ids": batches.rows(list(ids)), "now": now}
    ).fetchall():
        about = {"topic": topic, "channel": channel} if purpose == Purpose.ADVERTISING else {"purpose": purpose}
        said = about | {"granted": state != State.WITHDRAWN, "at": at.isoformat()}
        proof = dict(
            zip(("method", "text_version", "text_id", "text_sha256", "locale", "evidence"), rest, strict=False)
        )
        until = rest[-1] and {"valid_until": rest[-1].isoformat()}
        out.setdefault(holder, []).append(said | {name: one for name, one in proof.items() if one} | (until or {}))
    return out


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _opened(path: Path, format_: Format) -> AbstractContextManager[Write]:
    return {Format.CSV: _csv, Format.JSONL: _jsonl, Format.PARQUET: _parquet}[format_](path)


@contextmanager
def _csv(path: Path) -> Iterator[Write]:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        yield lambda rows: writer.writerows([[safe(cell or "") for cell in row] for row in rows])


@contextmanager
def _jsonl(path: Path) -> Iterator[Write]:
    with path.open("wb") as file:

        def write(rows: Sequence[Row]) -> None:
            for row in rows:
                fields: dict[str, object] = {name: cell for name, cell in zip(COLUMNS, row, strict=True) if cell}
                for name in JSON_COLUMNS & fields.keys():
                    fields[name] = msgspec.Raw(str(fields[name]).encode())
                file.write(msgspec.json.encode(fields) + b"\n")

        yield write


@contextmanager
def _parquet(path: Path) -> Iterator[Write]:
    try:
        import pyarrow as pa  # noqa: PLC0415 an optional part, and half a second
        import pyarrow.parquet as pq  # noqa: PLC0415 the same
    except ModuleNotFoundError as error:
        message = "writing Parquet needs pyarrow: pip install 'verno[parquet]'"
        raise VernoError(message) from error
    schema = pa.schema([(name, pa.string()) for name in COLUMNS])
    with pq.ParquetWriter(path, schema) as file:
        yield lambda rows: file.write_table(
            pa.Table.from_arrays([pa.array(column, pa.string()) for column in zip(*rows, strict=True)], schema=schema)
        )
