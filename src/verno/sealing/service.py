"""Sealing: blocks after committed transfers and consents, heads after blocks, files and letters after heads."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec

from verno.kit import db, localtime, quarantine
from verno.kit.db import Connection
from verno.kit.errors import BrokenInvariant
from verno.sealing import balances, chain, heads, letter, queries, sumtree
from verno.sealing.queries import SQL
from verno.sealing.types import END, Balances, Block, Book, Head, Sealed, UnitTotals
from verno.workspace import queries as workspace
from verno.workspace.types import Program

log = logging.getLogger(__name__)

READ = 16 * chain.BLOCK
"""Rows of a book sealed in one transaction."""
KEPT = 10
"""Newest heads whose balances are kept for proofs: 4 MB each for 100,000 members."""
PATIENCE = 10.0
"""Seconds that ``seal_now`` waits for transactions under way."""
LOOK = 0.05
TOLD_DAYS = 3
"""How long a letter that found no open mail server is tried again."""


class Made(msgspec.Struct, frozen=True):
    """A head that left: its file, and whether all that had been committed before is in it."""

    head: Head
    path: Path
    complete: bool


def seal(conn: Connection, program_id: str, book: Book = Book.TRANSFERS, *, now: datetime) -> int:
    """Seal a book's next rows in the caller's transaction; returns how many, 0 when none is certain yet.

    Raises ``BrokenInvariant`` when the server counts transactions anew: new rows would then have to stand before
    sealed ones.
    """
    conn.execute(SQL["lock_chain"], {"program": program_id})
    conn.execute(SQL["stay_behind"])
    tip = queries.tip(conn, program_id, book)
    if tip.position.txid >= queries.horizon(conn)[1]:
        message = (
            "history was sealed with higher transaction ids than this server has reached: was a dump restored into a"
            " new server? See docs/explanation/sealed-history.md"
        )
        raise BrokenInvariant(message)
    stretch = queries.stretch(conn, program_id, tip.position, END, limit=READ, book=book)
    blocks = chain.extend(tip, program_id, stretch, now)
    if blocks:
        conn.cursor().executemany(queries.OF[book].add, [_row(block) for block in blocks])
    return stretch.count


def step(*, now: datetime, stopping: Callable[[], bool]) -> int:
    """Seal what is certain by now, for the worker's loop; returns how many transfers and consents."""
    with db.transaction() as conn:
        programs = workspace.programs(conn)
    return sum(_seal_all(program.id, now, stopping) for program in programs)


def seal_now(program: Program, *, now: datetime) -> Made:
    """Seal everything committed so far and file a signed head of it.

    Transactions under way are waited for, some seconds at most: until they end, what committed after they began has no
    certain place.
    """
    complete = wait_for_others()
    _seal_all(program.id, now, lambda: False)
    day = localtime.business_date(now, localtime.zone(program.timezone))
    head = db.retrying(lambda: _head(program, day, closes=False, now=now))
    if head is None:
        message = "a head that closes no day was not written"
        raise BrokenInvariant(message)
    return Made(head, _file(program, head), complete)


def wait_for_others() -> bool:
    """Wait until every transaction of now is over, also those of other databases of this server; False if they stay."""
    deadline = time.monotonic() + PATIENCE
    goal = None
    while True:
        with db.transaction() as conn:
            over, above = queries.horizon(conn)
        goal = above if goal is None else goal
        if over >= goal:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK)


def close_day(*, now: datetime, stopping: Callable[[], bool]) -> int:
    """Make the head of each program's last business date once, file it, send it to the owners; for the worker's clock.

    Days on which nothing ran get none: the next head covers them. Returns how many heads were made.
    """
    made = 0
    with db.transaction() as conn:
        programs = workspace.programs(conn)
    for program in programs:
        day = localtime.business_date(now, localtime.zone(program.timezone)) - timedelta(days=1)
        with db.transaction(program.id) as conn:
            due = conn.execute(SQL["closable"], {"program": program.id, "date": day}).fetchone() is not None
        if due:
            _seal_all(program.id, now, stopping)
            made += db.retrying(lambda: _head(program, day, closes=True, now=now)) is not None  # noqa: B023 run here
        _bring_out(program, now)
    return made


