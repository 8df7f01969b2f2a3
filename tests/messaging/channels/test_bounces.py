"""Letters that come back: made by Postfix, fetched over IMAP, believed only with a return path that we signed."""

import asyncio
import imaplib
import os
import smtplib
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_string
from email.message import Message
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.messaging.peers import imap_server, postfix
from tests.messaging.peers.process import Peer, free_port, needs_node, needs_programs, until_open
from verno.kit.errors import VernoError
from verno.messaging.channels.email import bounces, mailbox, return_path, smtp
from verno.messaging.channels.email.bounces import Unread
from verno.messaging.channels.email.smtp import Envelope
from verno.messaging.channels.port import Accepted, Fate, Heard, Outcome, Receipt, Unreachable

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
ID = "0192f0c1-0000-7000-8000-0000000000ab"
MAILBOX = "bounces@shop.example"


def test_a_return_path_names_its_message() -> None:
    token = return_path.token(ID)
    address = return_path.address(MAILBOX, token)
    assert len(token) == 40
    assert address == f"bounces+{token}@shop.example"
    assert return_path.find(f"To: <{address}>") == ID
    assert return_path.find(address.upper()) == ID, "the letters' case may change on the way"


@pytest.mark.parametrize("place", range(40))
def test_a_changed_return_path_names_nothing(place: int) -> None:
    token = return_path.token(ID)
    other = "a" if token[place] != "a" else "b"
    assert return_path.find(f"bounces+{token[:place]}{other}{token[place + 1 :]}@shop.example") is None


def report(
    token: str, *, action: str = "failed", status: str = "5.1.1", words: str = "550 nobody", to: str = MAILBOX
) -> bytes:
    name, _, domain = to.partition("@")
    return f"""From: MAILER-DAEMON@relay.example\r
To: {name}+{token}@{domain}\r
Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r
\r
--b\r
Content-Type: text/plain\r
\r
It did not arrive.\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; relay.example\r
\r
Final-Recipient: rfc822; anna@example.com\r
Action: {action}\r
Status: {status}\r
Diagnostic-Code: smtp; {words}\r
\r
--b--\r
""".encode()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, Receipt("email", ID, Fate.BOUNCED, NOW, "5.1.1 smtp; 550 nobody", gone=True)),
        ({"status": "5.1.10 (null MX)"}, Receipt("email", ID, Fate.BOUNCED, NOW, "5.1.10 smtp; 550 nobody", gone=True)),
        ({"status": "5.2.2"}, Receipt("email", ID, Fate.BOUNCED, NOW, "5.2.2 smtp; 550 nobody")),
        ({"status": "5.7.1"}, Receipt("email", ID, Fate.BOUNCED, NOW, "5.7.1 smtp; 550 nobody")),
        ({"status": "4.4.7"}, Receipt("email", ID, Fate.BOUNCED, NOW, "4.4.7 smtp; 550 nobody")),
        (
            {"status": "5.0.0", "words": "550 5.1.1 <anna@example.com>: none"},
            Receipt("email", ID, Fate.BOUNCED, NOW, "5.0.0 smtp; 550 5.1.1 <…>: none", gone=True),
        ),
        (
            {"action": "delivered", "status": "2.0.0"},
            Receipt("email", ID, Fate.DELIVERED, NOW, "2.0.0 smtp; 550 nobody"),
        ),
        ({"action": "delayed", "status": "4.4.1"}, Unread("not an end: delayed")),
    ],
)
def test_what_a_report_says(changes: dict[str, str], told: Receipt | Unread) -> None:
    assert bounces.read(report(return_path.token(ID), **changes), now=NOW) == told


