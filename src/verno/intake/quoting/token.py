"""The token of a quote: what was promised, signed, so that nothing has to be stored.

It is readable (base64url of JSON) and names nobody: the member is within the digest of the receipt only.
"""

import base64
import binascii
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import msgspec

from verno.intake.settling.case import Case, Offer
from verno.intake.types import Receipt
from verno.kit import secrets

LIFE = timedelta(minutes=15)
_MARK = "q1."
_SIGNATURE = 32
_NEVER_MIND = datetime(2000, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder(order="deterministic").encode
_decoder = msgspec.json.Decoder(Offer)


def seal(program_id: str, offer: Offer) -> str:
    """Return the token of an offer."""
    body = _encode(offer)
    return _MARK + base64.urlsafe_b64encode(_sign(program_id, body) + body).decode().rstrip("=")


def unseal(program_id: str, text: str) -> Offer | None:
    """Return the offer that a token carries; None when it is not one of this program's."""
    if not text.startswith(_MARK) or not text.isascii():
        return None
    try:
        raw = base64.b64decode(_padded(text.removeprefix(_MARK)), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    signature, body = raw[:_SIGNATURE], raw[_SIGNATURE:]
    if not hmac.compare_digest(signature, _sign(program_id, body)):
        return None
    try:
        return _decoder.decode(body)
    except msgspec.DecodeError:  # signed by a release that said it otherwise
        return None


def content(receipt: Receipt) -> str:
    """Return the digest of what a quote was made for: the goods, where, for whom, and what rules may look at.

    When, how and at which till it is paid may change until the sale, and so may the wishes, which the token carries.
    """
    plain = Receipt(
        receipt.number,
        receipt.place,
        _NEVER_MIND,
        receipt.lines,
        series=receipt.series,
        member=receipt.member,
        channel=receipt.channel,
        attributes=receipt.attributes,
    )
    return hashlib.sha256(_encode(plain)).hexdigest()


def verdict(case: Case) -> str:
    """Return the digest of what came out: points earned and spent, and what is off and to pay of each line."""
    spent = case.spent
    told = (sorted(case.points.items()), sorted(spent.points.items()), spent.value, spent.lines, case.off)
    return hashlib.sha256(_encode(told)).hexdigest()


def _sign(program_id: str, body: bytes) -> bytes:
    return secrets.mac("quote", program_id.encode() + body)


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)
