"""The page about access tells the table of roles, cell by cell, and all scopes."""

import re
from pathlib import Path

from verno.workspace.roles import GRANTS, Permission, Role
from verno.workspace.types import Scope

PAGE = (Path(__file__).parents[2] / "docs/reference/access.md").read_text()


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|\n").split("|")]


def test_the_table_of_roles_is_the_one_in_the_code() -> None:
    head = next(line for line in PAGE.splitlines() if line.startswith("| | owner |"))
    roles = cells(head)[1:]
    assert roles == list(Role)
    told = {
        (role, row[0].strip("`"))
        for line in re.findall(r"^\| `[a-z]+:[a-z]+` \|.*\|$", PAGE, re.MULTILINE)
        if len(row := cells(line)) == len(roles) + 1
        for role, cell in zip(roles, row[1:], strict=True)
        if cell == "yes"
    }
    assert told == {(role, permission) for role, granted in GRANTS.items() for permission in granted}
    assert {permission for _, permission in told} == set(Permission)


def test_every_scope_is_described() -> None:
    for scope in Scope:
        assert f"| `{scope}` |" in PAGE
