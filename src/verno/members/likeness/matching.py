"""Whom several names mean, by the program's ordered policy. Pure.

A till may read a card and be told a phone. What they name is one member as a rule; where it is two, the policy says
which one is meant, and the two are offered as a possible duplicate.
"""

from collections.abc import Collection, Mapping, Sequence

Key = tuple[str, str]
"""(kind, value), as ``queries.find_holders`` takes it."""

ID = "id"
VERIFIED = "-verified"


def ranked(keys: Sequence[Key], policy: Sequence[str], verified: Collection[Key] = ()) -> list[Key]:
    """Return keys in the order in which they are believed: an id first, then as the policy has it, others last.

    ``verified`` are keys whose owner has confirmed them; they count as ``phone-verified`` where the policy has that.
    """
    place = {name: n for n, name in enumerate(policy)}
    last = len(policy)

    def rank(key: Key) -> tuple[int, int]:
        kind = key[0]
        if kind == ID:
            return (-1, 0)
        plain = place.get(kind, last)
        return (min(plain, place.get(kind + VERIFIED, last)) if key in verified else plain, keys.index(key))

    return sorted(keys, key=rank)


def chosen(
    keys: Sequence[Key], holders: Mapping[Key, str], policy: Sequence[str], verified: Collection[Key] = ()
) -> tuple[Key, list[str]]:
    """Return the key that is believed, and whom the keys name, the one who is meant first; nobody is an empty list."""
    order = ranked(keys, policy, verified)
    named = list(dict.fromkeys(holders[key] for key in order if key in holders))
    return next((key for key in order if key in holders), order[0]), named
