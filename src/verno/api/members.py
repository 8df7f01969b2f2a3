"""Doors to members."""

from collections.abc import Collection, Sequence
from typing import Annotated, NamedTuple

import msgspec
from django.http import HttpRequest, HttpResponse
from msgspec import UNSET, Meta
from ninja import Router

from verno.api import shapes
from verno.api.doors import Bearer, answer, caller, receive, refuse, sees_personal, writing
from verno.kit import db
from verno.kit.batches import MAX_BATCH
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.members import masking, queries
from verno.members.consent.complaints import Matter
from verno.members.districts import locating
from verno.members.identity import lookup_hash, normalise
from verno.members.types import Code, Contact, Created, Location, Member, NewMember, Refusal, Result
from verno.members.types import Refused as NotStored
from verno.messaging.answers.complaints import unheard
from verno.progress import service as progress
from verno.web import problems, wire
from verno.web.problems import Problem, Refused
from verno.workspace import audit
from verno.workspace import queries as workspace
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.types import Key, Program, Scope

router = Router(tags=["members"])

TITLES = {
    Refusal.IDENTITY_TAKEN: "Another member has this phone, e-mail or card",
    Refusal.BAD_PHONE: "The phone number is not acceptable",
    Refusal.BAD_EMAIL: "The e-mail address is not acceptable",
    Refusal.BAD_CARD: "The card number is not acceptable",
    Refusal.BAD_NAME: "The name is not acceptable",
    Refusal.BAD_BIRTH_DATE: "The birth date is not acceptable",
    Refusal.BAD_ATTRIBUTE: "The attribute has another type",
    Refusal.BAD_LOCATION: "The location is not acceptable",
    Refusal.UNKNOWN_PLACE: "There is no such store",
    Refusal.BAD_TEXT: "A text cannot be stored",
    Refusal.TOO_MANY_ATTRIBUTES: "There are too many attributes",
    Refusal.UNKNOWN_TOPIC: "There is no such topic",
    Refusal.TIME_OUT_OF_RANGE: "The time is out of range",
}

UNREADABLE = {"phone": Refusal.BAD_PHONE, "email": Refusal.BAD_EMAIL, "card": Refusal.BAD_CARD}


class MemberAnswer(Member, frozen=True):
    """A member. ``masked`` names the fields that the key may not read; a masked birth date is null.

    ``merged_from`` are ids of members who turned out to be this one, the oldest merge first.
    ``locations`` are told where one member is asked for, to keys with ``personal:read``. ``unheard`` are consents of
    this call, as ``topic/channel``, that are kept and do not count: the member called messages there spam, and only an
    act of their own brings them back.
    """

    masked: tuple[str, ...] = ()
    merged_from: tuple[str, ...] = ()
    locations: tuple[Location, ...] = ()
    unheard: tuple[str, ...] = ()


class MemberBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 1,000 members."""

    members: Annotated[list[NewMember], Meta(max_length=MAX_BATCH)]


class MemberLookup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to look for: exactly one of the fields."""

    phone: Contact | None = None
    email: Contact | None = None
    card: Contact | None = None
    external_id: Code | None = None


