"""The preference page in words: plain text for the template, in the reader's language."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from verno.kit import localtime
from verno.members.consent import topics, wishes
from verno.members.consent.state import WHOLE
from verno.members.types import Channel, Purpose, Record, State
from verno.messaging.leaving import farewell
from verno.messaging.leaving.words import PAGE as FAREWELL
from verno.messaging.letters import wording
from verno.messaging.letters.wording import LANGUAGES, Language
from verno.messaging.preferences.reaching import Ways
from verno.messaging.preferences.sheet import Pair, Sheet
from verno.messaging.preferences.words import ACTIONS, CHANNELS, CLASSES, METHODS, PAGE, PURPOSES

ASKING = frozenset({"code_sent", "code_soon", "code_wrong"})
"""What was done after which the page asks for the code."""
WRONG = frozenset({"bad_day"})
"""What was not done, since the page was told something that cannot be."""
LANGUAGE_NAMES = {"ru": "Русский", "en": "English"}


class Said(msgspec.Struct, frozen=True):
    """What was just done."""

    code: str
    left: Sequence[Pair] = ()
    confirm: bool = False


def context(found: Sheet, said: Said | None, spoken: Language, *, now: datetime, contact: str) -> dict[str, object]:
    """Return what the template shows."""
    words = PAGE[spoken]
    program = found.program.name
    locale = found.member.locale if wording.language(found.member.locale) == spoken else spoken
    left = [f"{topic}/{channel}" for topic, channel in (said.left if said else ())]
    return {
        "program": program,
        "title": words["title"],
        "words": words,
        "agree": words["agree"].format(program=program),
        "contact": words["contact"].format(program=program, contact=contact),
        "other_name": words["other_language"],
        "done": words[f"done_{said.code}"] if said else "",
        "wrong": said is not None and said.code in WRONG,
        "asks_code": said is not None and said.code in ASKING,
        "confirm": bool(said and said.confirm),
        "left": left,
        "reasons": [(code, FAREWELL[spoken][f"reason_{code}"]) for code in farewell.REASONS] if left else [],
        "topics": _topics(found, spoken),
        "nothing_but": _nothing_but(found, spoken) if found.has_left else "",
        "channels": [
            (channel, words["stop_channel"].format(channel=CHANNELS[spoken][channel]))
            for channel in found.channels
            if any(found.is_on((topic.code, channel)) for topic in found.leavable)
        ],
        "most": [
            ("" if days is None else str(days), words[f"most_{days or 'any'}"], days == found.wish.most_per)
            for days in (None, *wishes.EVERY)
        ],
        **_pause(found, spoken, locale, now),
        "languages": [(code, LANGUAGE_NAMES[code], code == spoken) for code in LANGUAGES],
        "history": _history(found, spoken, locale),
    }


def _nothing_but(found: Sheet, spoken: Language) -> str:
    """Say what still comes to who has left everything: what belongs to their purchases, unless they said no to it."""
    words = PAGE[spoken]
    kept = [
        words["kept_topic"].format(topic=topics.name(topic, spoken))
        for topic in found.topics
        if topic not in found.leavable and any(found.is_on((topic.code, channel)) for channel in found.channels)
    ]
    return words["nothing_but"].format(kept=", ".join([words["kept"], *kept]))


def _pause(found: Sheet, spoken: Language, locale: str | None, now: datetime) -> dict[str, object]:
    """Return what is said of a pause: until when it is, and which days may be chosen."""
    words, zone = PAGE[spoken], localtime.zone(found.program.timezone)
    today = localtime.business_date(now, zone)
    first, last = wishes.pause_days(today)
    end = found.wish.paused_until if found.wish.paused_until and found.wish.paused_until > now else None
    day = localtime.business_date(end or now + wishes.PAUSE, zone)
    days = words["pause_days"].format(first=wording.day(first, locale), last=wording.day(last, locale))
    return {
        "paused": words["paused"].format(date=wording.day(day, locale)) if end else "",
        "pause_first": first.isoformat(),
        "pause_last": last.isoformat(),
        "pause_day": min(max(day, first), last).isoformat(),
        "pause_days": days,
        "pause_button": words["pause_other"] if end else words["pause"],
    }


def ways(offered: Ways, found: Sheet, spoken: Language) -> dict[str, object]:
    """Return what the template shows of browsers and chats."""
    words = PAGE[spoken]
    return {
        "push_key": offered.push_key if found.topics else "",
        "push_known": " ".join(offered.known),
        "push_agree": words["push_agree"].format(program=found.program.name),
        "browsers": words["push_browsers"].format(count=offered.browsers) if offered.browsers else "",
        "has_chat": offered.has_chat,
        "phone": words["phone_text"].format(phone=found.address(Channel.SMS)) if found.unproven_phone else "",
        "chat_link": offered.chat_link,
    }


def _topics(found: Sheet, spoken: Language) -> list[dict[str, object]]:
    words = PAGE[spoken]
    out: list[dict[str, object]] = []
    for topic in found.topics:
        name = topics.name(topic, spoken)
        cells = [
            {
                "pair": f"{topic.code}/{channel}",
                "label": CHANNELS[spoken][channel],
                "address": found.address(channel),
                "on": found.is_on((topic.code, channel)),
                "note": _note(found, (topic.code, channel), spoken),
            }
            for channel in found.channels
        ]
        out.append(
            {
                "code": topic.code,
                "name": name,
                "description": topics.description(topic, spoken),
                "cells": cells,
                "stop": words["stop_topic"].format(topic=name) if any(cell["on"] for cell in cells) else "",
            }
        )
    return out


def _note(found: Sheet, pair: Pair, spoken: Language) -> str:
    standing = found.standings.get(pair)
    if standing is None or standing.granted or standing.state is not State.UNCONFIRMED:
        return ""
    return PAGE[spoken]["unconfirmed_email" if pair[1] == Channel.EMAIL else "unconfirmed"]


def _history(found: Sheet, spoken: Language, locale: str | None) -> list[dict[str, str]]:
    """Return what was decided, the newest first; what one button did is one line."""
    zone = localtime.zone(found.program.timezone)
    names = {topic.code: topics.name(topic, spoken) for topic in found.topics}
    out: list[dict[str, str]] = []
    seen: set[tuple[object, ...]] = set()
    for record in found.history:
        key = (record.at, record.action, record.method, record.purpose, record.reason)
        if key in seen:
            continue
        seen.add(key)
        alike = [one for one in found.history if (one.at, one.action, one.method, one.purpose, one.reason) == key]
        out.append(
            {
                "what": f"{ACTIONS[spoken][record.action]}: {_about(alike, names, spoken)}",
                "when": wording.day(localtime.business_date(record.at, zone), locale),
                "how": METHODS[spoken].get(record.method, record.method),
            }
        )
    return out


def _about(records: Sequence[Record], names: dict[str, str], spoken: Language) -> str:
    first = records[0]
    if first.purpose is not Purpose.ADVERTISING:
        return PURPOSES[spoken][first.purpose]
    whole = {topic: CLASSES[spoken][class_name] for class_name, topic in WHOLE.items()}
    about = sorted({names.get(one.topic, one.topic) for one in records if one.topic not in whole})
    about = about or sorted({whole[one.topic] for one in records})
    ways = sorted({CHANNELS[spoken].get(one.channel, one.channel) for one in records})
    channels = "" if len(ways) == len(Channel) else f" ({', '.join(ways)})"
    return f"{', '.join(about)}{channels}"
