"""``verno member``, ``verno report liability`` and ``verno import balances``, as a person at the server uses them."""

import json
from pathlib import Path

from tests.cli.commands import init_words, verno


def test_balances_members_and_the_report(home: Path, tmp_path: Path) -> None:
    assert verno(home, *init_words()).returncode == 0
    people = tmp_path / "members.csv"
    people.write_text("external_id,phone\nold,+79160000001\nnew,\n")
    assert verno(home, "import", "members", str(people)).returncode == 0
    lots = tmp_path / "balances.csv"
    lots.write_text("external_id,points,expires_at,reference\nold,100,2099-12-31,a\nnew,7,,b\nnobody,1,,c\n")
    done = verno(home, "import", "balances", str(lots), "--json")
    assert (done.returncode, json.loads(done.stdout)["accepted"]) == (1, 2)
    assert "row 4, external_id: unknown-member" in done.stderr

    merged = verno(home, "member", "merge", "old", "new", "--json")
    assert merged.returncode == 0, merged.stderr
    said = json.loads(merged.stdout)
    assert said["balance"][0]["available"] == 107
    again = verno(home, "member", "merge", "old", "new", "--json")
    assert again.stdout == merged.stdout, "a replay"
    assert verno(home, "member", "merge", "old", "nobody").stderr == (
        "verno: no member has the id or the external id 'nobody'\n"
    )
    undone = verno(home, "member", "undo", said["id"])
    assert (undone.returncode, undone.stdout.endswith("100 points went home\n")) == (0, True), undone.stderr

    zipped = verno(home, "export", "member", "old", "--to", str(tmp_path / "old.zip"), "--json")
    assert json.loads(zipped.stdout)["rows"]["identities"] == 1, zipped.stderr
    out = tmp_path / "all.csv"
    assert verno(home, "export", "members", "--to", str(out)).returncode == 0
    assert "+79160000001" in out.read_text()
    assert out.stat().st_mode & 0o77 == 0

    shown = verno(home, "export", "impressions", "--month", "2026-11")
    assert (shown.returncode, shown.stdout) == (0, "month,token,advertiser,inn,channel,accepted\n"), shown.stderr
    refused = verno(home, "export", "impressions", "--month", "2026-13")
    assert (refused.returncode, refused.stderr) == (1, "verno: --month '2026-13' is no month: say it as 2026-11\n")

    looked = verno(home, "member", "erase", "old")
    assert (looked.returncode, "nothing was done" in looked.stdout) == (0, True), looked.stderr
    paper = tmp_path / "certificate.json"
    erased = verno(home, "member", "erase", "old", "--yes", "--json", "--certificate", str(paper))
    assert json.loads(erased.stdout)["points"] == [{"unit": "points", "points": 100}], erased.stderr
    checked = verno(home, "member", "certificate", str(paper))
    assert checked.stdout.startswith("genuine: member"), checked.stderr
    paper.write_text(paper.read_text().replace("operator:", "nobody:"))
    assert verno(home, "member", "certificate", str(paper)).returncode == 1
    assert "no member has" in verno(home, "member", "erase", "old", "--yes").stderr

    assert verno(home, "unit", "add", "--code", "stars", "--scale", "1").returncode == 0
    report = verno(home, "report", "liability", "--json")
    assert report.returncode == 0, report.stderr
    points, stars = json.loads(report.stdout)["units"]
    (month,) = points["months"]
    assert (month["points"]["brought"], month["points"]["expired"], month["points"]["closing"]) == (107, 100, 7)
    assert (points["outstanding"], points["tied"], len(month["month"])) == (7, True, 7)
    assert stars["outstanding"] == 0
    table = verno(home, "report", "liability").stdout
    assert "opening" in table
    assert "now: 7 available, 0 pending, 0 held, 0 owed" in table


def test_an_industrys_pack(home: Path) -> None:
    assert verno(home, *init_words()).returncode == 0
    offered = json.loads(verno(home, "member", "pack", "list", "--json").stdout)["packs"]
    assert [one["code"] for one in offered] == ["clinic", "e-commerce", "pet-shop", "restaurant", "salon", "travel"]
    done = verno(home, "member", "pack", "install", "pet-shop", "--json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["added"]) == 7
    assert verno(home, "member", "pack", "install", "pet-shop").stdout.startswith("added: nothing\nthere already: pets")
    wrong = verno(home, "member", "pack", "install", "bank")
    assert (wrong.returncode, wrong.stderr) == (1, "verno: there is no pack 'bank'; see: verno member pack list\n")
