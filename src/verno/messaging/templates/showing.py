"""Content that is shown by condition: whom each of a template's conditions is true of, set-based."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from verno.kit import localtime
from verno.kit.db import Connection
from verno.kit.money import currency_digits
from verno.members import queries as members
from verno.messaging.templates.types import Tree
from verno.predicate.closures import closure
from verno.predicate.reading import read
from verno.predicate.types import Refused, Registry, When
from verno.progress import queries as progress
from verno.rules.fields import Known, member_registry
from verno.workspace import queries as workspace
from verno.workspace.types import Program


class _Fact:
    """What the fields of a member are read from."""

    __slots__ = ("known", "member")

    def __init__(self, member: object) -> None:
        self.member = member
        self.known = True


def shown(
    conn: Connection, program_id: str, trees: Mapping[str, Tree], holder_ids: Collection[str], *, now: datetime
) -> dict[str, set[str]]:
    """Return by name whom each condition is true of; a condition that cannot be asked any more is true of nobody."""
    if not trees or not holder_ids:
        return {name: set() for name in trees}
    program = workspace.program(conn, program_id)
    fields, when = _registry(conn, program), When.at(now, localtime.zone(program.timezone))
    wanted = sorted(set(holder_ids))
    told = members.facts(conn, program_id, wanted, now=now)
    steps = progress.steps(conn, program_id, wanted, on=progress.judging(conn, program, now=now))
    facts = {id_: _Fact(replace(one, tiers=dict(steps.get(id_, {})))) for id_, one in told.items()}
    out: dict[str, set[str]] = {}
    for name, tree in trees.items():
        node = read(tree, fields)
        reading = None if isinstance(node, Refused) else closure(node)
        out[name] = {id_ for id_, fact in facts.items() if reading is not None and reading(fact, when)}
    return out


def problems(conn: Connection, program_id: str, trees: Mapping[str, Tree]) -> dict[str, str]:
    """Return by name what is wrong with conditions; those that can be asked are absent."""
    if not trees:
        return {}
    fields = _registry(conn, workspace.program(conn, program_id))
    found = {name: read(tree, fields) for name, tree in trees.items()}
    return {
        name: "; ".join(f"{one.path}: {one.detail}" for one in node.problems[:3])
        for name, node in found.items()
        if isinstance(node, Refused)
    }


def _registry(conn: Connection, program: Program) -> Registry:
    tracks = progress.all_known(progress.tracks(conn, program.id), currency=program.currency)
    attributes = members.attribute_kinds(conn, program.id)
    return member_registry(Known(digits=currency_digits(program.currency), tracks=tracks, member_attributes=attributes))
