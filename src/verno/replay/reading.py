"""Stored receipts as facts, a few hundred at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from verno.catalogue import queries as catalogue
from verno.intake.context import Context
from verno.intake.settling import remembering
from verno.intake.settling.remembering import Stored
from verno.intake.sums import kept
from verno.intake.types import Payment, Spent
from verno.kit import batches
from verno.kit.db import Connection
from verno.kit.sql import Statements
from verno.replay.types import Period
from verno.rules.facts import NOBODY, Facts, Line, Member
from verno.workspace.registry import LEGAL_ENTITY

SQL = Statements("verno.replay")
PIECE = 500
NONE: frozenset[str] = frozenset()
MOST_KNOWN = 200_000
"""Members and goods that are remembered at once; beyond it the memory starts afresh."""


@dataclass(frozen=True, slots=True)
class Past:
    """A receipt that happened: ``by_points`` is what points paid of each line, in minor units, empty for nothing.

    ``rulebook_id`` judged it; ``closed`` and ``paused`` are rules of that one which could not act then. ``left`` are
    the thousandths of each line that are left, where something is not.
    """

    id: str
    number: str
    holder_id: str | None
    facts: Facts
    by_points: Sequence[int]
    rulebook_id: str | None = None
    closed: frozenset[str] = frozenset()
    paused: frozenset[str] = frozenset()
    left: Mapping[int, int] | None = None

    @property
    def is_gone(self) -> bool:
        """Tell whether nothing of it is left."""
        return self.left is not None and not any(self.left.values())

    @property
    def price(self) -> int:
        """Return the price of what is left, in minor units, whatever rules take off."""
        left = self.left
        if left is None:
            return self.facts.price
        return sum([kept.part(line.price, left[line.number], line.quantity or 1) for line in self.facts.lines])


@dataclass(slots=True)
class Reader:
    """Reads a program's receipts; remembers members and goods between pieces."""

    conn: Connection
    context: Context
    now: datetime
    people: dict[str, Member] = field(default_factory=dict)
    goods: dict[str, tuple[str, tuple[str, ...] | None, int | None]] = field(default_factory=dict)

    def count(self, period: Period) -> int:
        """Return how many receipts there are."""
        row = self.conn.execute(SQL["count_receipts"], self._parameters(period)).fetchone()
        return row[0] if row else 0

    def receipts(self, period: Period) -> Iterator[list[Past]]:
        """Yield the receipts of a period in the order in which they happened."""
        with self.conn.cursor(name="replay") as cursor:
            cursor.execute(SQL["receipts"], self._parameters(period))
            while rows := cursor.fetchmany(PIECE):
                yield self._piece(rows, as_sold=period.as_sold)

    def one(self, id_: str) -> Past | None:
        """Return one receipt, as it was sold."""
        row = self.conn.execute(SQL["receipt"], {"program": self.context.program.id, "id": id_}).fetchone()
        return None if row is None else self._piece([row], as_sold=True)[0]

    def _parameters(self, period: Period) -> dict[str, object]:
        return {"program": self.context.program.id, "since": period.since, "until": period.until}

    def _piece(self, rows: Sequence[Sequence[object]], *, as_sold: bool) -> list[Past]:
        ids = [str(row[0]) for row in rows]
        lines = self._lines(ids)
        self._meet_members([str(row[2]) for row in rows if row[2] is not None])
        left = {} if as_sold else self._left(lines)
        return [self._past(row, lines[id_], left.get(id_)) for id_, row in zip(ids, rows, strict=True)]

    def _left(self, lines: Mapping[str, Sequence[tuple[object, ...]]]) -> dict[str, dict[int, int]]:
        """Return what is left of each line, of those receipts of which not everything is."""
        found: dict[str, dict[int, int]] = {}
        for id_, captured, numbers in self.conn.execute(SQL["gone"], {"ids": batches.rows(list(lines))}).fetchall():
            named = msgspec.convert(numbers, dict[int, int], str_keys=True)
            whole = {line[1]: line[3] or 1 for line in lines[id_]}  # as intake.sums.kept counts them
            left = found.setdefault(id_, whole)  # type: ignore[arg-type]  # as the columns are
            for line in left:
                left[line] = named.get(line, 0) if captured else left[line] - named.get(line, 0)
        return found

    def _lines(self, ids: Sequence[str]) -> dict[str, list[tuple[object, ...]]]:
        found: dict[str, list[tuple[object, ...]]] = {id_: [] for id_ in ids}
        rows = self.conn.execute(SQL["lines"], {"ids": batches.rows(ids)}).fetchall()
        self._meet_goods({row[2] for row in rows})
        for row in rows:
            found[row[0]].append(row)
        return found

    def _meet_goods(self, ids: set[str]) -> None:
        if len(self.goods) > MOST_KNOWN:
            self.goods = {}
        strange = sorted(ids.difference(self.goods))
        if strange:
            for id_, one in catalogue.goods_by_id(self.conn, self.context.program.id, strange).items():
                self.goods[id_] = (one.sku, tuple(one.category) or None, one.cost)

    def _meet_members(self, ids: Sequence[str]) -> None:
        if len(self.people) > MOST_KNOWN:
            self.people = {}
        strange = sorted(set(ids).difference(self.people))
        if strange:
            found = remembering.known(self.conn, self.context, strange, strange, now=self.now)
            self.people.update({id_: found.get(id_) or Member(id_) for id_ in strange})

    def _past(self, row: Sequence[object], lines: Sequence[tuple[object, ...]], left: Mapping[int, int] | None) -> Past:
        id_, number, holder, place_id, till, at, channel, payments, attributes, facts, spent, rulebook_id = row
        store = self.context.by_place[str(place_id)]
        known = msgspec.convert(facts, Stored) if facts is not None else None
        paid = msgspec.convert(spent, Spent) if spent is not None else None
        holder_id = None if holder is None else str(holder)
        return Past(
            str(id_),
            str(number),
            holder_id,
            Facts(
                at=at,  # type: ignore[arg-type]  # a timestamptz
                zone=store.timezone,
                lines=[self._line(line, known) for line in lines],
                place=store.code,
                region=store.region,
                legal_entity=self.context.policy.value(LEGAL_ENTITY, place=store.code),
                till=till,  # type: ignore[arg-type]  # a text or NULL
                channel=channel,  # type: ignore[arg-type]  # the same
                payments=frozenset([one.method for one in msgspec.convert(payments or [], list[Payment])]),
                attributes=attributes or {},  # type: ignore[arg-type]  # an object
                member=self._member(holder_id, known),
                spends=paid is not None,
            ),
            paid.lines if paid else (),
            None if rulebook_id is None else str(rulebook_id),
            frozenset(known.closed) if known else NONE,
            frozenset(known.paused) if known else NONE,
            left,
        )

    def _line(self, row: Sequence[object], known: Stored | None) -> Line:
        _, number, goods_id, quantity, amount, discount, attributes = row
        sku, category, cost = self.goods[str(goods_id)]
        then = known.goods.get(sku) if known else None
        if then is not None:
            category, cost = then.category, then.cost
        return Line(number, sku, quantity, amount, discount, category, cost, attributes or {})  # type: ignore[arg-type]  # as the columns are

    def _member(self, holder_id: str | None, known: Stored | None) -> Member:
        if holder_id is None:
            return NOBODY
        if known is not None and known.member is not None:
            return remembering.member_of(holder_id, known.member)
        return self.people[holder_id]
