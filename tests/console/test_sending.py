"""The page of messages: what is stopped, what is uncertain, and who may do something about it."""

import psycopg

from tests.console.conftest import House
from tests.console.test_limits import text
from verno.kit import db
from verno.messaging import queries

PAGE = "/console/messages/"


def test_a_switch_is_thrown_and_taken_back(house: House, rows: psycopg.Connection) -> None:
    program = house.story.shop.program.id
    assert "held back" not in text(house.client.get(PAGE).content.decode())
    assert house.client.post(PAGE, {"do": "stop", "what": "marketing"}).status_code == 302
    page = text(house.client.get(PAGE).content.decode())
    assert "Some messages are held back" in page
    with db.transaction() as conn:
        assert [one.what for one in queries.switches(conn, program)] == ["marketing"]
    house.client.post(PAGE, {"do": "let-go", "what": "marketing"})
    with db.transaction() as conn:
        assert queries.switches(conn, program) == []
    told = rows.execute("SELECT action FROM workspace_audit WHERE object_id = 'marketing' ORDER BY at, id").fetchall()
    assert told == [("messages.stop",), ("messages.let-go",)]


def test_nonsense_changes_nothing(house: House) -> None:
    for wrong in (
        {"do": "stop", "what": "everything"},
        {"do": "stop"},
        {"do": "again", "message": "x"},
        {"do": "again", "message": "'/'"},
        {},
    ):
        assert house.client.post(PAGE, wrong).status_code == 404, wrong
    assert "held back" not in text(house.client.get(PAGE).content.decode())


def test_an_uncertain_message_is_listed_and_sent_again(house: House, rows: psycopg.Connection) -> None:
    assert "There are none" in text(house.client.get(PAGE).content.decode())
    changed = rows.execute(
        "UPDATE messaging_message SET state = 'uncertain', reason = 'connection-lost'"
        " WHERE (holder_id, id) IN (SELECT holder_id, id FROM messaging_message LIMIT 1) RETURNING holder_id, id"
    ).fetchone()
    rows.commit()
    assert changed is not None
    page = text(house.client.get(PAGE).content.decode())
    assert "the connection was lost during the hand-over" in page
    house.client.post(PAGE, {"do": "again", "message": f"{changed[0]}/{changed[1]}"})
    assert rows.execute("SELECT state FROM messaging_message WHERE id = %s", (changed[1],)).fetchone() == ("queued",)
