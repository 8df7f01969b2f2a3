"""The words of the companies' letter: turnover, the discount it gives now, how far the next one is."""

from collections.abc import Mapping
from datetime import date, timedelta

import msgspec

from verno.messaging.letters import wording
from verno.messaging.letters.wording import Language
from verno.progress import words as naming
from verno.progress.types import Period

TEMPLATE = "turnover"
DECEMBER = 12


class Scale(msgspec.Struct, frozen=True):
    """One scale. Shares are hundredths of a per cent.

    ``turnover`` and ``distance`` are minor units of ``currency``, or pieces where that is empty. ``period`` is the
    calendar one that it counts by, if it is one; ``until`` its last day. ``share_now`` is that of the next period where
    the one that is told has ended; None: it goes on.
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
    share_now: int | None = None


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

ENDED: Mapping[Language, Mapping[str, str]] = {
    "ru": {
        "subject": "Оборот {period}: {turnover}, скидка {share}",
        "subject_next": "До скидки {next} {period} не хватило {distance}",
        "now": "ваша скидка {period}",
        "next": "До скидки {next} {period} не хватило {distance}. С {anew} оборот считается заново.",
        "top": "Это была самая большая скидка по шкале. С {anew} оборот считается заново.",
        "by_contract": "Скидка {period} была по договору. С {anew} оборот считается заново.",
        "share": "Скидка {period}",
        "missing": "До скидки {next} не хватило",
        "share_now": "Скидка сейчас",
        "month": "за {month}", "quarter": "за {quarter} {year} года", "year": "за {year} год",
        "half_1": "за первое полугодие {year} года", "half_2": "за второе полугодие {year} года",
    },
    "en": {
        "subject": "Turnover {period}: {turnover}, discount {share}",
        "subject_next": "{distance} short of the {next} discount {period}",
        "now": "your discount {period}",
        "next": "{distance} more {period} would have made your discount {next}. Turnover is counted anew from {anew}.",
        "top": "This was the largest discount of the scale. Turnover is counted anew from {anew}.",
        "by_contract": "The discount {period} was the one in your contract. Turnover is counted anew from {anew}.",
        "share": "Discount {period}",
        "share_now": "Discount now",
        "month": "in {month}", "quarter": "in the {quarter} of {year}", "year": "in {year}",
        "half_1": "in the first half of {year}", "half_2": "in the second half of {year}",
    },
}  # fmt: skip
"""What is said otherwise of a period that has ended."""


def view(context: Mapping[str, object], *, locale: str, name: str | None, program: str) -> dict[str, object]:
    """Return the template's words."""
    scales = msgspec.convert(context, Context).scales
    words = WORDS[wording.language(locale)]
    main, of_main = _named(scales[0], locale), _words(scales[0], locale)
    return {
        "subject": of_main["subject_next" if scales[0].next_share else "subject"].format(**main),
        "preview": _told(scales[0], locale),
        "greeting": words["greeting" if name else "greeting_nameless"].format(name=name),
        "share": main["share"],
        "now": of_main["now"].format(**main),
        "scales": [
            {
                "name": one.names.get(wording.language(locale), "") if len(scales) > 1 else "",
                "told": _told(one, locale),
                "rows": _rows(one, locale),
            }
            for one in scales
        ],
        "why": words["why"].format(program=program),
        "unsubscribe": words["unsubscribe"],
    }


def _words(one: Scale, locale: str) -> Mapping[str, str]:
    language = wording.language(locale)
    return WORDS[language] if one.share_now is None else {**WORDS[language], **ENDED[language]}


def _told(one: Scale, locale: str) -> str:
    key = "next" if one.next_share else "by_contract" if one.by_contract else "top"
    return _words(one, locale)[key].format(**_named(one, locale))


def _rows(one: Scale, locale: str) -> list[dict[str, str]]:
    words, named = _words(one, locale), _named(one, locale)
    rows = [
        {"label": words["group" if one.group else "turnover"].format(**named), "value": named["turnover"]},
        {"label": words["share"].format(**named), "value": named["share"]},
    ]
    if one.next_share:
        rows.append({"label": words["missing"].format(**named), "value": named["distance"]})
    if one.share_now is not None:
        rows.append({"label": words["share_now"], "value": named["share_now"]})
    elif one.until is not None:
        rows.append({"label": words["until"], "value": wording.day_and_month(one.until, locale)})
    return rows


def _named(one: Scale, locale: str) -> dict[str, str]:
    formats = str(wording.formats(locale))
    named = {
        "turnover": _amount(one.turnover, one.currency, locale),
        "distance": _amount(one.distance, one.currency, locale),
        "share": naming.percent(one.share, formats),
        "next": naming.percent(one.next_share or 0, formats),
        "period": _period(one, locale),
    }
    if one.share_now is not None and one.until is not None:
        named["share_now"] = naming.percent(one.share_now, formats)
        named["anew"] = wording.day_and_month(one.until + timedelta(days=1), locale)
    return named


def _period(one: Scale, locale: str) -> str:
    """Name the period; one that has ended by its own name."""
    words = _words(one, locale)
    if one.share_now is None or one.until is None or not one.period:
        return words[one.period or "none"]
    key = f"half_{1 + one.until.month // DECEMBER}" if one.period == Period.HALF else one.period
    return words[key].format(
        month=wording.month_name(one.until, locale),
        quarter=wording.quarter_name(one.until, locale),
        year=one.until.year,
    )


def _amount(value: int, currency: str, locale: str) -> str:
    return wording.money(value, currency, locale) if currency else wording.number(value, 0, locale)
