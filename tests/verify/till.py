"""An honest ledger to sabotage: holds of every end, debts, points put back, given again, sent, merged."""

from datetime import timedelta

import psycopg

from tests.builders import NOW, holder, make_shop
from verno.ledger import service as ledger
from verno.ledger.types import (
    Capture,
    Earn,
    Entry,
    Hold,
    Merge,
    Operation,
    Posted,
    PutBack,
    Reinstate,
    Release,
    Spend,
    TakeBack,
    TransferKind,
)

DAY = timedelta(days=1)
PEOPLE = ("ann", "bob", "cid", "dan", "eve", "fay")
NAMED = (
    "open",
    "captured",
    "released",
    "lapsed",
    "late",
    "sale",
    "old sale",
    "debt",
    "let go",
    "paid",
    "again",
    "gift",
)
"""Operations that others go back to, or that the tests point at."""


def tell(conn: psycopg.Connection) -> dict[str, str]:
    """Write the story; return the ids of people and named operations."""
    shop = make_shop(conn)
    unit = shop.unit.id
    id_ = {name: holder() for name in (*PEOPLE, *NAMED)} | {"program": shop.program.id}
    ann, bob, cid, dan, eve, fay = (id_[name] for name in PEOPLE)
    then = NOW - 30 * DAY

    def post(key: str, *entries: Entry, days: int = 0) -> None:
        """Post ``days`` from now; what ends a hold bears the same id as what placed it, as a capture does."""
        operation = Operation(key, id_.get(key.removeprefix("end "), holder()), entries[0].holder_id, "00", entries)
        (result,) = ledger.post(conn, shop.program.id, [operation], now=NOW + days * DAY)
        assert isinstance(result, Posted), (key, result)

    post("old", Earn(ann, unit, 50, then, expires_at=NOW - 20 * DAY), days=-30)
    post("old sale", Spend(ann, unit, 10, then), days=-29)
    post("late", Hold(ann, unit, 8, then, NOW - 15 * DAY), days=-28)
    post("end late", Capture(ann, unit, 8, then, id_["late"]), days=-16)
    post("new", Earn(ann, unit, 100, NOW, expires_at=NOW + 90 * DAY), days=-10)
    post("lapsed", Hold(ann, unit, 7, NOW, NOW - 3 * DAY), days=-9)
    post("open", Hold(ann, unit, 9, NOW, NOW + DAY))
    post("released", Hold(ann, unit, 5, NOW, NOW + DAY))
    post("free", Release(ann, unit, NOW, id_["released"]))
    post("sale", Spend(ann, unit, 30, NOW))
    post("return", PutBack(ann, unit, 12, NOW, id_["sale"], NOW, NOW + 14 * DAY))
    post("old return", PutBack(ann, unit, 6, NOW, id_["old sale"], then, NOW + 14 * DAY))
    post("again", Reinstate(ann, unit, NOW, NOW - 21 * DAY, NOW + 30 * DAY))
    post(
        "gift",
        Spend(ann, unit, 2, NOW, kind=TransferKind.SEND),
        Earn(bob, unit, 2, NOW, kind=TransferKind.RECEIVE),
    )
    post("goodwill", Earn(bob, unit, 3, NOW, kind=TransferKind.ADJUST))
    post("before", Earn(bob, unit, 6, NOW, kind=TransferKind.OPEN))
    post("debt", Earn(cid, unit, 20, NOW))
    post("gone", Spend(cid, unit, 20, NOW))
    post("back", TakeBack(cid, unit, 20, NOW, id_["debt"], NOW))
    post("pays", Earn(cid, unit, 5, NOW))
    post("let go", Earn(dan, unit, 30, NOW))
    post("paid", Spend(dan, unit, 30, NOW))
    post("writes off", TakeBack(dan, unit, 25, NOW, id_["let go"], NOW, write_off=True))
    post("puts back", PutBack(dan, unit, 14, NOW, id_["paid"], NOW, NOW + 14 * DAY))
    post("of eve", Earn(eve, unit, 9, NOW))
    post("merge", Merge(eve, ann, unit, NOW))
    post("of fay", Earn(fay, unit, 40, NOW))
    post("captured", Hold(fay, unit, 30, NOW, NOW + DAY))
    post("end captured", Capture(fay, unit, 25, NOW, id_["captured"]))
    return id_
