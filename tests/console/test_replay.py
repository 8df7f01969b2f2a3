"""The Replay Lab in the console: started, watched, cancelled, read; and one receipt by hand."""

import csv
import io
import json
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.loader import render_to_string
from django.test import Client

from tests.builders import NOW
from tests.console.conftest import House
from tests.console.test_limits import text
from tests.console.test_roles import Hire, hire
from verno.console.face import Face
from verno.intake import context
from verno.intake.reading import recounting
from verno.kit import db
from verno.progress import service as tracks
from verno.progress.types import Lifetime, Metric, Published, Recount, Step, Tiers, Track
from verno.promotions.drafts import queries as drafts
from verno.promotions.drafts import service as drafting
from verno.promotions.drafts.types import Draft, NewDraft
from verno.replay.runs import queries, service, working
from verno.replay.runs.types import SILENCE, Run
from verno.rules.fields import Known
from verno.workspace import audit, settings
from verno.workspace import queries as workspace
from verno.workspace.roles import Role

__all__ = ["hire"]

LAB = "/console/promotions/replay/"
TRY = "/console/promotions/replay/receipt/"
HALF: dict[str, object] = {
    "rules": [
        {"id": "base", "effects": [{"type": "earn_per_full", "unit": "points", "points": 1, "per": 200}]},
        {"id": "big", "name": "Big baskets",
         "when": {"combinator": "and", "rules": [{"field": "amount", "operator": ">=", "value": 900000}]},
         "effects": [{"type": "earn_per_full", "unit": "points", "points": 1, "per": 100}]},
    ]
}  # fmt: skip


@pytest.fixture
def worth(house: House) -> House:
    """A point pays 0.10 here."""
    with db.transaction() as conn:
        settings.write(conn, house.story.shop.program.id, "spend.value", 10, now=NOW)
    context.forget()
    return house


def draft(house: House, body: dict[str, object], number: int | None = None) -> int:
    program = house.story.shop.program.id
    with db.transaction(program) as conn:
        desk = drafting.open_desk(conn, program, context.known_to_rules(conn, program))
        wanted = NewDraft(title="Halved", body=body, number=number)
        done = drafting.save(desk, wanted, by=audit.SYSTEM, now=NOW)
    assert isinstance(done, Draft)
    return done.row.number


def work(house: House) -> int:
    return working.work(house.story.shop.program.id, now=NOW, stopping=lambda: False)


def start(house: House, **sent: object) -> str:
    answer = house.client.post(LAB, {"period": "all", **sent})
    assert answer.status_code == 302, text(answer.content.decode())
    return str(answer["Location"])


def page(client: Client, where: str) -> str:
    answer = client.get(where)
    assert answer.status_code == 200
    return text(answer.content.decode())


def test_a_replay_from_start_to_result(worth: House) -> None:
    client = worth.client
    assert "Nothing has been replayed yet" in page(client, LAB)
    number = draft(worth, HALF)
    assert f'<option value="{number}" selected>' in client.get(f"{LAB}?draft={number}").content.decode()
    where = start(worth, draft=number)
    waiting = client.get(where)
    assert "every 1s" in waiting.content.decode()
    assert "It waits for a worker" in text(waiting.content.decode())
    assert "HX-Refresh" not in client.get(f"{where}progress/").headers
    receipts = work(worth)
    assert receipts > 100
    assert client.get(f"{where}progress/")["HX-Refresh"] == "true"
    shown = client.get(where).content.decode()
    told = text(shown)
    for words in ("against version 1", "0 / 8", "Members who lose", "By what members spent", "What is simulated"):
        assert words in told, words
    assert "<pair-chart" in shown
    assert f"{TRY}?receipt=" in shown
    assert "Halved draft 1, revision 1" in page(client, LAB)
    draft(worth, {"rules": []}, number)
    assert "has come to revision 2 since" in page(client, where)