QMAIL = """Hi. This is the qmail-send program at relay.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<anna@example.com>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 <anna@example.com>: no such user
Giving up on 192.0.2.1.

--- Below this line is a copy of the message.

Subject: 120 points
"""
EXIM = """This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  anna@example.com
    mailbox is disabled

------ This is a copy of the message, including all the headers. ------
"""
EXCHANGE = """Your message

  To:      anna@example.com
  Subject: 120 points

did not reach the following recipient(s):

anna@example.com on Thu, 26 Nov 2026 10:00:00 +0300
    The recipient name is not recognized
	The MTS-ID of the original message is: c=us
    MSEXCH:IMS:Shop:MAIL:EX 0 (000C05A6) Unknown Recipient
"""
WARNING = """This is a warning message only.  You do not need to resend your message.

The following address(es) have not yet been delivered:

  anna@example.com
"""


def in_own_words(words: str, *, sender: str = "MAILER-DAEMON@relay.example", headers: str = "") -> bytes:
    head = f"From: {sender}\nTo: {return_path.address(MAILBOX, return_path.token(ID))}\n{headers}"
    return f"{head}Subject: Undelivered\n\n{words}".encode()


@pytest.mark.parametrize(
    ("letter", "told"),
    [
        (
            in_own_words(QMAIL),
            Receipt("email", ID, Fate.BOUNCED, NOW, "Remote host said: 550 5.1.1 <…>: no such user", gone=True),
        ),
        (
            in_own_words(EXIM, headers="X-Failed-Recipients: anna@example.com\n"),
            Receipt("email", ID, Fate.BOUNCED, NOW, "undeliverable"),
        ),
        (
            in_own_words(
                b64encode(QMAIL.encode()).decode(),
                headers="X-Failed-Recipients: anna@example.com\nContent-Transfer-Encoding: base64\n",
            ),
            Receipt("email", ID, Fate.BOUNCED, NOW, "Remote host said: 550 5.1.1 <…>: no such user", gone=True),
        ),
        (
            in_own_words("Who is this?").replace(b"From: ", b"X-From: "),
            Unread("neither a report of delivery nor a complaint: IndexError"),
        ),
        (in_own_words(EXCHANGE), Receipt("email", ID, Fate.BOUNCED, NOW, "undeliverable")),
        (in_own_words(WARNING), Unread("not an end: delayed")),
        (
            in_own_words("I am away until 5.1.1 o'clock; write to boris@example.com.", sender="anna@example.com"),
            Unread("neither a report of delivery nor a complaint"),
        ),
        (
            in_own_words("", headers="Content-Type: multipart/mixed; boundary=b\n"),
            Unread("neither a report of delivery nor a complaint"),
        ),
    ],
)
def test_a_bounce_in_a_servers_own_words(letter: bytes, told: Receipt | Unread) -> None:
    assert bounces.read(letter, now=NOW) == told
    assert bounces.read(letter.replace(return_path.token(ID).encode(), b"x"), now=NOW) == Unread(
        "no return path of ours"
    )


def test_signs_are_looked_for_at_the_beginning_alone() -> None:
    """Some looks take longer with the square of the size, and a stranger may send a large letter."""
    late = in_own_words("\n" * bounces.OWN_LIMIT + QMAIL)
    assert bounces.read(late, now=NOW) == Unread("neither a report of delivery nor a complaint")


def test_a_forged_report_is_not_believed() -> None:
    forged = return_path.token(ID)[:-4] + "aaaa"
    assert bounces.read(report(forged), now=NOW) == Unread("no return path of ours")
    named = report("x").replace(b"It did not", f"Message-ID: <{ID}@shop.example>".encode())
    assert bounces.read(named, now=NOW) == Unread("no return path of ours"), "an id alone proves nothing"


def test_the_server_may_tell_whom_it_came_to() -> None:
    address = return_path.address(MAILBOX, return_path.token(ID))
    told = bounces.read(report("x"), now=NOW, recipient=address)
    assert isinstance(told, Receipt)
    assert told.reference == ID


@pytest.mark.parametrize(
    "letter", [b"", b"\xff\x00" * 99, b"Content-Type: message/delivery-status\r\n\r\nAction: failed"]
)
def test_rubbish_is_not_read(letter: bytes) -> None:
    assert bounces.read(letter, now=NOW) == Unread("no return path of ours")
    address = return_path.address(MAILBOX, return_path.token(ID))
    assert not isinstance(bounces.read(letter[:10], now=NOW, recipient=address), Receipt)


