"""Workbooks made by hand, so that each test says what is in them."""

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

BOOK = '<workbook xmlns="m" xmlns:r="o"><sheets><sheet name="People" sheetId="1" r:id="rId1"/></sheets></workbook>'
RELATIONS = '<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>'
STYLES = '<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'


def cell(place: str, value: object, shared: list[str]) -> str:
    """Return a cell: a text is shared, ``("date", n)`` a number shown as a date, ``("f", ...)`` a formula."""
    if isinstance(value, str):
        shared.append(value)
        return f'<c r="{place}" t="s"><v>{len(shared) - 1}</v></c>'
    if isinstance(value, tuple):
        kind, said = value
        inside = {
            "date": f' s="1"><v>{said}</v>',
            "f": f"><f>{said}</f><v>1</v>",
            "inline": f' t="inlineStr"><is><t>{said}</t></is>',
        }
        return f'<c r="{place}"{inside[kind]}</c>'
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    return "" if value is None else f'<c r="{place}"><v>{value}</v></c>'


def write(path: Path, rows: Sequence[Sequence[object]], *, sheet: str | None = None) -> Path:
    """Write a workbook of one sheet; ``sheet`` replaces its XML."""
    shared: list[str] = []
    body = "".join(
        f'<row r="{number}">'
        + "".join(cell(f"{chr(65 + place)}{number}", value, shared) for place, value in enumerate(row))
        + "</row>"
        for number, row in enumerate(rows, 1)
    )
    texts = "".join(f"<si><t>{escape(text)}</t></si>" for text in shared)
    parts = {
        "xl/workbook.xml": BOOK,
        "xl/_rels/workbook.xml.rels": RELATIONS,
        "xl/styles.xml": STYLES,
        "xl/sharedStrings.xml": f"<sst>{texts}</sst>",
        "xl/worksheets/sheet1.xml": sheet or f"<worksheet><sheetData>{body}</sheetData></worksheet>",
    }
    with ZipFile(path, "w", ZIP_DEFLATED) as book:
        for name, text in parts.items():
            book.writestr(name, text)
    return path
