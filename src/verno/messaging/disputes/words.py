"""The words of the page "this was not me", in Russian and English side by side."""

from collections.abc import Mapping

from verno.messaging.letters.wording import Language

PAGE: Mapping[Language, Mapping[str, str]] = {
    "ru": {
        "ask_title": "Это были не вы?",
        "ask_text": "Нажмите кнопку, и сотрудник программы проверит чек, кассу и кассира. Ответ придёт сюда же, "
        "не позднее чем через {days} дн. До ответа ваши баллы не меняются.",
        "words": "Что случилось? Можно не отвечать",
        "button": "Это был не я",
        "store": "Магазин",
        "number": "Чек",
        "day": "Когда",
        "points": "Баллы",
        "done_title": "Спасибо, проверяем",
        "done_text": "Мы запомнили чек, кассу и кассира. Ответ придёт до {date}.",
        "again_title": "Мы уже проверяем",
        "again_text": "Вы уже сообщили нам об этом. Ответ придёт до {date}.",
        "upheld_title": "Вы были правы",
        "upheld_text": "Мы проверили и согласны с вами: это были не вы.",
        "rejected_title": "Мы уже ответили",
        "rejected_text": "Мы проверили и ошибки не нашли. Ответ с объяснением у вас в сообщениях.",
        "unknown_title": "Ссылка не работает",
        "unknown_text": "Похоже, она скопирована не целиком. Откройте её прямо из сообщения.",
        "busy_title": "Сейчас не получилось",
        "busy_text": "Ничего не записано. Попробуйте, пожалуйста, через минуту.",
        "preferences": "Что и как вам присылать",
        "other_language": "English",
    },
    "en": {
        "ask_title": "This was not you?",
        "ask_text": "Press the button, and a person will look at the receipt, the till and the cashier. The answer "
        "comes within {days} days, the same way. Until then your points stay as they are.",
        "words": "What happened? You need not say",
        "button": "This was not me",
        "store": "Store",
        "number": "Receipt",
        "day": "When",
        "points": "Points",
        "done_title": "Thank you, we are looking into it",
        "done_text": "We have noted the receipt, the till and the cashier. You will have our answer by {date}.",
        "again_title": "We are looking into it already",
        "again_text": "You have told us of this before. You will have our answer by {date}.",
        "upheld_title": "You were right",
        "upheld_text": "We have looked into it and agree: it was not you.",
        "rejected_title": "We have answered already",
        "rejected_text": "We have looked into it and found no mistake. Our answer is among your messages.",
        "unknown_title": "This link does not work",
        "unknown_text": "It seems to be cut short. Please open it from the message itself.",
        "busy_title": "That did not work just now",
        "busy_text": "Nothing was noted. Please try again in a minute.",
        "preferences": "What we send you, and how",
        "other_language": "Русский",
    },
}
