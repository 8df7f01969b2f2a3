"""A program's members to a file that ``verno import members`` reads: streamed, whatever their number."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import msgspec

from verno.kit import db
from verno.kit.errors import VernoError
from verno.members import queries as members
from verno.members.types import MAX_CONSENTS, Consent, Member, State
from verno.web.sheets import safe
from verno.workspace import audit
from verno.workspace.audit import Actor
from verno.workspace.types import Program

COLUMNS = (
    *("external_id", "name", "phone", "email", "card", "birth_date", "locale", "kind", "buying_group"),
    *("attributes", "consents"),
)
SAID = frozenset({State.GRANTED, State.UNPROVEN, State.UNCONFIRMED, State.WITHDRAWN})
"""Where members stand by a word of theirs; what has run out is none any more."""
PAGE = 1000
ACTION = "members.export"

Write = Callable[[Sequence[tuple[str | None, ...]]], None]


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
                with db.transaction(program.id) as conn:
                    found = members.members(conn, program.id, ids)
                write([_row(found[id_]) for id_ in ids if id_ in found])
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


def _row(member: Member) -> tuple[str | None, ...]:
    told = [one for one in member.consents if one.state in SAID]
    newest = sorted(told, key=lambda one: one.at, reverse=True)[:MAX_CONSENTS]
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
        _json(member.attributes) if member.attributes else None,
        _json([_said(one) for one in newest]) if newest else None,
    )


def _said(one: Consent) -> dict[str, object]:
    """Return a consent as the API takes it: what was said, whether it may be acted upon by now or not.

    Of a yes that is not proven the version stays out: with it, it would come back as a proven one.
    """
    granted = one.state is not State.WITHDRAWN
    said = {"topic": one.topic, "channel": one.channel, "granted": granted, "at": one.at.isoformat()}
    version = one.text_version if one.state is not State.UNPROVEN else None
    return said | {"method": one.method} | ({"text_version": version} if version else {})


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

        def write(rows: Sequence[tuple[str | None, ...]]) -> None:
            for row in rows:
                fields: dict[str, object] = {name: cell for name, cell in zip(COLUMNS, row, strict=True) if cell}
                for name in ("attributes", "consents"):
                    if name in fields:
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
