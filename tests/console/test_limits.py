"""The page of limits: who sees it, who changes it, what it tells."""

import re

import pytest
from django.test import Client

from tests.builders import NOW
from tests.console.conftest import House
from tests.limits.builders import limit, setup, spend, use
from verno.kit import db
from verno.limits import queries, service
from verno.limits.types import Limit

PAGE = "/console/limits/"
NEW = {
    "do": "add", "subject": "member", "counted": "spent/points", "window": "day", "most": "300", "force": "hard",
    "place": "",
}  # fmt: skip


def stored(house: House) -> tuple[Limit, ...]:
    with db.transaction() as conn:
        return queries.limits(conn, house.story.shop.program.id)


def text(html: str) -> str:
    """Return what a person reads: no tags, one blank between words."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_an_owner_adds_and_removes_a_limit(house: House) -> None:
    assert "There are no limits" in house.client.get(PAGE).content.decode()
    answer = house.client.post(PAGE, NEW)
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    (one,) = stored(house)
    assert (one.subject, one.measure, one.unit, one.window, one.most, one.hard, one.place) == (
        "member", "spent", "points", "day", 300, True, None,
    )  # fmt: skip
    page = text(house.client.get(PAGE).content.decode())
    assert "Member Spent: points within a day 300 is refused Remove" in page
    house.client.post(PAGE, {"do": "remove", "limit": one.id})
    assert stored(house) == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"most": "-1"},
        {"most": ""},
        {"most": "1e99"},
        {"most": "NaN"},
        {"most": "0.5"},
        {"most": "9999999999999"},
        {"counted": "spent/stars"},
        {"counted": "receipts/points"},
        {"subject": "x"},
        {"place": "nowhere"},
        {"force": ""},
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_added(house: House, wrong: dict[str, str]) -> None:
    answer = house.client.post(PAGE, NEW | wrong)
    assert answer.status_code == 422
    assert "field-error" in answer.content.decode()
    assert stored(house) == ()


def test_what_nobody_offered_is_not_there(house: House) -> None:
    assert house.client.post(PAGE, {"do": "double"}).status_code == 404
    assert house.client.post(PAGE, {"do": "remove", "limit": "x"}).status_code == 302
    assert house.client.get(PAGE, {"before": "x"}).status_code == 404


def test_alerts_name_whom_they_are_about(house: House) -> None:
    program, anna = house.story.shop.program.id, house.story.anna
    with db.transaction() as conn:
        wanted = (
            limit("member", "spent", most=10, hard=False),
            limit("card", most=0, hard=False),
            limit("cashier", most=0, hard=False, place="msk-1"),
            limit("program", most=0, hard=False),
        )
        limits = setup(conn, program, *wanted)
        uses = [spend(11, anna), use(anna, card="c0ffee", cashier="vera")]
        desk = service.open_counters(conn, program, limits, uses, now=NOW)
        assert [desk.admit(one) for one in uses] == [None, None]
        desk.write(conn)
    html = house.client.get(PAGE).content.decode()
    page = text(html)
    assert "Member: Anna Sample 1 Spent: points within a day 11 10" in page
    assert "Card: Anna Sample 1 Receipts within a day 1 0" in page
    assert re.search(r"Cashier: vera, \S.* Receipts within a day 1 0", page)
    assert "Whole program Receipts within a day 1 0" in page
    assert f'href="/console/members/{anna}/"' in html
    assert "c0ffee" not in html


def test_the_page_speaks_russian(house: House) -> None:
    house.client.post("/console/language/", {"language": "ru", "next": PAGE})
    with db.transaction() as conn:
        setup(conn, house.story.shop.program.id, limit("cashier", "receipts", "hour", most=1000, hard=False))
    page = text(house.client.get(PAGE).content.decode())
    assert "Кассир Чеки в течение часа 1 000 проходит, с оповещением Убрать" in page.replace("\xa0", " ")
    for word in ("Limits", "Counted", "Alerts", "everywhere"):
        assert word not in page


def test_a_stranger_does_not_get_in(house: House) -> None:
    answer = Client().post(PAGE, NEW)
    assert (answer.status_code, "sign-in" in answer["Location"]) == (302, True)
    assert stored(house) == ()
