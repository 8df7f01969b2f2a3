"""The rooms of who members are to each other: contacts of companies, duplicates, merges, households."""

import re
from datetime import date, timedelta

import pytest

from tests.builders import NOW
from tests.console.conftest import House
from tests.console.test_corrections import available, hire, set_value, text
from verno.kit import db
from verno.kit.ids import new_id
from verno.members import service
from verno.members.companies import contacts
from verno.members.companies.types import CompanyContact
from verno.members.likeness import service as likeness
from verno.members.types import Created, MemberKind, NewMember

DUPLICATES = "/console/members/duplicates/"


def join(house: House, code: str, **given: object) -> str:
    with db.transaction() as conn:
        (made,) = service.upsert(conn, house.story.shop.program, [NewMember(code, **given)], now=NOW)  # type: ignore[arg-type]
    assert isinstance(made, Created), made
    return made.member_id


def speakers(house: House, firm: str) -> list[CompanyContact]:
    with db.transaction() as conn:
        return contacts.of(conn, house.story.shop.program.id, [firm]).get(firm, [])


@pytest.fixture
def firm(house: House) -> str:
    return join(house, "firm", name="Firm Ltd", kind=MemberKind.COMPANY)


def test_a_companys_contacts_are_added_changed_and_taken_away(house: House, firm: str) -> None:
    where = f"/console/members/{firm}/contacts/"
    olga = {"do": "keep", "role": "accountant", "name": "Olga", "email": "olga@example.com", "phone": "", "member": ""}
    assert "Nobody speaks" in house.client.get(where).content.decode()
    assert house.client.post(where, olga)["Location"] == where
    page = text(house.client.get(where).content.decode())
    assert "Olga Accountant" in page
    assert "olga@example.com" in page
    (there,) = speakers(house, firm)
    form = house.client.get(f"{where}?contact={there.id}").content.decode()
    assert 'value="olga@example.com"' in form
    changed = olga | {"contact": there.id, "role": "decision-maker", "phone": "nothing"}
    wrong = house.client.post(where, changed)
    assert wrong.status_code == 422
    assert "country code" in wrong.content.decode()
    assert house.client.post(where, changed | {"phone": "+12125550199"}).status_code == 302
    assert [(one.id, one.role, one.phone) for one in speakers(house, firm)] == [
        (there.id, "decision-maker", "+12125550199")
    ]
    assert house.client.post(where, {"do": "stop", "contact": there.id}).status_code == 302
    assert {one.state for one in speakers(house, firm)[0].consents} == {"withdrawn"}
    assert house.client.post(where, {"do": "remove", "contact": there.id}).status_code == 302
    assert speakers(house, firm) == []
    assert house.client.post(where, {"do": "remove", "contact": there.id}).status_code == 404


def test_contacts_are_masked_and_closed_to_who_may_not(house: House, firm: str) -> None:
    where = f"/console/members/{firm}/contacts/"
    house.client.post(where, {"do": "keep", "role": "other", "name": "Olga", "email": "olga@example.com"})
    cashier = hire(house, "cashier", "cashier")
    page = cashier.get(where).content.decode()
    assert "O•••" in page
    assert "Olga" not in page
    assert "olga" not in page
    assert not re.search(r'name="do" value="keep"', page)
    assert cashier.post(where, {"do": "keep", "role": "other", "name": "x"}).status_code == 403
    assert house.client.get(f"/console/members/{house.story.anna}/contacts/").status_code == 404, "a person has none"


def test_duplicates_are_offered_merged_or_said_to_be_two(house: House) -> None:
    born = date(1980, 5, 17)
    one, two, three = (join(house, code, name="Olga Petrova", birth_date=born) for code in ("d1", "d2", "d3"))
    program = house.story.shop.program.id
    with db.transaction(program) as conn:
        while likeness.find(conn, program, now=NOW + timedelta(hours=1)):
            pass
    assert "Possible duplicates 3" in text(house.client.get("/console/members/").content.decode())
    page = text(house.client.get(DUPLICATES).content.decode())
    assert page.count("same name and birth date") == 3
    assert "Olga Petrova" in page
    sent = {"do": "dismiss", "one": one, "other": two}
    assert house.client.post(DUPLICATES, sent)["Location"] == DUPLICATES
    assert text(house.client.get(DUPLICATES).content.decode()).count("same name and birth date") == 2
    for wrong in ({"do": "dismiss", "one": one, "other": one}, {"do": "x"}, sent | {"other": "x"}):
        assert house.client.post(DUPLICATES, wrong).status_code == 404
    assert house.client.post(f"/console/members/{one}/merge/{three}/").status_code == 302
    assert text(house.client.get(DUPLICATES).content.decode()).count("same name and birth date") == 0
    cashier = hire(house, "cashier", "cashier")
    assert cashier.get(DUPLICATES).status_code == 403
    assert "Possible duplicates" not in cashier.get("/console/members/").content.decode()


def test_a_merge_nobody_may_do_is_refused_in_words(house: House) -> None:
    anna, ivan = house.story.anna, house.story.ivan
    same = house.client.get(f"/console/members/{anna}/merge/{anna}/")
    assert "the member themselves" in same.content.decode()
    assert house.client.post(f"/console/members/{anna}/merge/{anna}/").status_code == 409
    assert house.client.get(f"/console/members/{anna}/merge/{new_id(now=NOW)}/").status_code == 404
    assert house.client.get(f"/console/members/{anna}/merges/{new_id(now=NOW)}/").status_code == 404
    assert hire(house, "cashier", "cashier").get(f"/console/members/{anna}/merge/{ivan}/").status_code == 403


def test_a_household_is_opened_joined_and_its_pool_moved(house: House) -> None:
    anna, ivan = house.story.anna, house.story.ivan
    where = f"/console/members/{anna}/household/"

    def do(what: str, **sent: str) -> str:
        answer = house.client.post(where, {"do": what, **sent})
        assert answer.status_code in {200, 302, 409}
        return text((answer if answer.status_code != 302 else house.client.get(where)).content.decode())

    assert "In no household" in text(house.client.get(where).content.decode())
    assert "The household is open." in do("open")
    assert "in a household already" in do("open")
    assert "They are in the household now." in do("add", q="+12125550102", role="child")
    assert "Nobody is known" in do("add", q="nobody", role="child")
    assert re.search(r"The code is \w{5}-\w{5}, good for one", do("invite", role="adult"))
    assert "settings do not allow" in do("put", points="5", unit="points", token="t1")
    set_value(house, "households.pools", True)
    before = available(house, anna)
    assert "The points are in the pool." in do("put", points="5", unit="points", token="t2")
    assert "not a whole number" in do("put", points="5.5", unit="points", token="t3")
    assert "fewer points" in do("take", points="6", unit="points", token="t4")
    assert available(house, anna) == before - 5
    kid = house.client.post(f"/console/members/{ivan}/household/", {"do": "take", "points": "1", "unit": "points"})
    assert kid.status_code == 409
    assert "pool of the household" in text(house.client.get(f"/console/members/{anna}/history/").content.decode())
    assert "the household closes" in text(house.client.get(where).content.decode())
    assert "The household is closed." in do("leave", mate=anna)
    assert available(house, anna) == before
    cashier = hire(house, "cashier", "cashier")
    assert cashier.post(where, {"do": "open"}).status_code == 403
    assert cashier.post(where, {"do": "x"}).status_code == 404
