"""Lists of an earlier provider: who was not written to there is not written to here, and no address lies in clear."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.builders import NOW
from tests.imports.conftest import Desk, quiet
from tests.members.test_budget import counted
from tests.messaging.people import add_members
from tests.messaging.test_planning import draft
from verno.cli.imports import REASONS
from verno.imports import service
from verno.imports.types import Asked, Kind, Rehearsal, Summary
from verno.kit import db
from verno.kit.errors import VernoError
from verno.members import service as members
from verno.members.types import ConsentFact, NewMember, Topic
from verno.messaging import service as messages
from verno.messaging.types import Brought, Silence, Silenced, Withheld
from verno.workspace import settings

DAY = timedelta(days=1)
LONG_AGO = NOW - 900 * DAY


@pytest.fixture
def shop(desk: Desk) -> Desk:
    """Give a shop in a country that asks for no consent, with news and codes to tell to two members."""
    with db.transaction() as conn:
        settings.write(conn, desk.shop.program.id, "messages.country", "US", now=NOW)
        topics = [Topic("news", "marketing", double_opt_in=False), Topic("codes", "security")]
        members.ensure_topics(conn, desk.shop.program.id, topics)
        add_members(conn, desk.shop, 2, agree=False)
        members.upsert(conn, desk.shop.program, [NewMember("m-0", phone="+79161234567")], now=LONG_AGO)
    return desk


def withheld(desk: Desk, number: int, topic: str = "news", channel: str = "email") -> str | None:
    """Return why a member does not get a message, None where they do."""
    with db.transaction() as conn:
        row = conn.execute("SELECT id::text FROM members_member WHERE external_id = %s", (f"m-{number}",)).fetchone()
        assert row is not None
        (done,) = messages.plan(
            conn, desk.shop.program.id, [draft(row[0], "once", topic=topic, channel=channel)], now=NOW + 9 * DAY
        )
        seen = conn.execute("SELECT decision -> -1 -> 'checks' -> 3 ->> 'seen' FROM messaging_message").fetchone()
        conn.rollback()
    return str(seen[0]) if isinstance(done, Withheld) and seen else None


def load(desk: Desk, content: str, name: str = "list.csv", **asked: object) -> Summary:
    path = desk.folder / name
    path.write_text(content)
    return service.import_file(
        *(desk.shop.program, Kind.SUPPRESSIONS, path),
        progress=quiet, tell=lambda _: None, now=NOW, asked=Asked(**asked),  # type: ignore[arg-type]
    )  # fmt: skip


def rehearse(desk: Desk, content: str, **asked: object) -> Rehearsal:
    path = desk.folder / "list.csv"
    path.write_text(content)
    return service.rehearse_suppressions(
        desk.shop.program,
        path,
        progress=quiet,
        now=NOW,
        asked=Asked(**asked),  # type: ignore[arg-type]
    )


def counts(done: Summary) -> tuple[int, int, int]:
    return done.accepted, done.replayed, done.refused


def stored(desk: Desk) -> list[tuple[str, str, str, datetime]]:
    with db.transaction() as conn:
        return conn.execute(
            "SELECT channel, reason, source, created_at FROM messaging_suppression ORDER BY channel, created_at DESC"
        ).fetchall()


def test_a_list_of_each_reason(shop: Desk) -> None:
    assert withheld(shop, 0) is None
    text = """E-mail;Причина;Дата
