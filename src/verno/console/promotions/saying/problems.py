"""What is wrong with a draft, put to its rule and its field, in the reader's words.

The engine speaks English, to whoever stands at the API. Each of its sentences has its words here (a test holds the two
together); one that has none is shown as it is.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Protocol

import msgspec
from django.utils.translation import gettext as _

from verno.console.face import Face
from verno.console.promotions.saying.sentences import SENTENCES
from verno.kit import localtime
from verno.promotions import keeping, service
from verno.rules import checks, stored
from verno.rules.effects import AnyEffect
from verno.rules.fields import Known
from verno.rules.types import Rulebook
from verno.workspace.types import Unit

PATH = re.compile(r"((?:when|effects|budgets|caps|categories|keeps)[\w. /-]*): (.*)", re.DOTALL)
AT = re.compile(r"(.*?)(?: - at `(?:key in )?\$\.?(.*?)`)?", re.DOTALL)
PLACE = re.compile(r"rules\.(\d+)\.?")
TWICE = "the id is used twice"
MISSED = ("there is no rule", "no rule gives")


@dataclass(frozen=True)
class Found:
    """One thing that is wrong: with which rule (by its place; None: with all), at which field, in words."""

    rule: int | None
    path: str
    text: str

    @property
    def where(self) -> str:
        """Say at which part of the form it is."""
        return {
            "name": _("What it is called"),
            "when": _("When"),
            "effects": _("What it does"),
            "budgets": _("Limits and budget"),
            "priority": _("Priority"),
            "id": _("Code"),
            "caps": _("Caps"),
            "categories": _("Categories of rules"),
            "keeps": _("Who keeps earlier rules"),
        }.get(self.path.partition(".")[0], "")


def of_body(body: Mapping[str, object], *, known: Known, units: Sequence[Unit], face: Face) -> list[Found]:
    """Return everything that is wrong with a draft's body. Rules that cannot be read are not judged, the others are."""
    raw = body.get("rules")
    if not isinstance(raw, list):
        return [Found(None, "", _("A rulebook has rules."))]
    found = [Found(i, path, text) for i, rule in enumerate(raw) for path, text in _unread(rule)]
    unread = {one.rule for one in found}
    above = [Found(None, path, text) for path, text in _read_error(lambda: stored.read({**body, "rules": []}))]
    if not above:
        places = [i for i in range(len(raw)) if i not in unread]
        book = stored.read({**body, "rules": [raw[i] for i in places]})
        found += _judged(service.valued(book, units), known, units, places, whole=not unread)
        over = keeping.over(book, localtime.business_date(face.now, face.zone))
        above = [Found(None, *_parted(text)) for text in over]
    return [Found(one.rule, one.path, in_words(one.text, face)) for one in dict.fromkeys([*found, *above])]


def retold(reasons: Iterable[str], body: object, face: Face) -> list[str]:
    """Return what the engine told of a whole body, a line each, in the reader's words.

    A rule is named as the body names it, and the part of its form that is meant stands before what is wrong with it.
    """
    raw = body.get("rules") if isinstance(body, dict) else None
    rules = [rule if isinstance(rule, dict) else {} for rule in raw] if isinstance(raw, list) else []
    return [": ".join([part for part in _retold(reason, rules, face) if part]) for reason in reasons]


def _retold(reason: str, rules: Sequence[Mapping[str, object]], face: Face) -> Iterator[str]:
    named = [rule for rule in rules if reason.startswith(f"rule {rule.get('id')}: ")]
    rule = max(named, key=lambda one: len(str(one["id"])), default=None)
    if rule is not None:
        reason = reason.removeprefix(f"rule {rule['id']}: ")
    path, text = _shape(reason)
    if not path:
        path, text = _parted(text)
    place = PLACE.match(path)
    if place and int(place[1]) < len(rules):
        rule, path = rules[int(place[1])], path[place.end() :]
    if rule is not None:
        yield _("Rule “%(name)s”") % {"name": rule.get("name") or rule.get("id") or "–"}
    yield Found(None, path, text).where
    yield in_words(text, face)


