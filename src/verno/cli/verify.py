"""``verno verify``: check independently that the books balance."""

import sys

import click
import msgspec

from verno.cli.session import database, print_json
from verno.kit import db
from verno.verify import service
from verno.verify.types import Report


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(*, as_json: bool) -> None:
    """Recompute every balance, lot and receipt from the rows that made it, on one snapshot.

    Exits with 0 when all agree, with 1 and the list of what is wrong otherwise.
    """
    with database():
        conn = db.connect()
        try:
            report = service.run(conn)
        finally:
            conn.close()
    if as_json:
        print_json(as_object(report))
    else:
        click.echo("\n".join(as_lines(report)))
    sys.exit(0 if report.ok else 1)


def as_object(report: Report) -> dict[str, object]:
    """Return the report as the JSON object that ``--json`` prints."""
    out: dict[str, object] = {"verify": "ok" if report.ok else "failed"}
    if not report.ok:
        out["problems"] = msgspec.to_builtins(report.problems)
        out["totals"] = dict(report.totals)
    out["checked"] = dict(report.checked)
    out["seconds"] = report.seconds
    return out


def as_lines(report: Report) -> list[str]:
    """Return the report for a person."""
    looked_at = ", ".join(f"{count:,} {name}" for name, count in report.checked.items())
    out = []
    for check, total in report.totals.items():
        shown = [problem for problem in report.problems if problem.check == check]
        out.append(f"{check}: {total:,} wrong" + (f", {len(shown)} shown" if total > len(shown) else ""))
        for problem in shown:
            where = " ".join(f"{name}={value}" for name, value in problem.where.items() if value is not None)
            out.append(f"  {problem.what} ({where})")
    out.append(f"{'ok' if report.ok else 'FAILED'}: {looked_at}; {report.seconds:.1f} s")
    return out
