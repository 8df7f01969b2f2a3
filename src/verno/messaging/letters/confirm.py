"""The letter that asks whether an address is the reader's: one button, no advertising."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from verno.kit import localtime
from verno.messaging.letters import wording
from verno.messaging.letters.wording import Language
from verno.messaging.preferences import links

TEMPLATE = "confirm-email"

WORDS: Mapping[Language, Mapping[str, str]] = {
    "ru": {
        "subject": "{program}: подтвердите почту",
        "greeting": "{name}, здравствуйте!",
        "greeting_nameless": "Здравствуйте!",
        "text": "Вы согласились получать письма от программы «{program}». Нажмите кнопку, чтобы мы знали: "
        "этот адрес действительно ваш.",
        "button": "Да, это моя почта",
        "otherwise": "Если это были не вы, ничего не делайте: без нажатия кнопки писем не будет. "
        "Ссылка работает до {until}.",
    },
    "en": {
        "subject": "{program}: please confirm your e-mail",
        "greeting": "Hello, {name}!",
        "greeting_nameless": "Hello!",
        "text": "You agreed to receive letters from {program}. Press the button, so that we know "
        "this address is yours.",
        "button": "Yes, this is my e-mail",
        "otherwise": "If it was not you, do nothing: without the button there will be no letters. "
        "The link works until {until}.",
    },
}


class Context(msgspec.Struct, frozen=True):
    """What is stored with the message: the keyed hash of the address that is asked about, and until when.

    ``zone``: whose calendar names the link's last day.
    """

    address_hash: str
    until: datetime
    zone: str = "UTC"


def view(context: Mapping[str, object], *, locale: str, name: str | None, program: str) -> dict[str, object]:
    """Return the template's words."""
    asked = msgspec.convert(context, Context)
    words = WORDS[wording.language(locale)]
    last_day = localtime.business_date(asked.until, localtime.zone(asked.zone))
    greeting = words["greeting"] if name else words["greeting_nameless"]
    return {
        "subject": words["subject"].format(program=program),
        "greeting": greeting.format(name=name),
        "text": words["text"].format(program=program),
        "button": words["button"],
        "otherwise": words["otherwise"].format(until=wording.day(last_day, locale)),
    }


def url(context: Mapping[str, object], program_id: str, holder_id: str) -> str:
    """Return where the button leads."""
    asked = msgspec.convert(context, Context)
    return links.confirm_url(links.Address(program_id, holder_id, asked.address_hash, asked.until))
