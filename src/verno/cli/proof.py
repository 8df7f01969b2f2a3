"""``verno proof``: prove a balance, or all of them; check such a proof with nothing but two files."""

import sys
from pathlib import Path

import click

from verno.cli import session
from verno.kit import db
from verno.kit.errors import VernoError
from verno.sealing.types import MemberProof, SumProof

_file = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--member", metavar="ID", help="Prove this member's balances (id or external id).")
@click.option("--sum", "total", is_flag=True, help="Sum up all members' balances, beside the ledger's accounts.")
@click.option("--check", "checked", type=_file, metavar="FILE", help="Check a proof; needs --head and no database.")
@click.option("--head", "head_file", type=_file, metavar="HEAD", help="The signed head; the newest one if not given.")
@click.option("--out", type=_file, metavar="FILE", help="Write the proof to a file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def proof(
    member: str | None, checked: Path | None, head_file: Path | None, out: Path | None, *, total: bool, as_json: bool
) -> None:
    """Prove that a member's points are counted in a signed head, or what all of them sum up to; or check a proof.

    --check exits with 0 when the proof holds, with 1 and the reason otherwise.
    """
    if [member is not None, total, checked is not None].count(True) != 1:
        message = "say one of --member ID, --sum, --check FILE"
        raise click.UsageError(message)
    if checked is not None:
        if head_file is None:
            message = "--check needs --head"
            raise click.UsageError(message)
        sys.exit(_check(checked, head_file, as_json=as_json))
    text, words = _make(member, head_file)
    if out is not None:
        try:
            out.write_text(text, encoding="utf-8")
        except OSError as error:
            message = f"cannot write {out}: {error.strerror}"
            raise VernoError(message) from error
    if as_json:
        click.echo(text, nl=False)
    else:
        click.echo("\n".join(words))


def _make(member: str | None, head_file: Path | None) -> tuple[str, list[str]]:
    """Return a proof as the text of its file and in words."""
    with session.database():
        from verno.members import queries as members  # noqa: PLC0415 after django.setup()
        from verno.sealing import heads, proofs  # noqa: PLC0415
        from verno.workspace import queries as workspace  # noqa: PLC0415

        number = None if head_file is None else heads.read(head_file).number
        with db.transaction() as conn:
            program = workspace.only_program(conn).id
            if member is None:
                made: proofs.Proof | proofs.NoProof = proofs.total(conn, program, head=number)
            else:
                keys = [("id", member.lower()), ("external_id", member)]
                found = members.find_holders(conn, program, keys)
                holder = next((found[key] for key in keys if key in found), None)
                if holder is None:
                    message = f"there is no member {member}"
                    raise VernoError(message)
                made = proofs.member(conn, program, holder, head=number)
        if isinstance(made, proofs.NoProof):
            raise VernoError(_NO_PROOF[made.value])
        return heads.document(made), _words(made)


def _words(made: MemberProof | SumProof) -> list[str]:
    if isinstance(made, MemberProof):
        return [
            f"member {made.member} in head {made.head} of {made.date}, {len(made.path)} steps below its root:",
            *(
                f"  {of.unit}: available {of.available:,}, pending {of.pending:,}, held {of.held:,}, debt {of.debt:,}"
                for of in made.balances
            ),
        ]
    lines = [f"{made.members:,} members in head {made.head} of {made.date}, root {made.root}"]
    for unit in made.units:
        booked = ", ".join(f"{kind} {points:,}" for kind, points in sorted(unit.ledger.items()))
        lines += [
            f"  {unit.unit}: owed to members {unit.liability:,}, owed by members {unit.debt:,}",
            f"    available {unit.available:,}, pending {unit.pending:,}, held {unit.held:,}",
            f"    the ledger's accounts: {booked or 'nothing yet'}: {'agree' if unit.agrees else 'DO NOT AGREE'}",
        ]
    return lines


def _check(proof_file: Path, head_file: Path, *, as_json: bool) -> int:
    from verno.sealing import heads, proofs  # noqa: PLC0415 a quick --help

    head = heads.read(head_file)
    flaws = proofs.flaws(proofs.parse(heads.read_file(proof_file)), head)
    fingerprint = heads.fingerprint(head.public_key)
    if as_json:
        verdict = {"proof": "holds" if not flaws else "does not hold", "flaws": flaws, "fingerprint": fingerprint}
        session.print_json(verdict)
    elif flaws:
        click.echo("\n".join(f"does NOT hold: {flaw}" for flaw in flaws))
    else:
        click.echo(f"holds against head {head.number} of {head.date}, if {fingerprint} is the program's key")
    return 1 if flaws else 0


_NO_PROOF = {
    "no-head": "there is no such head here: run 'verno seal'",
    "not-kept": "the balances behind that head are not kept any more: run 'verno seal' for a new one",
    "not-counted": "the member had no points account at the moment of the head: run 'verno seal' for a new one",
    "not-as-signed": "the head or the balances kept with it are not those that were signed: run 'verno verify'",
}
