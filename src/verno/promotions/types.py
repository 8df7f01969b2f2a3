"""Words of promotions."""

from datetime import datetime

import msgspec

from verno.rules.types import Rulebook


class StoredRulebook(msgspec.Struct, frozen=True):
    """A published rulebook: holds for receipts of its moment and later, until the next one's."""

    id: str
    version: int
    effective_from: datetime
    rulebook: Rulebook


class NotPublished(msgspec.Struct, frozen=True):
    """Why a rulebook was not stored, in words."""

    reasons: tuple[str, ...]
