"""Every way a hand-over can end, against a real SMTP server; truth is what the server stored."""

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.builders import Shop
from tests.messaging.people import add_members, make_program, withdraw
from tests.messaging.postman import Postman
from verno.kit import db
from verno.kit.errors import VernoError
from verno.members import service as members
from verno.members.types import NewMember
from verno.messaging import queries
from verno.messaging.channels.email import smtp
from verno.messaging.channels.email.channel import Email
from verno.messaging.channels.port import Outcome, Unreachable
from verno.messaging.facts import address_hash
from verno.messaging.leaving import links
from verno.messaging.letters.compose import Content
from verno.messaging.queries import MessageView
from verno.messaging.sender import SendCounts, send_due
from verno.messaging.statements import plan_statements
from verno.wiring import chores

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def postman() -> Iterator[Postman]:
    with Postman() as running:
        yield running


@pytest.fixture
def shop(database: str) -> Shop:
    with db.transaction() as conn:
        return make_program(conn)


def prepare(shop: Shop, *names: str) -> list[str]:
    """Plan October's statement for members with these mailboxes; returns their ids."""
    with db.transaction() as conn:
        holders: list[str] = []
        for n, name in enumerate(names):
            holders += add_members(conn, shop, 1, address=f"{name}@example.com", start=n)
        plan_statements(conn, shop.program, 2026, 10, now=NOW)
    return holders


def send(postman: Postman, *, now: datetime = NOW, connections: int = 4, **changes: object) -> SendCounts:
    chosen = smtp.Settings("127.0.0.1", postman.port, connections=connections, command_timeout=0.6, data_timeout=0.6)
    chosen = msgspec.structs.replace(chosen, **changes)
    return send_due(Email(chosen), lambda: now, worker_name="test")


def message(holder: str) -> MessageView:
    with db.transaction() as conn:
        (found,) = queries.of_member(conn, holder)
    return found


def test_accepted(shop: Shop, postman: Postman) -> None:
    (who,) = prepare(shop, "anna")
    assert send(postman) == SendCounts(accepted=1)
    told = message(who)
    assert (told.state, told.reason, told.attempts) == ("accepted", None, 1)
    assert [decision["stage"] for decision in told.decisions] == ["planning", "hand-over"]
    letter = postman.letter("anna@example.com")
    assert letter["Message-ID"] == told.message_id == f"<{told.id}@localhost>"
    assert letter["Subject"] == "0 points: your October statement"
    assert letter["Date"].datetime == NOW
    assert [part.defects for part in letter.walk() if part.defects] == []
    assert send(postman) == SendCounts(), "nothing is left"


def test_the_ways_out_in_the_header(shop: Shop, postman: Postman) -> None:
    (who,) = prepare(shop, "anna")
    send(postman)
    letter = postman.letter("anna@example.com")
    (web,) = [part.strip(" <>") for part in letter["List-Unsubscribe"].split(",")]
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    # No mailbox is read, so no letter is asked for.
    named = links.read(web.rpartition("/u/")[2])
    assert named == links.Subscription(shop.program.id, who, "points-statement", "email")
    for part in letter.iter_parts():
        assert web in part.get_content()


