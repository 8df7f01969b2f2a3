"""The rooms of who members are to each other: contacts of companies, duplicates, merges, households."""

import re

import pytest

from tests.builders import NOW
from tests.console.conftest import House
from tests.console.test_corrections import hire, text
from verno.kit import db
from verno.members import service
from verno.members.companies import contacts
from verno.members.companies.types import CompanyContact
from verno.members.types import Created, MemberKind, NewMember


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
