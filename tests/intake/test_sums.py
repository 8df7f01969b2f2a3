"""The till's arithmetic: spreads that add up, returns whose split does not matter, codes that notice slips."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verno.intake.sums import claimcode, kept, worth
from verno.intake.sums.kept import Line
from verno.kit.money import MAX_AMOUNT, spread

PRICES = st.lists(st.integers(0, 5000) | st.integers(0, MAX_AMOUNT), min_size=1, max_size=12)


def half_up(number: Fraction) -> int:
    """What a person does with half a unit."""
    return math.floor(number + Fraction(1, 2))


@given(PRICES, st.data())
def test_a_spread_adds_up_and_stays_within_half_of_its_share_and_every_price(
    prices: list[int], data: st.DataObject
) -> None:
    paid = data.draw(st.integers(0, sum(prices)))
    parts = spread(paid, prices)
    assert sum(parts) == paid
    for part, price in zip(parts, prices, strict=True):
        assert 0 <= part <= price
        assert abs(part - Fraction(paid * price, sum(prices) or 1)) < 1


@pytest.mark.parametrize(
    ("paid", "prices", "parts"),
    [
        (100, [100, 100, 100], [34, 33, 33]),  # equal remainders: the first line takes the odd unit
        (200, [100, 100, 100], [67, 67, 66]),
        (10, [1, 999], [0, 10]),
        (1000, [1, 999], [1, 999]),
        (7, [0, 5, 0, 5], [0, 4, 0, 3]),
        (0, [5, 5], [0, 0]),
        (0, [0], [0]),
    ],
)
def test_the_largest_remainder_takes_what_is_left(paid: int, prices: list[int], parts: list[int]) -> None:
    assert spread(paid, prices) == parts


@pytest.mark.parametrize(
    ("points", "spend_value", "scale", "value"),
    [(300, 100, 0, 30000), (1, 1, 0, 1), (12345, 100, 2, 12345), (1, 50, 2, 0), (3, 50, 2, 1), (0, 100, 0, 0)],
)
def test_what_points_are_worth(points: int, spend_value: int, scale: int, value: int) -> None:
    assert worth.value(points, spend_value=spend_value, scale=scale) == value


@given(st.integers(0, MAX_AMOUNT), st.integers(1, 10**6), st.integers(0, 2), st.integers(0, 100))
def test_the_most_that_may_be_spent_is_never_worth_more_than_its_share(
    price: int, spend_value: int, scale: int, share: int
) -> None:
    purse = worth.Purse("points", spend_value, scale, 10**12)
    most = worth.spend_max([purse], price, share=share)["points"]
    room = Fraction(price * share, 100)
    assert worth.value(most, spend_value=spend_value, scale=scale) <= room
    # no number that fits is worth more
    reach = min(math.floor(room) * 10**scale // spend_value, 10**12)
    assert worth.value(most, spend_value=spend_value, scale=scale) == worth.value(
        reach, spend_value=spend_value, scale=scale
    )


def test_nobody_can_spend_more_than_they_have() -> None:
    assert worth.spend_max([worth.Purse("points", 100, 0, 7)], 45000, share=100) == {"points": 7}
    assert worth.spend_max([worth.Purse("points", 100, 0, 0)], 45000, share=100) == {"points": 0}


@pytest.mark.parametrize(("text", "number"), [("2", 2000), ("0.125", 125), ("1.5", 1500), ("0", 0), ("10", 10000)])
def test_quantities_are_counted_in_thousandths(text: str, number: int) -> None:
    assert kept.thousandths(text) == number
    assert kept.in_words(number) == text


@pytest.mark.parametrize(
    ("amount", "left", "quantity", "part"),
    [(1000, 1000, 3000, 333), (1000, 2000, 3000, 667), (5, 1, 2, 3), (999, 0, 5, 0), (999, 5, 5, 999)],
)
def test_a_part_is_rounded_half_up(amount: int, left: int, quantity: int, part: int) -> None:
    assert kept.part(amount, left, quantity) == part == half_up(Fraction(amount * left, quantity))


def sold(prices: list[int], quantities: list[int], paid: int) -> list[Line]:
    """A sale part of which was paid with points."""
    parts = spread(paid, prices)
    return [Line(i, *rest) for i, rest in enumerate(zip(quantities, prices, parts, strict=True), 1)]


@st.composite
def sales(draw: st.DrawFn) -> tuple[list[Line], int, int]:
    """(lines, points, what they paid)."""
    prices = draw(st.lists(st.integers(0, 3000), min_size=1, max_size=6))
    quantities = draw(st.lists(st.integers(0, 4000), min_size=len(prices), max_size=len(prices)))
    scale, spend_value = draw(st.integers(0, 2)), draw(st.integers(1, 300))
    points = draw(st.integers(0, worth.least_points(sum(prices), spend_value=spend_value, scale=scale)))
    paid = worth.value(points, spend_value=spend_value, scale=scale)
    return sold(prices, quantities, paid), points, paid


@given(sales(), st.data())
def test_any_split_of_a_return_gives_the_wholes_result(sale: tuple[list[Line], int, int], data: st.DataObject) -> None:
    """Whatever comes back first, and in however many parts, the sums of all parts are those of one return."""
    lines, points, paid = sale
    left = kept.all_of(lines)
    target = {line: data.draw(st.integers(0, quantity)) for line, quantity in left.items()}
    whole = kept.kept(lines, target)
    money = kept.kept(lines, left).to_pay
    put_back = refunded = 0
    pieces = data.draw(st.permutations([line for line in left for _ in range(3)]))
    for n, line in enumerate(pieces):
        last = line not in pieces[n + 1 :]
        left[line] = target[line] if last else data.draw(st.integers(target[line], left[line]))
        now = kept.kept(lines, left)
        back = points - put_back - kept.points_kept(points, now, paid)
        refund = money - refunded - now.to_pay
        assert back >= 0
        assert refund >= 0
        put_back += back
        refunded += refund
    assert put_back == points - kept.points_kept(points, whole, paid)
    assert refunded == money - whole.to_pay


@given(sales())
def test_all_while_all_is_kept_and_none_when_nothing_is(sale: tuple[list[Line], int, int]) -> None:
    lines, points, paid = sale
    everything, nothing = kept.kept(lines, kept.all_of(lines)), kept.kept(lines, {})
    assert (everything.to_pay, everything.paid) == (sum(line.amount for line in lines) - paid, paid)
    assert (nothing.to_pay, nothing.paid, nothing.empty) == (0, 0, True)
    assert kept.points_kept(points, everything, paid) == points
    assert kept.points_kept(points, nothing, paid) == 0


def test_a_line_of_no_quantity_is_kept_or_given_back_whole() -> None:
    lines = [Line(1, 0, 500, 100), Line(2, 1000, 500, 100)]
    assert kept.all_of(lines) == {1: 1, 2: 1000}
    assert kept.kept(lines, {2: 1000}) == kept.Kept(400, 100, empty=False)


def test_a_code_is_read_back_however_it_is_typed() -> None:
    for code in claimcode.new_codes(200):
        assert claimcode.read(code) == code
        assert claimcode.read(code.lower().replace("-", " ")) == code


def test_a_code_notices_a_wrong_letter_and_two_that_were_swapped() -> None:
    for code in claimcode.new_codes(20):
        plain = code.replace("-", "")
        for i, letter in enumerate(plain):
            for other in claimcode.ALPHABET:
                if other != letter:
                    assert claimcode.read(plain[:i] + other + plain[i + 1 :]) is None
            swapped = plain[:i] + plain[i + 1 : i + 2] + letter + plain[i + 2 :]
            assert swapped == plain or claimcode.read(swapped) is None


@pytest.mark.parametrize("text", ["", "K7QM", "K7QM-2WXA-99", "O0I1-L000-0", "ünï", "K7QM-2WXA"])
def test_what_is_no_code(text: str) -> None:
    assert claimcode.read(text) is None


@given(st.integers(0, 10_000), st.integers(1, 300), st.integers(0, 2))
def test_no_point_is_taken_for_nothing(money: int, spend_value: int, scale: int) -> None:
    """The points taken are worth as much as any number that fits, and one fewer would be worth less."""
    points = worth.least_points(money, spend_value=spend_value, scale=scale)
    paid = worth.value(points, spend_value=spend_value, scale=scale)
    assert paid <= money
    assert paid >= worth.value(points + 1, spend_value=spend_value, scale=scale) or (
        worth.value(points + worth.STEPS[scale], spend_value=spend_value, scale=scale) > money
    )
    assert points == 0 or worth.value(points - 1, spend_value=spend_value, scale=scale) < paid
