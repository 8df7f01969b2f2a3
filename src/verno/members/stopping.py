"""Leaving: from a topic, a channel or all of it; by a button, by the word STOP, by voice at a till.

A withdrawal is written even where nothing was agreed to, and again where it was withdrawn before: a yes from before
it, that an import brings later, is none.
Who leaves all topics leaves the whole class, so that one made later does not reach them either.
"""

import re
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from msgspec import structs

from verno.kit.db import Connection
from verno.members import queries, service
from verno.members.consent.state import ADDRESS_OF, WHOLE
from verno.members.devices import service as devices
from verno.members.devices.types import DeviceKind
from verno.members.identity import lookup_hash, normalise
from verno.members.types import Action, Channel, ConsentFact, Proof, Purpose, State
from verno.workspace import queries as workspace

LEAVABLE = frozenset(WHOLE)
"""Classes of topics that members may leave; what they bought and their own security is told all the same."""
WORD = "stop-word"
DEVICES = frozenset(DeviceKind)
NO_PROOF = Proof()
AGAIN = timedelta(hours=1)
"""How long a withdrawal stands for one that repeats it, or whoever holds a link could fill the history."""

_WORDS = frozenset(
    {
        *("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"),
        *("стоп", "отписка", "отписаться"),
    }
)
_LOOKS_LIKE = str.maketrans("ctoп", "стоп")
_COMMAND = re.compile(r"/(\w+)(?:@\w+)?")
_NOISE = " \t\r\n\u00a0-‐‑.,!?;:\"'«»“”„()[]<>*"

ANSWERS = {
    "ru": "{program}: больше не пишем вам сюда. Сообщения о покупках и коды входа останутся.",
    "en": "{program}: we will not write to you here any more. Purchase notices and sign-in codes remain.",
}


class Stop(StrEnum):
    """What a stop word asks for."""

    ALL = "all"
    """Nothing more on this channel."""


class Scope(msgspec.Struct, frozen=True):
    """What is left: topics and channels, None for all of them."""

    topics: Collection[str] | None = None
    channels: Collection[str] | None = None


EVERYTHING = Scope()


class Obeyed(msgspec.Struct, frozen=True):
    """What an incoming word did. ``answer`` is the one confirmation to send, None where it was sent before.

    ``holder_id`` is None for an address that no member has: then there was nothing to withdraw.
    """

    stop: Stop
    holder_id: str | None
    answer: str | None
    withdrawn: int = 0


def stop_word(text: str) -> Stop | None:
    """Tell whether a message is a stop word and nothing else; any other wording is for a person to read.

    Messengers make commands of words (``/stop``, in some ``/stop@ShopBot``): they mean the same.
    """
    command = _COMMAND.fullmatch(text.strip())
    text = command[1] if command else text
    word = "".join(sign for sign in text.casefold() if sign not in _NOISE)
    return Stop.ALL if word in _WORDS or word.translate(_LOOKS_LIKE) in _WORDS else None


def heard(conn: Connection, program_id: str, channel: str, address: str, text: str, now: datetime) -> Obeyed | None:
    """Obey a stop word that came in over a channel from an address; None for a text that is none.

    Everything but service messages is withdrawn on that channel. The address is a phone, an e-mail, or the
    messenger's own name for the person.
    """
    word = stop_word(text)
    if word is None:
        return None
    program = workspace.program(conn, program_id)
    digest, holder = whose(conn, program_id, channel, address, country=program.country)
    language = spoken(text)
    answer = ANSWERS[language].format(program=program.name)
    if holder is None:
        return Obeyed(word, None, answer)
    proof = Proof(surface=channel, actor="member", locale=language, address_hash=digest)
    done = stop(conn, program_id, holder, Scope(channels=[channel]), method=WORD, proof=proof, now=now)
    return Obeyed(word, holder, answer if done else None, len(done))


def spoken(text: str) -> str:
    """Return the language that somebody wrote in."""
    return "ru" if any("а" <= sign <= "я" for sign in text.casefold()) else "en"


def whose(conn: Connection, program_id: str, channel: str, address: str, *, country: str) -> tuple[str, str | None]:
    """Return the keyed hash of an address that somebody wrote from, and the member who has it, if any has."""
    kind = ADDRESS_OF.get(channel, channel)
    if kind in DEVICES:
        digest = devices.hash_of(program_id, kind, address)
        return digest, devices.holders(conn, program_id, kind, [digest]).get(digest)
    known = normalise(kind, address, country=country) if kind in {"phone", "email"} else address
    key = (kind, lookup_hash(program_id, kind, known or address))
    return key[1], queries.find_holders(conn, program_id, [key]).get(key)


def stop(
    conn: Connection,
    program_id: str,
    holder_id: str,
    scope: Scope,
    *,
    method: str,
    reason: str | None = None,
    proof: Proof = NO_PROOF,
    now: datetime,
) -> Sequence[ConsentFact]:
    """Withdraw a member from topics and channels; returns which of those there are were not withdrawn before.

    From all topics: from those made later, too. From everything: profiling ends with it. Four round trips. The caller
    vouches for the member.
    """
    known = [one.code for one in queries.topics(conn, program_id) if one.class_name in LEAVABLE]
    leaving = sorted({*known, *WHOLE.values()} if scope.topics is None else set(scope.topics))
    over = [channel.value for channel in Channel] if scope.channels is None else sorted(set(scope.channels))
    wanted = [(Purpose.ADVERTISING, topic, channel) for topic in leaving for channel in over]
    if scope.topics is None and scope.channels is None:
        wanted.append((Purpose.PROFILING, "", ""))
    # What was said ahead of the clock counts too: a grant must not outlive the withdrawal.
    standings = queries.standings(conn, [holder_id], now=None).get(holder_id, [])
    said = {(one.purpose, one.topic, one.channel): one for one in standings}
    whole = queries.left_whole(conn, program_id, holder_id) if scope.topics is None else {}
    facts, fresh = [], []
    for purpose, topic, channel in wanted:
        before = said.get((purpose, topic, channel))
        left = before is not None and before.state is State.WITHDRAWN
        since = whole.get((topic, channel)) or (before.since if before else None)
        if (left or (topic, channel) in whole) and _is_said(topic, since, scope, now):
            continue
        at = now if since is None else max(now, since)
        fact = ConsentFact(holder_id, topic, channel, granted=False, at=at, method=method, reason=reason)
        facts.append(structs.replace(fact, purpose=purpose, action=Action.WITHDRAW, proof=proof))
        if not left and topic not in WHOLE.values():
            fresh.append(facts[-1])
    service.record_consents(conn, program_id, facts, now=now)
    return fresh


def _is_said(topic: str, since: datetime | None, scope: Scope, now: datetime) -> bool:
    """Tell whether a withdrawal need not be repeated: it is fresh, or its whole class's word is repeated for it."""
    if scope.topics is None and topic and topic not in WHOLE.values():
        return True
    return since is not None and now - since < AGAIN
