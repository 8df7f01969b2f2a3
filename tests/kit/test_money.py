"""Money in words, exact to the digit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verno.kit import money

THIN = "\N{NO-BREAK SPACE}"
NARROW = "\N{NARROW NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "text"),
    [
        (0, "RUB", "en", "0.00"), (5, "RUB", "en", "0.05"), (-5, "RUB", "en", "-0.05"),
        (123_450, "RUB", "en", "1,234.50"), (123_450, "RUB", "ru", f"1{THIN}234,50"),
        (-123_456_789, "USD", "en", "-1,234,567.89"), (1234, "JPY", "en", "1,234"), (1234, "KWD", "en", "1.234"),
        (10**17 + 1, "USD", "en", "1,000,000,000,000,000.01"), (123_450, "EUR", "fr", f"1{NARROW}234,50"),
        (123_450, "RUB", "xx-YY", "1,234.50"),
    ],
)  # fmt: skip
def test_amounts(amount: int, currency: str, locale: str, text: str) -> None:
    assert money.format_money(amount, currency, locale) == text


@given(st.integers(-(10**20), 10**20), st.integers(0, 3))
def test_no_digit_is_lost(value: int, scale: int) -> None:
    text = money.format_scaled(value, scale, "en").replace(",", "")
    assert int(text.replace(".", "")) == value
    assert len(text.partition(".")[2]) == scale


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**6))
def test_full_steps_are_the_floor_and_never_negative(amount: int, step: int) -> None:
    full = money.full_steps(amount, step)
    assert full * step <= max(amount, 0) < (full + 1) * step


def test_currencies() -> None:
    assert all(money.is_currency(code) for code in ("RUB", "USD", "JPY", "KWD"))
    assert not any(money.is_currency(code) for code in ("rub", "XXXX", "", "$"))
    assert [money.currency_digits(code) for code in ("RUB", "JPY", "KWD")] == [2, 0, 3]
