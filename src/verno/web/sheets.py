"""Texts in CSV files that no spreadsheet runs (OWASP's rule), and how they are read back."""

import re

SAFE = "'"
"""Keeps a spreadsheet from running a text; reading takes it off again."""
RUNS = ("=", "+", "-", "@", "\t", "\r")
SPACES = " \u00a0\u3000\ufeff"

_END = re.compile(r"(?<=[\r\n])")
_NUMBER = re.compile(r"[+-][0-9•. ]+")


def safe(text: str) -> str:
    """Return a text that no spreadsheet runs; plain numbers and phones stay as they are."""
    return SAFE + text if _runs(text) or is_quoted(text) else text


def is_quoted(text: str) -> bool:
    """Tell whether a text was made safe."""
    return text.startswith(SAFE) and (text[1:].startswith((*RUNS, SAFE)) or _runs(text[1:]))


def _runs(text: str) -> bool:
    """Tell whether a spreadsheet may run any line of a text, blanks before it or not."""
    lines = (line.lstrip(SPACES) for line in _END.split(text))
    return any(line.startswith(RUNS) and not _NUMBER.fullmatch(line) for line in lines)
