"""What an operator of ad data is told each month: messages that were taken, by token, advertiser and channel."""

import csv
import io
from datetime import UTC, datetime

import pytest

from tests.builders import Shop
from tests.messaging.news import NEWS, NOW, plan, readers, send
from tests.messaging.postman import Postman
from tests.messaging.templates.letters import LEAVE, published, template
from verno.kit import db
from verno.messaging.marks import impressions as marks
from verno.messaging.marks.impressions import Impressions
from verno.messaging.templates.types import AdClass, Advert
from verno.messaging.types import Draft

OURS = Advert(AdClass.OWN, "=Shop Ltd", "7700000000", "2VtzqxAbCdE")
THEIRS = Advert(AdClass.THIRD_PARTY, "Teas, of Ceylon", "", "3Others")


def told(shop: Shop, month: int = 11) -> list[Impressions]:
    with db.transaction(shop.program.id) as conn:
        return marks.impressions(conn, shop.program, 2026, month)


@pytest.fixture
def sent(shop: Shop, postman: Postman) -> list[str]:
    """Four letters that leave in November: three of ours, one of theirs; and one without a token."""
    holders = readers(shop, 5)
    ours = published(shop, template(email="{{ advert }} Hello " + LEAVE, advert=OURS))
    theirs = published(shop, template(email="{{ advert }} Tea " + LEAVE, code="tea", advert=THEIRS))
    plain = published(shop, template(email="Hello " + LEAVE, code="plain"))
    drafts = [
        Draft(one, NEWS, reference, "en", {}, "occasion")
        for one, reference in zip(holders, (ours, ours, ours, theirs, plain), strict=True)
    ]
    plan(shop, *drafts)
    assert told(shop) == [], "nothing has left"
    assert send(postman).accepted == 5
    return holders


def test_what_was_taken_is_counted_by_token(shop: Shop, sent: list[str]) -> None:
    assert told(shop) == [
        Impressions("2VtzqxAbCdE", "=Shop Ltd", "7700000000", "email", 3),
        Impressions("3Others", "Teas, of Ceylon", "", "email", 1),
    ]
    assert told(shop, 10) == []
    assert told(shop, 12) == []


def test_what_came_back_is_no_impression(shop: Shop, sent: list[str]) -> None:
    with db.transaction(shop.program.id) as conn:
        conn.execute("UPDATE messaging_message SET state = 'bounced' WHERE holder_id = %s", (sent[0],))
        conn.execute("UPDATE messaging_message SET state = 'clicked' WHERE holder_id = %s", (sent[1],))
    assert told(shop)[0].accepted == 2


def test_a_month_is_the_programs_own(shop: Shop, postman: Postman) -> None:
    """At 21:30 UTC on 30 November it is December in Moscow."""
    (holder,) = readers(shop, 1)
    reference = published(shop, template(email="{{ advert }} Hello " + LEAVE, advert=OURS))
    plan(shop, Draft(holder, NEWS, reference, "en", {}, "occasion", not_before=NOW))
    send(postman, now=datetime(2026, 11, 30, 9, 0, tzinfo=UTC))
    assert [one.accepted for one in told(shop)] == [1]
    with db.transaction(shop.program.id) as conn:
        conn.execute(
            "UPDATE messaging_message SET decision = jsonb_set(decision, '{-1,at}', '\"2026-11-30T21:30:00Z\"'),"
            " changed_at = '2026-11-30T21:30:00Z'"
        )
    assert (told(shop, 11), [one.accepted for one in told(shop, 12)]) == ([], [1])


def test_the_file(shop: Shop, sent: list[str]) -> None:
    file = io.StringIO()
    marks.write(file, told(shop), 2026, 11)
    assert file.getvalue() == (
        "month,token,advertiser,inn,channel,accepted\n"
        "2026-11,2VtzqxAbCdE,'=Shop Ltd,7700000000,email,3\n"
        '2026-11,3Others,"Teas, of Ceylon",,email,1\n'
    )


@pytest.mark.parametrize(
    ("text", "written"), [(" =1+1", "'=1+1"), ("\r=1", "'=1"), ("Tea\r@SUM(A1)", "Tea @SUM(A1)"), ("-1\n=1", "'-1 =1")]
)
def test_no_spreadsheet_runs_what_staff_typed(text: str, written: str) -> None:
    file = io.StringIO()
    marks.write(file, [Impressions(text, text, text, "email", 1)], 2026, 11)
    _, (_, *typed, _, _) = csv.reader(io.StringIO(file.getvalue(), newline=""))
    assert typed == [written] * 3
