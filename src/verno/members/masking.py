"""What of a member is shown to those who may not read personal data."""

from collections.abc import Collection

import msgspec

from verno.members.types import Member

DOTS = "•••"
PERSONAL = ("name", "phone", "email", "card", "birth_date")


def masked(member: Member, *, keep: Collection[str] = ()) -> Member:
    """Return the member with personal fields masked, all but those in ``keep``.

    Enough stays to tell two people apart over a counter: ``A•••``, ``+7916•••0001``, ``a•••@example.com``,
    ``•••0042``; a birth date and districts are left out. Attributes are typed facts of the integrator's own and stay.
    """
    change = {
        name: mask(name, str(value))
        for name in PERSONAL
        if name not in keep and (value := getattr(member, name)) is not None
    }
    return msgspec.structs.replace(member, districts={}, **change)


def has_personal(member: Member, *, but: Collection[str] = ()) -> bool:
    """Tell whether there is anything to mask, other than the fields in ``but``."""
    return bool(member.districts) or any(name not in but and getattr(member, name) is not None for name in PERSONAL)


def masked_name(text: str) -> str:
    """Return a name of which the initials are left."""
    return " ".join(f"{word[0]}{DOTS}" for word in text.split())


def mask(name: str, value: str) -> str | None:
    """Return what is left of a personal field's text; None for what is not shown at all."""
    if name == "name":
        return masked_name(value)
    if name == "email":
        return f"{value[0]}{DOTS}@{value.rpartition('@')[2]}"
    if name == "phone":
        return f"{value[:-7]}{DOTS}{value[-4:]}" if len(value) > 9 else f"{DOTS}{value[-2:]}"  # noqa: PLR2004
    if name == "card":
        return f"{DOTS}{value[-4:]}" if len(value) > 7 else DOTS  # noqa: PLR2004 half of it stays hidden
    return None
