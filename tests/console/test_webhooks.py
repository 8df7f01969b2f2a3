"""Webhooks in the console: the secret shown once, the log and its filters, sending again, who may."""

import re
from collections.abc import Callable

import psycopg
from django.test import Client

from tests.builders import NOW, holder
from tests.console.conftest import House
from tests.console.test_roles import hire  # noqa: F401 a fixture
from tests.waiting import until_readable
from verno.kit import db, outbox
from verno.webhooks.sending import reader
from verno.workspace.roles import Role

LIST = "/console/settings/webhooks/"
URL = "https://shop.example/hooks"


def add(house: House, **more: object) -> str:
    """Add an endpoint through the form; return its page's address."""
    answer = house.client.post(LIST, {"url": URL, "description": "CRM", **more})
    assert answer.status_code == 200, answer.content
    page = answer.content.decode()
    assert page.count("whsec_") == 1
    assert "whsec_" not in house.client.get(LIST).content.decode()
    found = re.findall(rf"{LIST}[0-9a-f-]{{36}}/", page)
    return str(found[-1])


def happen(house: House, *types: str) -> None:
    program = house.story.shop.program.id
    with db.transaction(program) as conn:
        outbox.append(conn, [outbox.NewEvent(program, holder(), type_, {}, NOW) for type_ in types])
    until_readable()
    while reader.step(now=NOW):
        pass


def test_an_address_that_cannot_be_called_is_explained(house: House) -> None:
    for url, said in (("http://shop.example", "must begin with https"), ("shop", "An address like")):
        answer = house.client.post(LIST, {"url": url})
        assert answer.status_code == 422
        assert said in answer.content.decode()
    assert "Nobody is told yet" in house.client.get(LIST).content.decode()


def test_the_log_is_filtered_and_sent_again(house: House, rows: psycopg.Connection) -> None:
    where = add(house)
    happen(house, "tier.reached.v1", "tier.lost.v1")
    rows.execute("UPDATE webhooks_delivery SET state = 'failed', attempts = 10, status = 503 WHERE type LIKE 'tier.l%'")
    rows.commit()
    page = house.client.get(where).content.decode()
    assert page.count("evt_") == 4  # shown, and in the form that sends it again
    assert "10 tries" in page
    failed = house.client.get(f"{where}?state=failed").content.decode()
    assert failed.count("evt_") == 2
    assert house.client.get(f"{where}?type=tier.reached.v1").content.decode().count("evt_") == 2
    for wrong in ("?state=lost", "?before=x"):
        assert house.client.get(where + wrong).status_code == 404
    event = re.search(r'name="event" value="(evt_\w+)"', failed)
    assert event
    assert house.client.post(where, {"do": "again", "event": event[1]}).status_code == 302
    assert "1 event is sent again." in house.client.get(where).content.decode()
    assert "evt_" not in house.client.get(f"{where}?state=failed").content.decode()
    again = house.client.post(where, {"do": "replay", "since": "2020-01-01T00:00", "until": "", "state": ""})
    assert again.status_code == 302
    assert "2 events are sent again." in house.client.get(where).content.decode()
    assert house.client.post(where, {"do": "replay", "since": ""}).status_code == 422


def test_an_endpoint_is_paused_changed_rotated_tested_deleted(house: House, rows: psycopg.Connection) -> None:
    where = add(house)
    for do, state in (("pause", "paused"), ("resume", "active")):
        assert house.client.post(where, {"do": do}).status_code == 302
        rows.rollback()
        assert rows.execute("SELECT state FROM webhooks_endpoint").fetchone() == (state,)
    assert house.client.post(where, {"do": "rotate"}).content.decode().count("whsec_") == 1
    assert house.client.post(where, {"do": "test"}).status_code == 302
    happen(house)
    assert "Test event" in house.client.get(where).content.decode()
    changed = {"do": "change", "url": f"{URL}/2", "description": "", "types": ["tier.lost.v1"]}
    assert house.client.post(where, changed).status_code == 302
    assert f"{URL}/2" in house.client.get(where).content.decode()
    assert house.client.post(where, changed | {"url": "x"}).status_code == 422
    assert house.client.post(where, {"do": "burn"}).status_code == 404
    assert house.client.post(where, {"do": "delete"}).status_code == 302
    assert house.client.get(where).status_code == 404


def test_whoever_may_only_look_changes_nothing(
    house: House,
    hire: Callable[..., tuple[Client, str]],  # noqa: F811
    rows: psycopg.Connection,
) -> None:
    where = add(house)
    client, _ = hire(Role.DEVELOPER)
    for address in (LIST, where):
        page = client.get(address)
        assert page.status_code == 200
        assert '<form method="post" novalidate' not in page.content.decode()
        assert client.post(address, {"do": "delete", "url": URL}).status_code == 403
    rows.rollback()
    assert rows.execute("SELECT count(*) FROM webhooks_endpoint").fetchone() == (1,)


def test_the_page_speaks_russian(house: House) -> None:
    where = add(house)
    house.client.post("/console/language/", {"language": "ru", "next": where})
    assert "Отправить пробное событие" in house.client.get(where).content.decode()


def test_a_source_is_added_looked_at_and_deleted(house: House) -> None:
    where = f"{LIST}sources/"
    assert "Nobody tells us anything yet" in house.client.get(where).content.decode()
    page = house.client.post(where, {"name": "sms-gateway", "secret": ""}).content.decode()
    assert page.count("whsec_") == 2  # the secret, and the hint of the form
    found = re.search(r"\?source=([0-9a-f-]{36})", page)
    assert found
    assert "What came from sms-gateway" in house.client.get(f"{where}?source={found[1]}").content.decode()
    assert house.client.get(f"{where}?source=x").status_code == 404
    for secret, code in (("whsec_x", 422), ("", 422), ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 302)):
        asked = {"do": "secret", "secret": secret}
        assert house.client.post(f"{where}?source={found[1]}", asked).status_code == code, secret
    taken = house.client.post(where, {"name": "sms-gateway", "secret": ""})
    assert taken.status_code == 422
    assert "There is a source of this name." in taken.content.decode()
    assert house.client.post(where, {"do": "delete", "source": found[1]}).status_code == 302
    assert "Nobody tells us anything yet" in house.client.get(where).content.decode()