def complaint(kind: str, token: str) -> bytes:
    """After the example of RFC 5965, appendix B.2: no real feedback loop is to be had here."""
    return f"""From: <abusedesk@example.com>\r
To: <abuse@shop.example>\r
Content-Type: multipart/report; report-type=feedback-report; boundary="b"\r
\r
--b\r
Content-Type: text/plain; charset="US-ASCII"\r
\r
This is an email abuse report.\r
--b\r
Content-Type: message/feedback-report\r
\r
Feedback-Type: {kind}\r
User-Agent: SomeGenerator/1.0\r
Version: 1\r
Original-Mail-From: <bounces+{token}@shop.example>\r
Original-Rcpt-To: <anna@example.com>\r
\r
--b\r
Content-Type: message/rfc822\r
\r
From: <points@shop.example>\r
Subject: 120 points\r
\r
text\r
--b--\r
""".encode()


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("abuse", Receipt("email", ID, Fate.COMPLAINED, NOW, "abuse")),
        ("not-spam", Unread("not an end: not-spam")),
    ],
)
def test_what_a_complaint_says(kind: str, told: Receipt | Unread) -> None:
    letter = complaint(kind, return_path.token(ID))
    assert bounces.read(letter, now=NOW) == told
    proof_elsewhere = letter.replace(b"Original-Mail-From: ", b"X-Nothing: ")
    assert bounces.read(proof_elsewhere, now=NOW) == Unread("no return path of ours")
    returned = proof_elsewhere.replace(
        b"Subject: 120 points", f"Return-Path: <bounces+{return_path.token(ID)}@shop.example>".encode()
    )
    assert bounces.read(returned, now=NOW) == told, "the letter's own return path is as good"


@given(st.data())
def test_nothing_that_comes_stops_the_reading(data: st.DataObject) -> None:
    """Pieces of real reports, cut and mixed with rubbish: a letter that raised would block the mailbox for good."""
    letters = [report(return_path.token(ID)), complaint("abuse", return_path.token(ID))]
    letters += [in_own_words(QMAIL), in_own_words(EXCHANGE)]
    letter = data.draw(st.sampled_from(letters))
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(letter)))
        letter = letter[:at] + data.draw(st.binary(max_size=8)) + letter[at + data.draw(st.integers(0, 40)) :]
    bounces.read(letter, now=NOW)


@pytest.fixture
def imap() -> Iterator[tuple[mailbox.Settings, int]]:
    """A mailbox: its address over IMAP, and the port that it takes mail at."""
    with imap_server.running(MAILBOX) as (url, smtp_port):
        yield mailbox.settings(url), smtp_port


def fetch(chosen: mailbox.Settings) -> list[Receipt]:
    found: list[Receipt] = []

    def hear(receipts: Sequence[Receipt], words: Sequence[Heard]) -> None:
        found.extend(receipts)

    mailbox.step(chosen, hear, now=NOW, stopping=lambda: False)
    return found


def test_the_mailbox_is_read_once(imap: tuple[mailbox.Settings, int]) -> None:
    chosen, port = imap
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.sendmail("", [MAILBOX], report(return_path.token(ID)))
        server.sendmail("a@example.com", [MAILBOX], b"Subject: hello\r\n\r\nWho is this?\r\n")
    with pytest.raises(ZeroDivisionError):
        mailbox.step(chosen, lambda receipts, words: 1 / 0, now=NOW, stopping=lambda: False)  # type: ignore[arg-type]
    assert [one.reference for one in fetch(chosen)] == [ID], "what failed is read again"
    assert fetch(chosen) == []
    with pytest.raises(Unreachable, match="mailbox"):
        fetch(mailbox.settings(f"imap://bounces%40shop.example:wrong@127.0.0.1:{chosen.port}"))


