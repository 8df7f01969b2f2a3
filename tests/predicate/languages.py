"""The two languages, each from where the house keeps it; and words for the labels of the small world."""

from django.utils import translation

from verno.predicate.types import Language

LABELS = {"Tier": "Уровень", "Birthday": "День рождения", "Lines": "Строки", "Category": "Категория", "SKU": "Артикул",
          "Amount": "Сумма", "Spent": "Потрачено", "Day of the week": "День недели"}  # fmt: skip


def russian(text: str) -> str:
    with translation.override("ru"):
        return LABELS.get(text) or translation.gettext(text)


def russian_plural(one: str, many: str, count: int) -> str:
    with translation.override("ru"):
        return translation.ngettext(one, many, count)


def english_plural(one: str, many: str, count: int) -> str:
    return one if count == 1 else many


LANGUAGES = {"en": Language("en", str, english_plural), "ru": Language("ru", russian, russian_plural)}
