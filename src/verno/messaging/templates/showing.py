"""Content that is shown by condition: whom each of a template's conditions is true of, set-based."""

from collections.abc import Collection, Mapping
from datetime import datetime

from verno.kit.db import Connection
from verno.messaging.templates.types import Tree
from verno.predicate.reading import read
from verno.predicate.types import Refused
from verno.segments import desk
from verno.segments import service as segments


def shown(
    conn: Connection, program_id: str, trees: Mapping[str, Tree], holder_ids: Collection[str], *, now: datetime
) -> dict[str, set[str]]:
    """Return by name whom each condition is true of; a condition that cannot be asked any more is true of nobody."""
    if not trees or not holder_ids:
        return {name: set() for name in trees}
    fields = desk.of(conn, program_id, now=now)
    out: dict[str, set[str]] = {}
    for name, tree in trees.items():
        found = segments.matching(conn, program_id, tree, holder_ids, now=now, fields=fields)
        out[name] = set() if isinstance(found, Refused) else found
    return out


def problems(conn: Connection, program_id: str, trees: Mapping[str, Tree], *, now: datetime) -> dict[str, str]:
    """Return by name what is wrong with conditions; those that can be asked are absent."""
    if not trees:
        return {}
    fields = desk.of(conn, program_id, now=now)
    found = {name: read(tree, fields.registry) for name, tree in trees.items()}
    return {
        name: "; ".join(f"{one.path}: {one.detail}" for one in node.problems[:3])
        for name, node in found.items()
        if isinstance(node, Refused)
    }
