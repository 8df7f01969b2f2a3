"""The counter of intake's tests, whose receipts are replayed."""

from tests.intake.conftest import counter, honest

__all__ = ["counter", "honest"]
