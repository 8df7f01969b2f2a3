"""The erasure journal when a disk fails it: a line is there or it is not, and one that is torn stops nothing."""

import errno
import os
from pathlib import Path

import pytest

from tests.builders import NOW
from verno.kit.errors import VernoError
from verno.kit.ids import new_id
from verno.privacy import journal
from verno.privacy.journal import NotWritten
from verno.privacy.types import Journalled

PROGRAM = new_id(now=NOW)


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """Give a journal at home and a copy beside the backups."""
    found = [tmp_path / "home", tmp_path / "backups"]
    monkeypatch.setattr(journal, "folders", lambda: found)
    return [place / f"{PROGRAM}.jsonl" for place in found]


def line() -> Journalled:
    return Journalled(journal.FORMAT, new_id(now=NOW), PROGRAM, (new_id(now=NOW),), NOW, NOW, NOW, "x", journal.FIRST)


def ids(place: Path) -> list[str]:
    return list(journal.read([place.parent]).get(PROGRAM, {}))


def test_an_unfinished_last_line_is_passed_over_and_gone_with_the_next(places: list[Path]) -> None:
    first, second = line(), line()
    before = journal.write(first)
    with places[0].open("ab") as file:
        file.write(b'{"format":"verno-era')
    assert ids(places[0]) == [first.id]
    journal.write(second)
    for place in places:
        assert ids(place) == [first.id, second.id]
        assert journal.read([place.parent])[PROGRAM][second.id].previous == before


def test_a_line_that_lacks_its_break_alone_is_a_line(places: list[Path]) -> None:
    first, second = line(), line()
    journal.write(first)
    places[0].write_bytes(places[0].read_bytes()[:-1])
    assert ids(places[0]) == [first.id]
    journal.write(second)
    assert ids(places[0]) == [first.id, second.id]


def test_a_line_that_is_none_in_the_middle_is_told(places: list[Path]) -> None:
    journal.write(line())
    places[0].write_bytes(b"{}\n" + places[0].read_bytes())
    with pytest.raises(VernoError, match=r"line 1 of .* is no line"):
        ids(places[0])


@pytest.mark.parametrize("fails", [0, 1])
def test_a_full_disk_leaves_no_half_line_anywhere(
    places: list[Path], monkeypatch: pytest.MonkeyPatch, fails: int
) -> None:
    first = line()
    journal.write(first)
    real, calls = os.fsync, []

    def full(handle: int) -> None:
        calls.append(1)
        if len(calls) == fails + 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(NotWritten, match="No space left"):
            journal.write(line())
    assert [ids(place) for place in places] == [[first.id], [first.id]]
    second = line()
    journal.write(second)
    assert [ids(place) for place in places] == [[first.id, second.id]] * 2
