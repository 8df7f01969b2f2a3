"""Exceptions of dead dependencies and broken invariants. Refusals are values and do not live here."""


class VernoError(Exception):
    """A sentence for a person, to print without a stack."""


class Unavailable(VernoError):
    """A dependency is down or too slow; the caller may try again (HTTP 503)."""


class BrokenInvariant(VernoError):
    """Something that cannot happen did; stop rather than go on."""


class TryAgain(VernoError):
    """Another transaction changed what this one had read; the whole of it may be tried again."""
