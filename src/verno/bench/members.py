"""Members in and out: the import command on a file of people, beside COPY of the same rows into a plain table.

COPY writes eight columns of text and nothing else. The import reads people's spelling, seals three contacts with a key
of the member's own, finds who has them, keeps consents and can be cut off anywhere: what that costs is the ratio.
Then people are looked for among them.
"""

import csv
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec
import psycopg

from verno.bench import files, scratch, searching
from verno.kit import db
from verno.kit.errors import VernoError
from verno.members import service as members
from verno.members.types import Topic
from verno.promotions import starter
from verno.workspace import queries
from verno.workspace.types import NewProgram, NewStore

HEADER = ("external_id", "ФИО", "Телефон", "E-mail", "Карта", "Дата рождения", "attr.city", "consent.news.email")
CITIES = ("Казань", "Пермь", "Тула")
MILLION = 1_000_000
READ = 1024 * 1024


def measure(rows: int, *, say: Callable[[str], None], now: datetime) -> dict[str, object]:
    """Return rates in rows a second, peaks of memory in MB, and how long a million takes at that rate."""
    with db.transaction() as conn:
        wanted = NewProgram("Bench", "RUB", "Europe/Moscow", "RU", "ru")
        starter.open_program(conn, wanted, [NewStore("s-1", "s-1")], earn_per=100, life_days=None, now=now)
    with db.transaction() as conn:
        program = queries.only_program(conn)
    with db.transaction(program.id) as conn:
        members.ensure_topics(conn, program.id, [Topic("news", "marketing")])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "members.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEADER)
            writer.writerows(_people(rows))
        scratch.settle()
        copied = rows / _copy(path)
        say(f"COPY {copied:,.0f}/s")
        found: dict[str, object] = {"rows": rows, "copy_per_second": round(copied)}
        for name, words in (
            ("dry_run", ["--dry-run"]),
            ("import", []),
            ("again", []),
            ("dry_run_of_the_same", ["--dry-run"]),
        ):
            scratch.settle()
            seconds, peak = _command("import", "members", str(path), *words)
            found[f"{name}_per_second"], found[f"{name}_peak_mb"] = round(rows / seconds), round(peak / 2**20)
            say(f"{name} {rows / seconds:,.0f}/s, {peak / 2**20:,.0f} MB")
            if name == "import":
                found["ratio_to_copy"] = round(rows / seconds / copied, 3)
                found["a_million_takes_minutes"] = round(MILLION / (rows / seconds) / 60, 1)
        scratch.settle()
        for name, search in searching.measure(program.id, rows, _phone).items():
            p50, p99, share = round(search.times.p50, 1), round(search.times.p99, 1), round(search.share, 3)
            found[f"search_by_{name}"] = {"p50_ms": p50, "p99_ms": p99, "found": share}
            say(f"search by {name}: {p50} ms, p99 {p99} ms, found {share:.1%}")
        seconds, peak = _command("export", "members", "--to", str(Path(folder) / "out.csv"))
        found["export_per_second"], found["export_peak_mb"] = round(rows / seconds), round(peak / 2**20)
        say(f"export {rows / seconds:,.0f}/s, {peak / 2**20:,.0f} MB")
    return found


def _command(*words: str) -> tuple[float, int]:
    started = time.monotonic()
    said, peak = files.command(*words, "--json")
    figures = msgspec.json.decode(said, type=dict[str, object])
    if figures.get("refused"):
        message = f"{figures['refused']} rows were refused"
        raise VernoError(message)
    return time.monotonic() - started, peak


def _people(rows: int) -> Iterator[tuple[str, ...]]:
    for n in range(rows):
        day, month, year = n % 28 + 1, n % 12 + 1, 1950 + n % 55
        yield (
            f"m-{n:07d}",
            searching.name(n),
            _phone(n),
            f"Member.{n}@example.com",
            f"77 {n:010d}",
            f"{day:02d}.{month:02d}.{year}",
            CITIES[n % len(CITIES)],
            "да" if n % 3 else "нет",
        )


def _phone(n: int) -> str:
    return f"8 (9{n // 10_000_000 % 100:02d}) {n // 10_000 % 1000:03d}-{n // 100 % 100:02d}-{n % 100:02d}"


def _copy(path: Path) -> float:
    """Return the seconds that COPY takes into a table without an index; the server's own reader of CSV."""
    with psycopg.connect(db.owner_url(), autocommit=True) as conn:
        columns = ", ".join(f"c{n} text" for n in range(len(HEADER)))
        conn.execute(f"CREATE TABLE bench_plain ({columns})".encode())
        started = time.monotonic()
        with conn.cursor().copy("COPY bench_plain FROM STDIN (FORMAT csv, HEADER)") as copy, path.open("rb") as file:
            while part := file.read(READ):
                copy.write(part)
        seconds = time.monotonic() - started
        conn.execute("DROP TABLE bench_plain")
        return seconds