def test_a_replay_says_what_it_did_with_returns(worth: House) -> None:
    assert re.search(r'name="returned"[^>]*checked', worth.client.get(LAB).content.decode())
    for more, said, other in (
        ({}, "as they were sold", "keeps its share"),
        ({"returned": "on"}, "keeps its share", "as they were sold"),
    ):
        where = start(worth, draft=draft(worth, HALF), **more)
        work(worth)
        told = page(worth.client, where)
        assert said in told
        assert other not in told


def test_the_losers_as_a_file(worth: House, hire: Hire) -> None:
    where = start(worth, draft=draft(worth, HALF))
    work(worth)
    answer = worth.client.get(f"{where}losers.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert len(rows) == 8
    losses = [float(row["loss"]) for row in rows]
    assert losses == sorted(losses, reverse=True)
    anna = next(row for row in rows if row["member"] == worth.story.anna)
    assert (anna["external_id"], anna["card"], anna["name"]) == ("1", "40000001", "Anna Sample 1")
    assert round(float(anna["current"]) - float(anna["draft"]), 2) == float(anna["loss"])
    analyst, _ = hire(Role.ANALYST)
    masked = analyst.get(f"{where}losers.csv").content.decode()
    assert "name" not in masked.splitlines()[0]
    for secret in ("Anna", "40000001"):
        assert secret not in masked
    assert "Anna Sample" not in page(analyst, where)
    with db.transaction() as conn:
        told = [entry.detail for entry in audit.page(conn, worth.story.shop.program.id)]
    assert "replay-losers" in told


def test_a_file_is_replayed_too(worth: House) -> None:
    where = start(worth, file=SimpleUploadedFile("half.json", json.dumps(HALF).encode()))
    work(worth)
    assert "half.json" in page(worth.client, where)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "Choose a draft, or a file."),
        ({"draft": 77}, "Select a valid choice"),
        ({"file": b"[1"}, "This is not a rulebook"),
        ({"file": b"[]"}, "This is not a rulebook"),
        ({"file": b"\xff\xfe"}, "This is not a rulebook"),
        ({"file": b"["*100_000}, "This is not a rulebook"),
        ({"file": b'{"rules": [{"id": "\\u0000"}]}'}, "This is not a rulebook"),
        ({"file": b'{"rules": 7}'}, "A rulebook has rules."),
        ({"file": b'{"rules": [{"id": "x"}]}'}, "Rule “x”: What it does: This must be filled in."),
        ({"file": b""}, "This is not a rulebook"),
        ({"file": json.dumps(HALF).encode(), "period": "soon"}, "Select a valid choice"),
        ({"file": json.dumps(HALF).encode(), "period": "dates"}, "Say the first day."),
        ({"file": json.dumps(HALF).encode(), "period": "dates", "since": "2026-02-30"}, "Enter a valid date"),
        (
            {"file": json.dumps(HALF).encode(), "period": "dates", "since": "2026-02-03", "until": "2026-02-01"},
            "before the first",
        ),
        ({"file": json.dumps(HALF).encode(), "period": "dates", "since": "2030-01-01"}, "ends before it begins"),
    ],
)  # fmt: skip
def test_what_cannot_be_replayed_is_said_at_its_field(house: House, sent: dict[str, object], said: str) -> None:
    body = sent.pop("file", None)
    if isinstance(body, bytes):
        sent["file"] = SimpleUploadedFile("x.json", body)
    answer = house.client.post(LAB, {"period": "all", **sent})
    assert answer.status_code == 422
    assert said in text(answer.content.decode()), text(answer.content.decode())


