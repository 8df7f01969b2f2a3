"""The letter that answers a dispute: what was found, and in a person's words why."""

from collections.abc import Mapping

import msgspec

from verno.messaging.letters import wording
from verno.messaging.letters.notice import Told
from verno.messaging.letters.wording import Language

TEMPLATE = "dispute-answer"


class Context(msgspec.Struct, frozen=True):
    """What is stored with the message. The words of the answer are sealed with the dispute, and read when it leaves."""

    dispute: str
    upheld: bool
    told: Told
    number: str | None = None
    place: str | None = None


WORDS: Mapping[Language, Mapping[str, str]] = {
    "ru": {
        "upheld": "Вы были правы: это не вы",
        "rejected": "Мы проверили: похоже, всё верно",
        "upheld_text": "Вы написали нам «это был не я». Мы проверили {what} и согласны с вами. Баллы поправим; о "
        "каждом их движении вы получите отдельное сообщение.",
        "rejected_text": "Вы написали нам «это был не я». Мы проверили {what} и ошибки не нашли.",
        "receipt": "чек {number}",
        "nothing": "эту запись",
        "place": ", магазин «{place}»",
        "words": "Что ответил сотрудник",
        "otherwise": "Не согласны? Ответьте на это письмо или напишите на {contact}: прочтёт человек.",
        "short_upheld": "{program}: вы правы, {what}: это были не вы. Баллы поправим.",
        "short_rejected": "{program}: проверили {what}, ошибки не нашли. {words}",
    },
    "en": {
        "upheld": "You were right: it was not you",
        "rejected": "We have looked: it seems to be right",
        "upheld_text": "You told us that this was not you. We have looked at {what} and agree. We will put your points "
        "right; you will be told of each movement.",
        "rejected_text": "You told us that this was not you. We have looked at {what} and found no mistake.",
        "receipt": "receipt {number}",
        "nothing": "this entry",
        "place": ", {place}",
        "words": "What our colleague says",
        "otherwise": "You do not agree? Answer this letter or write to {contact}: a person reads it.",
        "short_upheld": "{program}: you are right, {what} was not you. We will put your points right.",
        "short_rejected": "{program}: we looked at {what} and found no mistake. {words}",
    },
}


def view(context: Mapping[str, object], *, locale: str, program: str, contact: str, words: str) -> dict[str, object]:
    """Return the template's words. ``words``: what was answered, opened as the letter leaves."""
    told = msgspec.convert(context, Context)
    say = WORDS[wording.language(locale)]
    end = "upheld" if told.upheld else "rejected"
    what = _what(told, say) + (say["place"].format(place=told.place) if told.place else "")
    return {
        "subject": f"{say[end]} · {program}",
        "headline": say[end],
        "text": say[f"{end}_text"].format(what=what),
        "words_title": say["words"] if words else "",
        "words": words,
        "otherwise": say["otherwise"].format(contact=contact),
    }


def short(context: Mapping[str, object], *, locale: str, program: str, words: str) -> str:
    """Return the answer as a text message."""
    told = msgspec.convert(context, Context)
    say = WORDS[wording.language(locale)]
    key = "short_upheld" if told.upheld else "short_rejected"
    return say[key].format(program=program, what=_what(told, say), words=words).strip()


def _what(told: Context, say: Mapping[str, str]) -> str:
    return say["receipt"].format(number=told.number) if told.number else say["nothing"]
