"""Texts through an HTTP gateway that speaks as Kannel does: ``sendsms``, and calls of our address with what became."""

import hmac
import re
from datetime import datetime
from typing import Final
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import msgspec

from verno.kit import config, secrets
from verno.kit.errors import VernoError
from verno.messaging.channels import http, tokens
from verno.messaging.channels.port import Accepted, Fate, Heard, Outcome, Receipt, Refused, Temporary
from verno.messaging.channels.sms import receiving
from verno.messaging.channels.sms.segments import Alphabet
from verno.messaging.channels.sms.texts import CODE, Text
from verno.outbound.client import Client
from verno.outbound.types import Answer

SECONDS = 30.0
TAKEN = frozenset({200, 202})
_OURS = frozenset({401, 403, 404, 405, 407, *range(300, 400)})
"""Refusals of our name, of the address that we call, or by a proxy before it, which say nothing of the number."""
DELIVERED, FAILED, REJECTED = 1, 2, 16
"""Kannel's kinds of receipts that are ends; 4 and 8 say that the message has gone on."""
MASK = DELIVERED | FAILED | REJECTED
_CODING = {Alphabet.GSM7: 0, Alphabet.UCS2: 2}
_UTF16 = "2"
_DIGITS = re.compile(r"\+?\d{7,}")
_LAST = 7
"""Digits by which a number is known, however it is written before them: +7916…, 8916…, 916…"""
_USE: Final = "sms-receipt"


class Settings(msgspec.Struct, frozen=True):
    """The gateway: the address of its ``sendsms``, our name there, and the sender of texts."""

    url: str
    username: str
    password: str
    sender: str
    per_second: int | None = None

    def __repr__(self) -> str:
        """Name the gateway only: settings end up in logs and tracebacks, passwords must not."""
        return f"<SMS gateway {urlsplit(self.url).hostname}>"


def settings(url: str, sender: str) -> Settings:
    """Read ``http://user:password@host:port/cgi-bin/sendsms?per_second=30``, or ``https://``.

    Raises ``VernoError`` with a sentence that does not repeat the address, which holds a password.
    """
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        wish = parse_qs(parts.query, strict_parsing=bool(parts.query))
        per_second = int(wish.pop("per_second")[0]) if "per_second" in wish else None
    except ValueError:
        parts, port, wish, per_second = urlsplit(""), "", {}, None
    good = parts.scheme in ("http", "https") and parts.hostname and parts.username
    if not good or wish or (per_second is not None and per_second < 1):
        message = "VERNO_SMS_URL must look like http://user:password@host:port/cgi-bin/sendsms?per_second=30"
        raise VernoError(message)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return Settings(
        url=f"{parts.scheme}://{host}{port}{parts.path or '/cgi-bin/sendsms'}",
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        sender=sender,
        per_second=per_second,
    )


async def send(chosen: Settings, client: Client, parcel: Text) -> Outcome:
    """Hand a text to the gateway, which cuts it itself and calls our signed address with what became of it."""
    query = urlencode(
        {
            "username": chosen.username,
            "password": chosen.password,
            "from": chosen.sender,
            "to": f"+{parcel.recipient}",
            "text": "".join(parcel.plan.parts),
            "charset": "UTF-8",
            "coding": _CODING[parcel.plan.alphabet],
            "dlr-mask": MASK,
            "dlr-url": receipt_url(parcel.id),
        }
    )
    answer = http.answered(await client.call("GET", f"{chosen.url}?{query}", timeout=SECONDS))
    if not isinstance(answer, Answer):
        return answer
    words = _without_number(answer.body.decode("utf-8", "replace").strip(), parcel.recipient)
    response = f"{answer.status} {words}"
    if answer.status in TAKEN:
        return Accepted(response, parcel.id)
    return Temporary(response) if answer.status in _OURS else Refused(response)


def _without_number(words: str, number: str) -> str:
    """Gateways repeat the number in their words, which are kept; it is not. Their own ids stay."""
    return _DIGITS.sub(lambda found: "…" if found[0].endswith(number[-_LAST:]) else found[0], words)


def receipt_url(message_id: str) -> str:
    """Return the address that the gateway calls; it puts the kind for ``%d``, and the centre's words for ``%A``."""
    return f"{config.public_url()}/hooks/sms/{tokens.token(_USE, message_id)}?status=%d&words=%A"


def receipt(token: str, query: str, *, now: datetime) -> Receipt | None:
    """Return what a call of such an address says; None for an address that we did not make, or what is not an end."""
    message_id = tokens.find(_USE, token)
    fields = parse_qs(query, encoding="latin-1")
    status = fields.get("status", [""])[0]
    if message_id is None or status not in {str(DELIVERED), str(FAILED), str(REJECTED)}:
        return None
    fate = Fate.DELIVERED if status == str(DELIVERED) else Fate.UNDELIVERED
    words = receiving.said(receiving.told(fields.get("words", [""])[0]))
    return Receipt(CODE, message_id, fate, now, f"status {status} {words}".strip())


def words_url() -> str:
    """Return the address that the gateway must call with what people write, in Kannel's own signs."""
    return f"{config.public_url()}/hooks/sms-words/{_secret()}?from=%p&coding=%c&text=%b"


def is_ours(secret: str) -> bool:
    """Tell whether the caller knows the secret part of that address; takes as long for a wrong one as for ours."""
    return hmac.compare_digest(secret.encode(), _secret().encode())


def _secret() -> str:
    return secrets.mac("receipt", b"sms-words")[:16].hex()


def heard(query: str, *, now: datetime, body: bytes = b"", form: bool = False) -> Heard | None:
    """Return what somebody wrote, from a call of ``words_url``; None where there is no sender.

    The text may be the body of the call, or a field of a form there: then it stands in no log of addresses.
    """
    fields = parse_qs(query, encoding="latin-1", keep_blank_values=True)
    if form:
        fields |= parse_qs(body.decode("latin-1"), encoding="latin-1", keep_blank_values=True)
    sender = fields.get("from", [""])[0].strip().removeprefix("+")
    if not sender:
        return None
    data = body if body and not form else fields.get("text", [""])[0].encode("latin-1")
    text = data.decode("utf-16-be" if fields.get("coding", [""])[0] == _UTF16 else "utf-8", "replace")
    return Heard(CODE, f"+{sender}", text, now)
