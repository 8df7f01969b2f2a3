"""What speaks against a launch: the codes and names of its details in words."""

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from verno.console import words
from verno.console.settings import words as settings_words
from verno.messaging.broadcasts.types import Warned

OF: Mapping[str, str] = {
    Warned.CHANNEL_AWAY: "channel",
    Warned.BARRED: "channel",
    Warned.STOPPED: "switch",
    Warned.SENDER_UNNAMED: "brand_field",
}
"""Findings whose detail is one code, and of which kind it is."""


def told(code: str, detail: str) -> str:
    """Return a finding's detail as people read it; what is no code of ours stays as it is."""
    if code in OF:
        return words.say(OF[code], detail)
    way = WAYS.get(code)
    return way(detail) if way else detail


def _setting(detail: str) -> str:
    return str(settings_words.NAMES[detail][0]) if detail in settings_words.NAMES else detail


def _flaw(detail: str) -> str:
    flaw, _sign, name = detail.partition(": ")
    return f"{words.say('mail_flaw', flaw)}: {name}"


def _class(detail: str) -> str:
    reference, _sign, class_name = detail.partition(": ")
    return f"{reference}: {words.say('topic_class', class_name)}"


def _block(detail: str) -> str:
    """Say ``news@1: email`` and ``news@1: email/ru: what is wrong``."""
    reference, _sign, where = detail.partition(": ")
    channel, _slash, rest = where.partition("/")
    said = f"{reference}: {words.say('channel', channel)}"
    language, _colon, wrong = rest.partition(": ")
    return f"{said}, {words.say('locale', language)}: {wrong}" if rest else said


def _cut(detail: str) -> str:
    """Say ``sms 09:00-20:00``."""
    channel, _space, left = detail.partition(" ")
    return f"{words.say('channel', channel)}: {left.replace('-', '–')}"


def _warm_up(detail: str) -> str:
    """Say ``4/350``: on how many days, and how many letters today."""
    days, _slash, today = detail.partition("/")
    told = ngettext("on %(days)s day; today %(today)s", "on %(days)s days; today %(today)s", int(days))
    return told % {"days": days, "today": today}


def _sample(detail: str) -> str:
    """Say ``285/5301``: on how many the smallest variant is tried, and how many would show a third more clicks."""
    arm, _slash, needed = detail.partition("/")
    return _("the smallest variant goes to %(arm)s; it takes some %(needed)s") % {"arm": arm, "needed": needed}


WAYS: Mapping[str, Callable[[str], str]] = {
    Warned.NO_PRICE: _setting,
    Warned.MAIL_DOMAIN: _flaw,
    Warned.HOURS_CUT: _cut,
    Warned.WARM_UP: _warm_up,
    Warned.SMALL_SAMPLE: _sample,
    Warned.OTHER_CLASS: _class,
    Warned.NO_BLOCK: _block,
    Warned.CANNOT_BE_WRITTEN: _block,
}
