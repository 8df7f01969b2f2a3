"""A rulebook as it is stored: read for ever, whichever release wrote it."""

import msgspec

from verno.rules.types import Rulebook

_encode = msgspec.json.Encoder().encode


def read(body: object) -> Rulebook:
    """Return a stored rulebook; the first release knew one effect a rule."""
    if isinstance(body, dict):
        body = {**body, "rules": [_rule(rule) for rule in body.get("rules", ())]}
    return msgspec.convert(body, Rulebook)


def write(rulebook: Rulebook) -> str:
    """Return a rulebook as it is stored."""
    return _encode(rulebook).decode()


def _rule(rule: object) -> object:
    if isinstance(rule, dict) and "effect" in rule:
        return {**{name: value for name, value in rule.items() if name != "effect"}, "effects": [rule["effect"]]}
    return rule
