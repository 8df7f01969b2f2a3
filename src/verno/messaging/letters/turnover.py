"""The words of the companies' letter: turnover, the discount it gives now, how far the next one is."""

from collections.abc import Mapping
from datetime import date

import msgspec

from verno.messaging.letters import wording
from verno.messaging.letters.wording import Language
from verno.progress import words as naming

TEMPLATE = "turnover"


class Scale(msgspec.Struct, frozen=True):
    """One scale. Shares are hundredths of a per cent.

    ``turnover`` and ``distance`` are minor units of ``currency``, or pieces where that is empty. ``period`` is the
    calendar one that it counts by, if it is one; ``until`` its last day.
    """

    names: dict[str, str]
    turnover: int
    currency: str
    share: int
    next_share: int | None
    distance: int
    until: date | None
    period: str = ""
    by_contract: bool = False
    group: bool = False


class Context(msgspec.Struct, frozen=True):
    """What is stored with the message: the scales that the company stands on, the first one told in large."""

    scales: list[Scale]


WORDS: Mapping[Language, Mapping[str, str]] = {
    "ru": {
        "subject": "Ваша скидка {share}: оборот {turnover}",
        "subject_next": "Ещё {distance} {period}, и скидка станет {next}",
        "greeting": "{name}, здравствуйте!",
        "greeting_nameless": "Здравствуйте!",
        "now": "ваша скидка сейчас",
        "next": "Ещё {distance} {period}, и скидка станет {next}.",
        "top": "Это самая большая скидка по шкале.",
        "by_contract": "Скидка действует по договору.",
        "turnover": "Оборот {period}",
        "group": "Оборот группы {period}",
        "share": "Скидка",
        "missing": "До скидки {next} осталось",
        "until": "Период заканчивается",
        "month": "в этом месяце", "quarter": "в этом квартале", "half": "в этом полугодии", "year": "в этом году",
        "none": "за период",
        "why": "Вы получили это письмо, потому что компания участвует в программе «{program}» и согласилась получать "
        "выписки.",
        "unsubscribe": "Больше не присылать выписки",
    },
    "en": {
        "subject": "Your discount is {share}: turnover {turnover}",
        "subject_next": "{distance} more {period} and your discount is {next}",
        "greeting": "Hello, {name}!",
        "greeting_nameless": "Hello!",
        "now": "your discount now",
        "next": "{distance} more {period} and your discount is {next}.",
        "top": "This is the largest discount of the scale.",
        "by_contract": "The discount is the one in your contract.",
        "turnover": "Turnover {period}",
        "group": "The group's turnover {period}",
        "share": "Discount",
        "missing": "Missing for {next}",
        "until": "The period ends on",
        "month": "this month", "quarter": "this quarter", "half": "this half-year", "year": "this year",
        "none": "in the period",
        "why": "You get this letter because your company is a member of {program} and agreed to receive statements.",
        "unsubscribe": "Stop sending statements",
    },
}  # fmt: skip


def view(context: Mapping[str, object], *, locale: str, name: str | None, program: str) -> dict[str, object]:
    """Return the template's words."""
    scales = msgspec.convert(context, Context).scales
    words = WORDS[wording.language(locale)]
    main = _named(scales[0], words, locale)
    subject = words["subject_next" if scales[0].next_share else "subject"].format(**main)
    return {
        "subject": subject,
        "preview": _told(scales[0], words, locale),
        "greeting": words["greeting" if name else "greeting_nameless"].format(name=name),
        "share": main["share"],
        "now": words["now"],
        "scales": [
            {
                "name": one.names.get(wording.language(locale), "") if len(scales) > 1 else "",
                "told": _told(one, words, locale),
                "rows": _rows(one, words, locale),
            }
            for one in scales
        ],
        "why": words["why"].format(program=program),
        "unsubscribe": words["unsubscribe"],
    }


def _told(one: Scale, words: Mapping[str, str], locale: str) -> str:
    if one.next_share:
        return words["next"].format(**_named(one, words, locale))
    return words["by_contract" if one.by_contract else "top"]


def _rows(one: Scale, words: Mapping[str, str], locale: str) -> list[dict[str, str]]:
    named = _named(one, words, locale)
    rows = [
        {"label": words["group" if one.group else "turnover"].format(**named), "value": named["turnover"]},
        {"label": words["share"], "value": named["share"]},
    ]
    if one.next_share:
        rows.append({"label": words["missing"].format(**named), "value": named["distance"]})
    if one.until is not None:
        rows.append({"label": words["until"], "value": wording.day_and_month(one.until, locale)})
    return rows


def _named(one: Scale, words: Mapping[str, str], locale: str) -> dict[str, str]:
    formats = str(wording.formats(locale))
    return {
        "turnover": _amount(one.turnover, one.currency, locale),
        "distance": _amount(one.distance, one.currency, locale),
        "share": naming.percent(one.share, formats),
        "next": naming.percent(one.next_share or 0, formats),
        "period": words[one.period or "none"],
    }


def _amount(value: int, currency: str, locale: str) -> str:
    return wording.money(value, currency, locale) if currency else wording.number(value, 0, locale)
