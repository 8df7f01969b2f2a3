"""``verno report``: figures for the accountant."""

from typing import TYPE_CHECKING

import click
import msgspec

from verno.cli import session
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.money import format_money, format_scaled
from verno.workspace import queries

if TYPE_CHECKING:
    from verno.reports.liability.types import Columns, Liability, UnitLiability

LOCALE = "en"
COLUMNS = ("opening", "issued", "spent", "expired", "adjusted", "brought", "owed", "written_off", "closing")
WIDTH = 14


@click.group()
def report() -> None:
    """Print reports."""


@report.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def liability(ctx: click.Context, *, as_json: bool) -> None:
    """Print what members hold, by unit and month: opening + issued - spent - expired +- adjusted = closing.

    Exact at this moment, whatever jobs have run, in points and, where a point has a worth, in money. Exits with 1 when
    the figures are not what the accounts hold, which 'verno verify' will then explain.
    """
    with session.database():
        from verno.reports.liability.queries import liability as read  # noqa: PLC0415 after django.setup()

        with db.transaction() as conn:
            program = queries.only_program(conn)
        with db.transaction(program.id) as conn:
            found = read(conn, program, now=clock.now())
    if as_json:
        session.print_json(as_object(found))
    else:
        click.echo("\n".join(line for unit in found.units for line in as_lines(found, unit)))
    ctx.exit(0 if all(unit.tied for unit in found.units) else 1)


def as_object(found: "Liability") -> dict[str, object]:
    """Return the report as the JSON object that ``--json`` prints."""
    out: dict[str, object] = msgspec.to_builtins(found)
    out["units"] = [
        {
            **msgspec.to_builtins(unit),
            "outstanding": unit.outstanding,
            "months": [{**msgspec.to_builtins(row), "month": f"{row.month:%Y-%m}"} for row in unit.months],
        }
        for unit in found.units
    ]
    return out


def as_lines(found: "Liability", unit: "UnitLiability") -> list[str]:
    """Return a unit's table for a person: points, and below each month the same in money."""

    def points(value: int) -> str:
        return format_scaled(value, unit.scale, LOCALE)

    def money(value: int) -> str:
        return format_money(value, found.currency, LOCALE)

    def row(title: str, cells: list[str]) -> str:
        return f"{title:<10}" + "".join(f"{cell:>{WIDTH}}" for cell in cells)

    def cells(columns: "Columns") -> list[int]:
        return [getattr(columns, name) for name in COLUMNS]

    out = [unit.unit, row("month", list(COLUMNS))]
    for month in unit.months:
        out.append(row(f"{month.month:%Y-%m}", [points(value) for value in cells(month.points)]))
        if month.money is not None:
            out.append(row(f"  {found.currency}", [money(value) for value in cells(month.money)]))
    out.append(
        f"now: {points(unit.available)} available, {points(unit.pending)} pending, {points(unit.held)} held, "
        f"{points(unit.debt)} owed"
    )
    ages = [f"{_age(age.from_days, age.to_days)}: {points(age.points)}" for age in unit.ages]
    out.append(f"days since earned: {'; '.join(ages)}")
    return [*out, "" if unit.tied else "NOT TIED: the accounts hold something else; run 'verno verify'"]


def _age(first: int, last: int | None) -> str:
    return f"{first} to {last}" if last is not None else f"{first} and more"
