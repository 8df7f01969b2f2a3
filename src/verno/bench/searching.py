"""Search among many: a name typed with a slip of the pen, a name by heart, a phone; beside a scan of all names.

The scan is what a table of people does without an index, for the same name, written right: it forgives nothing.
"""

import time
from collections.abc import Callable, Iterable

import msgspec
import psycopg

from verno.bench.counter import latency
from verno.bench.counter.latency import Latency
from verno.kit import db
from verno.members import queries

STEMS = (
    "Иван Смирн Кузнец Попов Сокол Лебед Козл Новик Мороз Петр Волк Соловь Василь Зайц Павл Семен Голуб Виноград"
    " Богдан Воробь Федор Михайл Беля Тарас Бел Комар Орл Киселё Макар Андре Ковал Ильин Гус Тит Кузьм Кудрявц Баран"
    " Кулик Алексе Степан Яковл Сорокин Серге Роман Захар Борис Корол Герасим Пономар Григорь Лазар Медвед Ерш Никит"
    " Собол Ряб Поляк Цветк Данил Жук Фрол Журавл Никола Крыл Максим Сидор Осип Белоус Федот Дорофе Егор Матве Бобр"
    " Дмитри Калинин Аниси Петух Антон Тимофе Никифор Веселё Филип Марк Больша Сухан Мирон Шир Александр Коновал Шестак"
    " Казак Ефим Денис Громо Фомин Давыд Мельник Щерба Блин Колесник Карп Афанась Власо Масло Исак Тихо Аксён Гаврил"
)
ENDINGS = "ов ев ин енко ский"
FIRST = (
    "Александр Анна Борис Вера Глеб Дарья Егор Елена Захар Инна Кирилл Лариса Максим Наталья Олег Полина Роман"
    " Светлана Тимур Ульяна Фёдор Юлия Ярослав Зоя Арсений Алина Виктор Галина Денис Жанна Илья Ксения Леонид Мария"
    " Никита Ольга Павел Раиса Степан Татьяна"
)
FATHERS = "Иванович Петрович Олегович Сергеевич Ильич Львович Юрьевич Андреевич Борисович Глебович"
TYPED = 200


class Found(msgspec.Struct, frozen=True):
    """How long a kind of search took, and the share of searches that found who was looked for."""

    times: Latency
    share: float


def name(n: int) -> str:
    """Return the n-th person's name: 240,000 of them, spread so that neighbours have nothing in common."""
    return f"{_of(STEMS, n * 7)}{_of(ENDINGS, n // 11)} {_of(FIRST, n // 3)} {_of(FATHERS, n // 17)}"


def slipped(full: str, n: int) -> str:
    """Return a surname and a first name as a tired cashier types them: two letters change places, or one is missing."""
    surname, first, _ = full.split()
    at = 2 + n % (len(surname) - 3)
    swapped = surname[at + 1] + surname[at] if n % 2 else surname[at + 1]
    return f"{first} {surname[:at]}{swapped}{surname[at + 2 :]}".lower()


def measure(program_id: str, rows: int, phone: Callable[[int], str]) -> dict[str, Found]:
    """Look for people among ``rows``: with a slip of the pen, by the whole name, by phone, and by a scan."""
    some = [(n * 7919 + 13) % rows for n in range(TYPED)]
    with db.transaction(program_id) as conn, psycopg.connect(db.owner_url()) as plain:

        def ours(text: str) -> list[str]:
            return [member.name or "" for member in queries.search(conn, program_id, text)]

        def scan(text: str) -> list[str]:
            asked = "SELECT name FROM members_member WHERE program_id = %s AND name ILIKE %s ORDER BY name LIMIT 20"
            return [row[0] for row in plain.execute(asked, (program_id, f"%{text}%"))]

        return {
            "slip": _timed(ours, ((slipped(name(n), n), name(n)) for n in some)),
            "name": _timed(ours, ((name(n), name(n)) for n in some)),
            "phone": _timed(ours, ((phone(n), name(n)) for n in some)),
            "scan": _timed(scan, ((name(n), name(n)) for n in some[: TYPED // 10])),
        }


def _timed(look: Callable[[str], list[str]], asked: Iterable[tuple[str, str]]) -> Found:
    times, hits = [], 0
    for text, wanted in asked:
        started = time.monotonic()
        found = look(text)
        times.append(time.monotonic() - started)
        hits += any(one.split()[:2] == wanted.split()[:2] for one in found)
    return Found(latency.of(times), hits / len(times))


def _of(words: str, n: int) -> str:
    """Return the n-th of words, and begin again after the last."""
    several = words.split()
    return several[n % len(several)]
