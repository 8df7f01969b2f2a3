"""Plain builders of tracks."""

from datetime import UTC, date, datetime, timedelta

import msgspec

from verno.progress.types import (
    AnySettings,
    Metric,
    Rolling,
    Step,
    Tiers,
    Track,
    Window,
)
from verno.rules.facts import Facts, Line

YEAR = Rolling(365)


def day(text: str) -> date:
    """Return 2026-MM-DD, or any date that is written in full."""
    return date.fromisoformat(text if len(text) > 5 else f"2026-{text}")


def steps(*thresholds: int, keep: tuple[int, ...] = ()) -> tuple[Step, ...]:
    """Return steps called a, b, c and so on."""
    return tuple(
        Step(code="abcdefgh"[i], threshold=threshold, keep=keep[i] if keep else None)
        for i, threshold in enumerate(thresholds)
    )


def track(
    *thresholds: int,
    settings: AnySettings | None = None,
    window: Window = YEAR,
    metric: Metric = Metric.SPEND,
    keep: tuple[int, ...] = (),
    **more: object,
) -> Track:
    """Return a track; tiers unless said otherwise."""
    made = Track(
        code="main",
        metric=metric,
        window=window,
        steps=steps(*thresholds, keep=keep),
        settings=settings or Tiers(),
    )
    return msgspec.structs.replace(made, **more)


def receipt(*lines: Line, at: datetime = datetime(2026, 11, 25, 9, 0, tzinfo=UTC), **more: object) -> Facts:
    """Return a receipt of these lines."""
    return Facts(at, "Europe/Moscow", lines, **more)  # type: ignore[arg-type]


def line(price: int, *, number: int = 1, sku: str = "tea", pieces: int = 1, **more: object) -> Line:
    """Return a line of so many pieces."""
    return Line(number, sku, pieces * 1000, price, **more)  # type: ignore[arg-type]


def days(*pairs: tuple[str, int]) -> dict[date, int]:
    """Return counts by day."""
    return {day(text): amount for text, amount in pairs}


def after(start: date, days_: int) -> date:
    """Return a date so many days later."""
    return start + timedelta(days=days_)
