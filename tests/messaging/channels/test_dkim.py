"""Our signature as others read it: dkimpy and npm ``mailauth`` accept it, and refuse what was changed on the way."""

import base64
import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import dkim as dkimpy
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.messaging.peers.process import ROOT, needs_node
from verno.kit.errors import VernoError
from verno.messaging.channels.email import dkim
from verno.messaging.channels.email.dkim import Signer
from verno.messaging.letters import mime

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
RECORD = (
    "v=DKIM1; k=rsa; p="
    + base64.b64encode(
        KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    ).decode()
)


def letter(subject: str = "120 баллов: выписка за октябрь, с длинной темой в несколько слов") -> bytes:
    headers = (
        ("List-Unsubscribe", "<https://a/u/1>,\r\n <mailto:b@a>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    )
    return mime.build(
        mime.Parts(
            "Лавка",
            "points@example.com",
            "anna@example.org",
            subject,
            "текст",
            "<p>я</p>" * 99,
            "<1@example.com>",
            NOW,
            "ru",
            headers,
        )
    )


SIGNED = Signer(KEY, "example.com", "s1").sign(letter(), now=NOW)


def accepted_by_dkimpy(data: bytes) -> bool:
    return bool(
        dkimpy.verify(
            data, dnsfunc=lambda name, timeout=5: RECORD.encode() if name == b"s1._domainkey.example.com." else None
        )
    )


CASES = {
    "as it was": (SIGNED, True),
    "an empty body": (Signer(KEY, "example.com", "s1").sign(b"From: a@example.com\r\n\r\n", now=NOW), True),
    "blanks and empty lines": (
        Signer(KEY, "example.com", "s1").sign(
            b"From:  a@example.com \r\nSubject: a\r\n\t b\r\n\r\na  b \t\r\n \r\n\r\n", now=NOW
        ),
        True,
    ),
    "another text": (SIGNED.replace(b"PHA+", b"PHB+"), False),
    "another subject": (SIGNED.replace(b"Subject: =?utf-8?b?M", b"Subject: =?utf-8?b?N"), False),
    "a second sender": (SIGNED.replace(b"From: ", b"From: thief@example.net\r\nFrom: ", 1), False),
    "another way out": (SIGNED.replace(b"<https://a/u/1>", b"<https://a/u/2>"), False),
}


@pytest.mark.parametrize("case", CASES)
def test_dkimpy_agrees(case: str) -> None:
    data, good = CASES[case]
    assert accepted_by_dkimpy(data) == good


@needs_node("mailauth")
def test_mailauth_agrees() -> None:
    """It tries all of them in one process of node."""
    script = """
        const { dkimVerify } = require("mailauth/lib/dkim/verify");
        const { record, letters } = JSON.parse(require("fs").readFileSync(0));
        const resolver = async (name) => [[record]];
        const verify = (one) => dkimVerify(Buffer.from(one, "base64"), { resolver });
        const read = async (one) => (await verify(one)).results[0].status.result;
        Promise.all(letters.map(read)).then((found) => console.log(JSON.stringify(found)));
    """
    letters = [base64.b64encode(data).decode() for data, _ in CASES.values()]
    answer = subprocess.run(
        ["node", "-e", script],
        input=json.dumps({"record": RECORD, "letters": letters}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    found = dict(zip(CASES, json.loads(answer.stdout), strict=True))
    assert {case: result == "pass" for case, result in found.items()} == {
        case: good for case, (_, good) in CASES.items()
    }


def test_the_signature_stands_on_top_in_short_lines() -> None:
    head, _, rest = SIGNED.partition(b"From: ")
    assert b"From: " + rest == letter(), "the letter itself is untouched"
    assert head.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s1;")
    assert b"list-unsubscribe:list-unsubscribe-post" in head
    assert b"\n" not in head.replace(b"\r\n", b"")
    assert Signer(KEY, "example.com", "s1").sign(letter(), now=NOW) == SIGNED


def test_whose_key_signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def put(name: str, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> None:
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (tmp_path / name).write_bytes(pem)
        monkeypatch.setenv("VERNO_DKIM_KEY", str(tmp_path / name))

    assert dkim.ours() is None, "without a key the relay signs"
    monkeypatch.setenv("VERNO_MAIL_FROM", "points@example.com")
    monkeypatch.setenv("VERNO_DKIM_SELECTOR", "s1")
    put("good.pem", KEY)
    signer = dkim.ours()
    assert signer is not None
    assert signer.sign(letter(), now=NOW) == SIGNED
    put("ec.pem", ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(VernoError, match="not an RSA key of 1024 bits"):
        dkim.ours()
    monkeypatch.setenv("VERNO_DKIM_KEY", str(tmp_path / "none.pem"))
    with pytest.raises(VernoError, match="VERNO_DKIM_KEY"):
        dkim.ours()
