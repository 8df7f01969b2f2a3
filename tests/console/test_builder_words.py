"""Whatever the engine knows has its field and its words in the builder."""

import ast
import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from django.utils.translation import override

from verno.console import words
from verno.console.promotions.forms import effects
from verno.console.promotions.forms.effects import About
from verno.console.promotions.saying.problems import in_words
from verno.promotions.types import Refusal
from verno.rules.effects import AnyEffect

SOURCE = Path(effects.__file__).parents[3]
ABOUT = About(2, "$", [("points", "points")], {"points": 0}, {}, [], [], {})


def test_every_effect_asks_for_all_that_it_has() -> None:
    described = {one.tag: {ask.name for ask in one.of} for one in effects.variants(ABOUT)}
    known = {
        one.__struct_config__.tag: {field.name for field in msgspec.structs.fields(one)} for one in get_args(AnyEffect)
    }
    assert described == known


@pytest.mark.parametrize("refusal", list(Refusal))
def test_every_refusal_has_words(refusal: Refusal) -> None:
    assert refusal in words.WORDS["promotion_refusal"]


class Sayings(ast.NodeVisitor):
    """Texts of a module that are no docstrings; each value in them is a 7."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self.found.append("".join(str(one.value) if isinstance(one, ast.Constant) else "7" for one in node.values))

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.found.append(node.value)


def sentences() -> list[str]:
    """Return what the checks and the readers of conditions say."""
    files = [
        *(SOURCE / "rules" / "checks").glob("*.py"),
        SOURCE / "rules" / "making" / "compiling.py",
        SOURCE / "predicate" / "reading.py",
        SOURCE / "predicate" / "operators" / "operands.py",
        SOURCE / "promotions" / "keeping.py",
    ]
    seen = Sayings()
    for path in files:
        seen.visit(ast.parse(path.read_text()))
    return [one for one in dict.fromkeys(seen.found) if re.match(r"\S+ \S+", one)]


NUMBERS = ("a whole number", "a number of days", "a day of the week, Monday first")
NOT_SENTENCES = ("7", "Sequence", "of that name", "must be 7, 7 to 7", "%(count)s", "rule 7: ", *NUMBERS)


def test_every_sentence_of_the_engine_has_its_words() -> None:
    found = [one for one in sentences() if not one.startswith(NOT_SENTENCES)]
    found += [f"must be {what}, 1 to 7" for what in NUMBERS]
    assert len(found) > 50
    with override("ru"):
        silent = [one for one in found if not re.search("[а-я]", in_words(re.sub("^[a-z]+: ", "", one)))]
    assert not silent, "\n".join(silent)
