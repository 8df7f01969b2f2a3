"""Proofs of balances: they hold, they tell when something was changed, and they tell nothing else."""

import json
import os
from pathlib import Path

import msgspec
import psycopg
import pytest
from click.testing import CliRunner

from tests.builders import NOW, holder
from tests.sealing.history import HOUR, History
from verno.cli.proof import proof as command
from verno.kit import db
from verno.ledger.types import Earn
from verno.sealing import balances, heads, proofs, queries, service, sumtree
from verno.sealing.proofs import NoProof
from verno.sealing.types import Figures, MemberProof, SumProof, UnitTotals


def prove(history: History, who: int, head: int | None = None) -> MemberProof:
    with db.connect() as conn:
        made = proofs.member(conn, history.program, history.members[who], head=head)
    assert isinstance(made, MemberProof), made
    return made


def sum_up(history: History) -> SumProof:
    with db.connect() as conn:
        made = proofs.total(conn, history.program)
    assert isinstance(made, SumProof), made
    return made


def test_every_member_is_counted(history: History) -> None:
    history.day()
    head = history.seal().head
    for who, available in enumerate((70, 61, 102)):
        made = prove(history, who)
        assert made.balances == (Figures("points", available, 0, 0, 0),)
        assert not proofs.flaws(made, head)
    total = sum_up(history)
    assert not proofs.flaws(total, head)
    (points,) = total.units
    assert (total.members, points.liability, points.ledger) == (3, 233, {"issued": -303, "redeemed": 70})


@pytest.mark.parametrize("members", [1, 2, 7])
def test_any_number_of_members(history: History, members: int) -> None:
    history.members = tuple(holder() for _ in range(members))
    for who in range(members):
        history.earn(who, 10 + who)
    head = history.seal().head
    assert head.balances.members == members
    assert not any(proofs.flaws(prove(history, who), head) for who in range(members))


def test_several_units_and_pending_points(history: History) -> None:
    with psycopg.connect(os.environ["VERNO_OWNER_URL"]) as owner:
        owner.execute("INSERT INTO workspace_unit SELECT * FROM workspace_unit WHERE false")
        columns = [
            name[0]
            for name in owner.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = 'workspace_unit'"
                " AND column_name NOT IN ('id', 'code', 'created_at')"
            )
        ]
        others = ", ".join(columns)
        owner.execute(
            f"INSERT INTO workspace_unit (id, code, created_at, {others})"
            f" SELECT gen_random_uuid(), 'status', created_at + interval '1 h', {others} FROM workspace_unit"
        )
        (status,) = owner.execute("SELECT id::text FROM workspace_unit WHERE code = 'status'").fetchone() or ("",)
        owner.execute(
            "INSERT INTO ledger_account (holder_id, id, program_id, unit_id, kind, changed_at)"
            " SELECT holder_id, gen_random_uuid(), program_id, %s, kind, changed_at FROM ledger_account"
            " WHERE kind <> 'member'",
            [status],
        )
    member = history.members[0]
    history.earn(0, 5)
    history.post(Earn(member, status, 40, NOW, active_from=NOW + HOUR), now=NOW)
    history.earn(1, 7)
    head = history.seal().head
    made = prove(history, 0)
    assert made.balances == (Figures("points", 5, 0, 0, 0), Figures("status", 0, 40, 0, 0))
    assert not proofs.flaws(made, head)
    assert [(of.unit, of.available, of.pending, of.agrees) for of in head.balances.units] == [
        ("points", 12, 0, True),
        ("status", 0, 40, True),
    ]


def test_a_proof_belongs_to_its_head(history: History) -> None:
    history.day()
    first = history.seal().head
    history.day(at=NOW + HOUR)
    second = history.seal(now=NOW + HOUR).head
    old, new = prove(history, 0, head=first.number), prove(history, 0)
    assert not proofs.flaws(old, first)
    assert not proofs.flaws(new, second)
    assert "is for head 1" in proofs.flaws(old, second)[0]
    assert "not counted" in proofs.flaws(msgspec.structs.replace(old, head=2), second)[0]
    assert old.salt != new.salt, "else a neighbour could be followed from head to head"


