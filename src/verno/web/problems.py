"""Answers to what cannot be done: RFC 9457 ``application/problem+json``, each with a stable type."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal. ``type`` is a stable word that programs compare; ``errors`` names fields of the body.

    ``more`` are further members that its type promises.
    """

    type: str
    status: int
    title: str
    detail: str | None = None
    retryable: bool = False
    errors: Sequence[tuple[str, str]] = field(default=())
    more: Mapping[str, object] = field(default_factory=dict)

    def body(self) -> dict[str, object]:
        """Return the members of the JSON object, absent ones left out."""
        out: dict[str, object] = {"type": self.type, "title": self.title, "status": self.status}
        if self.detail:
            out["detail"] = self.detail
        if self.errors:
            out["errors"] = [{"field": name, "message": message} for name, message in self.errors]
        out["retryable"] = self.retryable
        out.update(self.more)
        return out

    def encoded(self) -> bytes:
        """Return the JSON bytes."""
        return msgspec.json.encode(self.body())


class Refused(Exception):
    """Leaves a door with a problem as its answer; raised at doors only, never by the core."""

    def __init__(self, problem: Problem) -> None:
        """Carry the problem."""
        super().__init__(problem.title)
        self.problem = problem


def bad_json(detail: str) -> Problem:
    """Answer a body that is not the JSON we read."""
    return Problem("bad-json", 400, "The body is not acceptable JSON", detail)


def invalid(errors: Sequence[tuple[str, str]]) -> Problem:
    """Answer a body of the wrong shape; names each field."""
    detail = "; ".join(f"{name}: {message}" if name else message for name, message in errors)
    return Problem("invalid", 422, "The body does not have the expected shape", detail, errors=tuple(errors))


def too_large(limit: int) -> Problem:
    """Answer a body over the limit."""
    return Problem("too-large", 413, "The body is too large", f"at most {limit} bytes are read")


def not_found() -> Problem:
    """Answer what is not there, and what the caller may not see, alike."""
    return Problem("not-found", 404, "There is nothing here")


def unauthorized() -> Problem:
    """Answer a missing, unknown, expired or revoked key."""
    return Problem("unauthorized", 401, "A valid API key is needed", "send it as: Authorization: Bearer <key>")


def missing_scope(scope: str) -> Problem:
    """Answer a key without the scope that the call needs."""
    return Problem("missing-scope", 403, "The API key lacks a scope", f"the call needs the scope {scope}")


def too_many(seconds: int) -> Problem:
    """Answer a key that has used up its allowance."""
    detail = f"wait {seconds} s; the headers RateLimit and RateLimit-Policy tell the allowance"
    return Problem("too-many-requests", 429, "The API key sends more than it may", detail, retryable=True)


def foreign_place() -> Problem:
    """Answer a key bound to other places, whether or not the place it names exists."""
    return Problem("foreign-place", 403, "The API key is not for this place")


def unavailable(detail: str) -> Problem:
    """Answer while a dependency is down."""
    return Problem("unavailable", 503, "Try again in a moment", detail, retryable=True)


def internal() -> Problem:
    """Answer a fault of ours: no stack, no SQL."""
    return Problem("internal", 500, "Something went wrong on our side", retryable=True)
