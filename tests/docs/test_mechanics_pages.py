"""The gallery's pages are what the gallery says."""

import pytest

from tools import write_mechanics
from verno.promotions import gallery


@pytest.mark.parametrize("language", write_mechanics.PAGES)
def test_the_page_is_current(language: str) -> None:
    written = write_mechanics.PAGES[language].read_text(encoding="utf-8")
    assert written == write_mechanics.page(language), "run tools/write_mechanics.py"


def test_nothing_of_the_russian_page_is_english() -> None:
    russian = write_mechanics.page("ru")
    for mechanic in gallery.all_mechanics():
        assert mechanic.text not in russian, mechanic.code
        for parameter in mechanic.parameters:
            assert parameter.label not in russian, parameter.label
