"""Stops growth where it starts: lines of a file and of a function, modules of a package (STYLE.md, Habits)."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE_LINES = 500
TEST_LINES = 800
FUNCTION_LINES = 70
PACKAGE_MODULES = 12
MORE_MODULES = {
    # Small tools that share nothing: a folder above them would only say "tools".
    "src/verno/kit": 14,
    # One module a command.
    "src/verno/cli": 20,
}
UNCOUNTED = frozenset({"__init__.py", "__main__.py", "apps.py"})
"""Files that every package has, or that say nothing but its name."""


def main() -> int:
    """Print what is too large; return the exit code."""
    found = [*too_long(), *too_many()]
    for line in found:
        print(line)  # noqa: T201 a command's output
    return 1 if found else 0


def too_long() -> Iterator[str]:
    """Tell files and functions over their limits."""
    for folder in ("src", "tests", "tools"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" in path.parts:
                continue
            yield from _too_long(path, TEST_LINES if folder == "tests" else FILE_LINES)


def too_many() -> Iterator[str]:
    """Tell packages of too many modules."""
    for package in sorted(path for path in (ROOT / "src" / "verno").rglob("*") if path.is_dir()):
        count = sum(1 for path in package.glob("*.py") if path.name not in UNCOUNTED)
        name = package.relative_to(ROOT).as_posix()
        limit = MORE_MODULES.get(name, PACKAGE_MODULES)
        if package.name != "migrations" and count > limit:
            yield f"{name}: {count} modules, the limit is {limit}"


def _too_long(path: Path, limit: int) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    name = path.relative_to(ROOT)
    if (lines := text.count("\n")) > limit:
        yield f"{name}: {lines} lines, the limit is {limit}"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{name}:{node.lineno}: {node.name} has {length} lines, the limit is {FUNCTION_LINES}"


if __name__ == "__main__":
    sys.exit(main())