Member-0@Example.com;отписка;05.03.2026
8 (916) 123-45-67;spam;2026-03-05T10:00:00+03:00
member-1@example.com;bounced;
"""
    assert counts(load(shop, text)) == (3, 0, 0)
    assert stored(shop) == [
        ("email", "no-such-address", "import", NOW),
        ("email/erased", "unsubscribed", "import", datetime(2026, 3, 5, 21, tzinfo=UTC)),
        ("sms/erased", "complaint", "import", datetime(2026, 3, 5, 7, tzinfo=UTC)),
    ]
    assert withheld(shop, 0) == "unsubscribed 2026-03-05T21:00:00+00:00"
    assert withheld(shop, 0, channel="sms") == "complaint 2026-03-05T07:00:00+00:00"
    assert withheld(shop, 0, "codes") is None, "who left advertising gets their codes"
    assert withheld(shop, 1, "codes") == "no-such-address", "where nobody is, nothing goes"


@pytest.mark.parametrize(
    ("said", "silent"),
    [
        (datetime(2026, 3, 5, 12, tzinfo=UTC), True),
        (datetime(2026, 3, 6, 12, tzinfo=UTC), False),
    ],
    ids=["on the day itself", "later"],
)
def test_a_yes_that_came_later_stands(shop: Desk, said: datetime, silent: bool) -> None:
    load(shop, "address,date\nmember-0@example.com,2026-03-05\n")
    agree(shop, said)
    assert (withheld(shop, 0) is not None) == silent


@pytest.mark.parametrize(
    ("reason", "method", "silent"),
    [("spam", "till", True), ("spam", "web-form", False), ("stop", "till", False)],
)
def test_who_complained_comes_back_by_themselves_alone(shop: Desk, reason: str, method: str, silent: bool) -> None:
    load(shop, f"address,reason,date\nmember-0@example.com,{reason},2026-03-05\n")
    agree(shop, datetime(2026, 3, 7, tzinfo=UTC), method)
    assert (withheld(shop, 0) == "complaint 2026-03-05T21:00:00+00:00") == silent
    assert (withheld(shop, 0) is None) != silent
    assert withheld(shop, 0, "codes") is None, "and gets their codes meanwhile"


@pytest.mark.parametrize("order", [("spam,2026-01-01", "stop,2026-02-02"), ("stop,2026-02-02", "spam,2026-01-01")])
@pytest.mark.parametrize("apart", [True, False])
def test_a_complaint_stays_one_whoever_leaves_later(shop: Desk, order: tuple[str, str], apart: bool) -> None:
    lines = [f"member-0@example.com,{one}\n" for one in order]
    for n, text in enumerate(lines if apart else ["".join(lines)]):
        load(shop, "address,reason,date\n" + text, f"{n}.csv")
    assert stored(shop) == [("email/erased", "complaint", "import", datetime(2026, 2, 2, 21, tzinfo=UTC))]
    assert counts(load(shop, "address,reason,date\n" + "".join(lines), "again.csv")) == (0, 2, 0)
    load(shop, "address,reason\nmember-1@example.com,stop\n", "first.csv")
    assert counts(load(shop, "address,reason\nmember-1@example.com,spam\n", "then.csv")) == (1, 0, 0)
    assert [row[1] for row in stored(shop)] == ["complaint", "complaint"]


def agree(desk: Desk, at: datetime, method: str = "web-form") -> None:
    with db.transaction() as conn:
        row = conn.execute("SELECT id::text FROM members_member WHERE external_id = 'm-0'").fetchone()
        assert row is not None
        yes = ConsentFact(row[0], "news", "email", True, at, method, "1")
        members.record_consents(conn, desk.shop.program.id, [yes], now=NOW)


def test_brought_again_it_changes_nothing_unless_it_was_said_later(shop: Desk) -> None:
    undated, dated = "email\nmember-0@example.com\n", "email,date\nmember-0@example.com,{}\n"
    assert counts(load(shop, undated)) == (1, 0, 0)
    agree(shop, NOW + DAY)
    before = stored(shop)
    assert counts(load(shop, undated)) == (0, 1, 0)
    assert counts(load(shop, dated.format("2026-01-01"))) == (0, 1, 0)
    assert stored(shop) == before
    assert withheld(shop, 0) is None, "they came back since"
    load(shop, "email,date\nmember-1@example.com,2026-01-01\n")
    assert counts(load(shop, "email,date\nmember-1@example.com,2026-02-02\n")) == (1, 0, 0)
    assert [at for *_, at in stored(shop)] == [NOW, datetime(2026, 2, 2, 21, tzinfo=UTC)]


def test_rows_that_are_no_good_stay_out_and_tell_no_address(shop: Desk) -> None:
    text = """email,reason,date,note
