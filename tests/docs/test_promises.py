"""The table of promises names every sabotage there is, and tests that exist."""

import re
import subprocess
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


def test_every_sabotage_of_the_table_exists_and_stands_beside_its_promise() -> None:
    promise = ""
    named = []
    for line in PAGE.splitlines():
        promise = found[1] if (found := re.match(r"\| \*\*(P\d+)\*\*", line)) else promise
        for name in re.findall(r"tests/sabotage/([^)]+)\)", line):
            named.append(name)
            head = (ROOT / "tests" / "sabotage" / name).read_text()
            assert f"# promise: {promise}\n" in head, name
    assert sorted(named) == [patch.name for patch in PATCHES]


def test_every_sabotage_fits_the_code_as_it_is() -> None:
    """Whoever rewrites what a patch attacks hears of it at once, and not in the next ``make sabotage``."""
    for patch in PATCHES:
        command = ["git", "apply", "--check", "--whitespace=nowarn", str(patch)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (patch.name, done.stderr)


def test_no_sabotage_attacks_a_function_that_a_later_migration_has_replaced() -> None:
    """Such a patch changes nothing, and its test stays green."""
    looked_at = 0
    for patch in PATCHES:
        for part in patch.read_text().split("\ndiff --git a/")[1:]:
            path = ROOT / part.split(" ", 1)[0]
            if path.parent.name != "migrations":
                continue
            lines = path.read_text().splitlines()
            for start in re.findall(r"^@@ -(\d+)", part, re.MULTILINE):
                before = "\n".join(lines[: int(start) + 2])
                *_, last = re.split(r"^CREATE (?:OR REPLACE )?FUNCTION ", before, flags=re.MULTILINE)
                if last is before or last.count("$$") != 1:  # in no function's body
                    continue
                looked_at += 1
                name = last.partition("(")[0]
                later = [one for one in path.parent.glob("0*.py") if one.name > path.name]
                over = [one.name for one in later if f"REPLACE FUNCTION {name}(" in one.read_text()]
                assert not over, f"{patch.name}: {name} is replaced by {over}"
    assert looked_at
