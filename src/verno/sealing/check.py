"""The look back: transfers and consents against their leaves, blocks against the ones before, chains against a head.

What the database says is believed nowhere: leaves are computed anew from the rows, by a statement of ours and not by a
function that lies in the database, and hashes from the leaves. Without a head from outside, somebody who can change
everything can also seal everything anew; with one, that shows.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date

import msgspec
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from verno.kit.db import Connection
from verno.sealing import chain, heads, queries
from verno.sealing.chain import GENESIS
from verno.sealing.queries import SQL
from verno.sealing.types import (
    HASH_BYTES,
    ID_BYTES,
    TXID_BYTES,
    Block,
    Book,
    Finding,
    Findings,
    Head,
    Position,
    Stretch,
    Tip,
)

SHOWN = 20
"""Findings listed of one check; all are counted."""
TOGETHER = 65_536
"""Rows whose leaves are computed by one statement."""
FETCHED = 64
"""Blocks read from the server at once: 12 MB of full ones."""

CHECKS = (
    "sealed-altered",
    "sealed-deleted",
    "sealed-inserted",
    "sealed-block",
    "sealed-ahead",
    "anchor-signature",
    "anchor-history",
    "anchor-tail",
)
"""Names of what can be found, as ``docs/reference/cli.md`` explains them."""


def run(conn: Connection, anchor: Head | None = None, *, key: str | None = None) -> Findings:
    """Check all programs' sealed history, and ``anchor`` against the one it names, on one read-only snapshot.

    ``key`` is the public key (hex) that heads must be signed with; None where this installation's is not known.
    """
    ours = conn.info.transaction_status == TransactionStatus.IDLE
    if ours:
        conn.execute(SQL["one_look"])
    try:
        conn.execute(SQL["be_patient"])
        found = _Found()
        if anchor is not None and not _believed(anchor, key, found):
            anchor = None
        programs = [row[0] for row in conn.execute(SQL["chains"]).fetchall()]
        if anchor is not None and anchor.program not in programs:
            found.add("anchor-tail", "the head is of a program that is not here", program=anchor.program)
        for program in programs:
            head = anchor if anchor and anchor.program == program else None
            for book in Book:
                _Walk(conn, program, book, _mark(head, book), found).walk()
    finally:
        if ours:
            conn.rollback()
    return Findings(found.checked, tuple(found.problems), found.totals)


class _Mark(msgspec.Struct, frozen=True):
    """What a head says of one book."""

    date: date
    count: int
    blocks: int
    last: str | None
    last_txid: int | None
    hash: str


class _Found:
    """What comes together during one look."""

    def __init__(self) -> None:
        self.problems: list[Finding] = []
        self.totals: dict[str, int] = {}
        self.checked = {"blocks": 0, "sealed": 0}

    def add(self, check: str, what: str, **where: str | int | None) -> None:
        self.totals[check] = self.totals.get(check, 0) + 1
        if self.totals[check] <= SHOWN:
            self.problems.append(Finding(check, what, where))


def _mark(head: Head | None, book: Book) -> _Mark | None:
    """Return what the head says of a book; None where it knows nothing of it."""
    if head is None:
        return None
    if book is Book.TRANSFERS:
        return _Mark(head.date, head.count, head.blocks, head.last_transfer, head.last_txid, head.hash)
    agreed = head.consents
    if agreed is None:
        return None
    return _Mark(head.date, agreed.count, agreed.blocks, agreed.last_consent, agreed.last_txid, agreed.hash)


def _believed(anchor: Head, key: str | None, found: _Found) -> bool:
    where = {"program": anchor.program, "date": anchor.date.isoformat()}
    if not heads.is_signed(anchor):
        found.add("anchor-signature", "the head is not as it was signed: somebody changed the file", **where)
        return False
    if key is not None and anchor.public_key != key:
        signed, ours = heads.fingerprint(anchor.public_key), heads.fingerprint(key)
        found.add("anchor-signature", f"the head was signed with key {signed}, this installation's is {ours}", **where)
        return False
    return True


class _Walk:
    """One chain of a program from its first block to its last."""

    def __init__(self, conn: Connection, program: str, book: Book, anchor: _Mark | None, found: _Found) -> None:
        self._conn = conn
        self._program = program
        self._book = book
        self._sql = queries.OF[book]
        self._anchor = anchor
        self._found = found
        self._altered: dict[str, Block] = {}
        self._gone: dict[str, Block] = {}
        self._new: dict[str, Block] = {}

    def walk(self) -> None:
        tip = GENESIS
        for blocks in self._groups():
            self._rows(tip, blocks)
            for block in blocks:
                self._link(tip, block)
                tip = chain.end_of(block)
        self._name_rows()
        if self._anchor is not None:
            self._tail(self._anchor, tip)
        self._ahead()

    def _groups(self) -> Iterator[list[Block]]:
        """Read blocks in groups of up to ``TOGETHER`` rows."""
        group: list[Block] = []
        with self._conn.cursor(name="blocks", binary=True, row_factory=tuple_row) as cursor:
            cursor.itersize = FETCHED
            cursor.execute(self._sql.blocks, {"program": self._program})
            for number, total, count, txid, id_, ids, leaves, root, previous, digest, at, evidence in cursor:
                block = Block(
                    *(self._program, number, total, count, Position(txid, id_)),
                    *(ids, leaves, root, previous, digest, at.astimezone(UTC), evidence),
                )
                group.append(block)
                self._found.checked["blocks"] += 1
                self._count(count)
                if sum(len(one.ids) for one in group) >= TOGETHER * ID_BYTES:
                    yield group
                    group = []
        if group:
            yield group

    def _count(self, rows: int) -> None:
        name = "sealed" if self._book is Book.TRANSFERS else "sealed_consents"
        self._found.checked[name] = self._found.checked.get(name, 0) + rows

    def _link(self, before: Tip, block: Block) -> None:
        """Check a block in itself, after the one before, and where the head names it, against the head."""
        flaws = chain.flaws(block)
        if block.number != before.number + 1:
            flaws.append(f"it follows block {before.number}: those between are missing")
        elif block.previous != before.hash or block.total != before.total + block.count:
            flaws.append(f"it does not follow block {before.number} as that is now")
        for flaw in flaws:
            name = "block" if self._book is Book.TRANSFERS else "block of consents"
            self._found.add("sealed-block", f"{name} {block.number}: {flaw}", program=self._program, block=block.number)
        anchor = self._anchor
        if anchor is not None and block.number == anchor.blocks and chain.block_hash(block).hex() != anchor.hash:
            what = "history" if self._book is Book.TRANSFERS else "the history of consents"
            self._found.add(
                "anchor-history",
                f"{what} before {anchor.date} is not the one that was sealed: block {block.number} had the hash"
                f" {anchor.hash}, now it has {chain.block_hash(block).hex()}",
                **self._where(anchor),
            )

    def _rows(self, tip: Tip, blocks: list[Block]) -> None:
        """Compare the leaves of a group with those of the rows that stand in its place now."""
        found = chain.bound(self._with_evidence(self._stretch(tip.position, blocks[-1].position), blocks))
        if found.ids == b"".join(one.ids for one in blocks) and found.leaves == b"".join(one.leaves for one in blocks):
            return
        home = {id_: block for block in blocks for id_ in _names(block.ids)}
        sealed = dict(zip(home, chain.cut(b"".join(one.leaves for one in blocks), HASH_BYTES), strict=False))
        now = dict(zip(_names(found.ids), chain.cut(found.leaves, HASH_BYTES), strict=True))
        # A name that is there twice is one row too many, whatever order the two are read in.
        self._new |= {id_: home[id_] for id_, times in Counter(_names(found.ids)).items() if times > 1 and id_ in home}
        self._altered |= {id_: home[id_] for id_ in sealed.keys() & now.keys() if sealed[id_] != now[id_]}
        self._gone |= {id_: home[id_] for id_ in home.keys() - now.keys()}
        ends = [block.position for block in blocks]
        known = {tip.number, *(block.number for block in blocks)}
        for txid, id_ in zip(chain.cut(found.txids, TXID_BYTES), _names(found.ids), strict=True):
            if id_ in home:
                continue
            block = blocks[bisect_left(ends, Position(int.from_bytes(txid), id_))]
            # Where blocks before this one are missing, nobody can tell which transfers they had.
            if block.number - 1 in known:
                self._new[id_] = block

    def _stretch(self, after: Position, through: Position) -> Stretch:
        return queries.stretch(self._conn, self._program, after, through, limit=None, book=self._book)

    def _with_evidence(self, found: Stretch, blocks: list[Block]) -> Stretch:
        """Put what was sealed of a consent's evidence in the place of evidence that an erasure has taken."""
        if not found.evidence:
            return found
        kept = dict(
            zip(
                (id_ for block in blocks for id_ in chain.cut(block.ids, ID_BYTES)),
                chain.cut(b"".join(block.evidence for block in blocks), HASH_BYTES),
                strict=False,
            )
        )
        now = zip(chain.cut(found.ids, ID_BYTES), chain.cut(found.evidence, HASH_BYTES), strict=True)
        whole = (kept.get(id_, one) if one == chain.ERASED else one for id_, one in now)
        return msgspec.structs.replace(found, evidence=b"".join(whole))

    def _name_rows(self) -> None:
        """Say of each row what happened to it; one that left its place and stands elsewhere was altered."""
        if not self._altered and not self._gone and not self._new:
            return
        ids = sorted({*self._altered, *self._gone, *self._new})
        rows = self._conn.execute(self._sql.by_id, {"ids": ids}).fetchall()
        there = {id_: (holder, program, text) for id_, holder, program, text in rows}
        entry = self._book.entry
        for id_ in ids:
            holder, program, now = there.get(id_, (None, None, ""))
            if id_ in self._altered:
                block = self._altered[id_]
                check, what = "sealed-altered", f"is not what was sealed on {_day(block)}: now {now}"
            elif id_ in self._gone and program is not None:
                block = self._gone[id_]
                check, what = "sealed-altered", f"was sealed on {_day(block)}, now stands elsewhere in history: {now}"
            elif id_ in self._gone:
                block = self._gone[id_]
                check, what = "sealed-deleted", f"was sealed on {_day(block)}, now it is not there"
            else:
                block = self._new[id_]
                check, what = (
                    "sealed-inserted",
                    f"stands in history sealed on {_day(block)}, which did not have it: {now}",
                )
            where = {"program": self._program, "holder": holder, entry: id_, "block": block.number}
            self._found.add(check, f"{entry} {id_} {what}", **where)

    def _tail(self, anchor: _Mark, tip: Tip) -> None:
        """Tell whether the history that is here reaches as far as the head did."""
        if tip.number >= anchor.blocks:
            return
        counter = queries.horizon(self._conn)[1]
        why = "its tail was cut"
        if anchor.last_txid is not None and counter <= anchor.last_txid:
            why = (
                f"the whole database was taken back to an older state (transaction {counter}, then {anchor.last_txid})"
            )
        self._found.add(
            "anchor-tail",
            f"the head of {anchor.date} counts {anchor.count} {self._book} through {anchor.last}, the sealed"
            f" history here {tip.total}: {why}",
            **self._where(anchor),
        )

    def _ahead(self) -> None:
        entry = self._book.entry
        rows = self._conn.execute(self._sql.ahead, {"program": self._program, "shown": SHOWN}).fetchall()
        before = self._found.totals.get("sealed-ahead", 0)
        for total, id_, holder, txid in rows:
            what = f"{entry} {id_} names transaction {txid}, which this server has not had"
            self._found.add("sealed-ahead", what, **{"program": self._program, "holder": holder, entry: id_})
            self._found.totals["sealed-ahead"] = before + total

    def _where(self, anchor: _Mark) -> dict[str, str | int | None]:
        return {"program": self._program, "date": anchor.date.isoformat(), self._book.entry: anchor.last}


def _names(ids: bytes) -> list[str]:
    return [chain.name(id_) for id_ in chain.cut(ids, ID_BYTES)]


def _day(block: Block) -> str:
    return f"{block.sealed_at:%Y-%m-%d %H:%M} UTC in block {block.number}"
