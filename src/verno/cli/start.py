"""``verno init`` and ``verno setup-link``: an empty start."""

import zoneinfo
from datetime import datetime

import click
import psycopg
from babel.core import get_global
from babel.numbers import get_territory_currencies
from phonenumbers import SUPPORTED_REGIONS

from verno.cli import session
from verno.cli.settings import worth_warning
from verno.kit import config, db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.kit.errors import VernoError
from verno.kit.money import format_money, is_currency
from verno.promotions import starter
from verno.promotions.types import NotPublished
from verno.workspace import queries
from verno.workspace import service as workspace
from verno.workspace.registry import LARGEST_WORTH
from verno.workspace.types import NewProgram, NewStore, ProgramRefusal

LONGEST_NAME = 200
LONGEST_CODE = 64
LONGEST_LIFE = 36500
LARGEST_STEP = 10**9

REFUSALS = {
    ProgramRefusal.ALREADY_THERE: "there is a program here already; nothing was changed",
    ProgramRefusal.UNKNOWN_CURRENCY: "the currency is not an ISO 4217 code in capital letters, such as RUB",
    ProgramRefusal.UNKNOWN_COUNTRY: "the country is not an ISO 3166 code of two capital letters, such as RU",
    ProgramRefusal.UNKNOWN_TIMEZONE: "the time zone is not in the IANA list; it looks like Europe/Moscow",
}


@click.command()
@click.option("--name", required=True, help="The program's name.")
@click.option("--currency", required=True, help="ISO 4217 code, such as RUB.")
@click.option("--timezone", required=True, help="IANA name, such as Europe/Moscow.")
@click.option("--place", required=True, help="Code of the first store, such as msk-1.")
@click.option(
    "--earn-per", required=True, type=click.IntRange(1, LARGEST_STEP), help="One point per this many full minor units."
)
@click.option("--expire-days", type=click.IntRange(1, LONGEST_LIFE), help="Points live this many days; else for ever.")
@click.option(
    "--spend-value",
    type=click.IntRange(1, LARGEST_WORTH),
    help="What one point pays, in minor units; without it nobody can spend.",
)
@click.option("--country", help="ISO 3166 code; found from time zone and currency when left out.")
@click.option("--locale", type=click.Choice(["en", "ru"]), help="Language of messages; ru in Russia, else en.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def init(  # noqa: PLR0913, PLR0917 one option each
    name: str,
    currency: str,
    timezone: str,
    place: str,
    earn_per: int,
    expire_days: int | None,
    spend_value: int | None,
    country: str | None,
    locale: str | None,
    *,
    as_json: bool,
) -> None:
    """Make an empty program: one place, the unit "points", and the rule of one point per full --earn-per."""
    if not is_currency(currency):
        raise VernoError(REFUSALS[ProgramRefusal.UNKNOWN_CURRENCY])
    if timezone not in zoneinfo.available_timezones():
        raise VernoError(REFUSALS[ProgramRefusal.UNKNOWN_TIMEZONE])
    land = country or country_of(timezone, currency)
    if land not in SUPPORTED_REGIONS:  # what the country is for: reading phone numbers without a country code
        raise VernoError(REFUSALS[ProgramRefusal.UNKNOWN_COUNTRY])
    wanted = NewProgram(
        _line("name", name, LONGEST_NAME), currency, timezone, land, locale or ("ru" if land == "RU" else "en")
    )
    store = NewStore(_code(place), place)
    with session.database(migrated=False):
        refuse_second()
        from verno.wiring.migrate import migrate  # noqa: PLC0415 after django.setup()

        migrate()
        with db.transaction() as conn:
            now = clock.now()
            made = make(conn, wanted, store, earn_per=earn_per, life_days=expire_days, spend_value=spend_value, now=now)
            warning = worth_warning(conn, queries.only_program(conn).id, starter.UNIT, now=now)
    if warning:
        click.echo(warning, err=True)
    if as_json:
        session.print_json(made)
    else:
        click.echo(_in_words(made, wanted, store, earn_per, spend_value))


