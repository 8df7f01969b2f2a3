"""The words of a notice of tiers: near, reached, at risk, lost."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

import msgspec

from verno.messaging.letters import wording
from verno.messaging.letters.wording import Language

TEMPLATE = "tier"


class Told(StrEnum):
    """What is told of a tier."""

    NEAR = "near"
    REACHED = "reached"
    AT_RISK = "at-risk"
    LOST = "lost"


class Context(msgspec.Struct, frozen=True):
    """What is stored with the message. ``tier`` and ``now`` are names by language.

    ``missing`` is an amount and its currency, which is empty where pieces are counted; ``until`` the last day to get
    there, or that is promised.
    """

    told: Told
    tier: dict[str, str]
    now: dict[str, str] = {}
    missing: tuple[int, str] | None = None
    until: date | None = None


WORDS: Mapping[Language, Mapping[str, str]] = {
    "ru": {
        "near": "До уровня «{tier}» осталось {missing}",
        "near_until": "Успейте до {date}, и уровень ваш.",
        "near_open": "Как только наберёте, уровень ваш.",
        "reached": "Ваш новый уровень: «{tier}»",
        "reached_until": "Он действует по {date}.",
        "reached_open": "Поздравляем!",
        "at-risk": "Уровень «{tier}» действует по {date}",
        "at-risk_until": "Чтобы его сохранить, нужно ещё {missing}.",
        "lost": "Уровень «{tier}» закончился",
        "lost_now": "Теперь у вас уровень «{now}». Вернуть прежний можно в любой момент.",
        "lost_none": "Вернуть его можно в любой момент.",
        "why": "Программа «{program}» пишет вам об уровнях, потому что вы на это согласились.",
        "unsubscribe": "Не присылать уведомления об уровнях",
    },
    "en": {
        "near": "{missing} more to {tier}",
        "near_until": "Make it by {date}, and the tier is yours.",
        "near_open": "As soon as you get there, the tier is yours.",
        "reached": "Your new tier: {tier}",
        "reached_until": "It holds through {date}.",
        "reached_open": "Congratulations!",
        "at-risk": "{tier} holds through {date}",
        "at-risk_until": "To keep it, {missing} more is needed.",
        "lost": "{tier} has ended",
        "lost_now": "You are {now} now. You can win the other one back at any time.",
        "lost_none": "You can win it back at any time.",
        "why": "{program} writes to you about tiers because you agreed to that.",
        "unsubscribe": "Stop sending me notices of tiers",
    },
}


def view(context: Mapping[str, object], *, locale: str, name: str | None, program: str) -> dict[str, object]:  # noqa: ARG001 a notice is too short for a greeting
    """Return the template's words."""
    words = WORDS[wording.language(locale)]
    headline, text = _said(context, locale)
    return {
        "subject": f"{headline} · {program}",
        "preview": text,
        "headline": headline,
        "text": text,
        "why": words["why"].format(program=program),
        "unsubscribe": words["unsubscribe"],
    }


def short(context: Mapping[str, object], *, locale: str, program: str) -> str:
    """Return the notice as a text message."""
    headline, text = _said(context, locale)
    return f"{program}: {headline}. {text}"


def _said(context: Mapping[str, object], locale: str) -> tuple[str, str]:
    told = msgspec.convert(context, Context)
    language = wording.language(locale)
    words = WORDS[language]
    named = {
        "tier": told.tier.get(language, ""),
        "now": told.now.get(language, ""),
        "missing": _missing(told, locale),
        "date": wording.day_and_month(told.until, locale) if told.until else "",
    }
    end = ("now" if told.now else "none") if told.told is Told.LOST else ("until" if told.until else "open")
    text = words.get(f"{told.told}_{end}", "")
    return words[told.told].format(**named), text.format(**named)


def _missing(told: Context, locale: str) -> str:
    if told.missing is None:
        return ""
    amount, currency = told.missing
    return wording.money(amount, currency, locale) if currency else wording.number(amount, 0, locale)
