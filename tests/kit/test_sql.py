"""Named SQL: found by name, never twice, each with its purpose and plan."""

import sys
from pathlib import Path

import pytest

from verno.kit.sql import Statements

SOURCES = Path(__file__).resolve().parents[2] / "src" / "verno"
FILES = sorted(SOURCES.glob("*/sql/*.sql"))


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "made_up_package" / "sql"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "made_up_package", raising=False)
    return folder


def test_statements_are_found_by_name(package: Path) -> None:
    (package / "b.sql").write_text("-- name: second\n-- Why. Plan: none.\nSELECT 2\n")
    (package / "a.sql").write_text("-- name: first\n-- Why. Plan: none.\nSELECT 1\n\n-- name: third\nSELECT 3\n")
    (package / "notes.txt").write_text("-- name: first\n")
    found = Statements("made_up_package")
    assert found.names() == ["first", "second", "third"]
    assert found["first"].endswith("SELECT 1")
    with pytest.raises(KeyError):
        found["fourth"]


def test_a_name_used_twice_is_an_error_that_says_where(package: Path) -> None:
    (package / "a.sql").write_text("-- name: same\nSELECT 1\n")
    (package / "b.sql").write_text("-- name: same\nSELECT 2\n")
    with pytest.raises(ValueError, match=r"made_up_package: statement same in b\.sql"):
        Statements("made_up_package")


@pytest.mark.parametrize("file", FILES, ids=[str(f.relative_to(SOURCES)) for f in FILES])
def test_every_statement_of_the_house_tells_its_plan(file: Path) -> None:
    for part in file.read_text().split("-- name: ")[1:]:
        name, _, body = part.partition("\n")
        heading = [line for line in body.splitlines() if line.startswith("--")]
        assert any("Plan:" in line for line in heading), name
