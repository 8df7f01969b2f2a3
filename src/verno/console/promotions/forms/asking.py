"""What a form of the builder asks, said as data: the browser's component draws it, and knows no rule by name."""

from typing import TypeAlias

import msgspec

Choice: TypeAlias = tuple[str, str]
"""A code and what it is called."""


class Ask(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One field of a record. ``kind`` is the component's editor (assets/ts/builder/fields.ts).

    ``by`` names the field beside it that decides decimals (``decimals_by``) or choices (``choices_by``). ``of`` are the
    fields of an inner record, or of each of several. ``least_rows``: how many of several there must be.
    """

    name: str
    kind: str
    label: str
    hint: str = ""
    optional: bool = False
    default: object = None
    decimals: int = 0
    suffix: str = ""
    by: str = ""
    decimals_by: dict[str, int] = {}
    choices: list[Choice] = []
    choices_by: dict[str, list[Choice]] = {}
    of: list["Ask"] = []
    registry: str = ""
    add: str = ""
    least_rows: int = 0
    more: bool = False
    """Shown among the rarer ones, which are folded."""


class Variant(msgspec.Struct, frozen=True):
    """One of several kinds of record, such as an effect: its tag, its name, the group it is listed in, its fields."""

    tag: str
    label: str
    group: str
    of: list[Ask]


class FieldInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """A field of conditions. ``free``: the rest of its name is the reader's to write."""

    name: str
    label: str
    group: str
    kind: str
    decimals: int = 0
    suffix: str = ""
    choices: list[Choice] = []
    free: bool = False


class OperatorInfo(msgspec.Struct, frozen=True):
    """An operator of a kind of fields; ``takes`` is what stands behind it: nothing, one, list, pair, days."""

    name: str
    label: str
    takes: str


class Shortcut(msgspec.Struct, frozen=True):
    """A condition that is asked often, one press away."""

    label: str
    rule: dict[str, object]


class Form(msgspec.Struct, frozen=True):
    """All that the component needs to draw one record."""

    asks: list[Ask]
    variants: list[Variant]
    fields: dict[str, list[FieldInfo]]
    operators: dict[str, list[OperatorInfo]]
    modes: list[Choice]
    comparisons: list[Choice]
    shortcuts: list[Shortcut]
    days: list[Choice]
    languages: list[Choice]
    zone: str
    words: dict[str, str]
