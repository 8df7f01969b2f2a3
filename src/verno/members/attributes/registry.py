"""Declaring attributes: what they are called, may hold and ask. A type never changes; one used no more is archived."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from verno.kit import batches
from verno.kit.db import Connection
from verno.members.attributes.types import (
    LONGEST_NAME,
    LONGEST_QUESTION,
    MOST_CHOICES,
    Attribute,
    Choice,
    Installed,
    NotKept,
    Pack,
)
from verno.members.consent.texts import LANGUAGE
from verno.members.queries import SQL
from verno.members.types import MAX_ATTRIBUTE_TYPES, AttributeKind
from verno.workspace import audit
from verno.workspace.audit import Actor

NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
CHOOSES = frozenset({AttributeKind.CHOICE, AttributeKind.LIST})


def attributes(conn: Connection, program_id: str) -> dict[str, Attribute]:
    """Return a program's attributes by name, those among them that were taken from their first value."""
    found = conn.execute(SQL["attributes"], {"program": program_id}).fetchall()
    read = [msgspec.convert(dict(zip(Attribute.__struct_fields__, row, strict=True)), Attribute) for row in found]
    return {one.name: one for one in read}


def uses(conn: Connection, program_id: str) -> dict[str, int]:
    """Return how many members have each attribute; reads all of them."""
    return dict(conn.execute(SQL["attribute_uses"], {"program": program_id}).fetchall())


def label(known: Mapping[str, Attribute], name: str, language: str) -> str:
    """Return what people of a language call an attribute: in it, else in English, in any, else its name."""
    one = known.get(name)
    return name if one is None else _named(one.names, language) or name


def said(known: Mapping[str, Attribute], name: str, code: str, language: str) -> str:
    """Return what people of a language call a choice of an attribute."""
    one = known.get(name)
    names = {choice.code: choice.names for choice in (one and one.choices) or ()}
    return _named(names.get(code, {}), language) or code


def put(
    conn: Connection, program_id: str, wanted: Attribute, *, now: datetime, by: Actor, fresh: bool = False
) -> Attribute | NotKept:
    """Declare an attribute, or change all of one but its type; ``fresh`` refuses one that is there. Audited."""
    known = attributes(conn, program_id)
    before = known.get(wanted.name)
    wrong = _wrong(wanted, before, len(known), fresh=fresh)
    if wrong is not None:
        return wrong
    _write(conn, program_id, [wanted])
    states = (before and msgspec.to_builtins(before), msgspec.to_builtins(wanted))
    action = "attribute.add" if before is None else "attribute.change"
    audit.record(conn, program_id, by, action, ("attribute", _auditable(wanted.name)), now=now, states=states)
    return wanted


def install(conn: Connection, program_id: str, pack: Pack, *, now: datetime, by: Actor) -> Installed | NotKept:
    """Declare a pack's attributes; what is there already keeps its words, and lends none to another type. Audited."""
    known = attributes(conn, program_id)
    fresh = [one for one in pack.attributes if one.name not in known]
    plain = [one for one in pack.attributes if (there := known.get(one.name)) and _undeclared(there, one)]
    other = [one.name for one in pack.attributes if (there := known.get(one.name)) and there.kind is not one.kind]
    if len(known) + len(fresh) > MAX_ATTRIBUTE_TYPES:
        return NotKept("pack", f"a program knows at most {MAX_ATTRIBUTE_TYPES} attributes")
    added = sorted([*fresh, *plain], key=lambda one: one.name)
    _write(conn, program_id, [msgspec.structs.replace(one, pack=pack.code) for one in added])
    if added:
        audit.record(conn, program_id, by, "attribute.pack", ("attribute-pack", pack.code), now=now)
    names = {one.name for one in added}
    kept = [one.name for one in pack.attributes if one.name not in names and one.name not in other]
    return Installed(tuple(sorted(names)), tuple(kept), tuple(other))


def _undeclared(there: Attribute, wanted: Attribute) -> bool:
    """Tell whether an attribute was only ever taken from its first value, so that a pack may give it words."""
    return there.kind is wanted.kind and not there.names and there.pack is None


def _write(conn: Connection, program_id: str, wanted: Sequence[Attribute]) -> None:
    rows = [
        {
            **msgspec.structs.asdict(one),
            "type": AttributeKind.TEXT if one.kind in CHOOSES else one.kind,
            "many": one.kind is AttributeKind.LIST,
        }
        for one in wanted
    ]
    if rows:
        conn.execute(SQL["put_attributes"], {"program": program_id, "rows": batches.rows(rows)})


def _wrong(wanted: Attribute, before: Attribute | None, count: int, *, fresh: bool) -> NotKept | None:
    if before is None and not NAME.fullmatch(wanted.name):
        return NotKept("name", "small Latin letters, digits and _, a letter first, at most 60")
    if before is not None and fresh:
        return NotKept("name", "there is an attribute of this name")
    if before is None and count >= MAX_ATTRIBUTE_TYPES:
        return NotKept("name", f"a program knows at most {MAX_ATTRIBUTE_TYPES} attributes")
    if before is not None and before.kind is not wanted.kind:
        return NotKept("kind", f"an attribute's type never changes; this one's is {before.kind}")
    return _wrong_choices(wanted) or _wrong_texts(wanted)


def _wrong_choices(wanted: Attribute) -> NotKept | None:
    codes = [one.code for one in wanted.choices or ()]
    if wanted.kind is AttributeKind.CHOICE and not codes:
        return NotKept("choices", "a choice has at least one")
    if codes and wanted.kind not in CHOOSES:
        return NotKept("choices", "only a choice or a list has choices")
    if len(codes) > MOST_CHOICES:
        return NotKept("choices", f"at most {MOST_CHOICES}")
    if len(set(codes)) < len(codes) or not all(map(CODE.fullmatch, codes)):
        return NotKept("choices", "codes of small Latin letters, digits, _ and -, each once, at most 60 characters")
    return None


def _wrong_texts(wanted: Attribute) -> NotKept | None:
    texts: Iterable[tuple[str, Mapping[str, str], int]] = (
        ("names", wanted.names, LONGEST_NAME),
        ("questions", wanted.questions, LONGEST_QUESTION),
        *[("choices", one.names, LONGEST_NAME) for one in wanted.choices or ()],
    )
    for field, by_language, most in texts:
        for language, text in by_language.items():
            if not LANGUAGE.fullmatch(language):
                return NotKept(f"{field}.{language}", "not a language code")
            if not text.strip() or len(text) > most or batches.unclean(text) or "\n" in text:
                return NotKept(f"{field}.{language}", f"one line of at most {most} characters")
    return None


def _auditable(name: str) -> str:
    """Return a name as the audit takes it: whoever sent the first value may have called it anything."""
    return name if CODE.fullmatch(name) else "other"


def _named(names: Mapping[str, str], language: str) -> str:
    return names.get(language) or names.get("en") or next(iter(names.values()), "")


__all__ = ["Choice", "attributes", "install", "label", "put", "said", "uses"]