def test_a_letter_that_cannot_be_read_is_passed_over(
    imap: tuple[mailbox.Settings, int], caplog: pytest.LogCaptureFixture
) -> None:
    chosen, port = imap
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.sendmail("a@example.com", [MAILBOX], nested(1500))
        server.sendmail("", [MAILBOX], report(return_path.token(ID)))
    assert [one.reference for one in fetch(chosen)] == [ID]
    assert "UID 101 in the bounce mailbox cannot be read: RecursionError" in caplog.text
    assert fetch(chosen) == []


def nested(depth: int) -> bytes:
    """Return a letter in a letter in a letter: the standard library reads each level one call deeper."""
    levels = [f'Content-Type: multipart/mixed; boundary="{n}"\r\n\r\n--{n}\r\n' for n in range(depth)]
    return "".join(levels).encode() + b"Content-Type: text/plain\r\n\r\nhello\r\n"


@pytest.mark.parametrize("sign", ["\u212a", "\u017f"])
def test_signs_that_only_look_like_letters_make_no_token(sign: str) -> None:
    assert return_path.find(f"bounces+{sign * 40}@shop.example") is None


def test_the_address_of_a_mailbox() -> None:
    chosen = mailbox.settings("imaps://a%40b:p%40ss@mail.example/Bounces%20here")
    assert (chosen.port, chosen.username, chosen.password, chosen.folder) == (993, "a@b", "p@ss", "Bounces here")
    assert repr(chosen) == "<IMAP mail.example:993>"
    with pytest.raises(VernoError, match="VERNO_BOUNCE_IMAP_URL"):
        mailbox.settings("pop3://a:b@c")


@needs_node("smtp-server")
@needs_programs("postfix")
@pytest.mark.skipif(os.geteuid() != 0, reason="Postfix starts as root only")
def test_a_bounce_made_by_postfix(imap: tuple[mailbox.Settings, int]) -> None:
    """Our line → Postfix → a server that says 550 → Postfix's report → the mailbox → a receipt."""
    chosen, mailbox_port = imap
    token = return_path.token(ID)
    sent = b"From: points@shop.example\r\nTo: nobody@example.com\r\nSubject: 1\r\n\r\ntext\r\n"
    envelope = Envelope(return_path.address(MAILBOX, token), "nobody@example.com", sent, ID, token)
    with Peer("sink.cjs") as sink, public_folder() as folder:
        port = free_port()
        with postfix.running(folder, port=port, routes={"example.com": sink.port, "shop.example": mailbox_port}):
            until_open(port)
            outcome = asyncio.run(hand_over(port, envelope))
            assert isinstance(outcome, Accepted)
            assert outcome.reference == ID
            told = first_receipt(chosen)
    assert (told.reference, told.outcome, told.gone) == (ID, Fate.BOUNCED, True)
    assert "there is no such mailbox" in told.response
    assert "nobody@" not in told.response
    named = [part["Original-Envelope-Id"] for part in stored(chosen).walk() if "Original-Envelope-Id" in part]
    assert named == [token]


def first_receipt(chosen: mailbox.Settings) -> Receipt:
    deadline = time.monotonic() + 20
    while not (found := fetch(chosen)):
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.05)
    return found[0]


async def hand_over(port: int, envelope: Envelope) -> Outcome:
    line = smtp.Line(smtp.Settings("127.0.0.1", port))
    await line.open()
    outcome = await line.offer(envelope) or await line.hand_over(envelope)
    await line.close()
    return outcome


@contextmanager
def public_folder() -> Iterator[Path]:
    """A folder that Postfix's own user can reach; pytest's are for us alone."""
    with tempfile.TemporaryDirectory(prefix="verno-postfix-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def stored(chosen: mailbox.Settings) -> Message:
    with imaplib.IMAP4(chosen.host, chosen.port) as server:
        server.login(chosen.username, chosen.password)
        server.select()
        _, answer = server.fetch("1", "(RFC822)")
    assert isinstance(answer[0], tuple)
    return message_from_string(answer[0][1].decode())
