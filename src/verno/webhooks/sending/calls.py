"""One try: a signed call, and what its answer means."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import assert_never

from verno.outbound.client import Client
from verno.outbound.types import Answer, Lost, NotSent
from verno.webhooks import signing
from verno.webhooks.events import CONTENT_TYPE, cloud_event, encoded
from verno.webhooks.sending.desk import CALL_SECONDS, MOST_ATTEMPTS, RETRY_AFTER, End, Job
from verno.webhooks.types import DeliveryState

ANSWER_LIMIT = 2048
RESPONSE_LIMIT = 200
"""Characters of an answer that the log keeps."""
LONGEST_QUIET = timedelta(days=1)
"""How long an endpoint may ask to be left alone."""
OK, REDIRECTS, ERRORS, GONE = 200, 300, 400, 410


async def deliver(client: Client, job: Job, now: Callable[[], datetime], *, seconds: float = CALL_SECONDS) -> End:
    """Call an endpoint once; every way in which that can go is an ``End``."""
    body = encoded(job.event)
    id_, timestamp = cloud_event(job.event).id, int(now().timestamp())
    headers = {
        "Content-Type": CONTENT_TYPE,
        "Webhook-Id": id_,
        "Webhook-Timestamp": str(timestamp),
        "Webhook-Signature": signing.signature(job.keys, id_, timestamp, body),
    }
    outcome = await client.call("POST", job.url, headers=headers, body=body, timeout=seconds, limit=ANSWER_LIMIT)
    match outcome:
        case Answer():
            return _answered(job, outcome, now())
        case NotSent(text=text):
            return _again(job, None, f"not sent: {text}", now())
        case Lost(text=text, timed_out=timed_out):
            said = f"no answer within {seconds:g} s" if timed_out else f"the connection was lost: {text}"
            return _again(job, None, said, now())
        case _:
            assert_never(outcome)


def cut_short(job: Job, now: datetime) -> End:
    """Return the end of a call that our own end interrupted: soon again, and it does not count."""
    return End(job, DeliveryState.WAITING, None, "interrupted", due_at=now, refund=1)


def broken(job: Job, error: Exception, now: datetime) -> End:
    """Return the end of a call that broke on our side: it counts, and the event goes out again later."""
    return _again(job, None, f"the call broke: {type(error).__name__}", now)


def _answered(job: Job, answer: Answer, now: datetime) -> End:
    text = _printable(answer.body)
    if OK <= answer.status < REDIRECTS:
        return End(job, DeliveryState.DELIVERED, answer.status, text)
    if answer.status == GONE:
        return End(job, DeliveryState.FAILED, answer.status, text, gone=True)
    if REDIRECTS <= answer.status < ERRORS:
        text = "redirects are not followed"
    return _again(job, answer.status, text, now, quiet_until=_retry_after(answer.headers.get("retry-after"), now))


def _again(job: Job, status: int | None, text: str, now: datetime, quiet_until: datetime | None = None) -> End:
    """Return the end of a try that failed: another one later, or giving up after the last."""
    if job.attempts >= MOST_ATTEMPTS:
        return End(job, DeliveryState.FAILED, status, text[:RESPONSE_LIMIT], quiet_until=quiet_until)
    # Chance spreads what failed together; it only ever shortens, so that the tries stay within their days.
    wait = RETRY_AFTER[job.attempts - 1] * random.uniform(0.8, 1.0)  # noqa: S311 jitter, not secrecy
    due_at = max(now + wait, quiet_until or now)
    return End(job, DeliveryState.WAITING, status, text[:RESPONSE_LIMIT], due_at=due_at, quiet_until=quiet_until)


def _retry_after(text: str | None, now: datetime) -> datetime | None:
    """Read the header, seconds or a date (RFC 9110); None for what says nothing."""
    if not text:
        return None
    if text.isascii() and text.isdigit():
        at = now + min(timedelta(seconds=int(text[:9])), LONGEST_QUIET)
    else:
        try:
            said = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        at = said if said.tzinfo else said.replace(tzinfo=UTC)
    return min(at, now + LONGEST_QUIET) if at > now else None


def _printable(body: bytes) -> str:
    text = body.decode(errors="replace")[:RESPONSE_LIMIT]
    return "".join(char if char.isprintable() else " " for char in text).strip()
