"""``verno promotions``: rulebooks and drafts. A draft is named by its number, a version as ``v3`` or ``current``."""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import click
import msgspec

from verno.cli import session
from verno.intake import context
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.kit.errors import VernoError
from verno.promotions import queries, service
from verno.promotions.budgets import queries as budgets
from verno.promotions.drafts import queries as drafts
from verno.promotions.drafts import service as drafting
from verno.promotions.drafts.service import Desk
from verno.promotions.drafts.types import Draft, DraftRow, NewDraft, Review
from verno.promotions.types import BudgetState, Pause, Paused, Refused, StoredRulebook
from verno.workspace import queries as workspace

T = TypeVar("T")
Verb = Callable[[Desk], T | Refused]

MOST_LISTED = 200
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_number = click.argument("number", type=click.IntRange(1))
_what = click.argument("what", metavar="RULE|promotion=CODE")
_VERSION = re.compile(r"v?([0-9]{1,9})", re.ASCII)


@click.group()
def promotions() -> None:
    """Publish rules: drafts, versions, what is paused."""


@promotions.command("list")
@_json
def list_all(*, as_json: bool) -> None:
    """List versions, drafts, what is paused, and how budgets stand."""
    now = clock.now()
    with session.database(), db.transaction() as conn:
        program = workspace.only_program(conn)
        books = queries.rulebooks(conn, program.id)
        rows = drafts.drafts(conn, program.id, limit=MOST_LISTED)
        pauses = queries.pauses(conn, program.id)
        present = queries.at(books, now)
        states = budgets.states(conn, program.id, present.rulebook, zone=program.timezone, now=now) if present else []
    if as_json:
        session.print_json(
            {
                "rulebooks": [_plain(book) for book in books],
                "drafts": msgspec.to_builtins(rows),
                "pauses": msgspec.to_builtins(pauses),
                "budgets": msgspec.to_builtins(states),
            }
        )
        return
    lines = [_book_line(book, present) for book in books]
    lines += [_draft_line(row) for row in rows] + [_pause_line(one) for one in pauses]
    click.echo("\n".join([*lines, *map(_state_line, states)]))


@promotions.command()
@click.argument("name", metavar="NUMBER|vVERSION|current")
def show(name: str) -> None:
    """Print a draft or a version with its rules, as JSON."""
    with session.database(), db.transaction() as conn:
        desk = _desk(conn)
        if name.isdigit():
            found = drafts.draft(conn, desk.program_id, int(name), known=desk.known, units=desk.units)
            if found is None:
                message = f"there is no draft {name}; see: verno promotions list"
                raise VernoError(message)
            shown = _shown(found)
        else:
            books = queries.rulebooks(conn, desk.program_id)
            book = queries.at(books, clock.now()) if name == "current" else queries.version(books, _version(name))
            if book is None:
                message = f"there is no version {name}; see: verno promotions list"
                raise VernoError(message)
            shown = _plain(book) | {"body": msgspec.to_builtins(book.rulebook)}
    session.print_json(shown)


@promotions.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--title", help="What it is called; the file's name unless told.")
@click.option("--draft", "number", type=click.IntRange(1), help="The draft to change; a new one unless told.")
@click.option("--based-on", metavar="VERSION", help="The version it was made from; the last one unless told.")
@_json
def save(file: Path, title: str | None, number: int | None, based_on: str | None, *, as_json: bool) -> None:
    """Save the rulebook in FILE (JSON) as a draft, and say what it still lacks."""
    try:
        body = msgspec.json.decode(file.read_bytes(), type=dict[str, object])
        base = None if based_on is None else _version(based_on)
        wanted = msgspec.convert(
            {"title": title or file.stem, "body": body, "number": number, "based_on": base}, NewDraft
        )
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        message = f"{file}: {error}"
        raise VernoError(message) from error
    _told(lambda desk: drafting.save(desk, wanted, by=session.operator(), now=clock.now()), as_json=as_json)


@promotions.command()
@_number
@_json
def submit(number: int, *, as_json: bool) -> None:
    """Ask for a review of draft NUMBER."""
    _told(lambda desk: drafting.submit(desk, number, by=session.operator(), now=clock.now()), as_json=as_json)


@promotions.command()
@_number
@click.option("--comment", default="", help="What the author should know.")
@click.option("--above-budget", is_flag=True, help="Agree to what a replay says is above the budget.")
@_json
def approve(number: int, comment: str, *, above_budget: bool, as_json: bool) -> None:
    """Approve draft NUMBER, which somebody else has written."""
    _reviewed(number, Review(agreed=True, comment=comment, above_budget=above_budget), as_json=as_json)


@promotions.command()
@_number
@click.option("--comment", required=True, help="Why not.")
@_json
def reject(number: int, comment: str, *, as_json: bool) -> None:
    """Reject draft NUMBER."""
    _reviewed(number, Review(agreed=False, comment=comment), as_json=as_json)


@promotions.command()
@_number
@click.option("--at", metavar="TIME", help="From when it holds, with an offset: 2026-11-30T09:00:00+03:00. Now, else.")
@click.option("--above-budget", is_flag=True, help="Agree to a replay above the budget, where no second person does.")
@_json
def publish(number: int, at: str | None, *, above_budget: bool, as_json: bool) -> None:
    """Let the approved draft NUMBER hold, from now on or from --at."""
    moment = None if at is None else _moment(at)
    _version_told(
        lambda desk: drafting.publish(
            desk, number, at=moment, above_budget=above_budget, by=session.operator(), now=clock.now()
        ),
        as_json=as_json,
    )


