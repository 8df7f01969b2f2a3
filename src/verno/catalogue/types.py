"""Words of the catalogue: goods, their category path, what became of a change."""

from enum import StrEnum
from typing import Annotated, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from verno.kit.money import MAX_AMOUNT

MAX_CATEGORY_DEPTH = 10
MAX_ATTRIBUTES = 50

Sku: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=300)]
Step: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]
Category: TypeAlias = Annotated[list[Step], Meta(max_length=MAX_CATEGORY_DEPTH)]
AttributeValue: TypeAlias = Annotated[str, Meta(max_length=1000)] | int | bool | None
Attributes: TypeAlias = Annotated[dict[Step, AttributeValue], Meta(max_length=MAX_ATTRIBUTES)]


class NewGoods(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Goods as an integrator names them. ``category`` is the path from the department down.

    A field that is absent leaves what is stored; goods never named are called by their sku. ``cost`` is what one costs
    the owner, in minor units; null takes it back.
    """

    sku: Sku
    name: Name | UnsetType = UNSET
    category: Category | UnsetType = UNSET
    attributes: Attributes | UnsetType = UNSET
    cost: Annotated[int, Meta(ge=0, le=MAX_AMOUNT)] | UnsetType | None = UNSET


class Goods(msgspec.Struct, frozen=True):
    """Goods as they are stored."""

    id: str
    sku: str
    name: str
    category: list[str]
    attributes: dict[str, object]
    cost: int | None


class Refusal(StrEnum):
    """Why goods were not stored."""

    BAD_TEXT = "bad-text"


class Created(msgspec.Struct, frozen=True, gc=False):
    """The goods are new."""

    goods_id: str


class Updated(msgspec.Struct, frozen=True, gc=False):
    """The goods were there; what was given replaced what was stored."""

    goods_id: str


class Refused(msgspec.Struct, frozen=True, gc=False):
    """Nothing of the item was stored. ``field`` names what to mend."""

    reason: Refusal
    field: str
    detail: str


Result: TypeAlias = Created | Updated | Refused
