"""The letter that carries a head to an owner. Its words lie side by side in both languages, like those of messages."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from verno.kit import config
from verno.messaging.channels.email import smtp
from verno.messaging.channels.email.smtp import Envelope, Line
from verno.messaging.channels.port import Accepted, Refused, Unreachable
from verno.sealing import heads
from verno.sealing.types import Head, Owner

log = logging.getLogger(__name__)

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "subject": "Sealed head of {date}: keep this letter",
        "text": """\
{program}: the points ledger and what members agreed to, as of {date}.

Transfers: {count}
Chain: {hash}
Consents: {consents}
Key: {fingerprint}

The attached file proves later what the history was on that day, against anybody who can change the database. Keep it \
where the administrator of the database cannot reach it. To check:

    verno verify --anchor {file}
""",
    },
    "ru": {
        "subject": "Печать журнала баллов за {date}: сохраните это письмо",
        "text": """\
{program}: журнал баллов и согласия участников по состоянию на {date}.

Проводок: {count}
Цепочка: {hash}
Согласий: {consents}
Ключ: {fingerprint}

Приложенный файл докажет потом, какой была история в этот день, кто бы ни изменил базу данных. Храните его там, куда \
администратор базы не достанет. Проверка:

    verno verify --anchor {file}
""",
    },
}


def send(head: Head, owners: Sequence[Owner], *, program_name: str, now: datetime) -> list[tuple[Owner, str]]:
    """Send a head to owners; returns those whom the mail server has answered for good, with its answer.

    Without a relay nothing is sent. Where no clear answer came, the letter is sent again at the next tick, under the
    same Message-ID: an owner may see it twice, which does no harm.
    """
    url = config.smtp_url()
    if url is None:
        return []
    return asyncio.run(_deliver(smtp.settings(url), head, owners, program_name, now))


def write(head: Head, owner: Owner, *, program_name: str, now: datetime) -> bytes:
    """Return the letter to one owner, the head's file attached byte for byte."""
    words = WORDS["ru" if owner.locale.startswith("ru") else "en"]
    file = f"verno-head-{head.date}.json"
    figures = {
        "program": program_name,
        "date": head.date.isoformat(),
        "count": head.count,
        "consents": head.consents.count if head.consents else 0,
        "hash": head.hash,
        "fingerprint": heads.fingerprint(head.public_key),
        "file": file,
    }
    sender = config.mail_from()
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = owner.email
    message["Subject"] = words["subject"].format_map(figures)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<head-{head.number}-{owner.id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(words["text"].format_map(figures), cte="base64")
    message.add_attachment(heads.document(head).encode(), maintype="application", subtype="json", filename=file)
    return message.as_bytes()


async def _deliver(
    settings: smtp.Settings, head: Head, owners: Sequence[Owner], program_name: str, now: datetime
) -> list[tuple[Owner, str]]:
    line = Line(settings)
    told: list[tuple[Owner, str]] = []
    try:
        await line.open()
        for owner in owners:
            try:
                recipient = smtp.ascii_address(owner.email)
            except UnicodeError:
                told.append((owner, "the address cannot be written in ASCII"))
                continue
            letter = Envelope(config.mail_from(), recipient, write(head, owner, program_name=program_name, now=now))
            outcome = await line.offer(letter)
            if outcome is None:
                outcome = await line.hand_over(letter)
            if isinstance(outcome, Accepted | Refused):
                told.append((owner, outcome.response))
            else:
                log.warning("the head of %s did not leave: %s", head.date, outcome.response)
    except Unreachable as error:
        log.warning("the head of %s did not leave: %s", head.date, error)
    finally:
        await line.close()
    return told