@pytest.mark.parametrize(
    ("mailbox", "state", "reason", "stored"),
    [
        ("rcpt-4", "deferred", "temporary-refusal", 0),
        ("rcpt-5", "rejected", "refused", 0),
        ("rcpt-hang", "deferred", "temporary-refusal", 0),
        ("rcpt-drop", "deferred", "temporary-refusal", 0),
        ("ask-4", "deferred", "temporary-refusal", 0),
        ("ask-5", "rejected", "refused", 0),
        ("ask-hang", "deferred", "temporary-refusal", 0),
        ("ask-drop", "deferred", "temporary-refusal", 0),
        ("trickle", "accepted", None, 1),
        ("data-3", "uncertain", "connection-lost", 1),
        ("data-4", "deferred", "temporary-refusal", 0),
        ("data-5", "rejected", "refused", 0),
        ("drop", "uncertain", "connection-lost", 0),
        ("store-drop", "uncertain", "connection-lost", 1),
        ("hang", "uncertain", "timed-out", 1),
        ("имя", "rejected", "refused", 0),
        ("252", "accepted", None, 1),
        ("8bit", "accepted", None, 1),
        ("8bit-5", "rejected", "refused", 0),
    ],
)
def test_one_bad_end_among_good_ones(
    shop: Shop, postman: Postman, mailbox: str, state: str, reason: str | None, stored: int
) -> None:
    names = [f"good-{n}" for n in range(5)]
    who, *others = prepare(shop, mailbox, *names)
    send(postman, connections=2)
    told = message(who)
    assert (told.state, told.reason) == (state, reason)
    assert {message(other).state for other in others} == {"accepted"}
    assert postman.addresses() == {f"{name}@example.com": 1 for name in names} | (
        {f"{mailbox}@example.com": stored} if stored else {}
    )
    later = send(postman, now=NOW + timedelta(minutes=4))
    assert later == SendCounts(), "neither a refusal nor an uncertain one is tried again by itself"
    if state == "uncertain":
        for hours in (1, 100, 1000):
            assert send(postman, now=NOW + timedelta(hours=hours)) == SendCounts()
        with db.transaction() as conn:
            assert [row.id for row in queries.uncertain(conn, shop.program.id)] == [told.id]


def test_temporary_refusals_run_out(shop: Shop, postman: Postman) -> None:
    """5 m, 30 m, 2 h, 6 h, 12 h, 24 h, 24 h after each other, then no more."""
    (who,) = prepare(shop, "rcpt-4")
    now, waits = NOW, []
    while message(who).state in ("queued", "deferred"):
        send(postman, now=now)
        waits.append(message(who).due_at - now)
        now = message(who).due_at
    assert [wait.total_seconds() / 60 for wait in waits[:-1]] == [5, 30, 120, 360, 720, 1440, 1440]
    told = message(who)
    assert (told.state, told.reason, told.attempts) == ("rejected", "gave-up", 8)


def test_an_unknown_mailbox_is_not_written_to_again(shop: Shop, postman: Postman) -> None:
    (who,) = prepare(shop, "rcpt-unknown")
    send(postman)
    with db.transaction() as conn:
        rows = conn.execute("SELECT encode(address_hash, 'hex'), reason, source FROM messaging_suppression").fetchall()
    assert rows == [(address_hash(shop.program.id, "email", "rcpt-unknown@example.com"), "no-such-address", "server")]
    assert message(who).response == "550 5.1.1 <…>: User unknown", "the server repeats the address, and we do not"


def test_a_server_that_is_down_loses_nothing(shop: Shop, postman: Postman) -> None:
    holders = prepare(shop, *[f"m-{n}" for n in range(30)])
    chosen = smtp.Settings("127.0.0.1", 1, connections=3, connect_timeout=1)
    assert send_due(Email(chosen), lambda: NOW, worker_name="test") == SendCounts(deferred=30)
    told = [message(who) for who in holders]
    assert {(m.state, m.reason, m.attempts) for m in told} == {("deferred", "server-unavailable", 0)}
    assert send(postman, now=NOW + timedelta(minutes=6)) == SendCounts(accepted=30)
    assert set(postman.addresses().values()) == {1}


def test_a_server_that_says_421_at_once_loses_nothing(shop: Shop, postman: Postman) -> None:
    prepare(shop, "anna")
    postman.greeting_421 = True
    assert send(postman) == SendCounts(deferred=1)
    postman.greeting_421 = False
    assert send(postman, now=NOW + timedelta(minutes=6)) == SendCounts(accepted=1)