def test_cancelled_interrupted_refused_and_again(worth: House) -> None:
    client, number = worth.client, draft(worth, HALF)
    where = start(worth, draft=number)
    assert client.post(where, {"do": "dance"}).status_code == 404
    assert client.post(where, {"do": "cancel"}).status_code == 302
    assert "Somebody cancelled this replay" in page(client, where)
    again = client.post(where, {"do": "again"})["Location"]
    assert again != where
    program = worth.story.shop.program.id
    with db.transaction(program) as conn:
        id_ = again.rstrip("/").rpartition("/")[2]
        assert service.claim(conn, program, id_, now=NOW - SILENCE - timedelta(seconds=1)) == id_
    assert "The worker was stopped" in page(client, again)
    assert "HX-Refresh" in client.get(f"{again}progress/").headers
    third = client.post(again, {"do": "again"})["Location"]
    assert client.post(third, {"do": "again"}).status_code == 422, "it is under way"
    work(worth)
    assert "Members who lose" in page(client, third)


def test_only_a_writer_starts_and_stops(worth: House, hire: Hire) -> None:
    where = start(worth, draft=draft(worth, HALF))
    analyst, _ = hire(Role.ANALYST)
    assert "Start a replay" not in page(analyst, LAB)
    assert analyst.post(LAB, {"period": "all", "draft": 1}).status_code == 403
    assert analyst.post(where, {"do": "cancel"}).status_code == 403
    assert "Cancel it" not in page(analyst, where)
    with db.transaction(worth.story.shop.program.id) as conn:
        (only,) = queries.runs(conn, worth.story.shop.program.id, now=NOW)
    assert isinstance(only, Run)
    assert only.is_open


def a_receipt(house: House) -> tuple[str, str]:
    """Return number and id of a receipt of Anna's."""
    shown = house.client.get(f"/console/members/{house.story.anna}/receipts/").content.decode()
    found = re.search(rf"{TRY}\?receipt=([0-9a-f-]{{36}})", shown)
    number = re.search(r"Receipt (\S+)", shown)
    assert found
    assert number
    return number[1], found[1]


def test_a_stored_receipt_by_hand(worth: House) -> None:
    number = draft(worth, HALF)
    name, id_ = a_receipt(worth)
    for asked in (name, id_):
        told = page(worth.client, f"{TRY}?receipt={asked}&current=current&draft=draft-{number}")
        for words in ("what holds now", "1 for every full 1.00", "1 for every full 2.00", "Big baskets", "does not act",
                      "its condition does not hold", "no such rule", "Anna Sample 1"):  # fmt: skip
            assert words in told, words
    assert "There is no such receipt." in page(worth.client, f"{TRY}?receipt=nothing&current=current&draft=current")


def test_the_ten_receipts_lead_to_what_was_replayed(worth: House) -> None:
    number = draft(worth, HALF)
    where = start(worth, draft=number)
    work(worth)
    link = re.search(rf'href="({TRY}[^"]+)"', worth.client.get(where).content.decode())
    assert link
    draft(worth, {"rules": []}, number)
    address = link[1].replace("&amp;", "&")
    asked = parse_qs(urlsplit(address).query)
    assert asked["draft"][0].startswith("run-")
    assert "as replayed: Halved" in page(worth.client, address)


