"""Every sentence for which the engine refuses a track has its words, in both languages."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from verno.console.tracks import refusing
from verno.progress import checks
from verno.progress.service import publishing

SOURCES = (checks.__file__, publishing.__file__)


def sentences() -> Iterator[str]:
    """Yield what the engine's generators of refusals yield, a figure as 7."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(Path(source).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Yield) and isinstance(node.value, ast.Constant):
                yield str(node.value.value)
            elif isinstance(node, ast.Yield) and isinstance(node.value, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.value.values)


@pytest.mark.parametrize("sentence", list(sentences()))
def test_a_refusal_has_words_in_both_languages(sentence: str) -> None:
    with translation.override("en"):
        english = refusing.in_words(sentence)
    with translation.override("ru"):
        russian = refusing.in_words(sentence)
    plain = sentence.partition(": ")[2] or sentence
    assert english[0].isupper()
    assert english != plain
    assert not any("a" <= letter <= "z" for letter in russian), russian


def test_an_unknown_sentence_is_told_as_it_is() -> None:
    assert refusing.in_words("where: something new") == "where: something new"
    assert len(list(sentences())) >= len(refusing.SENTENCES)