def _judged(
    book: Rulebook, known: Known, units: Sequence[Unit], places: Sequence[int], *, whole: bool
) -> Iterator[Found]:
    """Say what is wrong with the rules that can be read; ``places`` are where they stand in the body."""
    of_id: dict[str, list[int | None]] = {}
    for number, rule in zip(places, book.rules, strict=True):
        of_id.setdefault(rule.id, []).append(number)
    for one in checks.problems(book, known, [unit.code for unit in units]):
        path, text = _parted(one.text)
        if not whole and text.startswith(MISSED):
            continue  # what it asks for may be in a rule that is not finished
        for place in of_id.get(one.rule, [None]):
            yield Found(place, path, text)


def _parted(text: str) -> tuple[str, str]:
    """Return the field that a sentence begins with, and the rest."""
    at = PATH.fullmatch(text)
    return (at[1], at[2]) if at else ("id" if text == TWICE else "", text)


def translator(sentences: Mapping[str, str]) -> "Translator":
    """Return what says one of these sentences of the engine in the reader's words, any other as it is."""

    @cache
    def patterns() -> list[tuple[re.Pattern[str], str]]:
        # The more a sentence says, the sooner it is tried: others may match its end with a name.
        order = sorted(sentences, key=lambda sentence: -len(re.sub(r"\{\w+\}", "", sentence)))
        return [(_pattern(sentence), sentences[sentence]) for sentence in order]

    def say(text: str, face: Face | None = None) -> str:
        for pattern, sentence in patterns():
            match = pattern.fullmatch(text)
            if match:
                return _(sentence).format(**_written(match.groupdict(), face))
        return text

    return say


class Translator(Protocol):
    """Says a sentence; ``face`` writes an amount or a date in it."""

    def __call__(self, text: str, face: Face | None = ...) -> str:
        """Return the words."""


def _written(said: dict[str, str], face: Face | None) -> dict[str, str]:
    """Return what a sentence names, amounts and dates as the reader writes them."""
    if face is None:
        return said
    pens = {"money": lambda text: face.money(int(text)), "date": lambda text: face.day(date.fromisoformat(text))}
    return {name: pens[name](text) if name in pens else text for name, text in said.items()}


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = re.split(r"(\{\w+\})", sentence)
    text = "".join(
        f"(?P<{part[1:-1]}>.*)" if part.startswith("{") and part.endswith("}") else re.escape(part) for part in parts
    )
    return re.compile(text, re.DOTALL)


in_words = translator(SENTENCES)
"""Says what is wrong with rules."""


def _unread(rule: object) -> list[tuple[str, str]]:
    """Say what keeps a rule from being read: each effect's first slip, and the rule's own."""
    effects = rule.get("effects") if isinstance(rule, dict) else None
    found = []
    for i, effect in enumerate(effects if isinstance(effects, list) else ()):
        found += [
            (f"effects.{i}{'.' if path else ''}{path}", text)
            for path, text in _read_error(lambda effect=effect: msgspec.convert(effect, AnyEffect))  # type: ignore[misc]  # a value kept by default
        ]
    return found or _read_error(lambda: stored.read({"rules": [rule]}), "rules[0]")


def _read_error(read: Callable[[], object], above: str = "") -> list[tuple[str, str]]:
    try:
        read()
    except msgspec.ValidationError as error:
        return [_shape(str(error), above)]
    return []


def _shape(sentence: str, above: str = "") -> tuple[str, str]:
    """Return the field that a record's own refusal names at its end, and what it says of it."""
    match = AT.fullmatch(sentence)
    text, path = (match[1], match[2] or "") if match else (sentence, "")
    path = path.removeprefix(above).lstrip(".").replace("[...]", "")
    missing = re.fullmatch(r"Object missing required field `(\w+)`", text)
    if missing:
        path, text = f"{path}.{missing[1]}".lstrip("."), "missing"
    return re.sub(r"\[(\d+)\]", r".\1", path), text
