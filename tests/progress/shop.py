"""A program with a track, members who buy, and what was told of them."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

import psycopg

from tests.builders import make_shop
from verno.kit import localtime
from verno.members import service as members
from verno.members.types import Created, MemberKind, NewMember
from verno.progress import engine, queries, service
from verno.progress.engine import Board
from verno.progress.types import Fresh, Moved, Published, Standing, Stored, Track
from verno.rules.fields import Known
from verno.workspace.types import Program


def noon(day: date) -> datetime:
    """Return noon of a day in Moscow."""
    return datetime.combine(day, time(9), tzinfo=UTC)


@dataclass
class Shop:
    """One program on one connection; what is counted is said by day."""

    conn: psycopg.Connection
    program: Program = field(init=False)
    who: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the program."""
        self.program = make_shop(self.conn).program

    def member(
        self, name: str, *, joined: date = date(2025, 1, 1), kind: str = "person", group: str | None = None
    ) -> str:
        """Make a member."""
        wanted = NewMember(name, kind=MemberKind(kind), buying_group=group)
        (made,) = members.upsert(self.conn, self.program, [wanted], now=noon(joined))
        assert isinstance(made, Created)
        self.who[name] = made.member_id
        return made.member_id

    def open(self, track: Track, since: date = date(2025, 1, 1)) -> Stored:
        """Publish a track that counts from a date on."""
        done = service.publish(
            self.conn, self.program, track, Fresh(since), known=Known(), now=noon(since - timedelta(days=3))
        )
        assert isinstance(done, Published), done
        return done.stored

    def board(self, day: date) -> Board:
        """Return the board as a process has it on a day."""
        stored = queries.tracks(self.conn, self.program.id)
        return engine.board(stored, Known(), localtime.zone("Europe/Moscow"), today=day)

    def buys(self, name: str, amount: int, day: date, *, on: date | None = None, track: str | None = None) -> None:
        """Count something for a member on a day; it comes to us on that day, or later ``on`` another."""
        board = self.board(on or day)
        counters = {one.counter_id for one in board.stored if track in (None, one.track.code)}
        moved = [Moved(self.who[name], counter, day, amount) for counter in sorted(counters)]
        service.count(self.conn, self.program.id, moved, on=board, now=noon(on or day))

    def sweeps(self, day: date) -> int:
        """Let a day begin; returns how many rows were looked at."""
        total = 0
        on = queries.judging(self.conn, self.program, now=noon(day))
        while done := service.sweep(self.conn, self.program.id, on=on, now=noon(day), limit=3):
            total += done
        return total

    def stands(self, name: str, day: date) -> Standing:
        """Return where a member stands on the only track."""
        holder = self.who[name]
        found = queries.standings(self.conn, self.program.id, [holder], on=self.board(day), at=noon(day))
        (one,) = found[holder]
        return one

    def told(self, *types: str) -> list[tuple[str, str | None]]:
        """Return the events, with the step or length that each names."""
        return self.conn.execute(
            "SELECT type, coalesce(body ->> 'step', body ->> 'length', body ->> 'badge') FROM kit_event"
            " WHERE type LIKE ANY (%s) ORDER BY id",
            ([f"{one}.%" for one in types or ("tier", "track", "badge", "streak")],),
        ).fetchall()
