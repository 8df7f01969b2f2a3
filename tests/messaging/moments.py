"""What time it is for a process of a test: a moment that stands still, or a clock in a file that the test turns on."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

IN_FILE = "@"


def clock(word: str) -> Callable[[], datetime]:
    """Read a moment (ISO 8601), or ``@`` and the file that says it whenever somebody asks."""
    if word.startswith(IN_FILE):
        file = Path(word.removeprefix(IN_FILE))
        return lambda: datetime.fromisoformat(file.read_text())
    at = datetime.fromisoformat(word)
    return lambda: at


def turn(file: Path, now: datetime) -> str:
    """Turn the clock in a file; returns the word for it."""
    draft = file.with_suffix(".new")
    draft.write_text(now.isoformat())
    draft.replace(file)
    return f"{IN_FILE}{file}"
