"""Doors to the contacts of a company."""

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Router

from verno.api import shapes
from verno.api.consents import records
from verno.api.doors import Bearer, answer, caller, receive, sees_personal, writing
from verno.api.members import holder
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.members import masking
from verno.members.companies import contacts
from verno.members.companies.types import CompanyContact, NewContact, NotKept, Refused, Wanted
from verno.members.consent.saying import NewRecord, say
from verno.members.types import Consent
from verno.members.types import Refused as NotSaid
from verno.web import problems, wire
from verno.web.problems import Problem
from verno.web.problems import Refused as Denied
from verno.workspace import audit
from verno.workspace import queries as workspace
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.types import Key, Scope

router = Router(tags=["companies"])

TITLES = {
    NotKept.NOT_A_COMPANY: "The member is not a company",
    NotKept.UNKNOWN_CONTACT: "The company has no such contact",
    NotKept.UNKNOWN_MEMBER: "There is no such member",
    NotKept.TOO_MANY_CONTACTS: "The company has too many contacts",
    NotKept.BAD_NAME: "The name is not acceptable",
    NotKept.BAD_EMAIL: "The e-mail address is not acceptable",
    NotKept.BAD_PHONE: "The phone number is not acceptable",
    NotKept.BAD_TEXT: "A text cannot be stored",
}


class ContactAnswer(msgspec.Struct, frozen=True):
    """Somebody who speaks for a company. Name and addresses are masked unless the key may read personal data."""

    id: str
    role: str
    name: str | None
    email: str | None
    phone: str | None
    member: str | None
    consents: list[Consent]


class ContactsAnswer(msgspec.Struct, frozen=True):
    """All contacts of a company, the oldest first."""

    contacts: list[ContactAnswer]


class ContactConsents(msgspec.Struct, frozen=True):
    """Where a contact stands now; ``note`` as of members."""

    consents: list[Consent]
    note: str | None = None


