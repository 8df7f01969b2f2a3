"""Synthetic people for households of whom the data say nothing personal, the same for ever by household id.

Names carry the word "Sample" ("Пример"), e-mails end in ``example.com`` (RFC 2606), and phones are 555-0100 to 555-0199
of an area code, which North America keeps for fiction: none can be a real subscriber's.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from verno.members.service import POINTS_STATEMENT
from verno.members.types import AttributeValue, Channel, NewConsent, NewMember

EMAIL_SHARE = 0.8
SMS_SHARE = 0.3
RUSSIAN_SHARE = 0.15
AREA_CODES = (
    *("201", "202", "203", "205", "206", "207", "208", "209", "210", "212", "213", "214", "215"),
    *("216", "217", "218", "219", "224", "225", "228", "229", "231", "234", "239", "240", "248"),
)
PER_AREA = 100
MOST_HOUSEHOLDS = PER_AREA * len(AREA_CODES)
FIRST_NAMES = ("Anna", "Ben", "Clara", "David", "Emma", "Frank", "Grace", "Henry", "Irene", "Jack", "Kate", "Leo")
RUSSIAN_NAMES = ("Анна", "Борис", "Вера", "Глеб", "Дарья", "Егор", "Жанна", "Иван", "Кира", "Лев", "Мария", "Олег")
AT_LEAST = {"5+": 5, "3+": 3}
"""The data's open ends, as the least number they mean; attributes of a number can be compared."""


def members(
    households: Sequence[int], known: Mapping[int, Mapping[str, str | None]], *, agreed_at: datetime
) -> Iterator[NewMember]:
    """Yield a member for each household. ``agreed_at`` is the moment of the synthetic consents."""
    for household in households:
        yield _member(household, known.get(household, {}), agreed_at)


def phone(household: int) -> str:
    """Return the household's own fictional number; raises ``IndexError`` beyond 2,600 households."""
    return f"+1{AREA_CODES[household // PER_AREA]}55501{household % PER_AREA:02d}"


def _member(household: int, known: Mapping[str, str | None], agreed_at: datetime) -> NewMember:
    russian = _chance(household, "locale") < RUSSIAN_SHARE
    names, mark = (RUSSIAN_NAMES, "Пример") if russian else (FIRST_NAMES, "Sample")
    first = names[int(_chance(household, "name") * len(names))]
    return NewMember(
        external_id=str(household),
        name=f"{first} {mark} {household}",
        phone=phone(household),
        email=f"household-{household}@example.com",
        locale="ru" if russian else "en",
        attributes=_attributes(known),
        consents=_consents(household, agreed_at),
    )


def _attributes(known: Mapping[str, str | None]) -> dict[str, AttributeValue]:
    """Return the typed attributes: sizes and counts as integers, the rest as text, what is unknown left out."""
    out: dict[str, AttributeValue] = {"synthetic": True}
    for name, value in known.items():
        if value is None:
            continue
        number = name in {"household_size", "kids_count"}
        out["age_band" if name == "age" else name] = AT_LEAST.get(value) or int(value) if number else value
    return out


def _consents(household: int, at: datetime) -> list[NewConsent]:
    shares = ((Channel.EMAIL, EMAIL_SHARE), (Channel.SMS, SMS_SHARE))
    return [
        NewConsent(POINTS_STATEMENT, channel, granted=True, at=at, method="demo", text_version="demo-1")
        for channel, share in shares
        if _chance(household, channel) < share
    ]


def _chance(household: int, about: str) -> float:
    """Return a number from 0 to 1 that depends on the household and the question alone."""
    digest = hashlib.blake2b(f"{household}/{about}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 2**32