def _bring_out(program: Program, now: datetime) -> None:
    """File the newest head of a day where its file is missing, and write to owners who have not been written to.

    A disk that refuses must not keep the letters back: they are what leaves the house.
    """
    with db.transaction(program.id) as conn:
        head = queries.closing_head(conn, program.id)
    if head is None:
        return
    try:
        _file(program, head)
    except OSError:
        log.exception("the head of %s could not be filed; it is tried again", head.date)
    with db.transaction(program.id) as conn:
        silent = quarantine.standing(conn) is not None  # nothing leaves after a restore until it is released
        news = None if silent else queries.untold(conn, program.id, now - timedelta(days=TOLD_DAYS))
    if news is None:
        return
    for owner, response in letter.send(*news, program_name=program.name, now=now):
        with db.transaction(program.id) as conn:
            row = {"program": program.id, "number": news[0].number, "staff": owner.id, "at": now, "response": response}
            conn.execute(SQL["add_notice"], row)


def _seal_all(program_id: str, now: datetime, stopping: Callable[[], bool]) -> int:
    total = 0
    for book in Book:
        while not stopping():
            done = db.retrying(partial(_seal_some, program_id, book, now))
            total += done
            if done < READ:
                break
    return total


def _seal_some(program_id: str, book: Book, now: datetime) -> int:
    with db.transaction(program_id) as conn:
        return seal(conn, program_id, book, now=now)


def _head(program: Program, day: date, *, closes: bool, now: datetime) -> Head | None:
    """Write a head in a transaction of its own that sees one moment; None when the day was closed meanwhile."""
    with db.transaction() as conn:
        conn.execute(SQL["one_moment"])
        db.enter(conn, program.id)
        row = conn.execute(SQL["next_head"], {"program": program.id}).fetchone()
        number = int(row[0]) if row else 1
        tip = queries.tip(conn, program.id)
        agreed = queries.tip(conn, program.id, Book.CONSENTS)
        counted, accounts = _balances(conn, program.id, number)
        head = heads.sign(
            Head(
                format="verno-head/1",
                program=program.id,
                number=number,
                date=day,
                sealed_at=now,
                count=tip.total,
                blocks=tip.number,
                last_transfer=tip.position.id if tip.number else None,
                last_txid=tip.position.txid if tip.number else None,
                hash=tip.hash.hex(),
                balances=counted,
                public_key="",
                consents=Sealed(
                    count=agreed.total,
                    blocks=agreed.number,
                    last_consent=agreed.position.id if agreed.number else None,
                    last_txid=agreed.position.txid if agreed.number else None,
                    hash=agreed.hash.hex(),
                ),
            )
        )
        key = {"program": program.id, "number": number}
        row_of_head = {**key, "date": day, "closes": closes, "sealed_at": now, "document": heads.document(head)}
        if conn.execute(SQL["add_head"], row_of_head).rowcount == 0:
            return None
        conn.execute(SQL["add_snapshot"], {**key, "accounts": balances.shrink(accounts)})
        conn.execute(SQL["drop_snapshots"], {"program": program.id, "number": number - KEPT})
        return head


def _balances(conn: Connection, program_id: str, number: int) -> tuple[Balances, bytes]:
    units = workspace.units(conn, program_id)
    accounts = balances.read(conn, program_id, [unit.id for unit in units])
    tree = balances.tree(accounts, program_id, number, len(units))
    root = sumtree.root(tree)
    ledger = _ledger_totals(conn, program_id)
    sums = sumtree.unpack(root.sums, len(units) * balances.FIGURES)
    totals = []
    for at, unit in enumerate(units):
        available, pending, held, debt = sums[at * balances.FIGURES : (at + 1) * balances.FIGURES]
        booked = ledger.get(unit.id, {})
        totals.append(UnitTotals(unit.code, unit.id, unit.scale, available, pending, held, debt, booked))
    return Balances(len(tree[0]), root.hash.hex(), tuple(totals)), accounts


def _ledger_totals(conn: Connection, program_id: str) -> Mapping[str, dict[str, int]]:
    out: dict[str, dict[str, int]] = {}
    rows: Sequence[tuple[str, str, str]] = conn.execute(SQL["ledger_totals"], {"program": program_id}).fetchall()
    for unit, kind, points in rows:
        out.setdefault(unit, {})[kind] = int(points)
    return out


def _file(program: Program, head: Head) -> Path:
    with db.transaction() as conn:
        first = workspace.programs(conn)[0].id == program.id
    return heads.write(head, heads.folder(program.id, first=first))


def _row(block: Block) -> dict[str, object]:
    return {
        "program": block.program_id,
        "number": block.number,
        "total": block.total,
        "count": block.count,
        "txid": block.position.txid,
        "id": block.position.id,
        "ids": block.ids,
        "leaves": block.leaves,
        "root": block.root,
        "previous": block.previous,
        "hash": block.hash,
        "sealed_at": block.sealed_at,
        "evidence": block.evidence,
    }
