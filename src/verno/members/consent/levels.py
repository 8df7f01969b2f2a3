"""How far a member's yes reaches, in one word. Pure; the codes have their words in ``rules/fields.py``."""

from collections.abc import Iterable

from verno.members.consent.state import MARKETING
from verno.members.types import Channel, Consent, Level

MESSENGERS = frozenset({Channel.TELEGRAM, Channel.MAX, Channel.VK, Channel.WHATSAPP, Channel.VIBER, Channel.PUSH})
"""Channels that come with an app of the member's: messengers, and push."""


def level(consents: Iterable[Consent]) -> Level:
    """Return how far the member may be written to with advertising: by which channels, or not at all."""
    channels, agreed = _channels(consents)
    if {Channel.SMS, Channel.EMAIL} <= channels:
        return Level.SMS_AND_EMAIL
    if Channel.EMAIL in channels:
        return Level.EMAIL_ONLY
    if Channel.SMS in channels:
        return Level.SMS_ONLY
    if channels & MESSENGERS:
        return Level.MESSENGERS_ONLY
    return Level.SERVICE_ONLY if agreed else Level.NOTHING


def by_messenger(consents: Iterable[Consent]) -> bool:
    """Tell whether advertising may come by a messenger or push, whatever else."""
    return bool(_channels(consents)[0] & MESSENGERS)


def _channels(consents: Iterable[Consent]) -> tuple[set[str], bool]:
    """Return the channels of a yes to advertising, and whether there is any yes at all."""
    agreed = [one for one in consents if one.granted]
    return {one.channel for one in agreed if one.class_name == MARKETING}, bool(agreed)