@promotions.command()
@click.argument("version")
@_json
def withdraw(version: str, *, as_json: bool) -> None:
    """Take VERSION back, which does not hold yet."""
    _version_told(
        lambda desk: service.withdraw(
            desk.conn, desk.program_id, _version(version), by=session.operator(), now=clock.now()
        ),
        as_json=as_json,
    )


@promotions.command("roll-back")
@click.argument("version")
@_json
def roll_back(version: str, *, as_json: bool) -> None:
    """Publish VERSION again as a new one, from now on."""
    _version_told(
        lambda desk: service.roll_back(
            *(desk.conn, desk.program_id, _version(version)),
            units=desk.units,
            known=desk.known,
            by=session.operator(),
            now=clock.now(),
        ),
        as_json=as_json,
    )


@promotions.command()
@_what
@_json
def pause(what: str, *, as_json: bool) -> None:
    """Stop a rule, or with promotion=CODE all rules of a promotion; within two seconds it acts nowhere."""
    kind, code = _named(what)
    by, now = session.operator(), clock.now()
    _done(lambda desk: service.pause(desk.conn, desk.program_id, kind, code, by=by, now=now))
    _say({"paused": {"kind": kind, "code": code}}, f"paused {what}", as_json=as_json)


@promotions.command()
@_what
@_json
def resume(what: str, *, as_json: bool) -> None:
    """Let a rule or a promotion act again."""
    kind, code = _named(what)
    by, now = session.operator(), clock.now()
    _done(lambda desk: service.resume(desk.conn, desk.program_id, kind, code, by=by, now=now))
    _say({"resumed": {"kind": kind, "code": code}}, f"resumed {what}", as_json=as_json)


def _done(verb: Verb[T]) -> T:
    """Run a verb in a transaction; raises ``VernoError`` for what it refuses, so that nothing stays."""
    with session.database(), db.transaction() as conn:
        done = verb(_desk(conn))
        if isinstance(done, Refused):
            message = "; ".join([done.detail or str(done.reason), *done.problems])
            raise VernoError(message)
    return done


def _reviewed(number: int, word: Review, *, as_json: bool) -> None:
    _told(lambda desk: drafting.review(desk, number, word, by=session.operator(), now=clock.now()), as_json=as_json)


def _told(verb: Verb[Draft], *, as_json: bool) -> None:
    done = _done(verb)
    lines = [_draft_line(done.row), *(f"  {text}" for text in done.problems)]
    _say(_shown(done), "\n".join(lines), as_json=as_json)


def _version_told(verb: Verb[StoredRulebook], *, as_json: bool) -> None:
    done = _done(verb)
    gone = "withdrawn" if done.withdrawn_at else f"holds from {done.effective_from.isoformat()}"
    _say(_plain(done), f"version {done.version} {gone}", as_json=as_json)


def _say(value: object, words: str, *, as_json: bool) -> None:
    if as_json:
        session.print_json(value)
    else:
        click.echo(words)


def _desk(conn: Connection) -> Desk:
    program_id = workspace.only_program(conn).id
    return drafting.open_desk(conn, program_id, context.known_to_rules(conn, program_id))


def _version(text: str) -> int:
    found = _VERSION.fullmatch(text)
    if found is None:
        message = f"{text} is not a version; see: verno promotions list"
        raise VernoError(message)
    return int(found[1])


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        message = f"--at: {text} is not a time with an offset, like 2026-11-30T09:00:00+03:00"
        raise VernoError(message)
    return moment


def _named(what: str) -> tuple[Paused, str]:
    kind, found, code = what.partition("=")
    return (Paused.PROMOTION, code) if found and kind == Paused.PROMOTION else (Paused.RULE, what)


def _plain(book: StoredRulebook) -> dict[str, object]:
    return {
        "version": book.version,
        "title": book.title,
        "rules": len(book.rulebook.rules),
        "effective_from": book.effective_from.isoformat(),
        "withdrawn_at": book.withdrawn_at.isoformat() if book.withdrawn_at else None,
    }


def _shown(found: Draft) -> dict[str, object]:
    return {"draft": msgspec.to_builtins(found.row), "problems": list(found.problems), "body": found.body}


def _book_line(book: StoredRulebook, present: StoredRulebook | None) -> str:
    state = "withdrawn" if book.withdrawn_at else "holds" if book is present else "from"
    return f"v{book.version}: {state} {book.effective_from.isoformat()}, {len(book.rulebook.rules)} rules {book.title}"


def _draft_line(row: DraftRow) -> str:
    return f"draft {row.number}: {row.state}, revision {row.revision}, by {row.author} — {row.title}"


def _pause_line(one: Pause) -> str:
    return f"paused: {one.kind} {one.code} since {one.paused_at.isoformat()}"


def _state_line(one: BudgetState) -> str:
    each = " each member" if one.budget.each_member else ""
    return f"budget of {one.rule}: {one.used} and {one.held} held of {one.budget.most} {one.budget.counts}{each}"
