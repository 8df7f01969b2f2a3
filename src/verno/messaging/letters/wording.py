"""The words of messages and of the unsubscribe page, in Russian and English; dates and plurals by Babel (CLDR).

The two languages lie side by side on purpose: whoever changes a sentence sees its twin.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.numbers import format_currency, get_decimal_symbol

from verno.kit.localtime import business_date, zone
from verno.kit.money import currency_digits, format_scaled

Language = Literal["ru", "en"]
LANGUAGES: tuple[Language, ...] = ("ru", "en")

_CODE_NEXT_TO_FIGURES = re.compile(r"(?<=[A-Za-z])(?=\d)")
MINUS = "−"
"""U+2212: as wide as the plus, and not taken for a hyphen."""

POINTS: Mapping[Language, Mapping[str, str]] = {
    "ru": {"one": "балл", "few": "балла", "many": "баллов", "other": "балла"},
    "en": {"one": "point", "other": "points"},
}

STATEMENT: Mapping[Language, Mapping[str, str]] = {
    "ru": {
        "subject": "{balance}: выписка за {month}",
        "preview": "Начислено {earned}, списано {spent}, сгорело {expired}",
        "greeting": "{name}, вот что было с вашими баллами за {month}.",
        "greeting_nameless": "Вот что было с вашими баллами за {month}.",
        "subject_several": "{balance}: выписка за {month}",
        "greeting_several": "{name}, вот что было с вашими баллами за {month}.",
        "greeting_nameless_several": "Вот что было с вашими баллами за {month}.",
        "quarter": "{quarter} {year} года",
        "months": "{first} – {last}",
        "spending": "{point} = {worth}. Сейчас {points} – это {all} скидки.",
        "spending_how": "Чтобы потратить их, скажите на кассе, что платите баллами.",
        "as_of": "остаток на {date}",
        "opening": "Остаток на {date}",
        "earlier": "За прошлые периоды",
        "earned": "Начислено",
        "spent": "Списано",
        "expired": "Сгорело",
        "closing": "Остаток на {date}",
        "ending_title": "До {date} истекает срок: {points}",
        "ending_row": "последний день — {date}",
        "ending_none": "До {date} срок баллов не истекает.",
        "why": "Вы получили это письмо, потому что участвуете в программе «{program}» "
        "и согласились получать выписки по баллам на почту.",
        "unsubscribe": "Больше не присылать выписки",
        "preferences": "Выбрать, что и как часто получать",
    },
    "en": {
        "subject": "{balance}: your {month} statement",
        "preview": "Earned {earned}, spent {spent}, expired {expired}",
        "greeting": "{name}, here is what happened to your points in {month}.",
        "greeting_nameless": "Here is what happened to your points in {month}.",
        "subject_several": "{balance}: your statement for {month}",
        "greeting_several": "{name}, here is what happened to your points in {month}.",
        "greeting_nameless_several": "Here is what happened to your points in {month}.",
        "quarter": "the {quarter} of {year}",
        "months": "{first} to {last}",
        "spending": "{point} pays {worth}. Your {points} pay {all}.",
        "spending_how": "To spend them, say at the till that you pay with points.",
        "as_of": "balance on {date}",
        "opening": "Opening balance, {date}",
        "earlier": "From earlier periods",
        "earned": "Earned",
        "spent": "Spent",
        "expired": "Expired",
        "closing": "Closing balance, {date}",
        "ending_title": "Expiring by {date}: {points}",
        "ending_row": "usable through {date}",
        "ending_none": "Nothing expires by {date}.",
        "why": "You get this letter because you are a member of {program} "
        "and agreed to receive points statements by e-mail.",
        "unsubscribe": "Stop sending me statements",
        "preferences": "Choose what you receive, and how often",
    },
}


def language(locale: str | None) -> Language:
    """Return the language of ours that serves ``locale``: Russian where it is Russian, else English."""
    return "ru" if (locale or "").replace("_", "-").lower().split("-")[0] == "ru" else "en"


@lru_cache(maxsize=64)
def formats(locale: str | None) -> Locale:
    """Return the CLDR formats to use: the locale's own where it speaks our language, else the language's."""
    words = language(locale)
    try:
        found = Locale.parse((locale or words).replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return Locale(words)
    return found if found.language == words else Locale(words)


def number(value: int, scale: int, locale: str | None) -> str:
    """Write a figure with the locale's separators and a true minus."""
    return format_scaled(value, scale, str(formats(locale))).replace("-", MINUS)


def signed(value: int, scale: int, locale: str | None) -> str:
    """Write a movement with its sign; nothing moved is a plain 0."""
    return f"+{number(value, scale, locale)}" if value > 0 else number(value, scale, locale)


def points(value: int, scale: int, locale: str | None) -> str:
    """Write ``21 балл``, ``2 балла``, ``1 point``."""
    forms = POINTS[language(locale)]
    form = formats(locale).plural_form(abs(Decimal(value).scaleb(-scale)))
    return f"{number(value, scale, locale)} {forms.get(form, forms['other'])}"


def money(amount: int, currency: str, locale: str | None) -> str:
    """Write minor units with the currency's sign, without cents where there are none: 51 000 ₽, $7.50."""
    digits = currency_digits(currency)
    chosen = formats(locale)
    text: str = format_currency(Decimal(amount).scaleb(-digits), currency, locale=chosen)
    if digits and amount % 10**digits == 0:
        text = text.replace(get_decimal_symbol(chosen) + "0" * digits, "", 1)
    return _CODE_NEXT_TO_FIGURES.sub("\u00a0", text).replace("-", MINUS)


@lru_cache(maxsize=4096)
def month_name(month: date, locale: str | None) -> str:
    """Write the month's name as it stands alone: октябрь, October."""
    return format_date(month, "LLLL", formats(locale))


@lru_cache(maxsize=4096)
def quarter_name(month: date, locale: str | None) -> str:
    """Write the quarter that holds a month: 4-й квартал, 4th quarter."""
    return format_date(month, "QQQQ", formats(locale))


@lru_cache(maxsize=4096)
def day(moment: date, locale: str | None) -> str:
    """Write a day with its year: 31 октября 2026 г., October 31, 2026."""
    return format_date(moment, "long", formats(locale))


@lru_cache(maxsize=4096)
def day_and_month(moment: date, locale: str | None) -> str:
    """Write a day without its year: 31 октября, October 31."""
    return format_skeleton("MMMMd", datetime(moment.year, moment.month, moment.day), locale=formats(locale))  # noqa: DTZ001 a date


@lru_cache(maxsize=4096)
def short_day(moment: date, locale: str | None) -> str:
    """Write a day as briefly as it goes: 31.10, 10/31."""
    return format_skeleton("Md", datetime(moment.year, moment.month, moment.day), locale=formats(locale))  # noqa: DTZ001 a date


def last_usable_day(expires_at: datetime, timezone: str) -> date:
    """Return the local day on which points that end at ``expires_at`` (exclusive) can still be used."""
    return business_date(expires_at - timedelta(microseconds=1), zone(timezone))
