"""CSV cells that spreadsheets do not run, and that come back as they were (P28)."""

import pytest

from verno.web.sheets import SAFE, is_quoted, safe

RUN = (
    "=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "\u00a0=1", "\u3000@x", "a\n=1",
    "a\r\n =1", "a\r=1", "a\r\t=1", "'=1", "''", "-", "+7 916 = 1",
)  # fmt: skip
HARMLESS = ("", "Anna", "+7 916 000 00 01", "-120.50", "+••• 01", "O'Neil", "'tis", "1-2", "a=b", "a@b.c", "5 + 5")


@pytest.mark.parametrize("text", RUN)
def test_no_spreadsheet_runs_a_cell(text: str) -> None:
    assert safe(text) == SAFE + text


@pytest.mark.parametrize("text", HARMLESS)
def test_the_rest_stays_as_it_is(text: str) -> None:
    assert safe(text) == text


@pytest.mark.parametrize("text", RUN + HARMLESS)
def test_reading_takes_off_what_writing_put_on(text: str) -> None:
    written = safe(text)
    assert (written[1:] if is_quoted(written) else written) == text
