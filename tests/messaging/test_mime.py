"""Our letters as the standard library reads them."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest

from verno.messaging.letters import mime
from verno.messaging.letters.mime import Parts, build

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def letter(**changes: object) -> bytes:
    values: dict[str, object] = {
        "sender_name": "Verno",
        "sender": "points@example.com",
        "recipient": "anna@example.com",
        "subject": "Hello",
        "text": "plain",
        "html": "<p>rich</p>",
        "message_id": "<1@example.com>",
        "date": NOW,
        "language": "en",
    }
    return build(Parts(**(values | changes)))  # type: ignore[arg-type]


def parsed(*, headers_too: bool = True, **changes: object) -> EmailMessage:
    data = letter(**changes)
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert max(len(line) for line in data.split(b"\r\n")) <= 998
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert [part.defects for part in message.walk() if part.defects] == []
    if headers_too:
        assert [value.defects for value in message.values() if value.defects] == []
    return message


WORDS = [
    "Hello",
    "120 баллов: выписка за октябрь",
    "Очень длинная тема, в которой много слов и букв, чтобы она не поместилась в одно закодированное слово",
    "🎉" * 40,
    'quotes " and \\ back',
    "=?utf-8?b?0J8=?=",
    "x" * 300,
    "",
]


@pytest.mark.parametrize("words", WORDS)
def test_subject_and_name_come_back(words: str) -> None:
    message = parsed(subject=words, sender_name=words)
    assert message["Subject"] == words
    # The modern parser of Python 3.11 leaves blanks between the words of a long name; the old one reads them right.
    raw = message_from_bytes(letter(sender_name=words))["From"]
    name, address = parseaddr(raw)
    assert (str(make_header(decode_header(name))) if raw.startswith("=?") else name) == words
    assert address == "points@example.com"


@pytest.mark.parametrize("field", ["subject", "sender_name", "recipient", "message_id"])
def test_a_line_break_writes_no_header(field: str) -> None:
    message = parsed(headers_too=False, **{field: "a@example.com\r\nBcc: thief@example.com\n\nbody"})
    assert "Bcc" not in message
    assert message.get_body(("plain",)).get_content() == "plain"  # type: ignore[union-attr]


def test_parts_and_headers() -> None:
    text, html = "Привет\n\n.\nконец " * 200, "<p>" + "я" * 5000 + "</p>"
    message = parsed(text=text, html=html, headers=(("List-Unsubscribe", "<https://a/u/1>,\r\n <mailto:b@a>"),))
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    plain, rich = [part.get_content() for part in message.iter_parts()]
    assert plain.splitlines() == text.splitlines()
    assert rich.strip() == html
    assert message["List-Unsubscribe"] == "<https://a/u/1>, <mailto:b@a>"
    assert message["Date"].datetime == NOW
    assert message["Message-ID"] == "<1@example.com>"


def test_the_same_letter_is_the_same_bytes() -> None:
    parts = Parts("a", "a@b", "c@d", "s", "t", "h", "<1@b>", NOW, "en")
    assert build(parts) == build(parts)


def test_words_stay_within_the_limit_of_the_rfc() -> None:
    for line in mime.header("щ" * 500).split("\r\n"):
        assert len(line.strip()) <= 75