def changed_proofs(made: MemberProof) -> dict[str, MemberProof]:
    own, first = made.balances[0], made.path[0]
    replace = msgspec.structs.replace

    def on_the_way(**changes: object) -> MemberProof:
        return replace(made, path=(replace(first, **changes), *made.path[1:]))

    return {
        "richer": replace(made, balances=(replace(own, available=own.available + 1),)),
        "poorer": replace(made, balances=(replace(own, available=own.available - 1),)),
        "pending called available": replace(made, balances=(replace(own, available=0, pending=own.available),)),
        "below zero": replace(made, balances=(replace(own, available=-1),)),
        "another member": replace(made, member=holder()),
        "another salt": replace(made, salt="00" * 32),
        "a salt that runs into the name": replace(made, salt=made.salt + "00"),
        "a shorter path": replace(made, path=made.path[1:]),
        "the other side": on_the_way(side="left" if first.side == "right" else "right"),
        "a neighbour's sum": on_the_way(sums=(first.sums[0] - 1, *first.sums[1:])),
        "a neighbour below zero": on_the_way(sums=(-1, *first.sums[1:])),
        "a neighbour of fewer sums": on_the_way(sums=first.sums[1:]),
        "a neighbour's hash": on_the_way(hash="00" * 32),
        "a hash that runs into the sums": on_the_way(hash=first.hash + "00"),
        "no hash": on_the_way(hash="xyz"),
        "another unit": replace(made, balances=(replace(own, unit="miles"),)),
        "no balance": replace(made, balances=()),
    }


def test_a_changed_proof_does_not_hold(history: History) -> None:
    history.day()
    head = history.seal().head
    for name, changed in changed_proofs(prove(history, 1)).items():
        assert proofs.flaws(changed, head), name


def test_a_changed_head_or_sum_does_not_hold(history: History) -> None:
    history.day()
    head = history.seal().head
    made = sum_up(history)
    fewer = msgspec.structs.replace(head.balances, members=2)
    assert proofs.flaws(made, msgspec.structs.replace(head, balances=fewer))
    assert proofs.flaws(msgspec.structs.replace(made, members=2), head)
    (points,) = made.units
    less = msgspec.structs.replace(points, available=1)
    assert proofs.flaws(msgspec.structs.replace(made, units=(less,)), head)
    signed = heads.sign(msgspec.structs.replace(head, balances=msgspec.structs.replace(head.balances, units=(less,))))
    assert "say otherwise" in proofs.flaws(msgspec.structs.replace(made, units=(less,)), signed)[0]


def test_a_balance_without_transfers_shows_in_the_sum(history: History) -> None:
    history.day()
    with psycopg.connect(os.environ["VERNO_OWNER_URL"]) as owner:
        owner.execute(
            "UPDATE ledger_account SET available = available + 500 WHERE holder_id = %s", [history.members[0]]
        )
    head = history.seal().head
    assert not proofs.flaws(prove(history, 0), head), "the member is counted with what the account says"
    assert "say otherwise" in proofs.flaws(sum_up(history), head)[0]


def test_debts_are_counted_apart() -> None:
    owed = UnitTotals("points", holder(), 0, 10, 0, 0, 25, {"issued": -20, "redeemed": 35, "debt": -25})
    assert (owed.liability, owed.agrees) == (10, True)
    assert not msgspec.structs.replace(owed, debt=24).agrees


def test_no_member_is_named_in_anothers_proof(history: History) -> None:
    history.day()
    history.seal()
    text = heads.document(prove(history, 0))
    assert history.members[0] in text
    assert not any(other in text for other in history.members[1:])


def test_leaves_stand_in_no_order_of_members(history: History) -> None:
    history.members = tuple(holder() for _ in range(16))
    for who in range(16):
        history.earn(who, 1 + who)
    history.seal()
    with db.connect() as conn:
        stored = queries.snapshot(conn, history.program, 1)
    assert stored is not None
    tree = balances.tree(balances.grow(stored), history.program, 1, 1)
    points = [sumtree.unpack(node.sums, 4)[0] for node in tree[0]]
    assert sorted(points) == list(range(1, 17)) != points


