"""The words of the unsubscribe page."""

from collections.abc import Mapping

from verno.members.consent import topics as naming
from verno.members.service import POINTS_STATEMENT
from verno.members.types import Topic
from verno.messaging.letters.wording import Language
from verno.messaging.notices.telling import POINTS_ENDING, POINTS_MOVES, TIERS

TOPICS: Mapping[Language, Mapping[str, str]] = {
    "ru": {
        POINTS_STATEMENT: "выписки по баллам",
        POINTS_MOVES: "уведомления о движении баллов",
        POINTS_ENDING: "уведомления о сроках баллов",
        TIERS: "уведомления об уровнях",
    },
    "en": {
        POINTS_STATEMENT: "points statements",
        POINTS_MOVES: "notices of points that moved",
        POINTS_ENDING: "notices of points that begin or end",
        TIERS: "notices of tiers",
    },
}

QUOTED: Mapping[Language, str] = {"ru": "«{name}»", "en": "“{name}”"}

PAGE: Mapping[Language, Mapping[str, str]] = {
    "ru": {
        "ask_title": "Больше не присылать {topic}?",
        "ask_text": "Программа «{program}» перестанет присылать вам на почту {topic}. На баллы это не влияет.",
        "left_title": "Вы уже отписаны",
        "left_text": "Программа «{program}» не присылает вам на почту {topic}.",
        "done_title": "Готово, вы отписаны",
        "done_text": "Программа «{program}» больше не пришлёт вам на почту {topic}. На баллы это не влияет.",
        "unknown_title": "Ссылка не работает",
        "unknown_text": "Похоже, она скопирована не целиком. Откройте её прямо из письма.",
        "busy_title": "Сейчас не получилось",
        "busy_text": "Мы вас ещё не отписали. Попробуйте, пожалуйста, через минуту.",
        "button": "Отписаться",
        "why": "Почему вы уходите? Можно не отвечать",
        "words": "Своими словами",
        "send": "Отправить ответ",
        "reason_too-often": "Писем слишком много",
        "reason_not-interesting": "Мне это не нужно",
        "reason_never-asked": "Я на это не подписывался",
        "reason_no-longer-a-customer": "Больше не покупаю здесь",
        "reason_other": "Другое",
        "instead": "Реже, пауза или другие темы",
        "other_language": "English",
    },
    "en": {
        "ask_title": "Stop sending you {topic}?",
        "ask_text": "{program} will no longer send you {topic} by e-mail. Your points stay as they are.",
        "left_title": "You have already unsubscribed",
        "left_text": "{program} does not send you {topic} by e-mail.",
        "done_title": "Done, you are unsubscribed",
        "done_text": "{program} will no longer send you {topic} by e-mail. Your points stay as they are.",
        "unknown_title": "This link does not work",
        "unknown_text": "It seems to be cut short. Please open it from the letter itself.",
        "busy_title": "That did not work just now",
        "busy_text": "You are not unsubscribed yet. Please try again in a minute.",
        "button": "Unsubscribe",
        "why": "Why are you leaving? You need not say",
        "words": "In your own words",
        "send": "Send the answer",
        "reason_too-often": "Too many letters",
        "reason_not-interesting": "I do not need this",
        "reason_never-asked": "I never asked for it",
        "reason_no-longer-a-customer": "I no longer shop here",
        "reason_other": "Something else",
        "instead": "Less often, a pause, or other topics",
        "other_language": "Русский",
    },
}


def topic_name(code: str, topic: Topic | None, spoken: Language) -> str:
    """Return what people call a topic in the middle of a sentence; one that nobody named keeps its code."""
    known = TOPICS[spoken].get(code)
    if known or topic is None:
        return known or code
    return QUOTED[spoken].format(name=naming.name(topic, spoken))
