"""The gallery: each mechanic may be stored, and each of its receipts comes out as it says. One row an example."""

import msgspec
import pytest

from verno.promotions import gallery
from verno.promotions.gallery.types import UNITS, Example, Mechanic, facts
from verno.rules import engine, stored
from verno.rules.checks import problems
from verno.rules.making.compiling import Book, ready
from verno.rules.types import Fired

MECHANICS = gallery.all_mechanics()
TELLS = frozenset({"gift", "give_badge", "set_tier", "extend_expiry", "emit_event", "print_text"})
EXAMPLES = [
    pytest.param(mechanic, example, id=f"{mechanic.code}-{number}")
    for mechanic in MECHANICS
    for number, example in enumerate(mechanic.examples, 1)
]


def told(fired: Fired) -> str:
    return f"{fired.effect} {fired.text}".strip()


@pytest.mark.parametrize(("mechanic", "example"), EXAMPLES)
def test_an_example_is_exact(mechanic: Mechanic, example: Example) -> None:
    book = ready(mechanic.whole, mechanic.known)
    assert isinstance(book, Book), book
    receipt = facts(example)
    fired = engine.price(book, receipt)
    receipt.lines[0].paid -= example.pays
    receipt.add_up()
    verdict = engine.settle(book, receipt, fired)
    assert (receipt.discount, dict(verdict.points)) == (example.off, dict(example.points))
    assert tuple(told(one) for one in verdict.fired if one.effect in TELLS and one.matched) == example.told


@pytest.mark.parametrize("mechanic", MECHANICS, ids=lambda mechanic: mechanic.code)
def test_a_mechanic_may_be_stored(mechanic: Mechanic) -> None:
    assert problems(mechanic.whole, mechanic.known, UNITS) == []
    assert stored.read(msgspec.json.decode(stored.write(mechanic.rulebook))) == mechanic.rulebook


@pytest.mark.parametrize("mechanic", MECHANICS, ids=lambda mechanic: mechanic.code)
def test_parameters_point_at_something(mechanic: Mechanic) -> None:
    tree = msgspec.to_builtins(mechanic.rulebook)
    for parameter in mechanic.parameters:
        node = tree
        for name in parameter.pointer.removeprefix("/").split("/"):
            node = node[int(name)] if isinstance(node, list | tuple) else node[name]
        assert node is not None


def test_each_mechanic_shows_a_receipt_on_which_it_acts_and_one_on_which_less_comes_of_it() -> None:
    for mechanic in MECHANICS:
        results = [(one.off, sum(one.points.values()), one.told) for one in mechanic.examples]
        assert any(off or points or told for off, points, told in results), mechanic.code
        assert len(set(results)) > 1, mechanic.code


def test_there_are_enough_each_found_by_its_code() -> None:
    assert len(MECHANICS) >= 34
    assert len({mechanic.code for mechanic in MECHANICS}) == len(MECHANICS)
    assert all(gallery.find(mechanic.code) is mechanic for mechanic in MECHANICS)
    assert gallery.find("no-such") is None
