"""What comes back over SMPP: receipts of delivery, and what people write."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import smpp34

from verno.kit.errors import Unavailable
from verno.messaging.channels.port import Fate, Hear, Heard, Receipt, Unreachable, words_of_others
from verno.messaging.channels.sms import segments, smpp
from verno.messaging.channels.sms.segments import Alphabet
from verno.messaging.channels.sms.texts import CODE

# Tags of SMPP 3.4, 5.3.2; the library has them under names that its types do not know.
_RECEIPTED_ID, _NETWORK_ERROR, _PAYLOAD, _STATE = 0x001E, 0x0423, 0x0424, 0x0427
BATCH = 500
"""Receipts that are handed on together, at most."""
GATHER_SECONDS = 0.05
DATABASE_TRIES = 30
"""Seconds that what came waits for a database that is away."""
LOOK_SECONDS = 0.5
"""How often a quiet session looks whether it shall stop."""

_KIND, _RECEIPT, _HEADED = 0x3C, 0x04, 0x40
"""Bits of the class: what kind of message it is, and that its text begins with a header."""
_FATES = {
    2: Fate.DELIVERED,
    3: Fate.UNDELIVERED,
    4: Fate.UNDELIVERED,
    5: Fate.UNDELIVERED,
    7: Fate.UNDELIVERED,
    8: Fate.UNDELIVERED,
}
"""Ends by ``message_state`` (SMPP 3.4, 5.2.28); the others are not ends."""
_STATES = {"DELIVRD": 2, "EXPIRED": 3, "DELETED": 4, "UNDELIV": 5, "UNKNOWN": 7, "REJECTD": 8}
"""The same, as the text of a receipt names them (appendix B)."""
_FIELDS = re.compile(r"\b(id|stat|err):(\S+)", re.IGNORECASE)
_UNKNOWN_SUBSCRIBER = b"\x03\x00\x01"
"""``network_error_code``: GSM, 1. Texts have error codes too, but every operator its own."""
_UCS2, _LATIN1 = 8, 3


def read(event: smpp34.DeliverSmEvent, *, now: datetime) -> Receipt | Heard | None:
    """Return what an inbound message says; None for a receipt that is not an end, or that names no message."""
    options = {tlv.tag: tlv.value for tlv in event.tlvs}
    body = event.short_message or options.get(_PAYLOAD, b"")
    if event.esm_class & _KIND != _RECEIPT:
        return Heard(CODE, f"+{event.source_addr.removeprefix('+')}", _text(event, body), now)
    fields = told(body.decode("latin-1"))
    id_ = options.get(_RECEIPTED_ID, b"").rstrip(b"\0").decode("latin-1") or fields.get("id")
    state = options.get(_STATE)
    fate = _FATES.get(state[0] if state else _STATES.get(fields.get("stat", "").upper(), 0))
    if not id_ or fate is None:
        return None
    gone = fate is Fate.UNDELIVERED and options.get(_NETWORK_ERROR) == _UNKNOWN_SUBSCRIBER
    return Receipt(CODE, id_, fate, now, said(fields) or f"state {state[0] if state else 0}", gone)


def told(receipt: str) -> dict[str, str]:
    """Return the fields of a receipt's text that are of use: ``id``, ``stat`` and ``err``."""
    return {name.lower(): value for name, value in _FIELDS.findall(receipt)}


def said(fields: dict[str, str]) -> str:
    """Return what is kept of them. The text repeats the message's first words, which are nobody's business here."""
    return " ".join([f"{name}:{fields[name]}" for name in ("stat", "err") if name in fields])


def step(chosen: smpp.Settings, hear: Hear, *, now: datetime, stopping: Callable[[], bool]) -> int:
    """Stay bound as a receiver and hand on what comes, until asked to stop or the session ends; returns how much.

    Raises ``Unreachable``. The library acknowledges before we have written, so what comes in the moment of a crash is
    lost: a receipt is a hint, never the proof that a message left. What comes together comes in any order.
    """
    started = time.monotonic()
    return asyncio.run(_listen(chosen, hear, lambda: now + timedelta(seconds=time.monotonic() - started), stopping))


async def _listen(chosen: smpp.Settings, hear: Hear, now: Callable[[], datetime], stopping: Callable[[], bool]) -> int:
    client = smpp34.Client(
        chosen.host,
        chosen.port,
        chosen.system_id,
        chosen.password,
        bind_type="RX",
        tls=chosen.tls,
        connect_timeout_ms=int(smpp.BIND_SECONDS * 1000),
    )
    try:
        smsc = await client.connect()
    except smpp34.SmppError as error:
        raise Unreachable(_cause(error)) from None
    total = 0
    waiting = asyncio.ensure_future(smsc.next())
    try:
        ended = False
        while not ended:
            events: list[smpp34.DeliverSmEvent] = []
            while len(events) < BATCH and not ended:
                await asyncio.wait([waiting], timeout=GATHER_SECONDS if events else LOOK_SECONDS)
                if not waiting.done():
                    ended = stopping()
                    break
                event = waiting.result()
                if isinstance(event, smpp34.Disconnected):
                    ended = True
                else:
                    events.append(event)
                    waiting = asyncio.ensure_future(smsc.next())
            found = [one for event in events if (one := read(event, now=now())) is not None]
            if found:
                receipts = [one for one in found if isinstance(one, Receipt)]
                await _hand_on(hear, receipts, [one for one in found if isinstance(one, Heard)])
            total += len(found)
    finally:
        waiting.cancel()
        with suppress(smpp34.SmppError, TimeoutError):
            async with asyncio.timeout(2):
                await client.stop()
    return total


async def _hand_on(hear: Hear, receipts: Sequence[Receipt], words: Sequence[Heard]) -> None:
    """Wait for a database that is away: what was acknowledged comes no second time."""
    for _ in range(DATABASE_TRIES):
        try:
            return await asyncio.to_thread(hear, receipts, words)
        except Unavailable:
            await asyncio.sleep(1)
    return await asyncio.to_thread(hear, receipts, words)


def _cause(error: smpp34.SmppError) -> str:
    """Say why a bind failed; the library calls a refused password a time-out."""
    return f"{error} (is the password right?)" if "timed out" in str(error) else words_of_others(str(error))


def _text(event: smpp34.DeliverSmEvent, body: bytes) -> str:
    if event.esm_class & _HEADED and body:
        body = body[body[0] + 1 :]
    if event.data_coding == _LATIN1:
        return body.decode("latin-1")
    return segments.decode(body, Alphabet.UCS2 if event.data_coding == _UCS2 else Alphabet.GSM7)
