"""Words of the page that hands a member their data, side by side in both languages."""

from collections.abc import Mapping

from verno.messaging.letters.wording import Language

PAGE: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "other_language": "По-русски",
        "ask_title": "Your data",
        "ask_text": "One file with everything that {program} holds about you. To be sure that it is you, we send a "
        "code to {where}. The link works once, until {until}.",
        "ask_button": "Send the code",
        "code_title": "Type the code",
        "code_text": "It went to {where} and is good for five minutes. After the download the link works no more.",
        "code_label": "Code of six digits",
        "code_button": "Download my data",
        "again": "Send another code",
        "wrong": "This is not the code. Look at the newest message and try again.",
        "over": "This code cannot be tried any more. Ask for another one.",
        "soon": "A code has just been sent. Another one can be sent in a minute.",
        "many": "That was too often. Please try again tomorrow, or ask the store.",
        "cannot": "We cannot send a code to this address. Please ask the store for the file.",
        "stale_title": "This link does not work any more",
        "stale_text": "It works once and for a day. Ask the store for a new one.",
        "unknown_title": "This link leads nowhere",
        "unknown_text": "Perhaps a part of it was cut off. Open it again from the message, or ask the store for a "
        "new one.",
        "busy_title": "Please try again in a minute",
        "busy_text": "We cannot reach your data right now. Nothing is lost: the link still works.",
    },
    "ru": {
        "other_language": "In English",
        "ask_title": "Ваши данные",
        "ask_text": "Один файл со всем, что программа «{program}» знает о вас. Чтобы убедиться, что это вы, отправим "
        "код на {where}. Ссылка сработает один раз, до {until}.",
        "ask_button": "Отправить код",
        "code_title": "Введите код",
        "code_text": "Мы отправили его на {where}, он действует пять минут. Скачать можно один раз.",
        "code_label": "Код из шести цифр",
        "code_button": "Скачать мои данные",
        "again": "Отправить другой код",
        "wrong": "Это не тот код. Посмотрите последнее сообщение и попробуйте ещё раз.",
        "over": "Этот код больше нельзя ввести. Запросите другой.",
        "soon": "Код только что отправлен. Другой можно отправить через минуту.",
        "many": "Слишком много попыток. Попробуйте завтра или обратитесь в магазин.",
        "cannot": "На этот адрес отправить код нельзя. Попросите файл в магазине.",
        "stale_title": "Ссылка больше не работает",
        "stale_text": "Она срабатывает один раз и живёт сутки. Попросите в магазине новую.",
        "unknown_title": "Ссылка никуда не ведёт",
        "unknown_text": "Возможно, она скопирована не целиком. Откройте её из сообщения ещё раз или попросите в "
        "магазине новую.",
        "busy_title": "Попробуйте через минуту",
        "busy_text": "Сейчас не получается открыть ваши данные. Ничего не потеряно: ссылка ещё работает.",
    },
}
