"""The short words of a lifetime, as an owner types them: ``months:12``, ``end-of-quarter+1``, ``event:delivered``.

Reading and telling are each other's inverse. Words that no model has, and numbers out of its bounds, are refused with
what may be said instead.
"""

import re

import msgspec

from verno.ledger.lifetime import (
    Activation,
    AfterDays,
    AtOnce,
    EndOf,
    EveryYear,
    Expiry,
    ForDays,
    ForMonths,
    FromDate,
    Lifetime,
    Never,
    OnDate,
    OnEvent,
    Sliding,
)

EXPIRIES = (
    "never, days:180, months:12, end-of-month, end-of-quarter+1, end-of-year, date:12-31, date:2027-05-31, sliding:365"
)
ACTIVATIONS = "at-once, days:14, date:2027-01-01, event:delivered"

_EXPIRY = re.compile(
    r"(?P<never>never)|days:(?P<days>\d{1,9})|months:(?P<months>\d{1,9})|sliding:(?P<sliding>\d{1,9})"
    r"|end-of-(?P<period>day|month|quarter|year)(?:\+(?P<later>\d{1,9}))?"
    r"|date:(?P<month>\d\d)-(?P<day>\d\d)|date:(?P<date>\d{4}-\d\d-\d\d)",
    re.ASCII,
)
_ACTIVATION = re.compile(
    r"(?P<at_once>at-once)|days:(?P<days>\d{1,9})|date:(?P<date>\d{4}-\d\d-\d\d)|event:(?P<event>\S{1,64})", re.ASCII
)


class Unreadable(msgspec.Struct, frozen=True):
    """Words that say no lifetime; ``allowed`` shows some that do."""

    allowed: str


def read_expiry(text: str) -> Expiry | Unreadable:
    """Return the expiry that ``text`` says."""
    said = _said(_EXPIRY, text)
    if not said:
        return Unreadable(EXPIRIES)
    model = {"never": "never", "days": "days", "months": "months", "sliding": "sliding", "period": "end-of"}
    model |= {"month": "every-year", "date": "date"}
    first = next(iter(said))
    fields = {"days": said["sliding"]} if first == "sliding" else said if first != "never" else {}
    made = _made("expiry", {"model": model[first], **fields})
    return made.expiry if made else Unreadable(EXPIRIES)


def read_activation(text: str) -> Activation | Unreadable:
    """Return the activation that ``text`` says."""
    said = _said(_ACTIVATION, text)
    if not said:
        return Unreadable(ACTIVATIONS)
    first = next(iter(said))
    fields = {"begins": "at-once"} if first == "at_once" else {"begins": first, **said}
    made = _made("activation", fields)
    return made.activation if made else Unreadable(ACTIVATIONS)


def tell_expiry(expiry: Expiry) -> str:  # noqa: PLR0911 one line a model
    """Return the words that ``read_expiry`` reads as ``expiry``."""
    match expiry:
        case Never():
            return "never"
        case ForDays(days):
            return f"days:{days}"
        case ForMonths(months):
            return f"months:{months}"
        case EndOf(period, later):
            return f"end-of-{period}" + (f"+{later}" if later else "")
        case EveryYear(month, day):
            return f"date:{month:02d}-{day:02d}"
        case OnDate(fixed):
            return f"date:{fixed.isoformat()}"
        case Sliding(days):
            return f"sliding:{days}"


def tell_activation(activation: Activation) -> str:
    """Return the words that ``read_activation`` reads as ``activation``."""
    match activation:
        case AtOnce():
            return "at-once"
        case AfterDays(days):
            return f"days:{days}"
        case FromDate(fixed):
            return f"date:{fixed.isoformat()}"
        case OnEvent(event):
            return f"event:{event}"


def _said(pattern: re.Pattern[str], text: str) -> dict[str, str]:
    """Return the named parts that are there, numbers without their leading zeros (which msgspec reads none with)."""
    found = pattern.fullmatch(text)
    parts = {name: value for name, value in found.groupdict().items() if value is not None} if found else {}
    return {name: str(int(value)) if value.isdigit() else value for name, value in parts.items()}


def _made(field: str, said: dict[str, str]) -> Lifetime | None:
    """Let msgspec check bounds and dates: one definition of them, whoever asks."""
    try:
        return msgspec.convert({field: said}, Lifetime, strict=False)
    except msgspec.ValidationError:
        return None