def test_a_typed_receipt_by_hand(worth: House) -> None:
    number = draft(worth, HALF)
    sent = {
        "place": "msk-1", "at": "2026-11-25T10:00", "member": "+1 212 555-01-01", "current": "current",
        "draft": f"draft-{number}", "lines": "Bananas; 0,745; 149.90\nCoffee; 2; 9000,10; 10",
    }  # fmt: skip
    answer = worth.client.post(TRY, sent)
    told = text(answer.content.decode())
    assert answer.status_code == 200, told
    for words in ("Anna Sample 1", "$9,150.00", "+9,150", "+4,575", "$9,000.10", "sum before discounts"):
        assert words in told, words
    assert "+13,725" in told, "the second rule acts too"
    nobody = text(worth.client.post(TRY, {**sent, "member": ""}).content.decode())
    assert "points are for members" in nobody
    for wrong, said in (
        ({"lines": "Bananas"}, "Line 1 is not"),
        ({"lines": "Bananas; 1; 1.234"}, "Line 1 is not"),
        ({"lines": "Bananas; x; 1"}, "Line 1 is not"),
        ({"lines": "Bananas; 1; -1"}, "Line 1 is not"),
        ({"lines": "Bananas; 1; NaN"}, "Line 1 is not"),
        ({"lines": "Bananas; 1; 1e30"}, "Line 1 is not"),
        ({"lines": "\x00; 1; 1"}, "field-error"),
        ({"lines": ""}, "This field is required"),
        ({"lines": "a; 1; 1\n" * 1001}, "At most 1000 lines"),
        ({"member": "nobody"}, "Nobody is found by that"),
        ({"at": "yesterday"}, "Enter a valid date/time"),
        ({"at": "2040-01-01T00:00"}, "This time cannot be right."),
        ({"place": "nowhere"}, "Select a valid choice"),
        ({"draft": "draft-77"}, "Select a valid choice"),
    ):
        answer = worth.client.post(TRY, {**sent, **wrong})
        assert answer.status_code == 422, (wrong, said)
        assert said in (answer.content.decode() if said == "field-error" else text(answer.content.decode())), wrong


def test_points_pay_a_part_of_a_typed_receipt(worth: House) -> None:
    """A point pays 0.10: 100 points pay 10.00, of which nothing is earned."""
    sent = {
        "place": "msk-1", "at": "2026-11-25T10:00", "member": "40000001", "current": "current", "draft": "current",
        "lines": "Bananas; 1; 30\nCoffee; 1; 10",
    }  # fmt: skip
    told = text(worth.client.post(TRY, {**sent, "spend_points": "100"}).content.decode())
    for words in (
        "Paid with points −$10.00 Points −100 To pay $30.00",
        "Points may pay 100 % of the price after discounts: $40.00.",
        "What points pay earns nothing: rules give for $30.00.",
        "Points pay Earns points",
        "$30.00 – −$7.50 $22.50",
        "$10.00 – −$2.50 $7.50",
    ):
        assert words in told, words
    program = worth.story.shop.program.id
    with db.transaction() as conn:
        settings.write(conn, program, "spend.max_share", 10, now=NOW)
    context.forget()
    for more in ({"spend_points": "100"}, {"spend_points": "5", "spend_all_points": "on"}):
        told = text(worth.client.post(TRY, {**sent, **more}).content.decode())
        assert "Paid with points −$4.00 Points −40 To pay $36.00" in told
        assert ("More was asked for than points may pay, 10 % of" in told) is ("spend_all_points" not in more)
    for wrong, said in (
        ({"spend_points": "many"}, "This is no number of points."),
        ({"spend_points": "-1"}, "This is no number of points."),
        ({"spend_points": "1.5"}, "This is no number of points."),
        ({"spend_points": "1e400"}, "This is no number of points."),
        ({"spend_points": "9" * 20}, "This is no number of points."),
        ({"spend_points": "9000000"}, "The member has fewer points than that."),
        ({"spend_points": "1", "member": ""}, "Only a member can pay with points: say who it is."),
    ):
        answer = worth.client.post(TRY, {**sent, **wrong})
        assert answer.status_code == 422, wrong
        assert said in text(answer.content.decode()), wrong


def test_where_points_pay_nothing_nobody_is_asked_for_them(house: House) -> None:
    assert "spend_points" not in house.client.get(TRY).content.decode()


def test_a_draft_that_cannot_be_asked_says_why(worth: House) -> None:
    number = draft(worth, {"rules": [{"id": "x", "effects": [{"type": "gift", "sku": 7}]}]})
    name, _ = a_receipt(worth)
    told = page(worth.client, f"{TRY}?receipt={name}&current=current&draft=draft-{number}")
    assert "These rules cannot be asked: Rule “x”: What it does: This is not what belongs here." in told
    assert "1 for every full 1.00" in told


