"""Changes of a draft's body: rules put in, taken out and moved, a mechanic added. Pure: a body in, a body out."""

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

import msgspec

from verno.promotions.gallery.types import Mechanic
from verno.rules import stored
from verno.rules.types import Rulebook

Body: TypeAlias = dict[str, object]

EMPTY: Body = {"rules": []}
NEW: Mapping[str, object] = {"effects": []}
"""A rule to begin with."""
LONGEST = 60
TOGETHER = ("choose", "amounts_first", "caps", "categories")
"""What of a body holds for all rules."""

_LATIN = str.maketrans(
    dict(zip("абвгдеёзийклмнопрстуфхыэ", "abvgdeeziyklmnoprstufhye", strict=True))
    | {"ж": "zh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sch", "ю": "yu", "я": "ya", "ъ": "", "ь": ""}
)


def of_rulebook(book: Rulebook) -> Body:
    """Return the body of a draft that says the same; what points are worth is the program's to say."""
    made = _plain(book)
    return {name: value for name, value in made.items() if name not in {"worth", "scales"}}


def rules_of(body: Mapping[str, object]) -> list[dict[str, object]]:
    """Return the rules of a body; what is no record is an empty one, so that places stay as they are."""
    raw = body.get("rules")
    return [rule if isinstance(rule, dict) else {} for rule in raw] if isinstance(raw, list) else []


def put(body: Body, position: int | None, rule: Mapping[str, object]) -> Body:
    """Put a rule in the place of another, or behind all; one without a code gets one of its name."""
    rules = rules_of(body)
    made = dict(rule)
    others = [str(other.get("id")) for i, other in enumerate(rules) if i != position]
    if not made.get("id"):
        made = {"id": fresh_id(str(made.get("name") or ""), others), **{k: v for k, v in made.items() if k != "id"}}
    if position is None:
        return {**body, "rules": [*rules, made]}
    return {**body, "rules": [made if i == position else other for i, other in enumerate(rules)]}


def take(body: Body, position: int) -> Body:
    """Take a rule out."""
    return {**body, "rules": [rule for i, rule in enumerate(rules_of(body)) if i != position]}


def move(body: Body, position: int, by: int) -> Body:
    """Move a rule up (-1) or down (1); at the end it stays."""
    rules = rules_of(body)
    target = position + by
    if 0 <= target < len(rules):
        rules[position], rules[target] = rules[target], rules[position]
    return {**body, "rules": rules}


def together(body: Body, said: Mapping[str, object]) -> Body:
    """Say anew what holds for all rules."""
    return {**{name: value for name, value in body.items() if name not in TOGETHER}, **said}


def with_mechanic(body: Body, mechanic: Mechanic, *, name: str, units: Sequence[str]) -> tuple[Body, int]:
    """Add a mechanic's rules behind all, and return the place of its first.

    Codes that are taken get a number; its caps and categories join what the draft says already. Points of a kind that
    the program has not are those of its first kind.
    """
    fragment = _plain(mechanic.rulebook)
    rules, added = rules_of(body), rules_of(fragment)
    codes = {"id": _renamed("id", added, rules), "group": _renamed("group", added, rules)}
    first = len(rules)
    for number, rule in enumerate(added, 1):
        made = {key: codes[key].get(str(value), value) if key in codes else value for key, value in rule.items()}
        made["name"] = f"{name} ({number})" if len(added) > 1 else name
        made["effects"] = [_here(one, codes["id"], units) for one in cast("list[Body]", rule["effects"])]
        rules.append(made)
    return {**body, **_joined(body, fragment), "rules": rules}, first


def fresh_id(name: str, taken: Sequence[str]) -> str:
    """Return a code like a name, in small Latin letters, that no other rule has."""
    base = re.sub(r"[^a-z0-9]+", "-", name.lower().translate(_LATIN)).strip("-")[:LONGEST] or "rule"
    number, made = 1, base
    while made in taken:
        number += 1
        made = f"{base}-{number}"
    return made


def _plain(book: Rulebook) -> Body:
    """Return a rulebook as JSON has it, with lists where records have tuples."""
    return msgspec.json.decode(stored.write(book), type=dict[str, object])


def _joined(body: Mapping[str, object], fragment: Mapping[str, object]) -> Body:
    out: Body = {}
    caps, more = body.get("caps") or {}, fragment.get("caps") or {}
    if isinstance(caps, dict) and isinstance(more, dict) and more:
        out["caps"] = {**more, **caps}
    there, new = body.get("categories") or [], fragment.get("categories") or []
    if isinstance(there, list) and isinstance(new, list) and new:
        known = {one.get("code") for one in there if isinstance(one, dict)}
        out["categories"] = [*there, *(one for one in new if one["code"] not in known)]
    return out


def _renamed(key: str, added: Sequence[Body], there: Sequence[Body]) -> dict[str, str]:
    """Return another code for each that is taken."""
    taken = [str(rule[key]) for rule in there if rule.get(key)]
    out: dict[str, str] = {}
    for code in dict.fromkeys(str(rule[key]) for rule in added if rule.get(key)):
        out[code] = fresh_id(code, [*taken, *out.values()])
    return out


def _here(effect: Body, ids: Mapping[str, str], units: Sequence[str]) -> Body:
    """Return an effect that names the rules and the points of this draft."""
    made = dict(effect)
    if effect.get("unit") == "points" and units and "points" not in units:
        made["unit"] = units[0]
    if isinstance(named := effect.get("rules"), list):
        made["rules"] = [ids.get(id_, id_) for id_ in named]
    return made
