"""The till's addresses in the API's router: documented here, answered by ``receipts`` as the server's entry does."""

from typing import Annotated

import msgspec
from django.http import HttpRequest, HttpResponse
from msgspec import Meta
from ninja import Router

from verno.api import receipts, shapes
from verno.intake.answer import Answer
from verno.intake.types import Receipt
from verno.kit.batches import MAX_BATCH

router = Router(tags=["receipts"])


class ReceiptBatch(msgspec.Struct, frozen=True):
    """Up to 1,000 receipts."""

    receipts: Annotated[list[Receipt], Meta(max_length=MAX_BATCH)]


class ReceiptResult(msgspec.Struct, frozen=True):
    """One item's answer: ``code`` 201 or 200 with a receipt's answer, 4xx with a problem."""

    code: int
    body: Answer


class ReceiptResults(msgspec.Struct, frozen=True):
    """One result per item, in order."""

    results: list[ReceiptResult]


@router.post(
    "/receipts",
    summary="Take a receipt",
    openapi_extra=shapes.describe(takes=Receipt, gives={200: Answer, 201: Answer}),
)
def take(request: HttpRequest) -> HttpResponse:
    """Settle a sale: 201, or 200 with the same bytes when it had been taken before. Scope `receipts:write`."""
    return _answer(receipts.post_receipt(_call(request)))


@router.post(
    "/receipts:batch",
    summary="Take up to 1,000 receipts",
    openapi_extra=shapes.describe(takes=ReceiptBatch, gives={200: ReceiptResults}),
)
def take_many(request: HttpRequest) -> HttpResponse:
    """Settle sales: one result per item, in order; a bad item spoils nobody. Scope `receipts:write`."""
    return _answer(receipts.post_receipts(_call(request)))


def _call(request: HttpRequest) -> receipts.Call:
    headers = request.headers
    return receipts.Call(
        headers.get("Authorization"), request.content_type, headers.get("Content-Encoding"), request.read
    )


def _answer(reply: receipts.Reply) -> HttpResponse:
    return HttpResponse(reply.body, status=reply.status, headers=dict(reply.headers))