def test_what_is_wrong_is_told_in_the_readers_language(worth: House) -> None:
    rule = {"id": "stars: x", "name": "Звёзды", "effects": [{"type": "earn_percent", "unit": "stars", "rate": 500}]}
    never = {"combinator": "and", "rules": [
        {"field": "amount", "operator": ">", "value": 5}, {"field": "amount", "operator": "<", "value": 3},
    ]}  # fmt: skip
    body: dict[str, object] = {"rules": [rule, {**rule, "id": "never", "name": "", "when": never}]}
    number, program = draft(worth, body), worth.story.shop.program.id
    said = "Правило «Звёзды»: В программе нет баллов с кодом stars."
    receipt, _ = a_receipt(worth)
    worth.client.post("/console/language/", {"language": "ru", "next": LAB})
    answer = text(worth.client.post(LAB, {"period": "all", "draft": number}).content.decode())
    assert said in answer
    assert "Правило «never»" in answer
    assert said in page(worth.client, f"{TRY}?receipt={receipt}&current=current&draft=draft-{number}")
    where = start(worth, draft=draft(worth, HALF))
    with db.transaction(program) as conn:
        found = queries.run(conn, program, str(service.claim(conn, program, worth.story.anna, now=NOW)), now=NOW)
        assert found is not None
        service.finish(conn, found, worth.story.anna, ("rule big: the id is used twice",), kept=False, now=NOW)
    assert "Правило «Big baskets»: Код: Такой код уже у другого правила." in page(worth.client, where)


def include(house: House, number: int) -> str:
    """Return what the draft's page includes."""
    program = house.story.shop.program
    with db.transaction(program.id) as conn:
        row = drafts.row(conn, program.id, number)
        face = Face(program, tuple(workspace.units(conn, program.id)), "en", NOW)
    return text(render_to_string("console/_replay_of_draft.html", {"row": row, "face": face}))


def test_a_drafts_page_tells_of_its_replay(worth: House) -> None:
    number = draft(worth, HALF)
    assert "Nobody has replayed these rules yet." in include(worth, number)
    with db.transaction() as conn:
        settings.write(conn, worth.story.shop.program.id, "promotions.replay_most_share", 100, now=NOW)
    context.forget()
    start(worth, draft=number)
    work(worth)
    told = include(worth, number)
    for words in (
        "Members who lose 8",
        "Above the budget",
        "more of the sales than the settings allow",
        "Points: members hold",
    ):
        assert words in told, words
    assert "the draft was changed since" not in told
    draft(worth, {"rules": []}, number)
    assert "This is a replay of revision 1; the draft was changed since." in include(worth, number)


def test_tracks_are_told_by_their_names(worth: House) -> None:
    """A point for each 2.00 instead of 1.00: members lose their step, in the reader's language."""
    names = {"en": "Club", "ru": "Клуб"}
    steps = (
        Step(code="silver", threshold=100),
        Step(code="gold", threshold=1500, names={"en": "Gold", "ru": "Золотой"}),
    )
    track = Track(
        code="club", metric=Metric.POINTS, unit="points", window=Lifetime(), steps=steps, settings=Tiers(), names=names
    )
    program = worth.story.shop.program
    with db.transaction(program.id) as conn:
        done = tracks.publish(conn, program, track, Recount(), known=Known(), now=NOW - timedelta(days=1))
        assert isinstance(done, Published), done
    context.forget()
    assert recounting.fill(program.id, now=NOW, stopping=lambda: False) > 100
    context.forget()
    where = start(worth, draft=draft(worth, {"rules": HALF["rules"][:1]}))  # type: ignore[index]
    work(worth)
    told = page(worth.client, where)
    assert "Track Club: who would stand where today" in told
    assert re.search(r"\d+ members? moves? from Gold to silver", told), told
    worth.client.post("/console/language/", {"language": "ru"})
    assert re.search(r"участник\w* переход\w+ с Золотой на silver", page(worth.client, where))
