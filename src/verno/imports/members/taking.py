"""Batches of a members' file: stored with what they said, or only rehearsed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

import msgspec

from verno.imports.members.rows import Imported
from verno.imports.members.said import COLUMN, Said
from verno.imports.types import RowError
from verno.kit.db import Connection
from verno.members import queries as members
from verno.members import service
from verno.members.consent import wishes as wishing
from verno.members.districts import locating
from verno.members.districts.locating import Located
from verno.members.types import Action, ConsentFact, Created, Proof, Purpose, Refused, Result, Standing, Wishes
from verno.messaging.answers.complaints import unheard
from verno.progress.service import store_members
from verno.workspace.types import Program

METHOD = "import"
UNHEARD = "kept, but it does not count, since the member called messages there spam and only they can come back"
YES = frozenset({Action.GRANT, Action.IMPORT})
Matter: TypeAlias = tuple[str, Purpose, str, str]
"""(member, purpose, topic, channel): what a word is about."""


class Unheard(msgspec.Struct, frozen=True):
    """A row was stored, and its yes to these (``topic/channel``) does not count: only the member comes back."""

    matters: tuple[str, ...]


def take(
    conn: Connection, program: Program, items: Sequence[Imported], *, since: datetime, now: datetime
) -> list[Result | Unheard]:
    """Store a batch in the caller's transaction: one result an item, in order.

    A yes is a grant where the file says which text was shown, else a record of an import: without evidence nothing is
    proven by it. What is said without a date counts from ``since``, when the file was first begun, and a yes without
    one never goes over what is known of the member already: nobody is brought back who has left. What a row says for
    a member who was merged is the survivor's: their word, their wish where it is the quieter one, their whereabouts
    where none of the kind are known.
    """
    results = store_members(conn, program, [item.member for item in items], now=now)
    stored = [
        (one.member_id, isinstance(one, Created), said)
        for one, item in zip(results, items, strict=True)
        if not isinstance(one, Refused)
        for said in item.said
    ]
    there = {one.member_id for one in results if not isinstance(one, Refused | Created)}
    merged = _merged(conn, program.id, sorted(there))
    taken = [(merged.get(holder, holder), fresh, said) for holder, fresh, said in stored]
    facts = [_fact(program, holder, said, since) for holder, said in _worth(conn, taken)]
    service.record_consents(conn, program.id, facts, now=now)
    _keep(conn, program.id, items, results, merged, now=now)
    agreed = [(one.holder_id, one.topic, one.channel) for one in facts if _agrees(one)]
    silent = set(unheard(conn, program.id, agreed))
    if not silent:
        return list(results)
    return [_heard(result, merged, item, silent) for result, item in zip(results, items, strict=True)]


def foretell(
    conn: Connection, program: Program, items: Sequence[Imported], holders: Sequence[str | None], *, now: datetime
) -> list[tuple[str, ...]]:
    """Return of each item the yeses that will not count, of members who are here: ``holders``, None for others."""
    merged = _merged(conn, program.id, sorted({one for one in holders if one is not None}))
    whose = [one and merged.get(one, one) for one in holders]
    said = [(who, False, word) for who, item in zip(whose, items, strict=True) if who for word in item.said]
    facts = [_fact(program, holder, word, now) for holder, word in _worth(conn, said)]
    silent = set(unheard(conn, program.id, [(one.holder_id, one.topic, one.channel) for one in facts if _agrees(one)]))
    return [_vain(who, item, silent) if who else () for who, item in zip(whose, items, strict=True)]


def _worth(conn: Connection, said: Sequence[tuple[str, bool, Said]]) -> list[tuple[str, Said]]:
    """Return what is recorded of (member, whether they are new, word): all but a yes of no date to what is known."""
    vague = sorted({holder for holder, fresh, word in said if not fresh and word.granted and word.at is None})
    known = _known(conn, vague)
    return [
        (holder, word)
        for holder, _, word in said
        if not (word.granted and word.at is None and _matter(holder, word) in known)
    ]


def _agrees(fact: ConsentFact) -> bool:
    return fact.action in YES and bool(fact.topic)


def _vain(who: str, item: Imported, silent: set[tuple[str, str, str]]) -> tuple[str, ...]:
    vain = [one for one in item.said if one.granted and (who, one.topic, one.channel) in silent]
    return tuple([f"{one.topic}/{one.channel}" for one in vain])


def note(row: int, matters: Sequence[str]) -> RowError:
    """Say of a row what of it does not count."""
    return RowError(row, COLUMN, f"{UNHEARD}: {', '.join(matters)}")


def _heard(
    result: Result, merged: Mapping[str, str], item: Imported, silent: set[tuple[str, str, str]]
) -> Result | Unheard:
    """Return what became of a row, or that something it says does not count."""
    if isinstance(result, Refused):
        return result
    vain = _vain(merged.get(result.member_id, result.member_id), item, silent)
    return Unheard(vain) if vain else result


def _keep(
    conn: Connection,
    program_id: str,
    items: Sequence[Imported],
    results: Sequence[Result],
    merged: Mapping[str, str],
    *,
    now: datetime,
) -> None:
    """Keep where members are and what they wish, if the file says so; a member's own row goes over a merged one's."""
    stored = [(one.member_id, item) for one, item in zip(results, items, strict=True) if not isinstance(one, Refused)]
    stored.sort(key=lambda row: row[0] not in merged)
    moved = sorted({merged[holder] for holder, item in stored if holder in merged and (item.locations or item.wishes)})
    places = locating.locations(conn, moved) if moved else {}
    wishes = members.wishes(conn, moved) if moved else {}
    located: list[Located] = []
    wished: dict[str, Wishes] = {}
    for holder, item in stored:
        whose = merged.get(holder, holder)
        known = places.get(whose, {}) if holder in merged else {}
        located += [Located(whose, place) for place in item.locations if place.kind not in known]
        if item.wishes:
            wished[whose] = wishing.quieter(wishes.get(whose), item.wishes) if holder in merged else item.wishes
    if located:
        locating.write(conn, program_id, located, now=now)
    wishing.wish(conn, program_id, wished, now=now)


def _merged(conn: Connection, program_id: str, holders: Sequence[str]) -> dict[str, str]:
    return members.survivors(conn, program_id, holders) if holders else {}


def _known(conn: Connection, holders: Sequence[str]) -> set[Matter]:
    """Return on what members have said anything yet."""
    if not holders:
        return set()
    found = members.standings(conn, holders, now=None)
    return {_matter(holder, one) for holder, words in found.items() for one in words}


def _matter(holder: str, word: Said | Standing) -> Matter:
    return holder, word.purpose, word.topic, word.channel


def _fact(program: Program, holder: str, said: Said, since: datetime) -> ConsentFact:
    yes = Action.GRANT if said.text_version and said.at else Action.IMPORT
    return ConsentFact(
        holder,
        said.topic,
        said.channel,
        granted=said.granted,
        at=said.at or since,
        method=said.method or METHOD,
        text_version=said.text_version,
        purpose=said.purpose,
        action=yes if said.granted else Action.WITHDRAW,
        proof=Proof(
            text_id=said.text_id,
            text_sha256=said.text_sha256,
            locale=said.locale,
            surface=METHOD,
            evidence_ref=said.evidence,
            country=program.country,
            valid_until=said.valid_until,
        ),
    )
