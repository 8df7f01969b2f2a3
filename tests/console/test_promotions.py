"""The rules in force, their versions, and a draft's way to the tills, by everybody's rights."""

import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client

from tests.builders import NOW
from tests.console import test_roles
from tests.console.conftest import House
from tests.console.test_roles import Hire
from verno.intake import context
from verno.intake.reading import recounting
from verno.kit import db
from verno.progress import queries as progress
from verno.progress.types import Stored
from verno.promotions import gallery, queries
from verno.promotions.budgets.counting import wants
from verno.promotions.budgets.desk import Desk as Budgets
from verno.promotions.budgets.types import Figures, Use, of_rulebook
from verno.promotions.drafts import queries as drafts
from verno.promotions.drafts import service as drafting
from verno.promotions.drafts.types import Draft, DraftRow, NewDraft, State
from verno.promotions.types import StoredRulebook
from verno.rules.fields import Known
from verno.workspace import audit
from verno.workspace.roles import Role

hire = test_roles.hire
"""The fixture, here too."""

FORCE, DRAFTS, GALLERY = "/console/promotions/", "/console/promotions/drafts/", "/console/promotions/gallery/"
ONE = f"{DRAFTS}1/"
TEN: dict[str, object] = {
    "id": "ten",
    "name": "Ten per cent at noon",
    "promotion": "spring",
    "when": {"combinator": "and", "rules": [{"field": "time", "operator": "between", "value": ["12:00", "14:00"]}]},
    "effects": [{"type": "discount_percent", "share": 1000}],
    "budgets": [{"counts": "money", "most": 100_000, "period": "month"}],
}


