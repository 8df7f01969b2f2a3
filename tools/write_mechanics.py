"""Write the gallery's pages, docs/reference/mechanics.md and mechanics.ru.md: ``python tools/write_mechanics.py``."""

import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from babel.messages.pofile import read_po

from verno.kit.money import format_scaled
from verno.promotions import gallery
from verno.promotions.gallery.types import INDUSTRIES, Bought, Example, Mechanic
from verno.rules.facts import NOBODY

ROOT = Path(__file__).resolve().parent.parent
PAGES = {"en": ROOT / "docs/reference/mechanics.md", "ru": ROOT / "docs/reference/mechanics.ru.md"}
CATALOG = ROOT / "src/verno/locale/ru/LC_MESSAGES/django.po"
WEEKDAYS = {"en": "Mon Tue Wed Thu Fri Sat Sun", "ru": "пн вт ср чт пт сб вс"}

HEADS = {
    "en": """# Ready mechanics

*По-русски: [готовые механики](mechanics.ru.md).*

The gallery holds ready mechanics with sensible numbers; each opens in the builder as a draft, where the numbers below
its table can be changed. A point is worth one whole unit of money here, and "now" is Thursday, 26 November 2026, 12:00,
unless a row says otherwise. Every row of this page is a test (`tests/rules/test_gallery.py`), and the page itself is
written by `tools/write_mechanics.py`. How rules work together: [rules](../explanation/rules.md),
[stacking](../explanation/stacking.md), [rounding](../explanation/rounding.md).
""",
    "ru": """# Готовые механики

*In English: [ready mechanics](mechanics.md).*

В галерее лежат готовые механики с разумными числами; каждая открывается в конструкторе как черновик, и числа под её
таблицей можно менять. Балл здесь стоит одну целую денежную единицу, а «сейчас» четверг, 26 ноября 2026 года, 12:00,
если в строке не сказано иначе. Каждая строка этой страницы выполняется тестом (`tests/rules/test_gallery.py`), а саму
страницу пишет `tools/write_mechanics.py`.
""",
}
WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "table": "| receipt | off | points | told |",
        "beside": "Beside it stands",
        "change": "To change",
        "for": "For",
        "member": "a member",
        "pays": "points pay",
        "needs": "Asks progress tracks",
        "stamps": "stamps",
        "born": "born",
        "joined": "joined",
        "pcs": "pcs",
        "cost": "cost",
    },
    "ru": {
        "table": "| чек | скидка | баллы | сообщено |",
        "beside": "Рядом стоит",
        "change": "Меняется",
        "for": "Для кого",
        "member": "участник",
        "pays": "баллами оплачено",
        "needs": "Нужен прогресс",
        "stamps": "штампы",
        "born": "родился",
        "joined": "вступил",
        "pcs": "шт",
        "cost": "себестоимость",
    },
}


class Teller:
    """Tells mechanics in one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.words = WORDS[language]
        with CATALOG.open("rb") as file:
            self.catalog = read_po(file, locale="ru")

    def said(self, text: str) -> str:
        """Return a text of the gallery in the language."""
        if self.language == "en":
            return text
        found = self.catalog.get(text)
        return str(found.string) if found and found.string else text

    def money(self, amount: int) -> str:
        """Write an amount."""
        return format_scaled(amount, 2, self.language)

    def mechanic(self, one: Mechanic) -> Iterator[str]:
        """Yield the lines of one mechanic."""
        yield f"## {self.said(one.title)}\n"
        yield f"{self.said(one.text)}\n"
        industries = ", ".join(self.said(INDUSTRIES[industry]) for industry in one.industries)
        yield f"`{one.code}` · {self.words['for']}: {industries}."
        if one.beside:
            yield f"{self.words['beside']}: {', '.join(f'`{rule.id}`' for rule in one.beside)}."
        if asked := [f"`{track.code}`" for track in one.needs]:
            yield f"{self.words['needs']}: {', '.join(asked)}."
        yield f"\n{self.words['table']}\n|---|---|---|---|"
        dated = len({example.at for example in one.examples}) > 1
        for example in one.examples:
            yield self.row(example, dated=dated)
        labels = list(dict.fromkeys(self.said(parameter.label) for parameter in one.parameters))
        yield f"\n{self.words['change']}: {'; '.join(label[0].lower() + label[1:] for label in labels)}.\n"

    def row(self, one: Example, *, dated: bool) -> str:
        """Return a row of the table: what came in, what came out."""
        receipt = [*[self.line(line) for line in one.lines], *self.about(one, dated=dated)]
        points = ", ".join(
            str(number) if unit == "points" else f"{self.words[unit]}: {number}" for unit, number in one.points.items()
        )
        told = ", ".join(f"`{text}`" for text in one.told)
        return f"| {'; '.join(receipt)} | {self.money(one.off) if one.off else ''} | {points} | {told} |".replace(
            "  ", " "
        )

    def line(self, one: Bought) -> str:
        """Say what was bought."""
        pieces = "" if one.pieces == 1 else f" {one.pieces:g} {self.words['pcs']}"
        cost = "" if one.cost is None else f" ({self.words['cost']} {self.money(one.cost)})"
        return f"{one.sku}{pieces} {self.money(one.price)}{cost}"

    def about(self, one: Example, *, dated: bool) -> Iterator[str]:
        """Say what else is known of a receipt."""
        if dated:
            at = datetime.fromisoformat(one.at)
            yield f"{WEEKDAYS[self.language].split()[at.weekday()]} {at:%Y-%m-%d %H:%M}"
        if one.member is not NOBODY:
            yield from self.member(one)
        places = ("" if one.place == "store-1" else one.place, one.region, one.legal_entity, one.channel)
        yield from (f"`{code}`" for code in places if code)
        yield from (f"`{code}`" for code in one.payments if code != "cash")
        if one.pays:
            yield f"{self.words['pays']} {self.money(one.pays)}"

    def member(self, example: Example) -> Iterator[str]:
        """Say who it is."""
        one, words = example.member, self.words
        told = [f"`{code}`" for code in (*one.tiers.values(), *sorted(one.badges))]
        told += [f"`{track}` {number}" for track, number in one.progress.items()]
        told += [f"{words['born']} {one.birth_date}"] if one.birth_date else []
        told += [f"{words['joined']} {one.joined}"] if one.joined else []
        yield f"{words['member']} {', '.join(told)}".strip()


def page(language: str) -> str:
    """Return the page in a language."""
    teller = Teller(language)
    lines = [HEADS[language]]
    for one in gallery.all_mechanics():
        lines += teller.mechanic(one)
    return "\n".join(lines).rstrip() + "\n"


def main() -> int:
    """Write both pages."""
    for language, path in PAGES.items():
        path.write_text(page(language), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
