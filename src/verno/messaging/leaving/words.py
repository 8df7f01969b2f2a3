"""The words of the unsubscribe page."""

from collections.abc import Mapping

from verno.members.consent import topics as naming
from verno.members.service import POINTS_STATEMENT
from verno.members.types import Topic
from verno.messaging.letters.wording import Language
from verno.messaging.notices.telling import POINTS_ENDING, POINTS_MOVES, TIERS
from verno.messaging.types import CHANNEL_EMAIL, CHANNEL_PUSH, CHANNEL_SMS, CHANNEL_TELEGRAM

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

WHERE: Mapping[Language, Mapping[str, str]] = {
    "ru": {
        CHANNEL_EMAIL: "на почту",
        CHANNEL_SMS: "по СМС",
        CHANNEL_PUSH: "в браузер",
        CHANNEL_TELEGRAM: "в Telegram",
        "": "сюда",
    },
    "en": {
        CHANNEL_EMAIL: "by e-mail",
        CHANNEL_SMS: "by SMS",
        CHANNEL_PUSH: "as browser notifications",
        CHANNEL_TELEGRAM: "in Telegram",
        "": "this way",
    },
}
"""How the channel that is left brings messages; '' for any other."""

QUOTED: Mapping[Language, str] = {"ru": "«{name}»", "en": "“{name}”"}

PAGE: Mapping[Language, Mapping[str, str]] = {
    "ru": {
        "ask_title": "Больше не присылать {topic}?",
        "ask_text": "Программа «{program}» перестанет присылать вам {where} {topic}. На баллы это не влияет.",
        "left_title": "Вы уже отписаны",
        "left_text": "Программа «{program}» не присылает вам {where} {topic}.",
        "done_title": "Готово, вы отписаны",
        "done_text": "Программа «{program}» больше не пришлёт вам {where} {topic}. На баллы это не влияет.",
        "unknown_title": "Ссылка не работает",
        "unknown_text": "Похоже, она скопирована не целиком. Откройте её прямо из сообщения.",
        "busy_title": "Сейчас не получилось",
        "busy_text": "Мы вас ещё не отписали. Попробуйте, пожалуйста, через минуту.",
        "button": "Отписаться",
        "why": "Почему вы уходите? Можно не отвечать",
        "words": "Своими словами",
        "send": "Отправить ответ",
        "reason_too-often": "Сообщений слишком много",
        "reason_not-interesting": "Мне это не нужно",
        "reason_never-asked": "Я на это не подписывался",
        "reason_no-longer-a-customer": "Больше не покупаю здесь",
        "reason_other": "Другое",
        "instead": "Реже, пауза или другие темы",
        "other_language": "English",
    },
    "en": {
        "ask_title": "Stop sending you {topic}?",
        "ask_text": "{program} will no longer send you {topic} {where}. Your points stay as they are.",
        "left_title": "You have already unsubscribed",
        "left_text": "{program} does not send you {topic} {where}.",
        "done_title": "Done, you are unsubscribed",
        "done_text": "{program} will no longer send you {topic} {where}. Your points stay as they are.",
        "unknown_title": "This link does not work",
        "unknown_text": "It seems to be cut short. Please open it from the message itself.",
        "busy_title": "That did not work just now",
        "busy_text": "You are not unsubscribed yet. Please try again in a minute.",
        "button": "Unsubscribe",
        "why": "Why are you leaving? You need not say",
        "words": "In your own words",
        "send": "Send the answer",
        "reason_too-often": "Too many messages",
        "reason_not-interesting": "I do not need this",
        "reason_never-asked": "I never asked for it",
        "reason_no-longer-a-customer": "I no longer shop here",
        "reason_other": "Something else",
        "instead": "Less often, a pause, or other topics",
        "other_language": "Русский",
    },
}


def where(channel: str, spoken: Language) -> str:
    """Return how a channel brings messages, in the middle of a sentence."""
    return WHERE[spoken].get(channel) or WHERE[spoken][""]


def topic_name(code: str, topic: Topic | None, spoken: Language) -> str:
    """Return what people call a topic in the middle of a sentence; one that nobody named keeps its code."""
    known = TOPICS[spoken].get(code)
    if known or topic is None:
        return known or code
    return QUOTED[spoken].format(name=naming.name(topic, spoken))
