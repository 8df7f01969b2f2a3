"""The table of promises names every sabotage there is, and tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reference" / "promises.md").read_text()
PATCHES = sorted((ROOT / "tests" / "sabotage").glob("*.patch"))


def test_every_sabotage_stands_in_the_table_with_its_test() -> None:
    assert PATCHES
    for patch in PATCHES:
        found = re.search(r"^# test: (\S+?)::(\S+)$", patch.read_text(), re.MULTILINE)
        assert found is not None, patch.name
        path, name = found.groups()
        row = next((line for line in PAGE.splitlines() if f"tests/sabotage/{patch.name})" in line), "")
        assert f"[`{name}`](../../{path})" in row, patch.name


def test_every_test_of_the_table_exists() -> None:
    rows = re.findall(r"\[`([^`]+)`\]\(\.\./\.\./(tests/[^)]+)\)", PAGE)
    assert len(rows) >= len(PATCHES)
    for name, path in rows:
        source = (ROOT / path).read_text()
        for part in name.split("::"):
            known = part == "runTest" or f"def {part}(" in source or re.search(rf"^{part}\b", source, re.MULTILINE)
            assert known or f"class {part}" in source, (path, name)