@click.command("setup-link")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def setup_link(*, as_json: bool) -> None:
    """Print a new link that lets one person choose the owner's password; it works once, within seven days."""
    with session.database(), db.transaction() as conn:
        link = link_for(conn, queries.only_program(conn).id, now=clock.now())
    if as_json:
        session.print_json({"setup_link": link})
    else:
        click.echo(link)


def make(
    conn: Connection,
    wanted: NewProgram,
    store: NewStore,
    *,
    earn_per: int,
    life_days: int | None,
    now: datetime,
    spend_value: int | None = None,
) -> dict[str, object]:
    """Make the program and everything a first receipt needs; returns what was made. Raises ``VernoError``."""
    opened = starter.open_program(
        conn, wanted, [store], earn_per=earn_per, life_days=life_days, now=now, spend_value=spend_value
    )
    if isinstance(opened, ProgramRefusal):
        raise VernoError(REFUSALS[opened])
    if isinstance(opened, NotPublished):
        raise VernoError("; ".join(opened.reasons))
    program, unit = opened.program, opened.unit
    place = queries.stores(conn, program.id, [store.code])[0]
    return {
        "program": {
            "id": program.id,
            "name": program.name,
            "currency": program.currency,
            "timezone": program.timezone,
            "country": program.country,
            "locale": program.locale,
        },
        "unit": {
            "id": unit.id,
            "code": unit.code,
            "scale": unit.scale,
            "life_days": unit.life_days,
            "spend_value": unit.spend_value,
        },
        "place": {"id": place.id, "code": place.code, "name": place.name},
        "rule": {
            "id": starter.RULE,
            "unit": unit.code,
            "points": 1,
            "per": earn_per,
            "rulebook": opened.rulebook.id,
        },
        "setup_link": link_for(conn, program.id, now=now),
    }


def link_for(conn: Connection, program_id: str, *, now: datetime) -> str:
    """Return a fresh one-use link to the owner's first password."""
    return f"{config.public_url()}/console/setup/{workspace.create_setup_token(conn, program_id, now=now)}"


def refuse_second() -> None:
    """Refuse before anything is migrated or written when the database holds a program; raises ``VernoError``."""
    try:
        with psycopg.connect(db.owner_url(), connect_timeout=5) as conn:
            known = conn.execute("SELECT to_regclass('workspace_program')").fetchone()
            if known and known[0] and conn.execute("SELECT 1 FROM workspace_program LIMIT 1").fetchone():
                raise VernoError(REFUSALS[ProgramRefusal.ALREADY_THERE])
    except psycopg.OperationalError as error:
        message = f"the database does not answer: {session.first_line(error)}"
        raise VernoError(message) from error


def country_of(timezone: str, currency: str) -> str:
    """Find the country: the zone's when the currency is its own, else the one the currency is named after.

    Raises ``VernoError`` when neither tells (the euro in UTC).
    """
    lands = get_global("zone_territories")
    for land in (lands.get(timezone), currency[:2]):
        if land in SUPPORTED_REGIONS and currency in get_territory_currencies(land):
            return str(land)
    message = f"the country does not follow from {timezone} and {currency}: say it with --country"
    raise VernoError(message)


def _line(field: str, text: str, longest: int) -> str:
    clean = text.strip()
    if not clean or len(clean) > longest or not clean.isprintable():
        message = f"the {field} must be one line of 1 to {longest} characters"
        raise VernoError(message)
    return clean


def _code(text: str) -> str:
    if any(character.isspace() for character in text):
        message = "the place's code must not hold spaces"
        raise VernoError(message)
    return _line("place's code", text, LONGEST_CODE)


def _in_words(
    made: dict[str, object], wanted: NewProgram, store: NewStore, earn_per: int, spend_value: int | None
) -> str:
    step = format_money(earn_per, wanted.currency, "en")
    worth = f"1 point pays {format_money(spend_value, wanted.currency, 'en')} {wanted.currency}" if spend_value else ""
    return "\n".join(
        (
            f"Program   {wanted.name} ({wanted.currency}, {wanted.timezone}, {wanted.country}, {wanted.locale})",
            f"Place     {store.code}",
            f"Rule      1 point for every full {step} {wanted.currency}",
            f"Spending  {worth or 'not yet: say what one point pays with verno set spend.value'}",
            f"Next      verno up, then choose a password: {made['setup_link']}",
        )
    )
