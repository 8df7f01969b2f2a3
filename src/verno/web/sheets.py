"""Texts in CSV files that no spreadsheet runs (OWASP's rule), and how they are read back."""

import re

SAFE = "'"
"""Keeps a spreadsheet from running a text; reading takes it off again."""
RUNS = ("=", "+", "-", "@", "\t", "\r")

_NUMBER = re.compile(r"[+-][0-9•. ]+")


def safe(text: str) -> str:
    """Return a text that no spreadsheet runs; plain numbers and phones stay as they are."""
    runs = text.startswith(RUNS) and not _NUMBER.fullmatch(text)
    return SAFE + text if runs or is_quoted(text) else text


def is_quoted(text: str) -> bool:
    """Tell whether a text was made safe."""
    return text.startswith(SAFE) and text[1:].startswith((*RUNS, SAFE))
