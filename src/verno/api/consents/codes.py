"""Doors to one-time codes: whether a phone or an e-mail is the member's."""

from datetime import datetime
from typing import Annotated

import msgspec
from django.http import HttpRequest, HttpResponse
from msgspec import Meta
from ninja import Router

from verno.api import shapes
from verno.api.doors import Bearer, answer, caller, receive, writing
from verno.api.members import holder
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.members import otp
from verno.members.consent.saying import shortened
from verno.members.otp import NotNow, Sent, Verified, Wrong
from verno.members.types import Proof
from verno.messaging.answers import codes
from verno.web import problems, wire
from verno.web.problems import Problem, Refused
from verno.workspace import queries as workspace
from verno.workspace.types import Scope

router = Router(tags=["consents"])

Source = Annotated[str, Meta(min_length=1, max_length=45)]


class StartBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``ip`` is the address of whoever asks, where the caller knows it: it has limits of its own.

    ``send``: Verno sends the code to the member's address itself, and does not tell it to the caller.
    """

    ip: Source | None = None
    send: bool = False


class CodeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code that somebody typed."""

    code: Annotated[str, Meta(pattern=r"^[0-9]{6}\Z")]
    ip: Source | None = None


class SentAnswer(msgspec.Struct, frozen=True):
    """A code to be sent to the member's address by the caller, and to be kept nowhere; null where Verno sends it."""

    code: str | None
    expires_at: datetime


class VerifiedAnswer(msgspec.Struct, frozen=True):
    """The address is the member's; ``confirmed`` consents had waited for it."""

    confirmed: int


@router.post(
    "/members/{id}/identities/{kind}:verify-start",
    auth=Bearer(Scope.MEMBERS_WRITE),
    summary="Make a code for a member's phone or e-mail",
    openapi_extra=shapes.describe(takes=StartBody, gives={201: SentAnswer}),
)
def start(request: HttpRequest, id: str, kind: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Make a code of six digits, good for five minutes and five tries; an earlier one is dead from here on."""
    key, now = caller(request), clock.now()
    body = wire.convert(receive(request), StartBody)

    def work(conn: Connection) -> Sent | NotNow:
        who = holder(conn, key, id)
        if body.send:
            program = workspace.program(conn, key.program_id)
            return codes.send(conn, program, who, _known(kind), source=body.ip, now=now)
        return otp.start(conn, key.program_id, who, _known(kind), source=body.ip, now=now)

    made = writing(key.program_id, work)
    if isinstance(made, NotNow):
        raise Refused(_not_now(made, now))
    return answer(SentAnswer(None if body.send else made.code, made.expires_at), status=201)


@router.post(
    "/members/{id}/identities/{kind}:verify",
    auth=Bearer(Scope.MEMBERS_WRITE),
    summary="Bring the code that was typed",
    openapi_extra=shapes.describe(takes=CodeBody, gives={200: VerifiedAnswer}),
)
def verify(request: HttpRequest, id: str, kind: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Compare a code; the right one confirms the address, and with it the consents that waited."""
    key, now = caller(request), clock.now()
    body = wire.convert(receive(request), CodeBody)
    proof = Proof(actor=f"key:{key.id}", ip=shortened(body.ip))

    def work(conn: Connection) -> Verified | Wrong | NotNow:
        who = holder(conn, key, id)
        return otp.check(conn, key.program_id, who, _known(kind), body.code, source=body.ip, proof=proof, now=now)

    # What was counted is committed, whatever is answered.
    found = writing(key.program_id, work)
    if isinstance(found, NotNow):
        raise Refused(_not_now(found, now))
    if isinstance(found, Wrong):
        more = {"left": found.left}
        raise Refused(Problem("wrong-code", 422, "This is not the code", errors=(("code", "is wrong"),), more=more))
    return answer(VerifiedAnswer(found.confirmed))


def _known(kind: str) -> str:
    if kind not in otp.KINDS:
        raise Refused(problems.not_found())
    return kind


def _not_now(refused: NotNow, now: datetime) -> Problem:
    if refused.reason == "country-not-served":
        return Problem(refused.reason, 409, "No codes are sent to numbers of this country")
    if refused.until is None:
        return Problem("no-address", 409, "The member has no such address")
    seconds = max(int((refused.until - now).total_seconds()), 1)
    detail = f"wait {seconds} s"
    return Problem(refused.reason, 429, "Codes are made and tried only so often", detail, retryable=True)
