"""Links lead somewhere, commands exist, code that the pages name is there."""

import re
from pathlib import Path

import pytest

from verno.cli import COMMANDS
from verno.verify import service as verify
from verno.workspace.registry import PLACES, PROGRAM_OR_UNIT, REGISTRY, UNITS, WHOLE

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([a-z_/]+\.py)(?::([A-Za-z_]+))?`")
SHELL = re.compile(r"^ *```sh\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_relative_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        if "://" in target or target.startswith("#"):
            continue
        path = (page.parent / target.partition("#")[0]).resolve()
        assert path.exists(), target
        assert path.is_relative_to(ROOT), target


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_code_that_a_page_names_is_there(page: Path) -> None:
    for name, thing in CODE.findall(page.read_text()):
        if "/" not in name:
            continue
        found = [path for path in (ROOT / name, ROOT / "src/verno" / name) if path.exists()]
        assert found, name
        if thing:
            text = found[0].read_text()
            assert re.search(rf"^ *(async )?(def|class) {thing}\b|^{thing}\b.*=", text, re.MULTILINE), f"{name}:{thing}"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_commands_of_a_page_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for block in SHELL.findall(page.read_text()):
        for line in block.splitlines():
            words = line.split("#")[0].split()
            if words[:1] == ["make"]:
                assert words[1] in targets, line
            elif words and words[0].endswith("verno"):
                assert words[1] in COMMANDS, line


def test_the_two_commands_of_the_readme() -> None:
    first = SHELL.findall((ROOT / "README.md").read_text())[0]
    assert [line.split("#")[0].strip() for line in first.splitlines()] == ["make demo", "make test"]


def test_the_readme_has_the_same_commands_in_both_languages() -> None:
    english, russian = (
        [
            line.split("#")[0].strip()
            for block in SHELL.findall((ROOT / name).read_text())
            for line in block.splitlines()
        ]
        for name in ("README.md", "README.ru.md")
    )
    assert russian == english


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs/index.md").read_text()
    for page in ROOT.glob("docs/**/*.md"):
        if page.name != "index.md":
            assert f"({page.relative_to(ROOT / 'docs')})" in index, page.name


def test_decisions_are_numbered_and_say_what_they_must() -> None:
    decisions = sorted(ROOT.glob("docs/adr/*.md"))
    assert [int(page.name[:4]) for page in decisions] == list(range(1, len(decisions) + 1))
    for page in decisions:
        text = page.read_text()
        assert text.startswith(f"# {int(page.name[:4])}. ")
        for part in ("Context.", "Decision.", "Consequences.", "Alternatives."):
            assert f"**{part}**" in text, (page.name, part)
        assert len(text.split()) < 320, f"{page.name} is longer than half a page"


def test_every_check_of_verify_is_described() -> None:
    page = (ROOT / "docs/reference/cli.md").read_text()
    for check in verify.CHECKS:
        assert f"| `{check.replace('_', '-')}` |" in page


def test_every_command_is_described() -> None:
    page = (ROOT / "docs/reference/cli.md").read_text()
    for command in COMMANDS:
        assert f"`verno {command}" in page


SCOPES = {WHOLE: "program", PLACES: "place", UNITS: "unit", PROGRAM_OR_UNIT: "program, unit"}


def test_every_setting_is_described() -> None:
    page = (ROOT / "docs/reference/configuration.md").read_text()
    for key, definition in REGISTRY.items():
        row = re.search(rf"^\| `{re.escape(key)}` \| (.+?) \| `(.+?)` \| (.+?) \| (.+?) \|$", page, re.MULTILINE)
        assert row, key
        words = definition.kind.choices
        if words or not row[1].startswith("[a model]"):
            assert row[1] == (", ".join(f"`{word}`" for word in words) or definition.kind.allowed)
        assert row[2] == definition.kind.tell(definition.default)
        assert row[3] == SCOPES[definition.levels]
        assert row[4] == definition.meaning


def test_every_variable_is_described() -> None:
    page = (ROOT / "docs/reference/configuration.md").read_text()
    for name in re.findall(r'environ\.get\("(VERNO_[A-Z_]+)"', (ROOT / "src/verno/kit/config.py").read_text()):
        assert f"| `{name}` |" in page
