"""Disputes in the console: who sees which, what an answer asks for, and where the points are put right."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from django.test import Client

from tests.builders import NOW
from tests.console.conftest import House
from tests.console.test_limits import text
from tests.console.test_roles import Hire, hire  # noqa: F401 a fixture
from verno.intake import queries as intake
from verno.kit import db
from verno.messaging.disputes import queries, service
from verno.messaging.disputes.types import Claim, State
from verno.messaging.letters.notice import Move, Told
from verno.workspace.roles import Role

PAGE = "/console/members/disputes/"


@pytest.fixture
def disputed(house: House) -> str:
    """A dispute of Anna's last receipt; returns its id."""
    story = house.story
    with db.transaction(story.shop.program.id) as conn:
        [receipt] = intake.receipts(conn, story.anna, limit=1)
        moves = [Move("points", 0, receipt.points)]
        claim = Claim(
            story.shop.program.id,
            story.anna,
            story.anna,
            f"receipt.settled.v1/{receipt.id}",
            "en",
            Told.RECEIPT,
            moves,
            receipt.at.date(),
            receipt.place,
            receipt.number,
        )
        opened = service.open_dispute(conn, claim, "It was <b>not</b> me", now=NOW - timedelta(days=1))
        conn.execute("UPDATE messaging_dispute SET state = 'open' WHERE id = %s", (opened.id,))
    return opened.id


def test_a_dispute_is_listed_looked_into_and_answered(house: House, disputed: str, rows: psycopg.Connection) -> None:
    assert "1 member says that a movement was not them" in text(house.client.get("/console/").content.decode())
    assert "Purchase" in text(house.client.get(PAGE).content.decode())
    where = f"{PAGE}{disputed}/"
    page = house.client.get(where).content.decode()
    assert "It was &lt;b&gt;not&lt;/b&gt; me" in page
    assert "Anna Sample 1" in page
    assert house.client.post(where, {"do": "look"}).status_code == 302
    refused = house.client.post(where, {"do": "rejected", "words": " "})
    assert refused.status_code == 409
    assert "Who is told no has to hear why" in text(refused.content.decode())
    assert house.client.post(where, {"do": "upheld", "words": "Sorry!"}).status_code == 302
    assert house.client.post(where, {"do": "rejected", "words": "No"}).status_code == 409
    told = rows.execute(
        "SELECT action FROM workspace_audit WHERE object_id = %s ORDER BY at, id", (disputed,)
    ).fetchall()
    assert [action for (action,) in told] == ["dispute.open", "dispute.look", "dispute.uphold"]
    assert "not them" not in text(house.client.get("/console/").content.decode())


def test_what_was_upheld_leads_to_a_correction_that_is_filled_in(house: House, disputed: str) -> None:
    house.client.post(f"{PAGE}{disputed}/", {"do": "upheld"})
    page = house.client.get(f"{PAGE}{disputed}/").content.decode()
    start = page.index(f"/console/members/{house.story.anna}/corrections/?")
    where = page[start : page.index('"', start)].replace("&amp;", "&")
    asked = parse_qs(urlsplit(where).query)
    assert (asked["way"], asked["unit"], asked["reason"]) == (["take"], ["points"], ["complaint"])
    form = house.client.get(where).content.decode()
    assert f'value="{asked["points"][0]}"' in form
    assert '<option value="take" selected>' in form


def test_filters_find_and_nonsense_does_not(house: House, disputed: str) -> None:
    assert "Purchase" in text(house.client.get(PAGE, {"state": "waiting"}).content.decode())
    assert "None of this kind" in text(house.client.get(PAGE, {"state": "upheld"}).content.decode())
    assert "None of this kind" in text(house.client.get(PAGE, {"cashier": "nobody"}).content.decode())
    for wrong in ({"state": "all"}, {"page": "0"}, {"page": "x"}, {"page": "²"}, {"cashier": "\0"}, {"place": "\0"}):
        assert house.client.get(PAGE, wrong).status_code == 404, wrong
    assert house.client.post(f"{PAGE}{disputed}/", {"do": "x"}).status_code == 404


def test_a_manager_sees_their_own_stores_disputes_and_answers_none(house: House, hire: Hire, disputed: str) -> None:  # noqa: F811
    with db.transaction(house.story.shop.program.id) as conn:
        [found] = queries.page(conn, house.story.shop.program.id)
    here, _ = hire(Role.STORE_MANAGER, str(found.place))
    assert "Purchase" in text(here.get(PAGE).content.decode())
    assert here.post(f"{PAGE}{disputed}/", {"do": "upheld"}).status_code == 403
    with db.transaction(house.story.shop.program.id) as conn:
        conn.execute("UPDATE messaging_dispute SET state = 'open' WHERE id = %s", (disputed,))
        assert queries.page(conn, house.story.shop.program.id)[0].state is State.OPEN


def test_somebody_bound_elsewhere_sees_nothing(
    house: House,
    hire: Hire,  # noqa: F811 the fixture
    disputed: str,
    rows: psycopg.Connection,
) -> None:
    client: Client
    client, _ = hire(Role.STORE_MANAGER, "msk-1")
    rows.execute("UPDATE workspace_staff SET places = '{elsewhere}' WHERE email = 'store-manager@example.com'")
    rows.commit()
    assert "No disputes yet" in text(client.get(PAGE).content.decode())
    assert client.get(f"{PAGE}{disputed}/").status_code == 404
