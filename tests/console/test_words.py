"""Every text has its Russian, and every code of the domain has its words."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from django.utils.translation import override

from tools import extract_messages
from verno.console import words
from verno.corrections.types import Kind
from verno.ledger.types import TransferKind
from verno.members.types import Channel
from verno.messaging import decide
from verno.messaging.types import MessageClass, Reason, State


@pytest.mark.parametrize("path", extract_messages.catalogs(), ids=lambda p: str(p.parts[-3]))
def test_the_catalog_is_complete(path: Path) -> None:
    template = extract_messages.collect()
    catalog = extract_messages.load(path)
    assert extract_messages.missing(catalog, template) == []
    known = {message.id for message in template}
    assert [message.id for message in catalog if message.id not in known] == []
    for message in catalog:
        _same_places(message)


def _same_places(message: Message) -> None:
    """A translation names the same values as its text, each plural form too."""
    ids = list(message.id) if isinstance(message.id, list | tuple) else [message.id]
    strings = list(message.string) if isinstance(message.string, list | tuple) else [message.string]
    wanted = set(re.findall(r"%\(\w+\)[sd]", ids[-1]))
    for text in strings if message.id else ():
        assert set(re.findall(r"%\(\w+\)[sd]", text or "")) == wanted, message.id


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("state", list(State)),
        ("message", list(Reason)),
        ("transfer", list(TransferKind)),
        ("channel", list(Channel)),
        ("seen", list(MessageClass)),
        ("check", [check.__name__.lstrip("_") for check in decide.CHECKS]),
    ],
)
def test_codes_have_words(kind: str, codes: list[str]) -> None:
    assert [code for code in codes if code not in words.WORDS[kind]] == []


def test_what_the_audit_records_has_words() -> None:
    source = Path(words.__file__).parents[1]
    call = re.compile(r"(?:audit\.record|\bAct)\([^\"]*\"([a-z]+\.[a-z-]+)\"")
    found = {code for path in source.rglob("*.py") for code in call.findall(path.read_text())}
    assert {"setting.set", "unit.add", "member.own-account"} <= found
    assert found | {f"{kind}.posted" for kind in Kind} <= set(words.WORDS["action"])


def test_russian_counts_in_three_forms() -> None:
    from django.utils.translation import ngettext

    one = "Too many tries. Please wait %(seconds)d second and try again."
    many = "Too many tries. Please wait %(seconds)d seconds and try again."
    with override("ru"):
        said = [ngettext(one, many, n) % {"seconds": n} for n in (1, 2, 5, 11, 21)]
    assert [text.split()[5] for text in said] == ["секунду", "секунды", "секунд", "секунд", "секунду"]


def test_templates_are_read_as_django_names_them() -> None:
    source = (
        '{% trans "One" %}{% blocktrans trimmed with a=b %}\n two\n {{ a }} {% endblocktrans %}'
        "{% blocktrans count n=n %}{{ n }} thing{% plural %}{{ n }} things{% endblocktrans %}"
    )
    found = [text for _, text in extract_messages.template_texts(source)]
    assert found == ["One", "two %(a)s", ("%(n)s thing", "%(n)s things")]
