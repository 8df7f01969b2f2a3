"""The till's page is run as a newcomer would: block after block, in both languages, against a real server."""

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import Tree, init_words, up, verno

PAGES = Path(__file__).parents[2] / "docs" / "how-to"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
SCOPES = ("receipts:write", "points:spend", "members:read", "members:write")


@pytest.fixture(params=["connect-a-till.md", "connect-a-till.ru.md"])
def page(request: pytest.FixtureRequest) -> Path:
    return PAGES / str(request.param)


@pytest.fixture
def server() -> Iterator[tuple[Tree, str]]:
    with tempfile.TemporaryDirectory(prefix="verno-docs-") as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        assert verno(home, *init_words(), "--spend-value", "100").returncode == 0
        words = [word for scope in SCOPES for word in ("--scope", scope)]
        made = verno(home, "key", "create", "--name", "Tills", "--place", "msk-1", "--json", *words)
        with up(home) as tree:
            yield tree, json.loads(made.stdout)["key"]


def test_every_block_works_as_it_stands(page: Path, server: tuple[Tree, str]) -> None:
    tree, key = server
    blocks = BLOCK.findall(page.read_text())
    assert len(blocks) == 8
    blocks[0] = blocks[0].replace("http://127.0.0.1:8000", f"http://127.0.0.1:{tree.port}").replace("vk_...", key)
    script = "\n".join(f"{block}\necho; echo ---" for block in blocks)
    done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=60, check=True)
    parts = [part.strip() for part in done.stdout.split("---")[:8]]
    setting_up, member, quoted, sold, returned, reread, balance, held = parts
    assert setting_up == ""
    assert member.count('"id"') >= 2
    first = json.loads(quoted)
    assert (first["status"], first["to_pay"], first["points"][0]["spent"]) == ("quoted", 15_000, 300)
    assert [line["paid_with_points"] for line in first["lines"]] == [30_000]
    second = json.loads(sold)
    assert (second["status"], second["points"]) == ("settled", [{"unit": "points", "earned": 150, "spent": 300}])
    back = json.loads(returned)
    assert (back["status"], back["refund"]) == ("settled", 7_500)
    assert (back["points"][0]["taken_back"], back["points"][0]["put_back"]) == (75, 150)
    read = json.loads(reread)
    assert all(read[name] == back[name] for name in ("id", "status", "refund", "points", "lines"))
    [points] = json.loads(balance)["balance"]
    assert points["available"] == 30_000 - 300 + 150 - 75 + 150
    placed, captured = held.split("}{")
    assert '"held"' in placed
    assert '"settled"' in captured