@router.get(
    "/members/{id}/contacts",
    auth=Bearer(Scope.MEMBERS_READ),
    summary="Who speaks for a company",
    openapi_extra=shapes.describe(gives={200: ContactsAnswer}),
)
def read(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Read the contacts of a company; a person has none."""
    key = caller(request)
    with db.transaction(key.program_id) as conn:
        who = holder(conn, key, id)
        found = contacts.of(conn, key.program_id, [who]).get(who, [])
        _note(request, conn, key, who, found)
    return answer(ContactsAnswer([_shown(request, one) for one in found]))


@router.post(
    "/members/{id}/contacts",
    auth=Bearer(Scope.MEMBERS_WRITE),
    summary="Add a contact to a company",
    openapi_extra=shapes.describe(takes=NewContact, gives={201: ContactAnswer}),
)
def add(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Add somebody who speaks for a company."""
    return _kept(request, id, None)


@router.put(
    "/members/{id}/contacts/{contact_id}",
    auth=Bearer(Scope.MEMBERS_WRITE),
    summary="Change a contact of a company",
    openapi_extra=shapes.describe(takes=NewContact, gives={200: ContactAnswer}),
)
def change(request: HttpRequest, id: str, contact_id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Keep what is sent in place of what was there. What the contact agreed to stays."""
    return _kept(request, id, contact_id)


@router.delete(
    "/members/{id}/contacts/{contact_id}",
    auth=Bearer(Scope.MEMBERS_WRITE),
    summary="Take a contact of a company away",
    openapi_extra=shapes.describe(gives={200: ContactsAnswer}),
)
def remove(request: HttpRequest, id: str, contact_id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Take a contact away and answer with those who are left; again it is no error."""
    key, now = caller(request), clock.now()

    def work(conn: Connection) -> list[CompanyContact]:
        who = holder(conn, key, id)
        kept_by = contacts.holder_of(conn, key.program_id, who, contact_id)
        if contacts.remove(conn, key.program_id, kept_by, [contact_id]):
            about = ("member", who)
            audit.record(conn, key.program_id, _actor(key), "contact.remove", about, now=now, detail=contact_id)
        return contacts.of(conn, key.program_id, [who]).get(who, [])

    return answer(ContactsAnswer([_shown(request, one) for one in writing(key.program_id, work)]))


@router.post(
    "/members/{id}/contacts/{contact_id}/consents",
    auth=Bearer(Scope.MEMBERS_WRITE),
    summary="Write down what a company's contact said",
    openapi_extra=shapes.describe(takes=NewRecord, gives={201: ContactConsents}),
)
def consent(request: HttpRequest, id: str, contact_id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Add one record to the contact's own history: what the company agreed to is no yes of theirs."""
    key, now = caller(request), clock.now()
    record = wire.convert(receive(request), NewRecord)

    def work(conn: Connection) -> ContactConsents:
        who = holder(conn, key, id)
        one = _one(conn, key.program_id, who, contact_id)
        program = workspace.program(conn, key.program_id)
        (said,) = say(conn, program, one.speaker_id, [record], actor=f"key:{key.id}", now=now)
        if isinstance(said, NotSaid):
            detail = f"{said.field}: {said.detail}"
            errors = ((said.field, said.detail),)
            raise Denied(Problem(said.reason, 422, "The consent cannot be kept", detail, errors=errors))
        stands = _one(conn, key.program_id, who, contact_id).consents
        return ContactConsents(stands, records.note(conn, program.id, said))

    return answer(writing(key.program_id, work), status=201)


def _kept(request: HttpRequest, id_: str, contact_id: str | None) -> HttpResponse:
    key, now = caller(request), clock.now()
    contact = wire.convert(receive(request), NewContact)

    def work(conn: Connection) -> CompanyContact:
        who = holder(conn, key, id_)
        program = workspace.program(conn, key.program_id)
        kept_by = contacts.holder_of(conn, key.program_id, who, contact_id) if contact_id else who
        (done,) = contacts.keep(conn, program, [Wanted(kept_by, contact, contact_id)], now=now)
        if isinstance(done, Refused):
            raise Denied(_problem(done))
        audit.record(conn, key.program_id, _actor(key), "contact.keep", ("member", who), now=now, detail=done.id)
        return _one(conn, key.program_id, who, done.id)

    written = [name for name in ("name", "email", "phone") if getattr(contact, name) is not None]
    return answer(_shown(request, writing(key.program_id, work), written), status=200 if contact_id else 201)


def _one(conn: Connection, program_id: str, holder_id: str, contact_id: str) -> CompanyContact:
    for one in contacts.of(conn, program_id, [holder_id]).get(holder_id, []):
        if one.id == contact_id:
            return one
    raise Denied(problems.not_found())


def _shown(request: HttpRequest, one: CompanyContact, written: list[str] | None = None) -> ContactAnswer:
    def text(name: str) -> str | None:
        value: str | None = getattr(one, name)
        if value is None or sees_personal(request) or name in (written or ()):
            return value
        return masking.mask(name, value)

    return ContactAnswer(one.id, one.role, text("name"), text("email"), text("phone"), one.member_id, one.consents)


def _note(request: HttpRequest, conn: Connection, key: Key, holder_id: str, found: list[CompanyContact]) -> None:
    if found and sees_personal(request):
        audit.record_reading(conn, key.program_id, _actor(key), [holder_id], now=clock.now(), detail="contacts")


def _actor(key: Key) -> Actor:
    return Actor(ActorKind.KEY, key.id)


def _problem(refused: Refused) -> Problem:
    if refused.reason is NotKept.UNKNOWN_CONTACT:
        return problems.not_found()
    status = 409 if refused.reason in {NotKept.NOT_A_COMPANY, NotKept.TOO_MANY_CONTACTS} else 422
    detail = f"{refused.field}: {refused.detail}" if refused.field else refused.detail
    return Problem(refused.reason, status, TITLES[refused.reason], detail, errors=((refused.field, refused.detail),))