class _Items(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    members: Annotated[list[object], Meta(max_length=MAX_BATCH)]


@router.post(
    "/members",
    auth=Bearer(Scope.MEMBERS_WRITE),
    summary="Store a member",
    openapi_extra=shapes.describe(takes=NewMember, gives={200: MemberAnswer, 201: MemberAnswer}),
)
def store(request: HttpRequest) -> HttpResponse:
    """Create (201) or change (200) the member of this external id."""
    item = wire.convert(receive(request), NewMember)
    code, body = _stored(request, [item])[0]
    if isinstance(body, Problem):
        return refuse(body)
    return answer(body, status=code)


@router.post(
    "/members:batch",
    auth=Bearer(Scope.MEMBERS_WRITE),
    summary="Store up to 1,000 members",
    openapi_extra=shapes.describe(takes=MemberBatch, gives={200: shapes.BatchAnswer}),
)
def store_batch(request: HttpRequest) -> HttpResponse:
    """Answer one result per item, in order; an item that is refused does not touch the others."""
    items = wire.convert(receive(request, limit=wire.MAX_BATCH_BODY), _Items).members
    read = [_item(raw) for raw in items]
    stored = iter(_stored(request, [item for item in read if isinstance(item, NewMember)]))
    results = []
    for item in read:
        code, body = (item.status, item) if isinstance(item, Problem) else next(stored)
        results.append({"code": code, "body": body.body() if isinstance(body, Problem) else body})
    return answer({"results": results})


@router.get(
    "/members/{id}",
    auth=Bearer(Scope.MEMBERS_READ),
    summary="Read a member",
    openapi_extra=shapes.describe(gives={200: MemberAnswer}),
)
def read(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Read a member by id; personal fields are masked unless the key may read them.

    Who was merged into another is that one.
    """
    key = caller(request)
    with db.transaction(key.program_id) as conn:
        found = _read(conn, key.program_id, holder(conn, key, id), sensitive=sees_personal(request))
        _note(request, conn, [(found[0], ())], "read")
    return answer(_with_merged(request, found))


@router.post(
    "/members:lookup",
    auth=Bearer(Scope.MEMBERS_READ),
    summary="Find a member by a contact, card or external id",
    openapi_extra=shapes.describe(takes=MemberLookup, gives={200: MemberAnswer}),
)
def lookup(request: HttpRequest) -> HttpResponse:
    """Find a member. The contact travels in the body, so that no address and no log holds it."""
    wanted = wire.convert(receive(request), MemberLookup)
    given = [(name, text) for name, text in msgspec.structs.asdict(wanted).items() if text is not None]
    if len(given) != 1:
        raise Refused(problems.invalid([("", "give exactly one of phone, email, card, external_id")]))
    kind, text = given[0]
    program_id = caller(request).program_id
    with db.transaction(program_id) as conn:
        program = workspace.program(conn, program_id)
        key = _key(program, kind, text)
        named = queries.find_holders(conn, program.id, [key]).get(key)
        found = _read(conn, program.id, named, sensitive=sees_personal(request)) if named else None
        if found is not None:
            _note(request, conn, [(found[0], ())], "lookup")
    if found is None:
        raise Refused(problems.not_found())
    return answer(_with_merged(request, found))


def holder(conn: Connection, key: Key, id_: str) -> str:
    """Return the id of a member of the key's program; raises ``Refused`` (404)."""
    found = queries.find_holders(conn, key.program_id, [("id", id_)]).get(("id", id_))
    if found is None:
        raise Refused(problems.not_found())
    return found


class _Found(NamedTuple):
    """A member, who was merged into them and, for those who may see, where they are."""

    member: Member
    merged_from: tuple[str, ...]
    locations: tuple[Location, ...]


def _read(conn: Connection, program_id: str, holder_id: str, *, sensitive: bool) -> _Found:
    merged = queries.merged_from(conn, program_id, [holder_id]).get(holder_id, [])
    found = queries.members(conn, program_id, [holder_id], sensitive=sensitive)[holder_id]
    where = locating.locations(conn, [holder_id]).get(holder_id, {}) if sensitive else {}
    return _Found(found, tuple(one.id for one in merged), tuple(where[kind] for kind in sorted(where)))


def _with_merged(request: HttpRequest, found: _Found) -> MemberAnswer:
    shown = _shown(request, found.member)
    return msgspec.structs.replace(shown, merged_from=found.merged_from, locations=found.locations)


def _key(program: Program, kind: str, text: str) -> queries.Key:
    if kind == "external_id":
        return kind, text
    normal = normalise(kind, text, country=program.country)
    if normal is None:
        reason = UNREADABLE[kind]
        raise Refused(Problem(reason, 422, TITLES[reason], errors=((kind, "cannot be read"),)))
    return kind, lookup_hash(program.id, kind, normal)


def _item(raw: object) -> NewMember | Problem:
    if not isinstance(raw, dict):
        return problems.bad_json("the item is not an object")
    try:
        return wire.convert(raw, NewMember)
    except Refused as refused:
        return refused.problem


def _stored(request: HttpRequest, items: list[NewMember]) -> list[tuple[int, MemberAnswer | Problem]]:
    """Store items and read back what they became, in one transaction."""
    program_id = caller(request).program_id
    now = clock.now()

    def work(conn: Connection) -> tuple[list[Result], dict[str, Member], set[Matter]]:
        program = workspace.program(conn, program_id)
        results = progress.store_members(conn, program, items, now=now)
        done = [result.member_id for result in results if not isinstance(result, NotStored)]
        stored = queries.members(conn, program_id, done, sensitive=sees_personal(request))
        shown = [
            (stored[result.member_id], _written(item))
            for item, result in zip(items, results, strict=True)
            if not isinstance(result, NotStored)
        ]
        _note(request, conn, shown, "store")
        return results, stored, set(unheard(conn, program_id, _agreed(items, results)))

    if not items:
        return []
    results, members, silent = writing(program_id, work)
    out: list[tuple[int, MemberAnswer | Problem]] = []
    for item, result in zip(items, results, strict=True):
        if isinstance(result, NotStored):
            problem = _problem(result, named=Scope.MEMBERS_READ in caller(request).scopes)
            out.append((problem.status, problem))
        else:
            code = 201 if isinstance(result, Created) else 200
            body = _shown(request, members[result.member_id], written=item)
            vain = [f"{topic}/{over}" for who, topic, over in _agreed([item], [result]) if (who, topic, over) in silent]
            out.append((code, msgspec.structs.replace(body, unheard=tuple(vain))))
    return out


def _agreed(items: Sequence[NewMember], results: Sequence[Result]) -> list[Matter]:
    """Return to what items say that their members agreed."""
    return [
        (result.member_id, said.topic, said.channel)
        for item, result in zip(items, results, strict=True)
        if not isinstance(result, NotStored)
        for said in item.consents
        if said.granted
    ]


def _written(item: NewMember) -> list[str]:
    """Return the personal fields that a caller has just written itself: they are no secret from it."""
    return [name for name in masking.PERSONAL if getattr(item, name) is not UNSET]


def _note(request: HttpRequest, conn: Connection, shown: Sequence[tuple[Member, Collection[str]]], door: str) -> None:
    """Have the audit know whose personal data this call reads in full, but for fields that the caller has written."""
    key = caller(request)
    if sees_personal(request):
        ids = [member.id for member, written in shown if masking.has_personal(member, but=written)]
        audit.record_reading(conn, key.program_id, Actor(ActorKind.KEY, key.id), ids, now=clock.now(), detail=door)


def _problem(refused: NotStored, *, named: bool) -> Problem:
    """Return a refusal; whom the item means is told to a key that could look them up."""
    status = 409 if refused.reason is Refusal.IDENTITY_TAKEN else 422
    detail = f"{refused.field}: {refused.detail}" if refused.field else refused.detail
    errors = ((refused.field, refused.detail),)
    more = {"member": refused.member} if named and refused.member else {}
    return Problem(refused.reason, status, TITLES[refused.reason], detail, errors=errors, more=more)


def _shown(request: HttpRequest, member: Member, written: NewMember | None = None) -> MemberAnswer:
    """Mask what the key may not read; what the caller has just written is no secret from it."""
    if sees_personal(request):
        return MemberAnswer(**msgspec.structs.asdict(member))
    keep = _written(written) if written else []
    hidden = [name for name in masking.PERSONAL if name not in keep and getattr(member, name) is not None]
    hidden += ["districts"] if member.districts else []
    return MemberAnswer(**msgspec.structs.asdict(masking.masked(member, keep=keep)), masked=tuple(hidden))
