"""``verno replay``: a draft rulebook over the receipts that there are, or over one of them."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import click
import msgspec
from msgspec.structs import replace

from verno.cli import session
from verno.cli.marketing import replay_words as words
from verno.cli.progress import Bars
from verno.intake import context
from verno.kit import batches, db, localtime
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.kit.errors import VernoError
from verno.kit.ids import new_id
from verno.members import queries as members
from verno.promotions import queries as promotions
from verno.promotions.drafts import queries as drafts
from verno.promotions.drafts import service as drafting
from verno.promotions.types import NotPublished
from verno.replay import service, trying
from verno.replay.reading import Reader
from verno.replay.runs import queries as runs
from verno.replay.runs import service as running
from verno.replay.runs import working
from verno.replay.runs.types import NewRun, Refused, Run
from verno.replay.trying import Chosen
from verno.replay.types import Loss, Period, Report, Waterfall
from verno.rules.types import Rulebook
from verno.web.sheets import safe
from verno.workspace import queries
from verno.workspace.types import Program

BEGINNING = date(1990, 1, 1)
DATE = click.DateTime(["%Y-%m-%d"])
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUT = click.Path(dir_okay=False, writable=True, path_type=Path)
COLUMNS = ("member", "external_id", "card", "spent", "current", "draft", "loss")


@click.command()
@click.argument("file", type=FILE, required=False)
@click.option("--draft", "number", type=click.IntRange(1), help="A stored draft; what comes out is kept with it.")
@click.option("--since", type=DATE, help="First day of the receipts, in the program's zone; else all.")
@click.option("--until", type=DATE, help="Last day of the receipts; else today.")
@click.option("--as-sold", is_flag=True, help="Do not take out what came back of the receipts.")
@click.option("--losers", type=OUT, help="Write all who would lose to this file (CSV).")
@click.option("--receipt", "named", metavar="NUMBER", help="Judge one stored receipt, rule by rule.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def replay(
    file: Path | None,
    number: int | None,
    since: datetime | None,
    until: datetime | None,
    losers: Path | None,
    named: str | None,
    *,
    as_sold: bool,
    as_json: bool,
) -> None:
    """Judge stored receipts by the rulebook in FILE (JSON) or a --draft, and by the one that holds.

    Nothing is written but what came out of a draft, kept with it for whoever approves it. Ctrl-C stops it.
    """
    if (file is None) == (number is None):
        message = "name a FILE or a --draft"
        raise click.UsageError(message)
    body = None if file is None else _body(file)
    if losers is not None:
        _see_that_it_can_be_written(losers)
    with session.database():
        now = clock.now()
        with db.transaction() as conn:
            program = queries.only_program(conn)
        work = _Work(program, now, number, body)
        if named is not None:
            both = work.receipt(named)
            _say(
                {"current": msgspec.to_builtins(both[0]), "draft": msgspec.to_builtins(both[1])},
                words.waterfalls(program, both),
                as_json=as_json,
            )
            return
        found, run = work.replayed(replace(_period(program, since, until, now), as_sold=as_sold), losers)
        lines = words.report(program, found)
        if run is not None:
            lines.append(words.kept(run, found))
        told = {"run": run.id, "kept": run.kept} if run is not None else {}
        _say({**msgspec.to_builtins(found), **told, "above_budget": found.above_budget}, lines, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Work:
    """What is asked: the rulebook of a draft (``number``) or of a file (``body``)."""

    program: Program
    now: datetime
    number: int | None
    body: dict[str, object] | None

    def replayed(self, period: Period, losers: Path | None) -> tuple[Report, Run | None]:
        """Replay all receipts of a period."""
        return (self._file(period, losers), None) if self.number is None else self._draft(period, losers)

    def receipt(self, named: str) -> tuple[Waterfall, Waterfall]:
        """Judge one receipt by what holds and by the draft."""
        with db.transaction(self.program.id) as conn:
            about = context.of(conn, self.program.id)
            found = trying.named(conn, self.program.id, named)
            if len(found) != 1:
                where = ", ".join(f"{one.id} ({one.place})" for one in found)
                message = f"several receipts are called {named}: {where}" if found else f"there is no receipt {named}"
                raise VernoError(message)
            holds = promotions.at(about.rulebooks, self.now)
            old = (
                trying.chosen(about, Rulebook(()), now=self.now)
                if holds is None
                else trying.chosen(about, holds.rulebook, id_=holds.id, now=self.now)
            )
            return self._judged(conn, about, found[0].id, old), self._judged(
                conn, about, found[0].id, trying.chosen(about, self._rulebook(conn, about), now=self.now)
            )

    def _judged(self, conn: Connection, about: context.Context, id_: str, book: Chosen | NotPublished) -> Waterfall:
        if isinstance(book, NotPublished):
            raise VernoError("; ".join(book.reasons))
        past = trying.stored(conn, about, id_, now=self.now)
        assert past is not None  # noqa: S101 it has just been found
        return trying.of_stored(past, book, words.language(self.program))

    def _rulebook(self, conn: Connection, about: context.Context) -> Rulebook:
        body: object = self.body
        if self.number is not None:
            found = drafts.draft(conn, self.program.id, self.number, known=about.known, units=about.units)
            if found is None:
                message = f"there is no draft {self.number}; see: verno promotions list"
                raise VernoError(message)
            body = found.body
        read = drafts.read(body)
        if isinstance(read, str):
            raise VernoError(read)
        return read

    def _file(self, period: Period, losers: Path | None) -> Report:
        with db.transaction(self.program.id) as conn:
            about = context.of(conn, self.program.id)
            draft = self._rulebook(conn, about)
            told: list[Loss] = []
            with Bars()("replay", Reader(conn, about, self.now).count(period), "receipts") as step:
                found = service.run(
                    *(conn, about, draft, period),
                    step=step,
                    now=self.now,
                    losers=told.extend if losers else lambda _: None,
                )
            if isinstance(found, NotPublished):
                raise VernoError("; ".join(found.reasons))
            if losers is not None:
                _write(conn, self.program, losers, batches.batched(told, batches.MAX_BATCH))
        return found

    def _draft(self, period: Period, losers: Path | None) -> tuple[Report, Run]:
        """Do it as a run, which the console shows too; what came out is kept with the draft."""
        program, worker = self.program.id, new_id(now=self.now)
        with db.transaction(program) as conn:
            desk = drafting.open_desk(conn, program, context.known_to_rules(conn, program))
            run = running.start(desk, NewRun(period=period, draft=self.number), by=session.operator(), now=self.now)
            if isinstance(run, Refused):
                raise VernoError("; ".join([run.detail, *run.problems]))
            running.claim(conn, program, worker, now=self.now, id_=run.id)
            total = Reader(conn, context.of(conn, program), self.now).count(period)
        with Bars()("replay", total, "receipts") as step:
            working.do(program, run.id, worker, now=self.now, stopping=lambda: False, shown=step)
        with db.transaction(program) as conn:
            done, found = runs.run(conn, program, run.id, now=clock.now()), runs.report(conn, program, run.id)
            if done is None or found is None:
                message = "; ".join(done.problems) if done is not None and done.problems else "the replay was cancelled"
                raise VernoError(message)
            if losers is not None:
                _write(conn, self.program, losers, runs.losses(conn, program, run.id))
        return found, done


def _period(program: Program, since: datetime | None, until: datetime | None, now: datetime) -> Period:
    zone = localtime.zone(program.timezone)
    return Period(
        localtime.start_of_day(since.date() if since else BEGINNING, zone),
        localtime.start_of_day(until.date() + timedelta(days=1), zone) if until else now,
    )


def _body(file: Path) -> dict[str, object]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        message = f"{file.name} is not a rulebook: {error}"
        raise VernoError(message) from error


def _see_that_it_can_be_written(file: Path) -> None:
    """Refuse a file before the work, not after it."""
    try:
        file.open("a").close()
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}"
        raise VernoError(message) from error


def _write(conn: Connection, program: Program, file: Path, pages: Iterator[list[Loss]]) -> None:
    """Write who loses; an operator's file has ids and no names."""
    with file.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(COLUMNS)
        for page in pages:
            known = members.members(conn, program.id, [one.member for one in page])
            for one in page:
                who = known.get(one.member)
                named = ("", "") if who is None else (safe(who.external_id), safe(who.card or ""))
                rows.writerow((one.member, *named, *(words.plain(program, value) for value in words.figures(one))))


def _say(value: object, lines: list[str], *, as_json: bool) -> None:
    if as_json:
        session.print_json(value)
    else:
        click.echo("\n".join(lines))
