"""Short notes about the member's own account: an answer to STOP, a chat that was linked, a code, a link to their data.

No advertising.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

from verno.kit import localtime, secrets
from verno.members.stopping import ANSWERS
from verno.messaging.letters import wording
from verno.messaging.letters.wording import Language

TEMPLATE = "note"


class What(StrEnum):
    """What a note says."""

    STOPPED = "stopped"
    LINKED = "linked"
    CODE = "code"
    EXPORT = "export"


SUBJECTS: Mapping[Language, Mapping[What, str]] = {
    "ru": {
        What.STOPPED: "Больше не пишем",
        What.LINKED: "Чат подключён",
        What.CODE: "Код подтверждения",
        What.EXPORT: "Ваши данные",
    },
    "en": {
        What.STOPPED: "We no longer write",
        What.LINKED: "This chat is linked",
        What.CODE: "Your code",
        What.EXPORT: "Your data",
    },
}
TEXTS: Mapping[Language, Mapping[What, str]] = {
    "ru": {
        What.STOPPED: ANSWERS["ru"],
        What.LINKED: "Готово! Сюда будут приходить сообщения программы «{program}». Чтобы отписаться, напишите СТОП. "
        "Выбрать, что присылать:",
        What.CODE: "{program}: код {code}, действует до {until}. Никому его не говорите.",
        What.EXPORT: "{program}: по ссылке — файл со всеми вашими данными. Она сработает один раз, до {until}. Если вы "
        "его не просили, ничего не делайте и никому её не пересылайте.",
    },
    "en": {
        What.STOPPED: ANSWERS["en"],
        What.LINKED: "Done! {program} can write to you here. To unsubscribe, write STOP. Choose what to get:",
        What.CODE: "{program}: your code is {code}, good until {until}. Tell it to nobody.",
        What.EXPORT: "{program}: the link opens a file with all of your data. It works once, until {until}. If you did "
        "not ask for it, do nothing, and forward it to nobody.",
    },
}
WITH_LINK = frozenset({What.LINKED})


class Context(msgspec.Struct, frozen=True):
    """What is stored with the message. A code or a link is sealed: it is read only while it is being sent."""

    what: What
    box: str | None = None
    until: datetime | None = None
    zone: str = "UTC"


def of_code(code: str, holder_id: str, until: datetime, zone: str) -> dict[str, object]:
    """Return the context of a note that tells a code; it opens for this member alone."""
    return {"what": What.CODE, "box": _boxed(code, holder_id), "until": until, "zone": zone}


def of_link(url: str, holder_id: str, until: datetime, zone: str) -> dict[str, object]:
    """Return the context of a note that brings the link to a member's data; it opens for this member alone."""
    return {"what": What.EXPORT, "box": _boxed(url, holder_id), "until": until, "zone": zone}


def view(context: Mapping[str, object], *, locale: str, program: str, holder_id: str) -> dict[str, object]:
    """Return the template's words."""
    told = msgspec.convert(context, Context)
    spoken = wording.language(locale)
    secret = until = ""
    if told.box is not None and told.until is not None:
        secret = secrets.unseal(secrets.key("otp"), bytes.fromhex(told.box), f"note/{holder_id}").decode()
        local = told.until.astimezone(localtime.zone(told.zone))
        until = f"{local:%H:%M}"
        if told.what is What.EXPORT:
            until = f"{wording.day(local.date(), locale)}, {until}"
    return {
        "subject": f"{program}: {SUBJECTS[spoken][told.what]}",
        "text": TEXTS[spoken][told.what].format(program=program, code=secret, until=until),
        "has_link": told.what in WITH_LINK,
        "choose": "Выбрать" if spoken == "ru" else "Choose",
        "own_url": secret if told.what is What.EXPORT else "",
        "open": "Открыть" if spoken == "ru" else "Open",
    }


def _boxed(secret: str, holder_id: str) -> str:
    return secrets.seal(secrets.key("otp"), secret.encode(), f"note/{holder_id}").hex()