def test_a_server_that_closes_after_some_letters(shop: Shop, postman: Postman) -> None:
    """421 every 5: the connection is opened anew, each letter arrives once."""
    prepare(shop, *[f"m-{n}" for n in range(23)])
    postman.every = 5
    assert send(postman, connections=2) == SendCounts(accepted=23)
    assert sorted(postman.addresses().values()) == [1] * 23
    assert postman.sessions >= 5


def test_a_server_that_never_greets_loses_nothing(shop: Shop) -> None:
    (who,) = prepare(shop, "anna")
    with socket.create_server(("127.0.0.1", 0)) as mute:
        chosen = smtp.Settings("127.0.0.1", mute.getsockname()[1], connections=2, connect_timeout=0.3)
        assert send_due(Email(chosen), lambda: NOW, worker_name="test") == SendCounts(deferred=1)
    assert (message(who).state, message(who).reason) == ("deferred", "server-unavailable")


def test_two_workers_at_once_send_each_letter_once(shop: Shop, postman: Postman) -> None:
    prepare(shop, *[f"m-{n}" for n in range(60)])
    found: list[SendCounts] = []
    threads = [threading.Thread(target=lambda: found.append(send(postman))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts.accepted for counts in found) == 60
    assert sorted(postman.addresses().values()) == [1] * 60


def test_tls_is_taken_where_it_is_offered(shop: Shop, tmp_path: Path) -> None:
    prepare(shop, "anna")
    with Postman(tls=certificate(tmp_path)) as postman:
        assert send(postman) == SendCounts(accepted=1)
        assert postman.over_tls == [True]


def test_a_password_leaves_only_through_checked_tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not to a server without TLS, nor to one whose certificate anybody could have made."""
    monkeypatch.setattr(smtp, "_loopback", lambda _: False)
    for tls in (None, certificate(tmp_path)):
        with Postman(tls=tls) as postman:
            chosen = smtp.Settings("127.0.0.1", postman.port, username="anna", password="geheim", connect_timeout=3)

            async def try_it(settings: smtp.Settings = chosen) -> None:
                await smtp.Line(settings).open()

            with pytest.raises(Unreachable) as refused:
                asyncio.run(try_it())
            assert "geheim" not in str(refused.value)


def certificate(folder: Path) -> ssl.SSLContext:
    """Make a self-signed certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def test_no_relay_means_mail_waits(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VERNO_SMTP_URL", raising=False)
    (who,) = prepare(shop, "anna")
    assert chores.send_mail(now=NOW, stopping=lambda: False) == 0
    assert (message(who).state, message(who).attempts) == ("queued", 0)


def test_a_withdrawal_between_planning_and_sending_is_obeyed(shop: Shop, postman: Postman) -> None:
    anna, _ = prepare(shop, "anna", "boris")
    with db.transaction() as conn:
        withdraw(conn, shop, [anna], now=NOW)
    assert send(postman) == SendCounts(accepted=1, withheld=1)
    told = message(anna)
    assert (told.state, told.reason) == ("withheld", "withdrawn")
    assert [decision["verdict"] for decision in told.decisions] == ["allow", "deny"]
    assert list(postman.addresses()) == ["boris@example.com"]


def test_a_withdrawal_in_mid_hand_over_is_obeyed(shop: Shop, postman: Postman, monkeypatch: pytest.MonkeyPatch) -> None:
    """The member leaves after the message was claimed and offered: the last look, before DATA, sees it."""
    (anna,) = prepare(shop, "anna")
    offer = smtp.Line.offer

    async def leave_meanwhile(line: smtp.Line, parcel: smtp.Envelope) -> Outcome | None:
        ready = await offer(line, parcel)
        with db.transaction() as conn:
            withdraw(conn, shop, [anna], now=NOW)
        return ready

    monkeypatch.setattr(smtp.Line, "offer", leave_meanwhile)
    assert send(postman) == SendCounts(withheld=1)
    assert message(anna).reason == "withdrawn"
    assert postman.stored == []


def test_an_address_that_went_is_obeyed(shop: Shop, postman: Postman) -> None:
    (anna,) = prepare(shop, "anna")
    with db.transaction() as conn:
        members.upsert(conn, shop.program, [NewMember(external_id="m-0", email=None)], now=NOW)
    assert send(postman) == SendCounts(withheld=1)
    assert message(anna).reason == "no-address"


def test_one_message_that_cannot_be_written_does_not_stop_the_rest(shop: Shop, postman: Postman) -> None:
    bad, good = prepare(shop, "bad", "good")
    with psycopg.connect(db.owner_url()) as owner:
        owner.execute("UPDATE messaging_message SET context = '{}' WHERE holder_id = %s", (bad,))
    assert send(postman) == SendCounts(accepted=1, rejected=1)
    assert message(bad).reason == "cannot-be-rendered"
    assert message(good).state == "accepted"


def test_a_claim_that_lapsed_is_taken_again_alone_until_it_runs_out(shop: Shop, postman: Postman) -> None:
    """A message that kills its worker at the claim: lapses count there, so it ends."""
    from verno.messaging.desk import Desk

    (who,) = prepare(shop, "anna")
    now = NOW
    for lapsed in range(5):
        jobs, _ = Desk("email", "victim", lambda: now, 600, suspects=lapsed > 0).claim(10)  # noqa: B023 called at once
        assert [job.attempts for job in jobs] == [lapsed + 1]
        now += timedelta(minutes=11)
        assert send(postman, now=now) == SendCounts(), "never again among the others"
    assert (message(who).state, message(who).reason) == ("rejected", "kills-its-worker")


def test_a_worker_that_slept_through_its_lease_sends_nothing(shop: Shop, postman: Postman) -> None:
    from verno.messaging.desk import Desk

    (who,) = prepare(shop, "anna")
    sleeper = Desk("email", "sleeper", lambda: NOW, 600)
    jobs, _ = sleeper.claim(10)
    later = NOW + timedelta(minutes=11)
    assert send(postman, now=later) == SendCounts(), "it is tried alone"
    chosen = smtp.Settings("127.0.0.1", postman.port, connections=1)
    assert send_due(Email(chosen), lambda: later, worker_name="alone", suspects=True) == SendCounts(accepted=1)
    assert sleeper.exchange(jobs, []) == (set(), []), "the message is another's"
    assert message(who).state == "accepted"


def test_a_lost_workers_hand_over_is_uncertain_and_its_late_answer_counts(shop: Shop, postman: Postman) -> None:
    from verno.messaging.desk import Desk, End
    from verno.messaging.types import State

    (who,) = prepare(shop, "anna")
    slow = Desk("email", "slow", lambda: NOW, 600)
    jobs, _ = slow.claim(10)
    assert slow.exchange(jobs, [])[0] == {message(who).id}
    assert message(who).state == "handing_over"
    assert send(postman, now=NOW + timedelta(minutes=14)) == SendCounts()
    assert message(who).state == "handing_over", "600 s and a margin have not passed"
    assert send(postman, now=NOW + timedelta(minutes=16)) == SendCounts()
    assert (message(who).state, message(who).reason) == ("uncertain", "worker-lost")
    assert postman.stored == []
    slow.exchange([], [End(who, message(who).id, State.ACCEPTED, None, "250 OK")])
    assert message(who).state == "accepted"


def test_asked_to_stop_it_puts_the_rest_back(shop: Shop, postman: Postman) -> None:
    prepare(shop, *[f"m-{n}" for n in range(40)])
    chosen = smtp.Settings("127.0.0.1", postman.port, connections=2)
    counts = send_due(Email(chosen), lambda: NOW, worker_name="test", stopping=lambda: len(postman.stored) >= 10)
    assert 10 <= counts.accepted <= 13
    with db.transaction() as conn:
        states = {row.state: row.messages for row in queries.counts(conn, shop.program.id)}
    assert states == {"accepted": counts.accepted, "queued": 40 - counts.accepted}
    assert send(postman) == SendCounts(accepted=40 - counts.accepted)


def test_limit_and_progress(shop: Shop, postman: Postman) -> None:
    prepare(shop, *[f"m-{n}" for n in range(9)])
    seen: list[int] = []
    chosen = smtp.Settings("127.0.0.1", postman.port, connections=2)
    counts = send_due(
        Email(chosen), lambda: NOW, worker_name="test", limit=4, progress=lambda found: seen.append(found.total)
    )
    assert counts.accepted == 4
    assert seen == [1, 2, 3, 4]


def test_a_password_is_never_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    chosen = smtp.settings("smtps://anna:geheim%40@mail.example.com")
    assert (chosen.port, chosen.tls, chosen.password) == (465, True, "geheim@")
    assert "geheim" not in repr(chosen) + str(chosen) + caplog.text
    with pytest.raises(VernoError) as refused:
        smtp.settings("http://anna:geheim@mail.example.com")
    assert "geheim" not in str(refused.value)


def test_a_relay_says_how_many_letters_it_takes_at_once() -> None:
    assert smtp.settings("smtp://relay.example.com").connections == 24
    assert smtp.settings("smtps://relay.example.com:2465?connections=48").connections == 48
    for bad in ("connections=0", "connections=201", "connections=many", "connections", "speed=9"):
        with pytest.raises(VernoError, match="connections=24"):
            smtp.settings(f"smtp://relay.example.com?{bad}")


def test_what_an_erasure_overtook_under_way_is_uncertain(shop: Shop, postman: Postman) -> None:
    """An erasure takes the claim away with all else that names the worker's letter."""
    from verno.messaging.desk import Desk

    (who,) = prepare(shop, "anna")
    desk = Desk("email", "worker", lambda: NOW, 600)
    jobs, _ = desk.claim(10)
    desk.exchange(jobs, [])
    with db.transaction(shop.program.id) as conn:
        conn.execute(
            "UPDATE messaging_message SET claimed_by = NULL, claimed_until = NULL WHERE holder_id = %s", (who,)
        )
    assert send(postman) == SendCounts()
    assert (message(who).state, message(who).reason) == ("uncertain", "worker-lost")


def test_a_provider_that_wants_to_be_asked_later_uses_up_no_try(shop: Shop) -> None:
    from verno.messaging.desk import LONGEST_RETRY, RETRY_AFTER, Desk, retry_end

    (who,) = prepare(shop, "anna")
    now, late = NOW, None
    for _ in range(3 * len(RETRY_AFTER)):
        desk = Desk("email", "worker", lambda: now, 600)  # noqa: B023 called at once
        [job], _ = desk.claim(10)
        desk.exchange([job], [])
        desk.exchange([], [retry_end(job, "451 slow down", now, 0)])
        assert (message(who).state, message(who).attempts) == ("deferred", 0)
        assert message(who).due_at == now + timedelta(seconds=1), "never at once"
        now += timedelta(seconds=5)
        late = retry_end(job, "451 slow down", now + LONGEST_RETRY, 0)
    assert late is not None
    assert (late.refund, late.due_at) == (0, now + LONGEST_RETRY + RETRY_AFTER[0]), "after three days tries count"


def test_a_paced_message_is_written_when_its_claim_is_committed(shop: Shop, postman: Postman) -> None:
    """Else what dies of it would have been claimed by nobody, and would kill the next worker as well."""

    class Paced(Email):
        per_second = 100

        def write(self, content: Content, address: str, *, now: datetime) -> smtp.Envelope:
            seen.append(message(content.holder_id).state)
            return super().write(content, address, now=now)

    seen: list[str] = []
    (who,) = prepare(shop, "anna")
    chosen = smtp.Settings("127.0.0.1", postman.port, connections=1)
    assert send_due(Paced(chosen), lambda: NOW, worker_name="test") == SendCounts(accepted=1)
    assert seen == ["claimed"]
    assert message(who).state == "accepted"
