"""What follows from a member's words on one matter. Pure; ``members_said`` in the database reads the same.

A withdrawal beats everything older, and everything of its own moment. What was said after it counts only with the
version of the text that was shown (an import: with evidence), while it is valid, and, where the topic asks so, once
the address is confirmed. Who withdraws from a whole class (``WHOLE``) withdraws from each of its topics, those made
later too. After a complaint nothing counts until the member has come back themselves (``OWN``): what staff or a file
say of them stays on record and is no yes.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from verno.members.types import Action, Channel, State

MARKETING = "marketing"
WHOLE: Mapping[str, str] = {MARKETING: "*marketing", "program": "*program"}
"""By class what stands in place of a topic where all of them are left. Such a word is never a yes."""
ADDRESS_OF: Mapping[str, str] = {Channel.EMAIL: "email", Channel.SMS: "phone", Channel.VOICE: "phone"}
"""Channels whose address a stranger may have typed, and which identity is the address."""
LINK, SMS_CODE = "double-opt-in-link", "sms-code"
CONFIRMING = frozenset({LINK, SMS_CODE})
"""Methods of a grant that reached the address by themselves."""
COMPLAINT = "complaint"
"""Method of a withdrawal by somebody who called a message spam; the surface of one that a merge carried along."""
OWN = frozenset({"preference-page", "web-form", "cabinet", "messenger", "email-code", LINK, SMS_CODE})
"""Methods of the member's own hand, as ``members_own_act`` in the database has them."""
IMPORT = "import"
"""Surface of what a file said: whatever its method, somebody else brought it."""
_GRANTS = frozenset({Action.GRANT, Action.IMPORT})
_ENDS = frozenset({Action.WITHDRAW, Action.EXPIRE})
_OWN_ACTIONS = frozenset({Action.GRANT, Action.CONFIRM})


class Word(msgspec.Struct, frozen=True, gc=False):
    """A record of the history, as far as it matters here. ``elsewhere``: it was about another address than today's."""

    action: Action
    at: datetime
    method: str = ""
    text_version: str | None = None
    evidence_ref: str | None = None
    valid_until: datetime | None = None
    elsewhere: bool = False
    surface: str | None = None


def derive(words: Sequence[Word], *, asks: bool, verified: bool, now: datetime) -> State:
    """Return where the member stands. ``asks``: the address must be confirmed; ``verified``: today's address is."""
    ends = [word for word in words if word.action in _ENDS]
    last = max(ends, key=lambda word: (word.at, word.action is Action.WITHDRAW), default=None)
    live = [word for word in words if word.at <= now and (last is None or word.at > last.at)]
    live = [] if _complains(words, now) else live
    grants = [word for word in live if word.action in _GRANTS]
    if not grants:
        if last is None:
            return State.SILENT
        return State.WITHDRAWN if last.action is Action.WITHDRAW else State.EXPIRED
    valid = [word for word in grants if word.valid_until is None or word.valid_until > now]
    if not valid:
        return State.EXPIRED
    if not any(_proven(word) for word in valid):
        return State.UNPROVEN
    confirmed = verified or any(_confirms(word) for word in live)
    return State.GRANTED if confirmed or not asks else State.UNCONFIRMED


def is_own(action: str, method: str, surface: str | None) -> bool:
    """Tell whether a record is the member's own act: what brings them back after a complaint, and nothing else does."""
    return action in _OWN_ACTIONS and method in OWN and surface != IMPORT


def is_complaint(word: Word) -> bool:
    """Tell whether a record says that the member called a message spam."""
    return word.action is Action.WITHDRAW and COMPLAINT in {word.method, word.surface}


def is_granted(state: State, class_name: str) -> bool:
    """Tell whether messages of a class may be written: marketing needs the whole proof, the others a plain yes."""
    if class_name == MARKETING:
        return state is State.GRANTED
    return state in {State.GRANTED, State.UNPROVEN, State.UNCONFIRMED}


def asks(class_name: str, channel: str, *, double_opt_in: bool) -> bool:
    """Tell whether a grant counts only once the address is confirmed."""
    return class_name == MARKETING and double_opt_in and channel in ADDRESS_OF


def _complains(words: Sequence[Word], now: datetime) -> bool:
    """Tell whether a complaint stands: the member did nothing of their own since."""
    complaint = max((word.at for word in words if is_complaint(word)), default=None)
    own = [word.at for word in words if word.at <= now and is_own(word.action, word.method, word.surface)]
    return complaint is not None and max(own, default=complaint) <= complaint


def _proven(word: Word) -> bool:
    return (word.evidence_ref if word.action is Action.IMPORT else word.text_version) is not None


def _confirms(word: Word) -> bool:
    if word.elsewhere:
        return False
    return word.action is Action.CONFIRM or (word.action is Action.GRANT and word.method in CONFIRMING)
