"""The SQL of a tree and its Python say the same of everybody in a town made at random."""

import os
from random import Random

import psycopg

from tests.builders import NOW
from tests.predicate.trees import as_stored
from tests.segments import town
from verno.predicate.closures import closure
from verno.predicate.reading import read
from verno.predicate.types import Refused, When
from verno.segments import desk, fields, service
from verno.segments.people import people
from verno.segments.types import Fields

PEOPLE = 40
TREES = 300 * int(os.environ.get("VERNO_THOROUGH", "1"))
SEEDS = (1, 2)


def test_both_readings_choose_the_same(conn: psycopg.Connection) -> None:
    for seed in SEEDS:
        with conn.transaction(force_rollback=True):
            agree(conn, Random(seed))


def agree(conn: psycopg.Connection, chance: Random) -> None:
    there = town.made(conn, chance, PEOPLE)
    known = desk.known(conn, there.program_id, now=NOW)
    asked = Fields(there.program_id, fields.registry(known), known.zone)
    found = people(conn, there.program_id, there.ids, known=known, now=NOW)
    everybody = service.page(conn, there.program_id, {"combinator": "and", "rules": []}, now=NOW, limit=1000)
    assert isinstance(everybody, list)
    assert 0 < len(everybody) < len(there.ids), "some were merged"
    persons = [found[id_] for id_ in everybody]
    values = town.values_of(asked.registry, persons)
    poor = [
        name for name, said in values.items() if len(said) < 2 and name not in ("member.buying_group", "expiring.unit")
    ]
    assert not poor, f"a town where everybody is alike in this proves little: {poor}"
    trees, chosen = town.Trees(chance, values), 0
    when = When.at(NOW, known.zone)
    for _ in range(TREES):
        tree = as_stored(trees.tree(asked.registry))
        node = read(tree, asked.registry)
        assert not isinstance(node, Refused), (tree, node)
        reading = closure(node)
        expected = {one.id for one in persons if reading(one, when)}
        matching = service.matching(conn, there.program_id, tree, everybody, now=NOW, fields=asked)
        assert matching == expected, tree
        assert service.count(conn, there.program_id, tree, now=NOW, fields=asked) == len(expected), tree
        chosen += 0 < len(expected) < len(persons)
    assert chosen > TREES / 4, "trees that are true of all or of nobody prove little"
