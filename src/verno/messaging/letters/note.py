"""Short notes about the member's own account: an answer to STOP, a chat that was linked, a code. No advertising."""

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


SUBJECTS: Mapping[Language, Mapping[What, str]] = {
    "ru": {What.STOPPED: "Больше не пишем", What.LINKED: "Чат подключён", What.CODE: "Код подтверждения"},
    "en": {What.STOPPED: "We no longer write", What.LINKED: "This chat is linked", What.CODE: "Your code"},
}
TEXTS: Mapping[Language, Mapping[What, str]] = {
    "ru": {
        What.STOPPED: ANSWERS["ru"],
        What.LINKED: "Готово! Сюда будут приходить сообщения программы «{program}». Чтобы отписаться, напишите СТОП. "
        "Выбрать, что присылать:",
        What.CODE: "{program}: код {code}, действует до {until}. Никому его не говорите.",
    },
    "en": {
        What.STOPPED: ANSWERS["en"],
        What.LINKED: "Done! {program} can write to you here. To unsubscribe, write STOP. Choose what to get:",
        What.CODE: "{program}: your code is {code}, good until {until}. Tell it to nobody.",
    },
}
WITH_LINK = frozenset({What.LINKED})


class Context(msgspec.Struct, frozen=True):
    """What is stored with the message. A code is sealed, so that it can be read only while it is being sent."""

    what: What
    box: str | None = None
    until: datetime | None = None
    zone: str = "UTC"


def of_code(code: str, holder_id: str, until: datetime, zone: str) -> dict[str, object]:
    """Return the context of a note that tells a code; it opens for this member alone."""
    box = secrets.seal(secrets.key("otp"), code.encode(), f"note/{holder_id}").hex()
    return {"what": What.CODE, "box": box, "until": until, "zone": zone}


def view(context: Mapping[str, object], *, locale: str, program: str, holder_id: str) -> dict[str, object]:
    """Return the template's words."""
    told = msgspec.convert(context, Context)
    spoken = wording.language(locale)
    code = until = ""
    if told.box is not None and told.until is not None:
        code = secrets.unseal(secrets.key("otp"), bytes.fromhex(told.box), f"note/{holder_id}").decode()
        until = f"{told.until.astimezone(localtime.zone(told.zone)):%H:%M}"
    return {
        "subject": f"{program}: {SUBJECTS[spoken][told.what]}",
        "text": TEXTS[spoken][told.what].format(program=program, code=code, until=until),
        "has_link": told.what in WITH_LINK,
        "choose": "Выбрать" if spoken == "ru" else "Choose",
    }
