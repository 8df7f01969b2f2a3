"""A file that was cut off goes on where it was; nothing is taken twice and no refusal is forgotten."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from tests.imports.conftest import Desk
from verno.imports import runs
from verno.imports.types import Kind
from verno.intake import bulk
from verno.intake.types import Outcome, Receipt

HEAD = "number,place,at,sku,quantity,amount\n"
BAD_ROW = 12
"""Where the receipt number 10 stands: below the header and 0 to 9."""


def file_of(count: int, *, bad: Sequence[int] = ()) -> str:
    """Make a file of single-line receipts; ``bad`` ones have no amount."""
    return HEAD + "".join(
        f"N-{i},msk-1,2026-11-22T10:00:00Z,sku-{i % 7},1,{'' if i in bad else 100}\n" for i in range(count)
    )


def test_it_goes_on_after_a_failure(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    text = file_of(5000, bad=[10])
    monkeypatch.setattr(bulk, "BUCKETS", bulk.LANES)  # else the three batches hold receipts from all over the file
    real = bulk.load
    calls = 0

    def rows_done() -> int:
        return int(str(desk.one("SELECT rows_done FROM intake_import_run")))

    def breaking(program_id: str, receipts: object, *, now: object, on_batch: bulk.OnBatch) -> None:
        def counted(positions: Sequence[int], taken: Sequence[Receipt], outcomes: Sequence[Outcome | None]) -> None:
            nonlocal calls
            on_batch(positions, taken, outcomes)
            calls += 1
            if calls >= 3 and rows_done() > BAD_ROW:  # one lane may be three batches ahead of the other
                message = "killed"
                raise RuntimeError(message)

        real(program_id, receipts, now=now, on_batch=counted)  # type: ignore[arg-type]

    monkeypatch.setattr(bulk, "load", breaking)
    with pytest.raises(RuntimeError, match="killed"):
        desk.load(Kind.RECEIPTS, text)
    done = rows_done()
    assert BAD_ROW < done < 5001
    monkeypatch.setattr(bulk, "load", real)
    summary = desk.load(Kind.RECEIPTS, text)
    assert summary.resumed_after_row == done
    assert summary.refused == 1, "the refusal of the first run counts"
    assert summary.errors == []
    assert desk.one("SELECT count(*) FROM intake_receipt") == 4999
    assert desk.one("SELECT finished_at IS NOT NULL FROM intake_import_run") is True
    assert desk.one("SELECT accepted FROM intake_import_run") == 4999


def test_the_watermark_waits_for_the_slower_lane() -> None:
    mark = runs.Watermark(1)
    tickets = [mark.open(row) for row in (2, 5, 6)]
    mark.close(tickets[1], taken=True)
    mark.close(tickets[2], taken=False)
    assert mark.advance() == runs.Done(1, 0, 0)
    mark.close(tickets[0], taken=True)
    assert mark.advance() == runs.Done(6, accepted=2, refused=1)
    assert mark.open(9) == 3


@pytest.mark.timeout(300)
def test_the_command_streams(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    count = 30_000
    path.write_text(file_of(count, bad=[7]))
    told = tmp_path / "told"
    said = tmp_path / "said"
    command = [sys.executable, "-m", "verno", "import", "receipts", str(path), "--json"]
    peak = 0
    with told.open("w") as out, said.open("w") as err:
        child = subprocess.Popen(command, stdout=out, stderr=err)
        while child.poll() is None:
            peak = max(peak, memory(child.pid))
            time.sleep(0.1)
    assert child.returncode == 1, said.read_text()
    assert '"accepted": 29999, "replayed": 0, "refused": 1' in told.read_text()
    assert "row 9, amount: is required" in said.read_text()
    assert 20 < peak / 2**20 < 600


def memory(pid: int) -> int:
    """Return the memory of a command and its lanes, shared pages counted once."""
    try:
        top = psutil.Process(pid)
        return sum(process.memory_full_info().pss for process in (top, *top.children(recursive=True)))
    except psutil.Error:  # it ended meanwhile
        return 0
