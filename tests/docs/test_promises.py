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