anna@,unsubscribed,2026-01-01,x
7.9E+10,unsubscribed,2026-01-01,x
,unsubscribed,2026-01-01,x
anna@example.com,sick of it,2026-01-01,x
anna@example.com,unsubscribed,01.13.2026,x
anna@example.com,unsubscribed,2999-01-01,x
anna@example.com,unsubscribed,9999-12-31,x
anna@example.com,unsubscribed
ivan@example.com,unsubscribed,1772668800,x
=HYPERLINK(1),unsubscribed,2026-01-01,x
"""
    done = load(shop, text)
    assert counts(done) == (1, 0, 9)
    assert [(one.row, one.field) for one in done.errors] == [
        (2, "address"), (3, "address"), (4, "address"), (5, "reason"), (6, "date"), (7, "date"), (8, "date"), (9, ""),
        (11, "address"),
    ]  # fmt: skip
    told = json.dumps([one.message for one in done.errors])
    assert "anna" not in told
    assert "sick" not in told
    assert stored(shop)[0][3] == datetime(2026, 3, 5, tzinfo=UTC), "some write seconds"


def test_one_address_a_line_and_no_header(shop: Desk) -> None:
    bare = "member-0@example.com\nmember-1@example.com\n\n+79161234567\nnobody\n"
    assert counts(load(shop, bare)) == (3, 0, 1)
    assert counts(load(shop, "x@example.com,bounced,2026-01-01\ny@example.com,spam,\n", "more.csv")) == (2, 0, 0)
    assert {row[1] for row in stored(shop)} == {"unsubscribed", "no-such-address", "complaint"}
    with db.transaction() as conn:
        conn.execute("UPDATE intake_import_run SET rows_done = 1, finished_at = NULL")
    assert counts(load(shop, bare))[:2] == (0, 2), "it goes on behind the first line"


def test_columns_and_the_reason_are_what_the_caller_says(shop: Desk) -> None:
    text = "Wer,reason\nmember-0@example.com,550 5.1.1 no such user\n"
    with pytest.raises(VernoError, match="no column of the list is called address"):
        load(shop, text)
    done = load(shop, text, columns={"Wer": "address"}, reason="no-such-address")
    assert counts(done) == (1, 0, 0)
    assert stored(shop)[0][:2] == ("email", "no-such-address")
    assert set(REASONS) == set(Silence)
    with pytest.raises(VernoError, match="no field 'who'"):
        load(shop, text, columns={"Wer": "who"})
    with pytest.raises(VernoError, match="several columns of the list are its address"):
        load(shop, "email,phone\na@example.com,\n")


def test_a_dry_run_counts_and_writes_nothing(shop: Desk) -> None:
    load(shop, "email,date\nmember-0@example.com,2026-01-01\n")
    before = stored(shop)
    text = "email,date\nmember-0@example.com,2026-02-01\nnew@example.com,\nNEW@example.com,\nnobody,\n"
    done = rehearse(shop, text)
    assert (done.new, done.changed, done.same, done.repeated, done.refused) == (1, 1, 0, 1, 1)
    assert [error.row for error in done.errors] == [5]
    assert stored(shop) == before


def test_no_address_is_stored_in_clear(shop: Desk) -> None:
    load(shop, "email\nsomebody-else@example.com\n")
    with db.transaction() as conn:
        tables = conn.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_name ~ '^(messaging|intake_import|imports)'"
        ).fetchall()
        for (table,) in tables:
            (found,) = conn.execute(f"SELECT count(*) FROM {table} t WHERE t::text ILIKE '%somebody-else%'").fetchone()  # type: ignore[misc]
            assert found == 0, table


def test_one_and_five_hundred_cost_the_same(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def cost(size: int, letter: str) -> list[str]:
        lines = [Silenced("email", f"{letter}{n:063}", Silence.UNSUBSCRIBED) for n in range(size)]
        with db.transaction() as conn, counted(monkeypatch) as sent:
            assert messages.bring(conn, shop.shop.program.id, lines, now=NOW) == [Brought.NEW] * size
        return sent

    assert len(cost(1, "a")) == len(cost(500, "b")) == 2


def test_an_erasure_goes_over_an_older_list(shop: Desk) -> None:
    load(shop, "email,date\nmember-0@example.com,2026-01-01\n")
    with db.transaction() as conn:
        row = conn.execute("SELECT id::text FROM members_member WHERE external_id = 'm-0'").fetchone()
        assert row is not None
        messages.silence_erased(conn, shop.shop.program.id, row, now=NOW)
    agree(shop, NOW - DAY)
    assert withheld(shop, 0) == f"erased {NOW.isoformat()}"


@pytest.mark.parametrize(("method", "silent"), [("till", True), ("web-form", False)])
def test_an_erasure_carries_a_complaint_along(shop: Desk, method: str, silent: bool) -> None:
    """Whoever has the address afterwards: what their reader thought of our letters is known by its hash."""
    with db.transaction() as conn:
        row = conn.execute("SELECT id::text FROM members_member WHERE external_id = 'm-0'").fetchone()
        assert row is not None
        spam = ConsentFact(row[0], "*marketing", "email", False, NOW - DAY, "complaint")
        members.record_consents(conn, shop.shop.program.id, [spam], now=NOW)
        messages.silence_erased(conn, shop.shop.program.id, row, now=NOW)
    assert [(row[0], row[1]) for row in stored(shop)] == [("email/erased", "complaint"), ("sms/erased", "erased")]
    agree(shop, NOW + DAY, method)
    assert (withheld(shop, 0) is not None) == silent


def test_the_command(shop: Desk, tmp_path: Path) -> None:
    from verno.cli.imports import imports

    path = tmp_path / "list.csv"
    path.write_text("email,reason\nmember-0@example.com,unsubscribed\n")
    dry = CliRunner().invoke(imports, ["suppressions", str(path), "--dry-run"])
    assert "dry run, nothing was written: 1 new, 0 changed, 0 the same, 0 refused" in dry.output
    assert stored(shop) == []
    done = CliRunner().invoke(imports, ["suppressions", str(path)])
    assert "1 suppressions imported, 0 were there already, 0 refused" in done.output
    wrong = CliRunner().invoke(imports, ["goods", str(path), "--reason", "complaint"])
    assert "--reason is for suppressions" in str(wrong.exception)
