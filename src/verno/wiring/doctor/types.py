"""What the doctor says."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """How it stands with one thing."""

    OK = "ok"
    NOTE = "note"
    """Nothing is lost, something is left to do."""
    BAD = "bad"
    """Unsafe: points, personal data or letters can get lost, or get into wrong hands."""


class Finding(NamedTuple):
    """What the doctor says of one thing."""

    what: str
    verdict: Verdict
    text: str


EXIT = {Verdict.OK: 0, Verdict.NOTE: 1, Verdict.BAD: 2}


def worst(findings: Sequence[Finding]) -> Verdict:
    """Return the worst verdict of all."""
    return max((finding.verdict for finding in findings), key=lambda verdict: EXIT[verdict], default=Verdict.OK)
