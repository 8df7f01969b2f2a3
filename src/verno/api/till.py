"""The till's addresses in the API's router: documented here, answered by ``tills`` as the server's entry does."""

from typing import Annotated

import msgspec
from django.http import HttpRequest, HttpResponse
from msgspec import Meta
from ninja import Router

from verno.api import receipts, shapes
from verno.api.tills import quotes, reading, returns, steps
from verno.api.tills.door import Call, Reply
from verno.intake.answer import Answer, QuoteAnswer
from verno.intake.reading.returned import ReturnStandAnswer
from verno.intake.reading.state import StandAnswer
from verno.intake.returns.answer import ReturnAnswer
from verno.intake.returns.types import Return
from verno.intake.steps.activating import ActivateAnswer
from verno.intake.steps.types import Activate, Cancel, Capture, Claim
from verno.intake.types import Receipt
from verno.kit.batches import MAX_BATCH

router = Router(tags=["receipts"])


class ReceiptBatch(msgspec.Struct, frozen=True):
    """Up to 1,000 receipts."""

    receipts: Annotated[list[Receipt], Meta(max_length=MAX_BATCH)]


@router.post(
    "/receipts",
    summary="Take a receipt",
    openapi_extra=shapes.describe(takes=Receipt, gives={200: Answer, 201: Answer}),
)
def take(request: HttpRequest) -> HttpResponse:
    """Settle or hold a sale: 201, or 200 with the same bytes when it had been taken before.

    Scope `receipts:write`, and `points:spend` where points are spent or held. `?explain=all` adds the rules that did
    not match.
    """
    return _answer(receipts.post_receipt(_call(request)))


@router.post(
    "/receipts:batch",
    summary="Take up to 1,000 receipts",
    openapi_extra=shapes.describe(takes=ReceiptBatch, gives={200: shapes.BatchAnswer}),
)
def take_many(request: HttpRequest) -> HttpResponse:
    """Settle sales: one result per item, in order; a bad item spoils nobody. Scope `receipts:write`."""
    return _answer(receipts.post_receipts(_call(request)))


@router.post(
    "/receipts:quote",
    summary="Say what a sale would come to",
    openapi_extra=shapes.describe(takes=Receipt, gives={200: QuoteAnswer}),
)
def quote(request: HttpRequest) -> HttpResponse:
    """Work out a sale and write nothing; the token `quote` holds Verno to it for 15 minutes. Scope `receipts:write`."""
    return _answer(quotes.post_quote(_call(request)))


@router.post(
    "/receipts/{path:id}:capture",
    summary="Settle a held receipt, or a part of it",
    openapi_extra=shapes.describe(takes=Capture, gives={200: Answer}),
)
def capture(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Let the held sale have happened; what is not named in `lines` is let go. Scope `points:spend`."""
    return _answer(steps.post_capture(_call(request, id)))


@router.post(
    "/receipts/{path:id}:cancel",
    summary="Cancel a held receipt",
    openapi_extra=shapes.describe(takes=Cancel, gives={200: Answer}),
)
def cancel(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Let go of what the hold had set aside. Scope `points:spend`."""
    return _answer(steps.post_cancel(_call(request, id)))


@router.post(
    "/receipts/{path:id}:activate",
    summary="Tell an event that points wait for",
    openapi_extra=shapes.describe(takes=Activate, gives={200: ActivateAnswer}),
)
def activate(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Make a receipt's points usable that await the event. Scope `receipts:write`."""
    return _answer(steps.post_activate(_call(request, id)))


@router.post(
    "/receipts/{path:id}:claim",
    summary="Say whose a receipt of nobody is",
    openapi_extra=shapes.describe(takes=Claim, gives={200: Answer}),
)
def claim(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Give an unmatched receipt, also named by the code on its slip, to a member. Scope `receipts:write`."""
    return _answer(steps.post_claim(_call(request, id)))


# After the steps: an address that names one would be read as a receipt's name.
@router.get(
    "/receipts/{path:id}",
    summary="A receipt as it stands",
    openapi_extra=shapes.describe(gives={200: StandAnswer}),
)
def read(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Read what became of a receipt: its status, what is left of it, what has come back. Scope `receipts:write`.

    `?explain=all` adds the rules that did not match.
    """
    return _answer(reading.get_receipt(_call(request, id)))


class ReturnBatch(msgspec.Struct, frozen=True):
    """Up to 1,000 returns."""

    returns: Annotated[list[Return], Meta(max_length=MAX_BATCH)]


@router.post(
    "/returns",
    summary="Take a return",
    openapi_extra=shapes.describe(takes=Return, gives={200: ReturnAnswer, 201: ReturnAnswer, 202: ReturnAnswer}),
)
def give_back(request: HttpRequest) -> HttpResponse:
    """Take back what a sale earned and put back what it spent; 202 while the sale has not come. Scope `receipts:write`.

    Without `lines` all that is left comes back: a void.
    """
    return _answer(returns.post_return(_call(request)))


@router.post(
    "/returns:batch",
    summary="Take up to 1,000 returns",
    openapi_extra=shapes.describe(takes=ReturnBatch, gives={200: shapes.BatchAnswer}),
)
def give_many_back(request: HttpRequest) -> HttpResponse:
    """Take returns: one result per item, in order; a bad item spoils nobody. Scope `receipts:write`."""
    return _answer(returns.post_returns(_call(request)))


@router.get(
    "/returns/{path:id}",
    summary="A return as it stands",
    openapi_extra=shapes.describe(gives={200: ReturnStandAnswer}),
)
def read_return(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 the address's own word
    """Read what became of a return: settled, still waiting for its sale, or refused when that came.

    Scope `receipts:write`; named like a receipt, by our id or by `place~series~number`.
    """
    return _answer(reading.get_return(_call(request, id)))


def _call(request: HttpRequest, target: str = "") -> Call:
    headers = request.headers
    return Call(
        headers.get("Authorization"),
        request.content_type,
        headers.get("Content-Encoding"),
        request.read,
        request.META.get("QUERY_STRING", ""),
        target,
    )


def _answer(reply: Reply) -> HttpResponse:
    return HttpResponse(reply.body, status=reply.status, headers=dict(reply.headers))
