"""Compile the catalogs to what gettext reads: ``python tools/compile_messages.py``. Babel only, no msgfmt needed."""

import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

SOURCE = Path(__file__).resolve().parent.parent / "src" / "verno"


def main() -> int:
    """Write a ``.mo`` beside each ``.po`` that is newer than it."""
    for path in sorted(SOURCE.glob("locale/*/LC_MESSAGES/*.po")):
        target = path.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= path.stat().st_mtime:
            continue
        with path.open("rb") as file:
            catalog = read_po(file, locale=path.parts[-3])
        draft = target.with_suffix(".mo.new")
        with draft.open("wb") as file:
            write_mo(file, catalog)
        draft.replace(target)  # a server that starts at this moment sees the old one or the new one
    return 0


if __name__ == "__main__":
    sys.exit(main())
