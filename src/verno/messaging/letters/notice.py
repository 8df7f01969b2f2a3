"""The words of a notice: what moved a member's points, where and when, and what they have now."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

import msgspec

from verno.messaging.channels.sms import segments
from verno.messaging.letters import wording

TEMPLATE = "notice"


class Told(StrEnum):
    """What a notice tells."""

    RECEIPT = "receipt"
    RETURN = "return"
    ADJUSTED = "adjusted"
    SENT = "sent"
    RECEIVED = "received"
    REINSTATED = "reinstated"
    ACTIVATED = "activated"
    EXPIRING = "expiring"
    EXPIRED = "expired"


DISPUTED = frozenset({Told.RECEIPT, Told.RETURN, Told.ADJUSTED, Told.SENT, Told.RECEIVED, Told.REINSTATED})
"""What somebody can say was not them: accruals and spends, not the passing of time."""
MOST_NAME = 14
"""Characters of a store's name and of a receipt's number in a text message."""


MOST_SEGMENTS = 2
"""What a notice may cost as a text message."""


class Move(msgspec.Struct, frozen=True):
    """Points of a unit, in its smallest step: above 0 they came, below 0 they went."""

    unit: str
    scale: int
    points: int


class Context(msgspec.Struct, frozen=True):
    """What is stored with the message. ``day``: the day of it, or the last one on which what ends can be used."""

    told: Told
    moves: list[Move]
    day: date
    place: str | None = None
    number: str | None = None
    later: bool = False
    """Whether what came is not usable yet."""


WORDS: Mapping[wording.Language, Mapping[str, str]] = {
    "ru": {
        "receipt": "Покупка {date}",
        "return": "Возврат {date}",
        "adjusted": "Изменение баллов {date}",
        "sent": "Вы передали баллы {date}",
        "received": "Вам передали баллы {date}",
        "reinstated": "Баллы возвращены {date}",
        "activated": "Баллы стали доступны {date}",
        "expiring": "Скоро сгорят: последний день — {date}",
        "expired": "Баллы сгорели, последний день был {date}",
        "place": "Магазин",
        "number": "Чек",
        "balance": "Сейчас на счёте",
        "later": "Эти баллы станут доступны позже: мы напишем, когда.",
        "not_me": "Это был не я",
        "doubt": "Нажмите, и мы проверим чек, кассу и кассира. Вопросы: {contact}.",
        "ask": "Вопросы: {contact}.",
        "short_balance": "Сейчас {balance}.",
        "short_not_me": "Не вы?",
        "why": "Программа «{program}» сообщает о каждом движении баллов, чтобы вы заметили ошибку или чужую покупку.",
        "unsubscribe": "Не присылать уведомления о баллах",
    },
    "en": {
        "receipt": "Purchase on {date}",
        "return": "Return on {date}",
        "adjusted": "Points changed on {date}",
        "sent": "You sent points on {date}",
        "received": "You were sent points on {date}",
        "reinstated": "Points given back on {date}",
        "activated": "Points usable since {date}",
        "expiring": "Ending soon: usable through {date}",
        "expired": "Points have ended, the last day was {date}",
        "place": "Store",
        "number": "Receipt",
        "balance": "You have now",
        "later": "These points become usable later: we will tell you when.",
        "not_me": "This was not me",
        "doubt": "Press it, and we will look at the receipt, the till and the cashier. Questions: {contact}.",
        "ask": "Questions: {contact}.",
        "short_balance": "You have {balance}.",
        "short_not_me": "Not you?",
        "why": "{program} tells you of every movement of your points, "
        "so that you notice a mistake or a stranger's purchase.",
        "unsubscribe": "Stop sending me notices about points",
    },
}


def view(
    context: Mapping[str, object],
    *,
    locale: str,
    name: str | None,  # noqa: ARG001 a notice is too short for a greeting
    program: str,
    contact: str,
    balance: Mapping[str, int],
    dispute_url: str,
) -> dict[str, object]:
    """Return the template's words. ``balance``: what the member can use now, by unit; read when the message leaves.

    ``dispute_url``: where its reader says that it was not them.
    """
    figures = msgspec.convert(context, Context)
    words = WORDS[wording.language(locale)]
    moved = [signed(move, locale) for move in figures.moves]
    disputed = figures.told in DISPUTED
    headline = words[figures.told].format(date=wording.day(figures.day, locale))
    rows = [
        {"label": words[label], "value": value}
        for label, value in (("place", figures.place), ("number", figures.number))
        if value
    ]
    units = {move.unit: move.scale for move in figures.moves}
    rows += [
        {"label": words["balance"], "value": wording.points(balance[unit], scale, locale)}
        for unit, scale in units.items()
        if unit in balance
    ]
    return {
        "subject": f"{', '.join(moved)}: {headline[0].lower()}{headline[1:]}",
        "preview": headline,
        "headline": headline,
        "moved": moved,
        "rows": rows,
        "later": words["later"] if figures.later else "",
        "dispute_url": dispute_url if disputed else "",
        "not_me": words["not_me"],
        "doubt": words["doubt" if disputed else "ask"].format(contact=contact),
        "why": words["why"].format(program=program),
        "unsubscribe": words["unsubscribe"],
    }


def short(context: Mapping[str, object], *, locale: str, balance: Mapping[str, int], dispute_url: str) -> str:
    """Return the notice as a text message of two segments at most: what does not fit is left out, the link is not."""
    figures = msgspec.convert(context, Context)
    words = WORDS[wording.language(locale)]
    moved = ", ".join([signed(move, locale) for move in figures.moves])
    headline = words[figures.told].format(date=wording.short_day(figures.day, locale))
    units = {move.unit: move.scale for move in figures.moves}
    held = ", ".join([wording.number(balance[unit], scale, locale) for unit, scale in units.items() if unit in balance])
    has = [words["short_balance"].format(balance=held)] if held else []
    link = [f"{words['short_not_me']} {dispute_url}"] if figures.told in DISPUTED else []
    text = ""
    for names, extra in (((figures.place, figures.number), has), ((figures.number,), has), ((), has), ((), [])):
        about = "".join([f", {name[:MOST_NAME]}" for name in names if name])
        text = " ".join([f"{moved}. {headline}{about}.", *extra, *link])
        if segments.plan(text).segments <= MOST_SEGMENTS:
            break
    return text


def signed(move: Move, locale: str) -> str:
    """Write a movement with its sign and its noun."""
    words = wording.points(move.points, move.scale, locale)
    return f"+{words}" if move.points > 0 else words
