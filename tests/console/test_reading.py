"""Whoever opens a member's page with their contacts in full is in the audit, once a view."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from tests.builders import NOW
from tests.console.conftest import House
from tests.console.test_corrections import form, page_of
from tests.console.test_roles import Hire, hire  # noqa: F401 a fixture
from verno.kit import db
from verno.kit.clock import clock
from verno.workspace import audit
from verno.workspace.roles import Role

TABS = {"": "member", "history/": "transfers", "receipts/": "receipts", "messages/": "messages"}


def told(house: House) -> list[tuple[str, str]]:
    """Return the readings, the oldest first: whose, and on which page."""
    program_id = house.story.shop.program.id
    with db.transaction(program_id) as conn:
        rows = audit.page(conn, program_id, reading=True)
    assert {row.actor_kind for row in rows} <= {"staff"}
    assert {row.address for row in rows} <= {"127.0.0.1"}
    return [(one.object_id, one.detail) for one in reversed(rows)]


@pytest.mark.parametrize("tab", [*TABS])
def test_each_view_of_a_members_page_is_noted_once(house: House, tab: str) -> None:
    anna = house.story.anna
    assert house.client.get(f"/console/members/{anna}/{tab}").status_code == 200
    assert told(house) == [(anna, TABS[tab])]
    house.client.get(f"/console/members/{anna}/{tab}")
    assert told(house) == [(anna, TABS[tab])] * 2


def test_a_form_that_is_sent_and_led_on_is_one_view(house: House) -> None:
    anna = house.story.anna
    sent = form(house.client, anna)
    before = told(house)
    assert before == [(anna, "corrections")]
    answer = house.client.post(page_of(anna), sent)
    assert (answer.status_code, told(house)) == (302, before), "a redirect shows nobody"
    wrong = house.client.post(page_of(anna), {**sent, "points": "0"})
    assert (wrong.status_code, told(house)) == (422, [(anna, "corrections")] * 2)


def test_whom_a_search_shows_is_noted(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = house.story.anna
    house.client.get("/console/members/")
    assert told(house) == []
    page = house.client.post("/console/members/", {"q": "anna-1@example.com"}).content.decode()
    assert "anna-1@example.com" in page
    assert told(house) == [(anna, "members")]
    house.client.post("/console/members/", {"q": "nobody at all"})
    assert told(house) == [(anna, "members")]
    others = house.client.post("/console/members/", {"q": "sample"}).content.decode()
    assert len(told(house)) == 1 + others.count('class="list-group-item') == 21
    # Later, and not at the same moment: among lines of one moment, ids tell the order but for a counter that wraps.
    monkeypatch.setattr(clock, "read", lambda: NOW + timedelta(seconds=1))
    house.client.post(page_of(anna), {"do": "find", "q": "sample"})
    assert told(house)[-1][1] == "corrections"
    assert len({id_ for id_, detail in told(house) if detail == "corrections"}) > 1


def test_a_letter_is_noted(house: House) -> None:
    anna = house.story.anna
    with db.transaction(house.story.shop.program.id) as conn:
        found = conn.execute("SELECT id::text FROM messaging_message WHERE holder_id = %s", (anna,)).fetchone()
    assert found
    assert house.client.get(f"/console/members/{anna}/messages/{found[0]}/").status_code == 200
    assert told(house) == [(anna, "preview")]


def test_who_sees_masks_reads_nothing(house: House, hire: Hire) -> None:  # noqa: F811 the fixture
    anna = house.story.anna
    client, _ = hire(Role.ANALYST)
    for tab in TABS:
        assert client.get(f"/console/members/{anna}/{tab}").status_code == 200
    client.post("/console/members/", {"q": "anna-1@example.com"})
    assert told(house) == []


def test_the_audits_page_shows_readings_and_changes_apart(house: House) -> None:
    anna = house.story.anna
    house.client.get(f"/console/members/{anna}/")
    with db.transaction() as conn:
        by = audit.Actor(audit.ActorKind.OPERATOR, "0")
        audit.record(conn, house.story.shop.program.id, by, "test.row", ("limit", "x"), now=NOW)

    def page(query: str) -> str:
        answer = house.client.get(f"/console/audit/{query}")
        assert answer.status_code == 200
        return answer.content.decode()

    def rows(html: str) -> str:
        return html.partition("<tbody>")[2].partition("</tbody>")[0]

    assert "Personal data read" in rows(page(""))
    assert f'href="/console/members/{anna}/"' in rows(page(""))
    assert "test.row" in rows(page(""))
    assert "test.row" not in rows(page("?show=reading"))
    assert "Personal data read" in rows(page("?show=reading"))
    assert "Personal data read" not in rows(page("?show=changes"))
    assert "test.row" in rows(page("?show=changes"))
    assert house.client.get("/console/audit/?show=x").status_code == 404


def test_pages_of_readings_go_on(house: House) -> None:
    anna = house.story.anna
    for _ in range(60):
        house.client.get(f"/console/members/{anna}/")
    html = house.client.get("/console/audit/?show=reading").content.decode()
    found = re.search(r'href="([^"]+)" rel="next"', html)
    assert found
    more = house.client.get(found[1].replace("&amp;", "&")).content.decode()
    assert sum(page.count(f'href="/console/members/{anna}/"') for page in (html, more)) >= 60
    assert "Password chosen" not in more


def test_signed_out_nobody_reads(house: House) -> None:
    assert Client().get(f"/console/members/{house.story.anna}/").status_code == 302
    assert told(house) == []


def test_only_readings_of_one_glance_share_a_line(house: House) -> None:
    program_id = house.story.shop.program.id
    by = audit.Actor(audit.ActorKind.OPERATOR, "shell")
    with db.transaction(program_id) as conn:
        for key in ("spend.value", "adjust.limit"):
            audit.record(conn, program_id, by, "setting.set", ("setting", key), now=NOW)
        audit.record_reading(conn, program_id, by, [house.story.anna, house.story.ivan], now=NOW, detail="members")
    html = house.client.get("/console/audit/").content.decode()
    assert "spend.value" in html
    assert "adjust.limit" in html
    assert "and 1 more" in html
    assert f'href="/console/members/{house.story.anna}/"' in html
    assert f'href="/console/members/{house.story.ivan}/"' in html
