"""What happens in chats with the bot: somebody links theirs, writes, or blocks us."""

from collections.abc import Mapping

import msgspec

from verno.kit import db
from verno.kit.db import Connection
from verno.members import queries
from verno.members.devices import service as devices
from verno.members.devices.types import DeviceKind, NewDevice
from verno.messaging import service
from verno.messaging.answers import hearing, replying
from verno.messaging.channels.port import Heard
from verno.messaging.channels.telegram import CODE, linking
from verno.messaging.channels.telegram.updates import Ignored, Left, Started, Update
from verno.messaging.letters.wording import Language
from verno.messaging.types import NewSuppression
from verno.workspace import queries as workspace

WORDS: Mapping[Language, Mapping[str, str]] = {
    "ru": {
        "stale": "Ссылка устарела или уже использована. Откройте страницу настроек ещё раз и нажмите новую.",
        "stranger": "Здравствуйте! Чтобы сообщения программы приходили сюда, откройте ссылку на странице настроек: "
        "она есть в любом письме.",
        "known": "Этот чат уже подключён. Чтобы отписаться, напишите СТОП.",
    },
    "en": {
        "stale": "This link is out of date or was used before. Open your settings page again and press the new one.",
        "stranger": "Hello! To get messages here, open the link on your settings page: every letter leads there.",
        "known": "This chat is linked already. To unsubscribe, write STOP.",
    },
}


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What the bot says at once, to somebody of whom we may know nothing."""

    chat_id: int
    text: str


def take(update: Update | Ignored, *, language: Language = "ru") -> Answer | None:
    """Do what an update asks for, in transactions of its own; the same one twice does nothing more.

    ``language`` is that of a chat of which we know nothing.
    """
    match update:
        case Started(payload=payload) if payload:
            said = _link(update)
        case Started():
            said = _greet(update)
        case Left():
            _leave(update)
            return None
        case Heard():
            hearing.hear([], [update])
            return None
        case _:
            return None
    return Answer(update.chat_id, WORDS[language][said]) if said else None


def _link(started: Started) -> str | None:
    """Tie a chat to the member that the link names; they are greeted in their language, by a message of their own."""
    link = linking.read(started.payload)
    if link is None or started.at >= link.until:
        return "stale"

    def work() -> str | None:
        with db.transaction(link.program_id) as conn:
            survivors = queries.survivors(conn, link.program_id, [link.holder_id])
            holder = survivors.get(link.holder_id, link.holder_id)
            fresh = devices.use_link(conn, link.program_id, started.payload, until=link.until, now=started.at)
            chat = str(started.chat_id)
            digest = devices.hash_of(link.program_id, DeviceKind.TELEGRAM, chat)
            if not fresh:
                # Telegram tells us again what we did not confirm in time.
                known = devices.holders(conn, link.program_id, DeviceKind.TELEGRAM, [digest])
                return None if known.get(digest) == holder else "stale"
            new = NewDevice(holder, DeviceKind.TELEGRAM, chat)
            if devices.add(conn, link.program_id, [new], now=started.at) != [True]:
                return "stale"
            service.lift(conn, link.program_id, CODE, [digest])
            program = workspace.program(conn, link.program_id)
            locale = queries.members(conn, program.id, [holder])[holder].locale or program.locale
            replying.greet(conn, program, holder, CODE, locale, started.payload[:16], now=started.at)
            return None

    try:
        return db.retrying(work)
    except KeyError:  # the token is ours, the program is gone
        return "stale"


def _greet(started: Started) -> str:
    """Know a chat again: whoever had blocked the bot and starts it anew may be written to."""

    def work() -> str:
        known = False
        with db.across_programs() as conn:
            for program_id, digest in _homes(conn, started.chat_id):
                service.lift(conn, program_id, CODE, [digest])
                known = True
        return "known" if known else "stranger"

    return db.retrying(work)


def _leave(left: Left) -> None:
    """Write no more to a chat that has blocked the bot."""

    def work() -> None:
        with db.across_programs() as conn:
            for program_id, digest in _homes(conn, left.chat_id):
                blocked = NewSuppression(CODE, digest, "blocked", "telegram")
                service.suppress(conn, program_id, [blocked], now=left.at)

    db.retrying(work)


def _homes(conn: Connection, chat_id: int) -> list[tuple[str, str]]:
    """Return the programs in which a chat is a member's, with its hash there."""
    out: list[tuple[str, str]] = []
    for program in workspace.programs(conn):
        digest = devices.hash_of(program.id, DeviceKind.TELEGRAM, str(chat_id))
        if devices.holders(conn, program.id, DeviceKind.TELEGRAM, [digest]):
            out.append((program.id, digest))
    return out
