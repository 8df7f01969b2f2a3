"""``verno key``: API keys."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import click
import msgspec

from verno.cli import session
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.kit.errors import VernoError
from verno.workspace import keys, queries
from verno.workspace.keys import KeyRecord, KeyRefusal
from verno.workspace.types import Scope

LONGEST_NAME = 100
LARGEST_RATE = 1_000_000
LONGEST_OVERLAP = 24 * 365
RIGHTS = [str(scope) for scope in Scope]

REFUSALS = {
    KeyRefusal.UNKNOWN: "no key has this id, prefix or name",
    KeyRefusal.AMBIGUOUS: "two live keys have this name: say which by its prefix ('verno key list' shows it)",
    KeyRefusal.NOT_LIVE: "the key is not live any more",
    KeyRefusal.TWO_LIVE: "two keys of this name are live already: revoke the old one first",
}


@click.group()
def key() -> None:
    """Make, list, rotate and revoke API keys. KEY is a key's id, its prefix, or its name."""


@key.command()
@click.option("--name", required=True, help="Who uses it.")
@click.option(
    "--scope", "scopes", multiple=True, required=True, type=click.Choice(RIGHTS), help="A right; may be repeated."
)
@click.option("--place", "places", multiple=True, help="Code of a store it may act at; may be repeated; none: all.")
@click.option("--rate", type=click.IntRange(1, LARGEST_RATE), help="Requests a minute it may send; else any number.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def create(name: str, scopes: Sequence[str], places: Sequence[str], rate: int | None, *, as_json: bool) -> None:
    """Make a key and print it: once, since only its hash is kept."""
    clean = name.strip()
    if not clean or len(clean) > LONGEST_NAME or not clean.isprintable():
        message = f"the name must be one line of 1 to {LONGEST_NAME} characters"
        raise VernoError(message)
    with session.database(), db.transaction() as conn:
        program = queries.only_program(conn)
        text = keys.create(
            conn,
            program.id,
            clean,
            list(dict.fromkeys(scopes)),
            now=clock.now(),
            places=known_places(conn, program.id, places),
            rate=rate,
            by=session.operator(),
        )
    if as_json:
        session.print_json({"key": text, "prefix": text.split("_")[1]})
    else:
        click.echo(text)


@key.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_keys(*, as_json: bool) -> None:
    """Show all keys, the newest first: what they may do, where, and when they were last used."""
    now = clock.now()
    with session.database(), db.transaction() as conn:
        found = keys.listed(conn, queries.only_program(conn).id)
    if as_json:
        session.print_json({"keys": [_told(one, now) for one in found]})
    elif not found:
        click.echo("there are no keys yet: 'verno key create' makes one")
    else:
        click.echo("\n".join(_line(one, now) for one in found))


@key.command()
@click.argument("which", metavar="KEY")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def revoke(which: str, *, as_json: bool) -> None:
    """End KEY; within five seconds it opens nothing anywhere."""
    now = clock.now()
    with session.database(), db.transaction() as conn:
        found = keys.revoke(conn, queries.only_program(conn).id, which, by=session.operator(), now=now)
    if isinstance(found, KeyRefusal):
        raise VernoError(REFUSALS[found])
    if as_json:
        session.print_json(_told(found, now))
    else:
        click.echo(f"{found.name} (vk_{found.prefix}) is revoked")


@key.command()
@click.argument("which", metavar="KEY")
@click.option(
    "--overlap",
    type=click.IntRange(0, LONGEST_OVERLAP),
    metavar="HOURS",
    help="The old key ends by itself after so many hours; else when it is revoked.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def rotate(which: str, overlap: int | None, *, as_json: bool) -> None:
    """Make and print a new key that may do what KEY may; both live until the old one is revoked or its time is over."""
    now = clock.now()
    span = None if overlap is None else timedelta(hours=overlap)
    with session.database(), db.transaction() as conn:
        done = keys.rotate(conn, queries.only_program(conn).id, which, by=session.operator(), now=now, overlap=span)
    if isinstance(done, KeyRefusal):
        raise VernoError(REFUSALS[done])
    if as_json:
        session.print_json({"key": done.text, "prefix": done.text.split("_")[1], "old": _told(done.old, now)})
    else:
        click.echo(done.text)
        click.echo(f"the old key vk_{done.old.prefix} lives until {done.old.expires_at:%Y-%m-%d %H:%M} UTC", err=True)


def known_places(conn: Connection, program_id: str, codes: Sequence[str]) -> list[str]:
    """Return the codes once each; raises ``VernoError`` for a store that does not exist."""
    wanted = list(dict.fromkeys(codes))
    known = {store.code for store in queries.stores(conn, program_id, wanted)}
    missing = [code for code in wanted if code not in known]
    if missing:
        message = f"no store has the code {missing[0]}"
        raise VernoError(message)
    return wanted


def _told(one: KeyRecord, now: datetime) -> dict[str, object]:
    return {**msgspec.to_builtins(one), "state": one.state(now)}


def _line(one: KeyRecord, now: datetime) -> str:
    used = f"{one.last_used_at:%Y-%m-%d %H:%M}" if one.last_used_at else "never"
    where = ", ".join(one.places) or "all places"
    rate = f", {one.rate} a minute" if one.rate else ""
    return f"vk_{one.prefix}  {one.state(now):8}  {one.name}: {', '.join(one.scopes)}; {where}{rate}; last used {used}"
