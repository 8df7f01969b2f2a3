"""Test sends: one block to one address, through the channel itself."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

import msgspec

from verno.kit import quarantine
from verno.kit.db import Connection
from verno.kit.errors import Unavailable
from verno.kit.ids import new_ids
from verno.members.identity import Kind, normalise
from verno.messaging import facts
from verno.messaging.channels.email.channel import relay
from verno.messaging.channels.port import Accepted, Channel, Outcome, P, Temporary, Unknown, Unreachable, Unwritable
from verno.messaging.channels.port import Refused as Declined
from verno.messaging.channels.sms.channel import provider
from verno.messaging.channels.telegram.channel import bot
from verno.messaging.letters.compose import CannotBePrinted, Content
from verno.messaging.templates import making, views
from verno.messaging.templates.types import Broken, Prepared, Refusal, Refused, Sent, Template, reference
from verno.messaging.types import CHANNEL_EMAIL, CHANNEL_SMS
from verno.workspace import audit
from verno.workspace import queries as workspace
from verno.workspace.audit import Actor
from verno.workspace.types import Program

SECONDS = 30.0
"""How long whoever tries waits for the provider."""
LONGEST_ADDRESS = 254
CHANNEL_TELEGRAM = "telegram"
ADDRESSES: Mapping[str, Kind] = {CHANNEL_EMAIL: Kind.EMAIL, CHANNEL_SMS: Kind.PHONE}


class Trial(msgspec.Struct, frozen=True):
    """A test that is ready to leave: what is sent, over which channel, to which address."""

    channel: str
    content: Content
    to: str


def ready(
    conn: Connection,
    program_id: str,
    template: Template,
    where: tuple[str, str],
    address: str,
    *,
    by: Actor,
    now: datetime,
    context: Mapping[str, object] | None = None,
) -> Trial | Refused:
    """Make a block with made-up figures ready for an address, marked as a test; audited without the address.

    ``send`` sends it, past all lanes, once the transaction is over: a provider may take half a minute to answer.

    ``where``: channel and language. ``context``: what the message would bring; made up where it is not given.

    It is no message of a member, so nobody's consent is asked and no link of it belongs to anybody; but an address that
    must not be written to gets no test either, and nothing leaves while messages are stopped or after a restore.
    """
    channel, locale = where
    program = workspace.program(conn, program_id)
    to = _address(program, channel, address)
    if to is None:
        return Refused(Refusal.BAD_ADDRESS)
    if _is_held_back(conn, program_id, channel, to, now):
        return Refused(Refusal.STOPPED)
    message = _message(conn, program, template, where, context=context, now=now)
    if isinstance(message, Refused):
        return message
    holder, id_ = new_ids(2, now=now)
    content = Content(
        holder_id=holder,
        message_id=id_,
        program_id=program_id,
        program_name=program.name,
        topic=template.topic,
        channel=channel,
        template=reference(template.code, 0),
        locale=locale,
        context={},
        name=None,
        prepared=message,
    )
    audit.record(conn, program_id, by, "template.try", ("template", template.code), now=now, detail=channel)
    return Trial(channel, content, to)


def send(trial: Trial, *, now: datetime) -> Sent | Refused:
    """Send a test, outside any transaction; tell what its provider answered, or why it did not leave."""
    try:
        outcome = _carried(trial.channel, trial.content, trial.to, now)
    except (CannotBePrinted, Unwritable) as error:
        return Refused(Refusal.BROKEN, str(error))
    except (Unreachable, Unavailable, TimeoutError) as error:
        return Refused(Refusal.NOT_TAKEN, str(error) or "the provider does not answer")
    return _told(outcome)


def _address(program: Program, channel: str, address: str) -> str | None:
    """Return the address as its channel writes it, None for what is none."""
    text = address.strip()
    if not text or len(text) > LONGEST_ADDRESS:
        return None
    if channel == CHANNEL_TELEGRAM:
        return text if text.lstrip("-").isdecimal() else None
    kind = ADDRESSES.get(channel)
    return normalise(kind, text, country=program.country) if kind else None


def _is_held_back(conn: Connection, program_id: str, channel: str, address: str, now: datetime) -> bool:
    stopped = facts.stops(conn, program_id, now=now)() & {"all", f"channel:{channel}"}
    if stopped or quarantine.standing(conn) is not None:
        return True
    if channel not in ADDRESSES:
        return False
    return bool(facts.suppressed(conn, program_id, channel, {"": address}))


def _message(
    conn: Connection,
    program: Program,
    template: Template,
    where: tuple[str, str],
    *,
    context: Mapping[str, object] | None,
    now: datetime,
) -> Prepared | Refused:
    compiled = making.made(template, 1)
    if isinstance(compiled, Broken):
        return Refused(Refusal.BROKEN, compiled.detail)
    found = making.sample(views.frame(conn, program), compiled, where, context=context, now=now)
    return Refused(Refusal.NO_BLOCK) if found is None else msgspec.structs.replace(found, is_test=True)


def _carried(channel: str, content: Content, address: str, now: datetime) -> Outcome | None:
    """Send through whatever carries the channel; None where nothing does."""
    if channel == CHANNEL_EMAIL:
        return _over(relay(), content, address, now)
    if channel == CHANNEL_SMS:
        return _over(provider(), content, address, now)
    return _over(bot(), content, address, now) if channel == CHANNEL_TELEGRAM else None


def _over(door: Channel[P] | None, content: Content, address: str, now: datetime) -> Outcome | None:
    if door is None:
        return None
    parcel = door.write(content, address, now=now)

    async def carry() -> Outcome:
        line = door.line()
        try:
            async with asyncio.timeout(SECONDS):
                await line.open()
                offered = await line.offer(parcel)
                return await line.hand_over(parcel) if offered is None else offered
        finally:
            await line.close()

    return asyncio.run(carry())


def _told(outcome: Outcome | None) -> Sent | Refused:
    match outcome:
        case None:
            return Refused(Refusal.NO_PROVIDER)
        case Accepted(response=response):
            return Sent(response)
        case Declined(response=response) | Temporary(response=response) | Unknown(response=response):
            return Refused(Refusal.NOT_TAKEN, response)
