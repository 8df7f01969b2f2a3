"""Parquet, streamed: a batch of rows at a time, whatever the size of its row groups."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from verno.imports.problems import Code, NotRead, Problem
from verno.imports.types import HEADER_ROW, MAX_CELL, Row, bad_text

ROWS_AT_A_TIME = 1_000
READ_BUFFER = 1024 * 1024
TEXT = "BYTE_ARRAY"


def read(path: Path, after_row: int) -> tuple[Sequence[str], Iterator[Row], int]:
    """Return the columns, the rows after ``after_row`` and how many rows there are; raises ``NotRead``."""
    try:
        # A positive buffer makes a column chunk stream instead of being read whole.
        file = pq.ParquetFile(path, buffer_size=READ_BUFFER, pre_buffer=False)
        columns = list(file.schema_arrow.names)
        _refuse_bombs(path, file.metadata)
    except (pa.ArrowException, OSError) as error:
        why = str(error).splitlines()[0]
        raise NotRead(Problem(Code.UNREADABLE, {"file": path.name, "kind": "Parquet", "why": why})) from error

    def rows() -> Iterator[Row]:
        number = HEADER_ROW
        try:
            for batch in file.iter_batches(batch_size=ROWS_AT_A_TIME, use_threads=False):
                if number + batch.num_rows <= after_row:
                    number += batch.num_rows
                    continue
                for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    number += 1
                    if number > after_row:
                        found = {n: c for n, c in zip(columns, cells, strict=True) if c is not None and c != ""}
                        yield Row(number, found, bad_text(found))
        except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
            why = str(error).splitlines()[0]
            raise NotRead(Problem(Code.DAMAGED_AFTER, {"file": path.name, "row": number, "why": why})) from error

    return columns, rows(), file.metadata.num_rows


def _refuse_bombs(path: Path, metadata: pq.FileMetaData) -> None:
    """Refuse cells far beyond the limit before they are unpacked.

    One text of a dictionary can stand in a million rows, and each batch would write it out for each of its rows.
    """
    for group in range(metadata.num_row_groups):
        for place in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(place)
            if chunk.physical_type != TEXT or chunk.total_uncompressed_size <= MAX_CELL:
                continue
            huge = chunk.total_uncompressed_size > MAX_CELL * max(chunk.num_values, 1)
            if huge or (chunk.has_dictionary_page and _longest_word(path, group, chunk.path_in_schema) > MAX_CELL):
                values = {"file": path.name, "name": chunk.path_in_schema, "most": MAX_CELL}
                raise NotRead(Problem(Code.LONG_CELLS, values))


def _longest_word(path: Path, group: int, column: str) -> int:
    """Return the length in bytes of the longest text in a column's dictionary; unpacks the dictionary alone."""
    file = pq.ParquetFile(path, buffer_size=READ_BUFFER, pre_buffer=False, read_dictionary=[column])
    first = next(file.iter_batches(batch_size=1, row_groups=[group], columns=[column], use_threads=False))
    words = getattr(first.column(0), "dictionary", None)
    return int(pc.max(pc.binary_length(words)).as_py() or 0) if words is not None and len(words) else 0