def text(html: str) -> str:
    """Return what a person reads: no tags, one blank between words."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def read(client: Client, where: str) -> str:
    answer = client.get(where)
    assert answer.status_code == 200, where
    return text(answer.content.decode())


def do(client: Client, where: str, **sent: object) -> tuple[int, str]:
    answer = client.post(where, sent, follow=True)
    return answer.status_code, text(answer.content.decode())


def row(house: House, number: int = 1) -> DraftRow:
    with db.transaction() as conn:
        rows = drafts.drafts(conn, house.story.shop.program.id)
    return next(one for one in rows if one.number == number)


def books(house: House) -> list[StoredRulebook]:
    with db.transaction() as conn:
        return queries.rulebooks(conn, house.story.shop.program.id)


def begun(house: House, client: Client | None = None) -> Client:
    """Let somebody make draft 1 of the rules in force, with one rule more."""
    client = client or house.client
    assert do(client, DRAFTS, do="present", title="Spring")[0] == 200
    answer = client.post(f"{ONE}rules/new/", {"record": json.dumps(TEN), "revision": "1", "do": "save"})
    assert answer.status_code == 302, answer.content.decode()
    return client


def approved(house: House, hire: Hire) -> Client:
    """Let a marketer write draft 1, and the owner approve it."""
    marketer = begun(house, hire(Role.MARKETER)[0])
    assert do(marketer, ONE, do="submit")[0] == 200
    assert do(house.client, ONE, do="approve", revision="2")[0] == 200
    assert row(house).state is State.APPROVED
    return marketer


def test_the_rules_in_force_are_told_in_words(house: House) -> None:
    page = read(house.client, FORCE)
    assert "Version 1 is in force, from the very beginning." in page
    assert "When always 1 point for every full $1.00 paid" in page
    house.client.post("/console/language/", {"language": "ru", "next": FORCE})
    assert "Когда всегда 1 балл за каждые полные 1,00 $ оплаты" in read(house.client, FORCE).replace("\xa0", " ")


def test_a_draft_on_its_way_to_the_tills(house: House, hire: Hire) -> None:
    marketer = begun(house, hire(Role.MARKETER)[0])
    page = read(marketer, ONE)
    assert "Ten per cent at noon" in page
    assert "new Ten per cent at noon time at the place is between: 12:00 … 14:00 → 10 % off" in page
    assert "Publish for then" not in page
    status, page = do(marketer, ONE, do="submit")
    assert (status, row(house).state) == (200, State.SUBMITTED)
    assert "You have written in this draft" in page
    status, page = do(house.client, ONE, do="reject", comment="", revision="2")
    assert status == 409
    assert "Say what should change" in page
    do(house.client, ONE, do="reject", comment="Too dear", revision="2")
    assert "sent it back: Too dear" in read(marketer, ONE)
    do(marketer, ONE, do="submit")
    do(house.client, ONE, do="approve", comment="Well", revision="2")
    status, page = do(marketer, ONE, do="publish")
    assert (status, row(house).state) == (200, State.PUBLISHED)
    assert "Published: version 2 holds now." in page
    assert "Ten per cent at noon" in read(marketer, FORCE)
    assert "1 rule added" in read(marketer, FORCE)


def test_nobody_approves_their_own_draft(house: House) -> None:
    begun(house)
    do(house.client, ONE, do="submit")
    status, page = do(house.client, ONE, do="approve", revision="2")
    assert (status, row(house).state) == (409, State.SUBMITTED)
    assert "Nobody approves what they have written themselves" in page


def test_rights(house: House, hire: Hire) -> None:
    """A marketer writes and does not approve; an analyst reads; support sees nothing of it."""
    begun(house)
    do(house.client, ONE, do="submit")
    marketer, analyst, support = hire(Role.MARKETER)[0], hire(Role.ANALYST)[0], hire(Role.SUPPORT)[0]
    assert do(marketer, ONE, do="approve", revision="2")[0] == 403
    for where, sent in (
        (FORCE, {"do": "pause", "kind": "rule", "code": "base"}),
        (f"{FORCE}versions/1/", {"do": "roll-back"}),
        (DRAFTS, {"do": "present"}),
        (ONE, {"do": "submit"}),
        (ONE, {"do": "publish"}),
        (ONE, {"do": "remove", "position": "0"}),
        (f"{ONE}rules/0/", {"record": "{}", "do": "anyway"}),
        (f"{ONE}together/", {"record": "{}", "do": "save"}),
        (GALLERY, {"mechanic": "happy-hours"}),
    ):
        assert do(analyst, where, **sent)[0] == 403, where
        assert do(support, where, **sent)[0] == 403, where
        assert support.get(where).status_code == 403
    assert (len(books(house)), row(house).state, row(house).revision) == (1, State.SUBMITTED, 2)
    for where in (FORCE, DRAFTS, ONE, f"{ONE}rules/0/", GALLERY):
        page = read(analyst, where)
        for word in ("Stop …", "Add a rule", "Send back", "Use", "Save"):
            assert f" {word} " not in page, (where, word)


def test_a_publication_for_later_is_seen_and_taken_back(house: House, hire: Hire) -> None:
    marketer = approved(house, hire)
    for wrong in ("", "soon", "2026-11-24T09:00", "2030-01-01T09:00", "2026-11-30T09:00+03:00"):
        status, page = do(marketer, ONE, do="publish", when="later", at=wrong)
        assert (status, len(books(house))) == (409, 1), wrong
        assert "from when it holds" in page or "within two years" in page
    do(marketer, ONE, do="publish", when="later", at="2026-11-30T09:00")
    scheduled = max(books(house), key=lambda one: one.version)
    assert scheduled.effective_from.isoformat() == "2026-11-30T14:00:00+00:00", "nine o'clock in New York"
    page = read(marketer, FORCE)
    assert "Version 2 will hold from 30 Nov 2026, 09:00" in page
    status, page = do(marketer, f"{FORCE}versions/2/", do="withdraw")
    assert (status, row(house).state) == (200, State.WITHDRAWN)
    assert "Taken back: version 2 will not hold." in page
    assert "already" in do(marketer, f"{FORCE}versions/1/", do="withdraw")[1]


def test_who_keeps_earlier_rules_is_judged_in_words(house: House, hire: Hire) -> None:
    marketer, program = begun(house, hire(Role.MARKETER)[0]), house.story.shop.program.id

    def keeping(**said: object) -> None:
        old = {"combinator": "and", "rules": [{"field": "member.joined", "operator": "<", "value": "2026-01-01"}]}
        with db.transaction(program) as conn:
            desk = drafting.open_desk(conn, program, Known())
            found = desk.read(1)
            made = NewDraft(title="Spring", body={**found.body, "keeps": [{"members": old, **said}]}, number=1)
            assert isinstance(drafting.save(desk, made, by=audit.SYSTEM, now=NOW), Draft)

    keeping(until="2026-11-24")
    over = "Who keeps earlier rules: 24 Nov 2026 is over before these rules begin."
    assert over in read(marketer, ONE)
    status, page = do(marketer, ONE, do="submit")
    assert (status, page.count(over), row(house).state) == (409, 1, State.DRAFT)
    keeping(until="2026-11-30", version=7)
    assert do(marketer, ONE, do="submit")[0] == 200
    assert do(house.client, ONE, do="approve")[0] == 200
    status, page = do(marketer, ONE, do="publish")
    assert (status, row(house).state) == (409, State.APPROVED)
    assert "Who keeps earlier rules: Version 7 has not held, and will not before these rules begin." in page
    marketer.post("/console/language/", {"language": "ru", "next": ONE})
    page = do(marketer, ONE, do="publish")[1]
    assert "Кто остаётся на прежних правилах: Версия 7 не действовала" in page


def test_an_earlier_version_holds_again(house: House, hire: Hire) -> None:
    marketer = approved(house, hire)
    do(marketer, ONE, do="publish")
    page = read(marketer, f"{FORCE}versions/2/")
    assert "What it changed of version 1 new Ten per cent at noon" in page
    assert "Let it hold again" in read(marketer, f"{FORCE}versions/1/")
    _status, page = do(marketer, f"{FORCE}versions/1/", do="roll-back")
    assert "The rules of version 1 hold again, as version 3." in page
    assert "never held" not in page
    assert marketer.get(f"{FORCE}versions/9/").status_code == 404
    assert "There is no such version." in do(marketer, f"{FORCE}versions/9/", do="roll-back")[1]


def test_a_rule_and_its_promotion_are_stopped_and_go_on(house: House, hire: Hire) -> None:
    marketer = approved(house, hire)
    do(marketer, ONE, do="publish")
    _status, page = do(marketer, FORCE, do="pause", kind="rule", code="ten")
    assert "no till lets it act" in page
    assert "Stopped since 25 Nov 2026, 07:00 by The marketer." in page
    assert "It acts again." in do(marketer, FORCE, do="resume", kind="rule", code="ten")[1]
    _status, page = do(marketer, FORCE, do="pause", kind="promotion", code="spring")
    assert "The promotion “spring” is stopped since" in page
    assert "All of its promotion is." in page
    do(marketer, FORCE, do="resume", kind="promotion", code="spring")
    assert (
        "No rules in force, or scheduled, have it any more."
        in do(marketer, FORCE, do="pause", kind="rule", code="gone")[1]
    )
    assert do(marketer, FORCE, do="pause", kind="all", code="ten")[0] == 404
    assert do(marketer, FORCE, do="double")[0] == 404
    said = read(house.client, "/console/audit/")
    for words in ("Rule paused", "Rule resumed", "Promotion paused", "Draft of rules published"):
        assert words in said


def test_a_budget_shows_what_is_used_and_reserved(house: House, hire: Hire) -> None:
    marketer = approved(house, hire)
    do(marketer, ONE, do="publish")
    spend(house, "019a6da3-2600-7aac-8000-000000000001", 60_000, held=False)
    spend(house, "019a6da3-2600-7aac-8000-000000000002", 25_000, held=True)
    html = marketer.get(FORCE).content.decode()
    page = text(html)
    assert "at most $1,000.00 off, per month" in page
    assert "$600.00 used, $250.00 reserved, of $1,000.00" in page
    assert "more than 80 % used" in page
    assert re.search(r'budget-used" width="60".*budget-held" x="60" width="25"', html)


def spend(house: House, operation: str, amount: int, *, held: bool) -> None:
    """Let a receipt take of the budget, as the street does."""
    program = house.story.shop.program
    known = of_rulebook(max(books(house), key=lambda one: one.version).rulebook)
    until = NOW + timedelta(hours=1) if held else None
    use = Use(
        operation_id=operation, at=NOW, zone=program.timezone, holder_id=None,
        acted={"ten": Figures(1, amount, 0)}, until=until,
    )  # fmt: skip
    with db.transaction(program.id) as conn:
        desk = Budgets(program.id, NOW, locked=True)
        desk.lock(conn, [want.key for want in wants(known, use)])
        assert desk.admit(known, use) == frozenset()
        desk.write(conn)


def test_a_draft_that_was_overtaken_says_so(house: House, hire: Hire) -> None:
    marketer = approved(house, hire)
    do(house.client, DRAFTS, do="present", title="Meanwhile")
    do(marketer, ONE, do="publish")
    page = read(house.client, f"{DRAFTS}2/")
    assert "Version 2 was published since this draft was begun from version 1." in page
    assert "removed Ten per cent at noon" in page
    do(house.client, f"{DRAFTS}2/", do="rebase")
    assert row(house, 2).based_on == 2
    assert "was published since" not in read(house.client, f"{DRAFTS}2/")


def test_rules_are_moved_and_removed(house: House) -> None:
    begun(house)
    do(house.client, ONE, do="up", position="1", revision="2")
    page = read(house.client, ONE)
    assert page.index("Ten per cent at noon") < page.index("base")
    status, page = do(house.client, ONE, do="remove", position="1", revision="2")
    assert status == 409, "somebody else was faster"
    assert "Somebody has changed the draft since you opened it." in page
    do(house.client, ONE, do="remove", position="1", revision="3")
    assert "removed base" in read(house.client, ONE)
    assert do(house.client, ONE, do="remove", position="7")[0] == 404
    assert do(house.client, ONE, do="down", position="x")[0] == 404


def test_a_draft_is_renamed_and_nothing_typed_is_lost(house: House) -> None:
    begun(house)
    do(house.client, ONE, do="rename", title="Autumn", revision="2")
    assert row(house).title == "Autumn"
    answer = house.client.post(ONE, {"do": "rename", "title": "x" * 201, "revision": "3"})
    assert answer.status_code == 409
    assert "x" * 201 in answer.content.decode()
    answer = house.client.post(ONE, {"do": "reject", "comment": "y" * 2001})
    assert answer.status_code == 409


def test_what_is_not_there(house: House) -> None:
    for where in (
        f"{DRAFTS}77/",
        f"{DRAFTS}77/rules/new/",
        f"{DRAFTS}{10**30}/",
        f"{DRAFTS}?before=x",
        f"{GALLERY}?for=x",
    ):
        assert house.client.get(where).status_code == 404, where
    assert house.client.get(f"{DRAFTS}?before={10**12}").status_code == 404
    assert do(house.client, f"{DRAFTS}77/", do="submit")[0] == 404
    assert do(house.client, GALLERY, mechanic="nothing")[0] == 404


@pytest.mark.parametrize("locale", ["en", "ru"])
def test_the_gallery_shows_every_mechanic(house: House, locale: str) -> None:
    house.client.post("/console/language/", {"language": locale, "next": GALLERY})
    html = house.client.get(GALLERY).content.decode()
    for mechanic in gallery.all_mechanics():
        assert f'id="{mechanic.code}"' in html
    assert html.count("mechanic-example") == len(gallery.all_mechanics())
    few = house.client.get(f"{GALLERY}?for=coffee").content.decode()
    assert 'id="nth-coffee"' in few
    assert 'id="clearance"' not in few


def tracks(house: House) -> dict[str, Stored]:
    with db.transaction() as conn:
        return {one.track.code: one for one in progress.tracks(conn, house.story.shop.program.id)}


def test_a_mechanic_is_used_with_the_tracks_that_it_asks(house: House, hire: Hire) -> None:
    marketer, _ = hire(Role.MARKETER)
    page = read(marketer, GALLERY)
    assert "Coffee card · Stamp card Counts pieces within all time. Full card: 6 Make this track too" in page
    status, page = do(marketer, GALLERY, mechanic="nth-coffee", tracks="yes")
    assert status == 200
    assert "The progress track Coffee card is made" in page
    assert tracks(house)["coffee_card"].track == gallery.find("nth-coffee").needs[0]  # type: ignore[union-attr]  # it is there
    context.forget()
    recounting.fill(house.story.shop.program.id, now=NOW + 2 * recounting.SETTLED, stopping=lambda: False)
    assert tracks(house)["coffee_card"].filled
    assert "Coffee card" not in read(marketer, GALLERY).split("Counts pieces")[0]
    assert do(marketer, ONE, do="submit")[0] == 200, "nothing is wrong with the draft"
    marketer.post("/console/language/", {"language": "ru", "next": ONE})
    assert "по карте «Кофейная карта»" in read(marketer, ONE)
    do(marketer, GALLERY, mechanic="nth-coffee", tracks="yes")
    assert len(tracks(house)) == 1, "what is there is not made again"


def test_the_tracks_are_made_only_when_that_is_wanted(house: House) -> None:
    page = do(house.client, GALLERY, mechanic="win-back")[1]
    assert (tracks(house), "is made" in page) == ({}, False)
    page = do(house.client, GALLERY, mechanic="win-back", tracks="yes")[1]
    assert set(tracks(house)) == {"visits", "visits_60_days"}
    assert "The progress tracks Visits, Visits in 60 days are made" in page


def test_where_a_track_cannot_be_made_nothing_is(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verno.progress.service.publishing.MAX_TRACKS", 1)
    page = do(house.client, GALLERY, mechanic="win-back", tracks="yes")[1]
    assert "Nothing was made: its progress tracks cannot be. A program has at most 1 tracks." in page
    assert tracks(house) == {}
    with pytest.raises(StopIteration):
        row(house)
