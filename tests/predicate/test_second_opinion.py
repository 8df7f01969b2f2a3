"""The builder's own ``formatQuery`` writes other SQL for the same trees, and PostgreSQL finds the same people by it.

SQL's own NULL is neither true nor false, so ``!=`` and ``not`` there lose whom we count in. The opinions are compared
where that cannot matter: everything known and all operators, or anything known and no word that says "not". And theirs
has "all" false of no lines, so everybody has a line. What only we have (days, places in a tree, sums) they cannot say.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.predicate import trees, world
from tests.predicate.asking import Tree, node_of
from tests.predicate.trees import WHENS, examples, operands
from verno.predicate.closures import closure
from verno.predicate.sql import compiled
from verno.predicate.types import Kind, When

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not (ROOT / "node_modules/react-querybuilder").is_dir(),
    reason="node or its package react-querybuilder is not installed (make setup)",
)

Format = Callable[[Tree], tuple[str, list[object]]]
FIELDS = ("visits", "spent", "name", "place", "vip", "tier", "born", "at")
OURS = {"withinLast", "notWithinLast", "withinNext", "notWithinNext", "anniversaryWithin"}
NEGATIVE = {"!=", "notIn", "notBetween", "doesNotContain", "doesNotBeginWith", "doesNotEndWith"}
MODES = ("some", "all", "none", "atLeast", "atMost", "exactly")
PEOPLE = "SELECT p.*, ARRAY(SELECT sku FROM lines l WHERE l.person = p.id) AS lines FROM people p"


@pytest.fixture(scope="module")
def format_query() -> Iterator[Format]:
    """Ask one process of node, tree after tree."""
    command = ["node", str(Path(__file__).with_name("format_query.mjs"))]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as node:
        assert node.stdin
        assert node.stdout
        ask, answers = node.stdin, node.stdout

        def formatted(tree: Tree) -> tuple[str, list[object]]:
            ask.write(json.dumps(tree) + "\n")
            ask.flush()
            made = json.loads(answers.readline())
            return re.sub(r"\$\d+", "%s", made["sql"]), made["params"]

        yield formatted
        ask.close()


def common(kind: Kind, when: When, *, negative: bool) -> dict[str, st.SearchStrategy[Any]]:
    """The operators that both have with one meaning; theirs takes ``%`` and ``_`` in a text for wildcards."""
    out = {}
    for name, values in operands(kind, when).items():
        if name in OURS or (name in NEGATIVE and not negative) or (kind is Kind.MOMENT and "etween" in name):
            continue
        out[name] = values if kind is not Kind.TEXT else values.filter(lambda said: not re.search(r"[%_\\]", str(said)))
    return out


@st.composite
def rules(draw: st.DrawFn, when: When, depth: int, *, negative: bool) -> Tree:
    choice = draw(st.integers(0, 5))
    if depth and choice == 0:
        return draw(groups(when, depth - 1, negative=negative))
    if choice == 1:
        return draw(of_lines(when, negative=negative))
    field = world.PEOPLE.fields[draw(st.sampled_from(FIELDS))]
    operator, values = draw(st.sampled_from(sorted(common(field.kind, when, negative=negative).items(), key=str)))
    return {"field": field.name, "operator": operator, "value": draw(values)}


@st.composite
def of_lines(draw: st.DrawFn, when: When, *, negative: bool) -> Tree:
    asked = sorted(common(Kind.TEXT, when, negative=negative).items(), key=str)
    inner = []
    for _ in range(draw(st.integers(1, 2))):
        operator, values = draw(st.sampled_from(asked))
        inner.append({"field": "sku", "operator": operator, "value": draw(values)})
    mode = draw(st.sampled_from(MODES))
    match = {"mode": mode} if mode in ("some", "all", "none") else {"mode": mode, "threshold": draw(st.integers(0, 3))}
    where = {
        "combinator": draw(st.sampled_from(["and", "or"])),
        "not": draw(st.just(False) | st.just(negative)),
        "rules": inner,
    }
    return {"field": "lines", "operator": "=", "match": match, "value": where}


@st.composite
def groups(draw: st.DrawFn, when: When, depth: int = 2, *, negative: bool) -> Tree:
    return {
        "combinator": draw(st.sampled_from(["and", "or"])),
        "not": draw(st.just(False) | st.just(negative)),
        "rules": draw(st.lists(rules(when, depth, negative=negative), min_size=1, max_size=3)),
    }


@st.composite
def people(draw: st.DrawFn, when: When, *, known: bool) -> SimpleNamespace:
    """Somebody with lines whose goods are known; all the rest is known too, or not."""
    found: SimpleNamespace = draw(trees.persons(when, known=known))
    found.lines = draw(st.lists(st.builds(world.line, sku=trees.words), min_size=1, max_size=4))
    return found


@pytest.mark.parametrize("negative", [False, True], ids=["no word says not", "everything is known"])
@examples(60)
@given(data=st.data())
def test_the_builders_sql_finds_the_same(
    conn: "psycopg.Connection[Any]", format_query: Format, negative: bool, data: st.DataObject
) -> None:
    when = data.draw(st.sampled_from(WHENS))
    asked = data.draw(st.lists(people(when, known=negative), min_size=1, max_size=6))
    world.fill(conn, asked)
    for tree in data.draw(st.lists(groups(when, negative=negative), min_size=1, max_size=10)):
        node = node_of(tree)
        text, parameters = format_query(tree)
        theirs = {number for (number,) in conn.execute(f"SELECT id FROM ({PEOPLE}) p WHERE {text}", parameters)}
        python = closure(node)
        assert {number for number, one in enumerate(asked) if python(one, when)} == theirs, (tree, text)
        assert world.found(conn, compiled(node, when)) == theirs, (tree, text)