def test_why_there_is_no_proof(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "KEPT", 2)
    with db.connect() as conn:
        assert proofs.total(conn, history.program) is NoProof.NO_HEAD
        conn.rollback()
        history.day()
        for hour in range(3):
            history.seal(now=NOW + hour * HOUR)
        assert proofs.total(conn, history.program, head=1) is NoProof.NOT_KEPT
        assert proofs.total(conn, history.program, head=9) is NoProof.NO_HEAD
        assert proofs.member(conn, history.program, holder()) is NoProof.NOT_COUNTED
        conn.rollback()
    with psycopg.connect(os.environ["VERNO_OWNER_URL"]) as owner:
        owner.execute("UPDATE sealing_snapshot SET accounts = %s WHERE number = 3", [balances.shrink(b"")])
        owner.execute("UPDATE sealing_head SET document = replace(document, '\"members\": 3', '\"members\": 2')")
    with db.connect() as conn:
        assert proofs.total(conn, history.program) is NoProof.NOT_AS_SIGNED
        assert proofs.total(conn, history.program, head=2) is NoProof.NOT_AS_SIGNED


def test_a_proof_by_hand(history: History, tmp_path: Path) -> None:
    """The page docs/how-to/prove-a-balance.md, from the command line, the check without a database."""
    with psycopg.connect(os.environ["VERNO_OWNER_URL"]) as owner:
        owner.execute(
            "INSERT INTO members_member (id, program_id, external_id, attributes, created_at, changed_at)"
            " VALUES (%s, %s, 'C-1', '{}', now(), now())",
            [history.members[0], history.program],
        )
    history.day()
    head = history.seal().path
    file = tmp_path / "proof.json"
    for name in ("C-1", history.members[0], history.members[0].upper()):
        done = run("--member", name, "--out", str(file), "--json")
        assert done["member"] == history.members[0]
        assert json.loads(file.read_text()) == done
    elsewhere = CliRunner(env={"VERNO_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"})
    held = elsewhere.invoke(command, ["--check", str(file), "--head", str(head)])
    assert (held.exit_code, held.stdout.split()[0]) == (0, "holds")
    file.write_text(file.read_text().replace('"available": 70', '"available": 71'))
    failed = elsewhere.invoke(command, ["--check", str(file), "--head", str(head), "--json"])
    assert (failed.exit_code, json.loads(failed.stdout)["proof"]) == (1, "does not hold")
    assert "DOES NOT" in CliRunner().invoke(command, ["--check", str(file), "--head", str(head)]).stdout.upper()

    summed = run("--sum", "--head", str(head), "--json")
    assert summed["members"] == 3
    assert '"available": 233' in json.dumps(summed["units"])
    assert "agree" in CliRunner().invoke(command, ["--sum"]).stdout
    assert "available 70" in CliRunner().invoke(command, ["--member", "C-1"]).stdout


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ([], 2, "say one of"),
        (["--sum", "--member", "x"], 2, "say one of"),
        (["--check", "a.json"], 2, "needs --head"),
        (["--check", "/nowhere/a.json", "--head", "/nowhere/b.json"], 1, "cannot read"),
        (["--sum", "--head", "{junk}"], 1, "not a head"),
        (["--check", "{junk}", "--head", "{head}"], 1, "not a proof"),
        (["--member", "nobody"], 1, "there is no member nobody"),
        (["--sum", "--out", "/nowhere/out.json"], 1, "cannot write"),
    ],
)
def test_what_cannot_be_done_is_said(
    history: History, tmp_path: Path, words: list[str], code: int, sentence: str
) -> None:
    from verno.cli import group

    junk = tmp_path / "junk.json"
    junk.write_bytes(b"\xff{")
    head = history.seal().path
    done = CliRunner().invoke(group, ["proof", *(word.format(junk=junk, head=head) for word in words)])
    assert (done.exit_code, done.stdout) == (code, "")
    assert sentence in done.stderr


def test_without_a_head_there_is_no_proof(history: History) -> None:
    from verno.cli import group

    done = CliRunner().invoke(group, ["proof", "--sum"])
    assert (done.exit_code, done.stderr) == (1, "verno: there is no such head here: run 'verno seal'\n")


def run(*words: str) -> dict[str, object]:
    done = CliRunner().invoke(command, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return answer
