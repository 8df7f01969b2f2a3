"""Which limits a use meets, under which name, in which hour and day."""

from datetime import UTC, datetime

import pytest

from tests.limits.builders import limit, use
from verno.limits import checks
from verno.limits.counting import Want, wants
from verno.limits.types import NewLimit, Use

MEMBER = "01a21293-b600-7000-9dd8-5041866f93d7"


def meets(wanted: NewLimit, one: Use) -> Want | None:
    """Return how a use meets one limit."""
    made = checks.checked([wanted], {}, units=["points", "status"], places={"msk-1"})
    assert isinstance(made, list), made
    found = wants(made, one)
    assert len(found) < 2
    return found[0] if found else None


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("subject", "place", "till", "cashier", "name"),
    [
        ("member", "msk-1", None, None, MEMBER),
        ("card", "msk-1", None, None, "c0ffee"),
        ("cashier", "msk-1", "2", "vera", "msk-1~vera"),
        ("cashier", None, None, "vera", "vera"),
        ("cashier", "msk-1", "2", None, None),
        ("till", "msk-1", "2", "vera", "msk-1~2"),
        ("till", "msk-1", None, "vera", None),
        ("place", "msk-1", None, None, "msk-1"),
        ("place", None, None, None, None),
        ("program", None, None, None, ""),
    ],
)
def test_a_use_counts_under_the_name_of_its_subject(
    subject: str, place: str | None, till: str | None, cashier: str | None, name: str | None
) -> None:
    one = use(MEMBER, card="c0ffee", place=place, till=till, cashier=cashier)
    found = meets(limit(subject), one)
    assert (found.key[1] if found else None) == name


def test_nobody_has_no_limit_of_a_member() -> None:
    assert meets(limit("member"), use(None)) is None
    assert meets(limit("card"), use(None)) is None
    assert meets(limit("place"), use(None)) is not None


def test_a_limit_of_a_place_counts_there_alone() -> None:
    here = limit("member", place="msk-1")
    assert meets(here, use(MEMBER)) is not None
    assert meets(here, use(MEMBER, place="msk-2")) is None
    assert meets(here, use(MEMBER, place=None)) is None


@pytest.mark.parametrize(
    ("measure", "unit", "amount"),
    [
        ("receipts", None, 1),
        ("earned", "points", 7),
        ("earned", "status", 9),
        ("spent", "points", 30),
        ("spent", "status", None),
        ("adjusted", "points", None),
    ],
)
def test_each_measure_reads_its_own_figure(measure: str, unit: str | None, amount: int | None) -> None:
    one = use(MEMBER, earned={"points": 7, "status": 9}, spent={"points": 30}, adjusted={"points": 0})
    found = meets(limit("member", measure, unit=unit), one)
    assert (found.amount if found else None) == amount


@pytest.mark.parametrize(
    ("window", "zone", "at", "bucket", "ends_at"),
    [
        ("day", "Europe/Moscow", "2026-11-25T12:00", "2026-11-25T00:00", "2026-11-25T21:00"),
        ("day", "Europe/Moscow", "2026-11-25T21:00", "2026-11-26T00:00", "2026-11-26T21:00"),
        ("day", "Asia/Vladivostok", "2026-11-25T12:00", "2026-11-25T00:00", "2026-11-25T14:00"),
        ("day", "Pacific/Kiritimati", "2026-11-25T12:00", "2026-11-26T00:00", "2026-11-26T10:00"),
        ("day", "America/Santiago", "2026-09-05T12:00", "2026-09-05T00:00", "2026-09-06T04:00"),  # midnight is skipped
        ("hour", "Europe/Moscow", "2026-11-25T12:59:59.999999", "2026-11-25T12:00", "2026-11-25T13:00"),
        ("hour", "Asia/Kolkata", "2026-11-25T12:00", "2026-11-25T11:30", "2026-11-25T12:30"),
        ("hour", "Europe/Berlin", "2026-10-25T00:30", "2026-10-25T00:00", "2026-10-25T01:00"),  # 02:30, first
        ("hour", "Europe/Berlin", "2026-10-25T01:30", "2026-10-25T01:00", "2026-10-25T02:00"),  # 02:30, again
    ],
)
def test_hours_and_days_are_the_places_own(window: str, zone: str, at: str, bucket: str, ends_at: str) -> None:
    found = meets(limit("member", window=window), use(MEMBER, at=moment(at), zone=zone))
    assert found is not None
    assert (found.key[2], found.ends_at) == (moment(bucket), moment(ends_at))


def test_one_date_is_one_day_in_all_zones() -> None:
    daily = limit("member")
    keys = set()
    for zone, at in (("Europe/Moscow", "2026-11-25T12:00"), ("Asia/Vladivostok", "2026-11-25T01:00")):
        found = meets(daily, use(MEMBER, at=moment(at), zone=zone))
        assert found is not None
        keys.add(found.key[1:])
    assert keys == {(MEMBER, moment("2026-11-25T00:00"))}


@pytest.mark.parametrize(
    ("subject", "measure", "counts"),
    [
        ("member", "receipts", True),
        ("card", "receipts", True),
        ("place", "receipts", False),
        ("till", "receipts", False),
        ("program", "receipts", False),
        ("place", "earned", True),
        ("program", "earned", True),
    ],
)
def test_a_claimed_receipt_was_counted_before_but_not_for_its_member(subject: str, measure: str, counts: bool) -> None:
    one = use(MEMBER, card="c0ffee", till="2", earned={"points": 5}, claimed=True)
    wanted = limit(subject, measure, unit="points" if measure == "earned" else None)
    assert (meets(wanted, one) is not None) == counts
