"""Doors to goods: their names, categories and costs."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from django.http import HttpRequest, HttpResponse
from msgspec import Meta
from ninja import Router

from verno.api import shapes
from verno.api.doors import Bearer, answer, caller, receive, refuse, writing
from verno.api.promotions.answers import for_all_places
from verno.catalogue import queries, service
from verno.catalogue.types import Created, Goods, NewGoods
from verno.catalogue.types import Refused as NotStored
from verno.kit.batches import MAX_BATCH
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.web import problems, wire
from verno.web.problems import Problem, Refused
from verno.workspace.types import Scope

router = Router(tags=["goods"])

CREATED, OK = 201, 200


class GoodsBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 1,000 goods."""

    goods: Annotated[list[NewGoods], Meta(max_length=MAX_BATCH)]


class _Items(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    goods: Annotated[list[object], Meta(max_length=MAX_BATCH)]


@router.post(
    "/goods",
    auth=Bearer(Scope.GOODS_WRITE),
    summary="Store goods",
    openapi_extra=shapes.describe(takes=NewGoods, gives={OK: Goods, CREATED: Goods}),
)
def store(request: HttpRequest) -> HttpResponse:
    """Create (201) or change (200) the goods of this `sku`; absent fields keep what is stored."""
    item = wire.convert(receive(request), NewGoods)
    ((code, body),) = _stored(request, [item])
    return refuse(body) if isinstance(body, Problem) else answer(body, status=code)


@router.post(
    "/goods:batch",
    auth=Bearer(Scope.GOODS_WRITE),
    summary="Store up to 1,000 goods",
    openapi_extra=shapes.describe(takes=GoodsBatch, gives={OK: shapes.BatchAnswer}),
)
def store_batch(request: HttpRequest) -> HttpResponse:
    """Answer one result per item, in order; an item that is refused does not touch the others."""
    items = wire.convert(receive(request, limit=wire.MAX_BATCH_BODY), _Items).goods
    read = [_item(raw) for raw in items]
    stored = iter(_stored(request, [item for item in read if isinstance(item, NewGoods)]))
    results = []
    for item in read:
        code, body = (item.status, item) if isinstance(item, Problem) else next(stored)
        results.append({"code": code, "body": body.body() if isinstance(body, Problem) else body})
    return answer({"results": results})


def _item(raw: object) -> NewGoods | Problem:
    if not isinstance(raw, dict):
        return problems.bad_json("the item is not an object")
    try:
        return wire.convert(raw, NewGoods)
    except Refused as refused:
        return refused.problem


def _stored(request: HttpRequest, items: Sequence[NewGoods]) -> list[tuple[int, Goods | Problem]]:
    """Store items and read back what they became, in one transaction."""
    key, now = caller(request), clock.now()
    for_all_places(key)
    if not items:
        return []

    def work(conn: Connection) -> list[tuple[int, Goods | Problem]]:
        results = service.upsert_goods(conn, key.program_id, items, now=now)
        done = [one.goods_id for one in results if not isinstance(one, NotStored)]
        there = queries.goods_by_id(conn, key.program_id, done)
        return [
            (422, _problem(one))
            if isinstance(one, NotStored)
            else (CREATED if isinstance(one, Created) else OK, there[one.goods_id])
            for one in results
        ]

    return writing(key.program_id, work)


def _problem(refused: NotStored) -> Problem:
    detail = f"{refused.field}: {refused.detail}"
    return Problem(refused.reason, 422, "A text cannot be stored", detail, errors=((refused.field, refused.detail),))
