"""The catcher and its reader: mails come in by SMTP, are files, and cannot do anything to who reads them."""

import smtplib
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.test import RequestFactory, override_settings

from verno.demo import mailbox, views

pytestmark = pytest.mark.timeout(120)


def letter(to: str = "household-1@example.com", *, subject: str = "Your points") -> EmailMessage:
    """Make a letter in two parts."""
    message = EmailMessage()
    message["From"] = "points@example.com"
    message["To"] = to
    message["Subject"] = subject
    message.set_content("450 points\nдо 30 ноября\n")
    message.add_alternative(
        "<html><head><title>x</title></head><body><script>alert(1)</script>450</body></html>", "html"
    )
    return message


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an installation of its own."""
    monkeypatch.setenv("VERNO_HOME", str(tmp_path))
    return tmp_path / "mail"


def test_a_mail_is_kept_once_for_each_recipient(port: int, home: Path) -> None:
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        smtp.send_message(letter(), to_addrs=["a@example.com", "b@example.com"])
    names = mailbox.names(home)
    assert [mailbox.entry(home, name).to for name in names] == ["b@example.com", "a@example.com"]
    mail = mailbox.mail(home, names[0])
    assert mail.text == "450 points\nдо 30 ноября\n"
    assert "<script>" in mail.html
    assert ("Return-Path", "<points@example.com>") in mail.headers


def test_it_is_quick(port: int, home: Path) -> None:
    count = 300
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        started = time.monotonic()
        for i in range(count):
            smtp.sendmail("points@example.com", [f"household-{i}@example.com"], letter().as_bytes())
        seconds = time.monotonic() - started
    assert len(mailbox.names(home)) == count
    assert count / seconds > 50, f"{count / seconds:.0f} mails a second"


def test_a_client_that_breaks_off_leaves_nothing(port: int, home: Path) -> None:
    smtp = smtplib.SMTP("127.0.0.1", port)
    smtp.ehlo()
    smtp.mail("points@example.com")
    smtp.rcpt("a@example.com")
    smtp.putcmd("data")
    smtp.getreply()
    smtp.send(b"Subject: half")
    smtp.close()
    time.sleep(0.2)
    assert mailbox.names(home) == []


@pytest.mark.parametrize(
    "address", ["a b@example.com", "../../etc/passwd", "x/y@example.com", "ж" * 200, "%" * 300, ""]
)
def test_addresses_cannot_leave_the_folder(home: Path, address: str) -> None:
    name = mailbox.store(home, "s@example.com", address, b"Subject: x\r\n\r\nhello")
    assert [path.parent for path in home.rglob("*.eml")] == [home]
    assert mailbox.names(home) == [name]
    assert mailbox.mail(home, name).text == "hello"


@pytest.mark.parametrize("name", ["../secret.key", "x", "", "01795632215593265585-001970-../../x"])
def test_only_names_of_ours_are_read(home: Path, name: str) -> None:
    with pytest.raises(FileNotFoundError):
        mailbox.source(home, name)


def test_pages_and_search(home: Path, rf: RequestFactory) -> None:
    for i in range(120):
        mailbox.store(home, "s@example.com", f"household-{i}@example.com", b"Subject: x\r\n\r\nhello")
    first = views.mails(rf.get("/mail/")).content.decode()
    assert first.count("household-119@") >= 1
    assert "household-1@example.com" not in first
    last = views.mails(rf.get("/mail/", {"page": "999999"})).content.decode()
    assert "household-1@example.com" in last
    found = views.mails(rf.get("/mail/", {"q": "HOUSEHOLD-77@"})).content.decode()
    assert "household-77@example.com" in found
    assert "household-78@example.com" not in found


def test_html_is_boxed_in(home: Path, rf: RequestFactory) -> None:
    name = mailbox.store(home, "s@example.com", "a@example.com", letter().as_bytes())
    answer = views.html(rf.get("/"), name)
    assert answer["Content-Security-Policy"].startswith("sandbox allow-popups")
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert '<head><base target="_blank">' in answer.content.decode()
    page = views.mail(rf.get("/"), name).content.decode()
    assert "<script>alert(1)" not in page
    assert 'sandbox="' in page


def test_the_source_comes_as_a_download(home: Path, rf: RequestFactory) -> None:
    name = mailbox.store(home, "s@example.com", "a@example.com", b"Subject: x\r\n\r\nhello")
    answer = views.source(rf.get("/"), name)
    assert answer.content.endswith(b"Subject: x\r\n\r\nhello")
    assert answer["Content-Disposition"].startswith("attachment")


@pytest.fixture
def rf() -> Iterator[RequestFactory]:
    """Give requests to a server that shows mail."""
    with override_settings(ROOT_URLCONF="tests.demo.urls"):
        yield RequestFactory()
