"""``verno seal`` and ``verno verify --anchor`` as a person runs them."""

import json
import os
from pathlib import Path

import msgspec
import psycopg
import pytest
from click.testing import CliRunner

from tests.sealing.history import History
from verno.cli import group
from verno.cli.verify import verify
from verno.kit import config
from verno.sealing import check, heads, service
from verno.verify import service as sums


def test_seal_prints_the_path(history: History) -> None:
    history.day()
    done = CliRunner().invoke(group, ["seal", "--json"])
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout)
    head = heads.read(Path(printed["path"]))
    assert Path(printed["path"]).parent == config.home() / "heads"
    assert printed == {
        "path": printed["path"],
        "date": head.date.isoformat(),
        "count": 5,
        "blocks": head.blocks,
        "hash": head.hash,
        "consents": 0,
        "fingerprint": heads.fingerprint(heads.public_key()),
        "complete": True,
    }
    words = CliRunner().invoke(group, ["seal"])
    assert Path(words.stdout.strip()).exists()
    assert "5 transfers sealed" in words.stderr


def test_seal_says_what_it_could_not_wait_for(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "PATIENCE", 0.1)
    with psycopg.connect(os.environ["VERNO_OWNER_URL"]) as slow:
        slow.execute("SELECT pg_current_xact_id()")
        history.day()
        done = CliRunner().invoke(group, ["seal"])
    assert done.exit_code == 0
    assert "did not end in time" in done.stderr


def test_verify_with_an_anchor(history: History, superuser: psycopg.Connection, tmp_path: Path) -> None:
    history.day()
    anchor = history.seal().path
    done = CliRunner().invoke(verify, ["--anchor", str(anchor), "--json"])
    answer = json.loads(done.stdout)
    assert (done.exit_code, answer["verify"], answer["anchor"]["count"]) == (0, "ok", 5)
    assert (answer["checked"]["blocks"], answer["checked"]["sealed"]) == (1, 5)
    assert "against the head of 2026-11-25: 5 transfers" in CliRunner().invoke(verify, ["--anchor", str(anchor)]).stdout

    victim = history.transfers[0]
    superuser.execute("UPDATE ledger_transfer SET amount = 1000000 WHERE id = %s", [victim])
    for words in ([], ["--anchor", str(anchor)]):
        done = CliRunner().invoke(verify, [*words, "--json"])
        answer = json.loads(done.stdout)
        assert done.exit_code == 1
        assert answer["totals"]["sealed-altered"] == 1
        (problem,) = [one for one in answer["problems"] if one["check"] == "sealed-altered"]
        assert problem["where"]["transfer"] == victim
        assert "now earn of 1000000" in problem["what"]

    edited = tmp_path / "edited.json"
    edited.write_text(heads.document(msgspec.structs.replace(heads.read(anchor), count=4)))
    done = CliRunner().invoke(verify, ["--anchor", str(edited)])
    assert done.exit_code == 1
    assert "somebody changed the file" in done.stdout


def test_an_auditor_without_the_secret_sees_whose_key_it_is(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine of their own there is no secret of the installation: the fingerprint is theirs to compare."""
    history.day()
    anchor = history.seal().path
    monkeypatch.setenv("VERNO_HOME", str(tmp_path / "auditor"))
    done = CliRunner().invoke(verify, ["--anchor", str(anchor), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["anchor"]["fingerprint"] == heads.fingerprint(heads.read(anchor).public_key)


@pytest.mark.parametrize(("text", "sentence"), [(None, "cannot read"), ("{}", "not a head"), ("[" * 2**21, "larger")])
def test_a_file_that_is_no_head(database: str, tmp_path: Path, text: str | None, sentence: str) -> None:
    file = tmp_path / "head.json"
    if text is not None:
        file.write_text(text)
    done = CliRunner().invoke(group, ["verify", "--anchor", str(file)])
    assert (done.exit_code, done.stdout) == (1, "")
    assert sentence in done.stderr


def test_no_two_checks_share_a_name() -> None:
    assert not set(check.CHECKS) & {name.replace("_", "-") for name in sums.CHECKS}


def test_every_check_is_described() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/reference/cli.md").read_text()
    rows = "".join(line.split("|")[1] for line in page.splitlines() if line.startswith("| `"))
    assert all(f"`{name}`" in rows for name in check.CHECKS)


def test_every_check_has_its_attack() -> None:
    attacks = (Path(__file__).resolve().parents[1] / "faults/test_tampering.py").read_text()
    assert all(f'"{name}"' in attacks for name in check.CHECKS)
