"""What differs between two rulebooks, rule by rule. Pure."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from verno.rules.types import Rule, Rulebook

NOTHING = None


class Change(msgspec.Struct, frozen=True):
    """One place that differs: ``path`` is like ``effects.0.rate``; None is what is not there."""

    path: str
    before: object
    after: object


class ChangedRule(msgspec.Struct, frozen=True):
    """A rule that is in both, and what of it differs."""

    rule: str
    changes: list[Change]


class Difference(msgspec.Struct, frozen=True):
    """Ids of the rules that came and went, what changed of the others, and of the rulebook as a whole.

    ``reordered``: the rules that are in both stand in another order.
    """

    added: list[str]
    removed: list[str]
    changed: list[ChangedRule]
    whole: list[Change]
    reordered: bool

    @property
    def empty(self) -> bool:
        """Tell whether there is none."""
        return not (self.added or self.removed or self.changed or self.whole or self.reordered)


def difference(before: Rulebook, after: Rulebook) -> Difference:
    """Return what one has to do to ``before`` to get ``after``; what points are worth is not looked at."""
    old = {rule.id: rule for rule in before.rules}
    new = {rule.id: rule for rule in after.rules}
    changed = [
        ChangedRule(id_, changes) for id_, rule in new.items() if id_ in old and (changes := _of_rule(old[id_], rule))
    ]
    return Difference(
        [id_ for id_ in new if id_ not in old],
        [id_ for id_ in old if id_ not in new],
        changed,
        list(_changes("", _whole(before), _whole(after))),
        [id_ for id_ in old if id_ in new] != [id_ for id_ in new if id_ in old],
    )


def _of_rule(before: Rule, after: Rule) -> list[Change]:
    if msgspec.json.encode(before) == msgspec.json.encode(after):
        return []  # as most of a long rulebook, and soon told
    return list(_changes("", _plain(before), _plain(after)))


def _whole(book: Rulebook) -> object:
    return _plain(msgspec.structs.replace(book, rules=(), worth={}, scales={}))


def _plain(value: object) -> object:
    return msgspec.to_builtins(value)


def _changes(path: str, before: object, after: object) -> Iterator[Change]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in [*before, *(name for name in after if name not in before)]:
            yield from _changes(_join(path, name), before.get(name), after.get(name))
    elif _is_list(before) and _is_list(after) and isinstance(before, Sequence) and isinstance(after, Sequence):
        for i in range(max(len(before), len(after))):
            yield from _changes(
                _join(path, str(i)),
                before[i] if i < len(before) else NOTHING,
                after[i] if i < len(after) else NOTHING,
            )
    elif before != after or type(before) is not type(after):
        yield Change(path, before, after)


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple)


def _join(path: str, name: object) -> str:
    return f"{path}.{name}" if path else str(name)
