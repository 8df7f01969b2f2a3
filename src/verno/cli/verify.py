"""``verno verify``: check independently that the books balance, and that history is the one that was sealed."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from verno.cli.session import database, print_json
from verno.kit import db, secrets
from verno.verify import service
from verno.verify.types import Problem, Report

if TYPE_CHECKING:
    from verno.sealing.types import Head


@click.command()
@click.option(
    "--anchor",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A signed head from outside: name what was altered since, even if all was sealed anew.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(anchor: Path | None, *, as_json: bool) -> None:
    """Recompute every balance, lot, receipt and seal from the rows that made it.

    Exits with 0 when all agree, with 1 and the list of what is wrong otherwise.
    """
    from verno.sealing import heads  # noqa: PLC0415 a quick --help

    head = heads.read(anchor) if anchor is not None else None
    # Asked before Django is set up, which makes a key where there is none: an auditor's own, say.
    knows_key = secrets.known()
    with database():
        conn = db.connect_across_programs()
        try:
            report = examine(conn, head, key=heads.public_key() if knows_key else None)
        finally:
            conn.close()
    if as_json:
        print_json(as_object(report, head))
    else:
        click.echo("\n".join(as_lines(report, head)))
    sys.exit(0 if report.ok else 1)


def examine(conn: db.Connection, head: "Head | None", *, key: str | None) -> Report:
    """Return one report of both checkers: the one of sums, and the one of sealed history."""
    from verno.sealing import check  # noqa: PLC0415 after django.setup()

    sums = service.run(conn)
    started = time.monotonic()
    seals = check.run(conn, head, key=key)
    return Report(
        checked={**sums.checked, **seals.checked},
        problems=(*sums.problems, *(Problem(one.check, one.what, one.where) for one in seals.problems)),
        totals={**sums.totals, **seals.totals},
        seconds=round(sums.seconds + time.monotonic() - started, 3),
    )


def as_object(report: Report, head: "Head | None" = None) -> dict[str, object]:
    """Return the report as the JSON object that ``--json`` prints."""
    out: dict[str, object] = {"verify": "ok" if report.ok else "failed"}
    if not report.ok:
        out["problems"] = msgspec.to_builtins(report.problems)
        out["totals"] = dict(report.totals)
    out["checked"] = dict(report.checked)
    out["seconds"] = report.seconds
    if head is not None:
        from verno.sealing.heads import fingerprint  # noqa: PLC0415 a quick --help

        out["anchor"] = {
            "date": head.date.isoformat(),
            "count": head.count,
            "hash": head.hash,
            "consents": head.consents.count if head.consents else None,
            "fingerprint": fingerprint(head.public_key),
        }
    return out


def as_lines(report: Report, head: "Head | None" = None) -> list[str]:
    """Return the report for a person."""
    looked_at = ", ".join(f"{count:,} {name}" for name, count in report.checked.items())
    out = []
    for check, total in report.totals.items():
        shown = [problem for problem in report.problems if problem.check == check]
        out.append(f"{check}: {total:,} wrong" + (f", {len(shown)} shown" if total > len(shown) else ""))
        for problem in shown:
            where = " ".join(f"{name}={value}" for name, value in problem.where.items() if value is not None)
            out.append(f"  {problem.what} ({where})")
    if head is not None:
        from verno.sealing.heads import fingerprint  # noqa: PLC0415 a quick --help

        agreed = f"{head.consents.count:,} consents" if head.consents else "consents not told of"
        key = fingerprint(head.public_key)
        out.append(f"against the head of {head.date}: {head.count:,} transfers, {agreed}, key {key}")
    out.append(f"{'ok' if report.ok else 'FAILED'}: {looked_at}; {report.seconds:.1f} s")
    return out
