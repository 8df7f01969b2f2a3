"""Ways to reach a member that nobody types: a browser that takes pushes, a chat with the bot."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import structs

from verno.kit import config
from verno.kit.db import Connection
from verno.members import otp, service
from verno.members.consent import texts
from verno.members.devices import service as devices
from verno.members.devices.types import Device, DeviceKind, NewDevice
from verno.members.otp import NotNow, Verified, Wrong
from verno.members.types import Channel, ConsentFact, Proof
from verno.messaging.answers import codes
from verno.messaging.channels.telegram import linking
from verno.messaging.channels.webpush import subscribing
from verno.messaging.channels.webpush.pushes import Vapid
from verno.messaging.letters.wording import Language
from verno.messaging.preferences import sheet as sheets
from verno.messaging.preferences.sheet import METHOD, Sheet
from verno.messaging.preferences.words import PAGE

TEXT_ID, TEXT_VERSION = "push-button", "1"
"""The text beside the button that asks for notices; its words are ours."""
DIGEST_LETTERS = 16
DIGITS = "0123456789"
LONGEST_CODE = 12


class Ways(msgspec.Struct, frozen=True):
    """What the page offers besides its switches.

    ``push_key``: what a browser subscribes with. ``known``: by what a browser sees that we know its subscription.
    """

    push_key: str
    known: tuple[str, ...]
    browsers: int
    has_chat: bool
    chat_link: str | None


def ways(found: Sheet, *, now: datetime) -> Ways:
    """Return how a member can be reached, and may be. A link to the chat is good for a quarter of an hour."""
    link = linking.link_to(found.program.id, found.member.id, now=now)
    return Ways(
        Vapid(config.mail_from()).public_key,
        tuple([_digest(one.text) for one in found.devices.get(DeviceKind.PUSH, ())]),
        len(found.devices.get(DeviceKind.PUSH, ())),
        bool(found.devices.get(DeviceKind.TELEGRAM)),
        link[0] if link else None,
    )


def subscribe(conn: Connection, found: Sheet, text: str, proof: Proof, *, now: datetime) -> bool:
    """Reach a member by a browser from now on; False for what is no subscription.

    The button stands beside a text that says: all topics shown here. So the press is a yes to each of them, unless the
    member has pushes already and has chosen among the topics.
    """
    good = subscribing.acceptable(text, networks=config.push_networks())
    if good is None:
        return False
    devices.add(conn, found.program.id, [NewDevice(found.member.id, DeviceKind.PUSH, good)], now=now)
    pairs = [(topic.code, Channel.PUSH.value) for topic in found.topics]
    if not any(pair in found.standings and found.is_on(pair) for pair in pairs):
        spoken: Language = "ru" if proof.locale == "ru" else "en"
        shown = PAGE[spoken]["push_agree"].format(program=found.program.name)
        digest = devices.hash_of(found.program.id, DeviceKind.PUSH, good)
        whole = structs.replace(proof, text_id=TEXT_ID, text_sha256=texts.sha256(shown), address_hash=digest)
        facts = [
            ConsentFact(
                found.member.id, *pair, True, sheets.moment(found, pair, now), METHOD, TEXT_VERSION, proof=whole
            )
            for pair in pairs
        ]
        service.record_consents(conn, found.program.id, facts, now=now)
    return True


def unsubscribe(conn: Connection, found: Sheet, endpoint: str | None) -> bool:
    """Forget one of the member's browsers, or all; False when there was none. What they agreed to stays."""
    held = found.devices.get(DeviceKind.PUSH, ())
    gone = [one for one in held if endpoint is None or devices.known_by(one.kind, one.text) == endpoint]
    return _forget(conn, found, gone)


def unlink(conn: Connection, found: Sheet) -> bool:
    """Forget the member's chat; False when there was none."""
    return _forget(conn, found, found.devices.get(DeviceKind.TELEGRAM, ()))


def send_code(conn: Connection, found: Sheet, *, now: datetime) -> str:
    """Send a code to the member's phone; returns the code of the words that tell how it went.

    Who has the link asks for one number alone, which has limits of its own. Those of a network address would count all
    readers behind one proxy as one.
    """
    made = codes.send(conn, found.program, found.member.id, "phone", now=now)
    if isinstance(made, NotNow):
        return {"too-soon": "code_soon", "too-many": "code_many"}.get(made.reason, "nothing")
    return "code_sent"


def check_code(conn: Connection, found: Sheet, text: str, proof: Proof, *, now: datetime) -> str:
    """Compare the code that was typed; returns the code of the words that tell how it went."""
    code = "".join(sign for sign in text if sign in DIGITS)[:LONGEST_CODE]
    done = otp.check(conn, found.program.id, found.member.id, "phone", code, proof=proof, now=now)
    match done:
        case Verified():
            return "code_right"
        case Wrong(left=left):
            return "code_wrong" if left else "code_over"
        case _:
            return "code_many"


def _digest(text: str) -> str:
    return hashlib.sha256(devices.known_by(DeviceKind.PUSH, text).encode()).hexdigest()[:DIGEST_LETTERS]


def _forget(conn: Connection, found: Sheet, gone: Sequence[Device]) -> bool:
    for kind in sorted({one.kind for one in gone}):
        devices.remove(conn, found.program.id, kind, [one.value_hash for one in gone if one.kind is kind])
    return bool(gone)
