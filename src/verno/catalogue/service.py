"""Verbs of the catalogue."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from msgspec import UNSET

from verno.catalogue.queries import SQL, goods_ids
from verno.catalogue.types import Created, NewGoods, Refusal, Refused, Result, Updated
from verno.kit import batches, ids
from verno.kit.db import Connection


def ensure_goods(conn: Connection, program_id: str, skus: Iterable[str], *, now: datetime) -> dict[str, str]:
    """Return the ids of goods by sku; goods met for the first time are made, named by their sku.

    One round trip while all are known, two when some are new, three when another transaction made them first.
    """
    wanted = sorted(set(skus))
    return _ensure(conn, program_id, wanted, now=now)[0] if wanted else {}


def upsert_goods(conn: Connection, program_id: str, goods: Sequence[NewGoods], *, now: datetime) -> list[Result]:
    """Store goods by sku, one result per item, in order; absent fields keep what is stored.

    An item refused (``bad-text``: NUL or half a surrogate pair) leaves no trace. An sku named twice in a
    batch ends as the items say one after the other.
    """
    refused = {i: problem for i, item in enumerate(goods) if (problem := _problem(item)) is not None}
    merged: dict[str, dict[str, object]] = {}
    for i, item in enumerate(goods):
        if i not in refused:
            merged.setdefault(item.sku, {"sku": item.sku}).update(_given(item))
    if not merged:
        return list(refused.values())
    wanted = sorted(merged)
    found, fresh = _ensure(conn, program_id, wanted, now=now)
    with conn.pipeline():
        conn.execute(SQL["lock_goods"], {"program": program_id, "skus": batches.rows(wanted)})
        conn.execute(SQL["change_goods"], {"program": program_id, "rows": batches.rows(list(merged.values()))})
    results: list[Result] = []
    for i, item in enumerate(goods):
        if i in refused:
            results.append(refused[i])
        elif item.sku in fresh:
            fresh.discard(item.sku)
            results.append(Created(found[item.sku]))
        else:
            results.append(Updated(found[item.sku]))
    return results


def _ensure(
    conn: Connection, program_id: str, wanted: Sequence[str], *, now: datetime
) -> tuple[dict[str, str], set[str]]:
    """Return the ids by sku, and which goods this call made. ``wanted`` is sorted, without doubles."""
    found = goods_ids(conn, program_id, wanted)
    missing = [sku for sku in wanted if sku not in found]
    if not missing:
        return found, set()
    fresh = ids.new_ids(len(missing), now=now)
    rows = batches.rows([{"id": id_, "sku": sku} for id_, sku in zip(fresh, missing, strict=True)])
    parameters = {"program": program_id, "rows": rows, "now": now}
    added: dict[str, str] = dict(conn.execute(SQL["add_goods"], parameters).fetchall())
    found.update(added)
    if len(added) < len(missing):
        found.update(goods_ids(conn, program_id, [sku for sku in missing if sku not in added]))
    return found, set(added)


def _given(item: NewGoods) -> dict[str, object]:
    fields: dict[str, object] = {"name": item.name, "category": item.category, "attributes": item.attributes}
    given = {name: value for name, value in fields.items() if value is not UNSET}
    return given if item.cost is UNSET else {**given, "costs": True, "cost": item.cost}


def _problem(item: NewGoods) -> Refused | None:
    for field, value in msgspec.structs.asdict(item).items():
        if batches.unclean(value):
            return Refused(Refusal.BAD_TEXT, field, "holds NUL or half a surrogate pair")
    return None
