"""Which notices there are, what carries them, how short they are as texts, and what is told of tiers."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from tests.builders import Shop
from tests.messaging.news import NOW, send, stories
from tests.messaging.people import add_members
from tests.messaging.postman import Postman
from tests.messaging.test_notices import NAMES, event, letters, sell, tell
from tests.progress.builders import YEAR, track
from verno.kit import db
from verno.kit.ids import new_id
from verno.members import service as members
from verno.members.consent.state import LINK
from verno.members.types import ConsentFact, NewMember
from verno.messaging.channels.sms import segments
from verno.messaging.letters import compose, notice, settled, tier
from verno.messaging.letters.compose import Content
from verno.messaging.letters.notice import Move
from verno.messaging.notices import telling
from verno.progress import service as progress
from verno.progress.types import Fresh, Published, Tiers
from verno.rules.fields import Known
from verno.workspace import settings


@pytest.fixture(autouse=True)
def told(shop: Shop) -> None:
    put(shop, "messages.points_notices", True)


def put(shop: Shop, key: str, value: object) -> None:
    with db.transaction() as conn:
        settings.write(conn, shop.program.id, key, value, now=NOW)


def agree(shop: Shop, holder: str, topic: str, channel: str, *, granted: bool = True) -> None:
    fact = ConsentFact(holder, topic, channel, granted, NOW, LINK, text_version="1")
    with db.transaction(shop.program.id) as conn:
        members.record_consents(conn, shop.program.id, [fact], now=NOW)


def test_a_kind_that_is_off_is_told_to_nobody() -> None:
    body = {"receipt": "r-1", "number": "A-1", "place": "msk-1", "at": NOW, "points": {"points": 5}}
    bought = event("receipt.settled.v1", body)
    paid = event("receipt.settled.v1", {**body, "points": {}, "spent": {"points": 7}})
    both = event("receipt.settled.v1", {**body, "spent": {"points": 7}})
    for kinds, count in (({"earned"}, 2), ({"spent"}, 2), ({"pending"}, 0), ({"earned", "spent"}, 3)):
        names = telling.Names(NAMES.zone, NAMES.scales, NAMES.units, NAMES.stores, frozenset(kinds))
        assert len(telling.notices([bought, paid, both], names, now=NOW)) == count, kinds


def test_what_is_not_usable_yet_says_so() -> None:
    body = {"receipt": "r-1", "number": "A-1", "place": "msk-1", "at": NOW, "points": {"points": 5}}
    names = telling.Names(
        NAMES.zone, NAMES.scales, NAMES.units, NAMES.stores, frozenset({"pending"}), frozenset({"points"})
    )
    [one] = telling.notices([event("receipt.settled.v1", body)], names, now=NOW)
    assert one.context.later


@pytest.mark.parametrize("days", [30, 7, 1])
def test_each_warning_of_an_end_has_its_own_switch(days: int) -> None:
    body = {"day": date(2026, 11, 3), "unit_id": "u-1", "points": 5, "at": "2026-12-10T21:00:00Z", "days": days}
    for kind, count in ((f"expiring-{days}", 1), ("expiring-5", 0)):
        names = telling.Names(NAMES.zone, NAMES.scales, NAMES.units, NAMES.stores, frozenset({kind}))
        assert len(telling.notices([event("points.expiring.v1", body)], names, now=NOW)) == count


def channels(holder: str) -> Sequence[tuple[str, str]]:
    return [(one.channel, one.state) for one in stories(holder)]


def test_the_first_channel_that_reaches_and_is_wanted_carries_a_notice(shop: Shop) -> None:
    with db.transaction() as conn:
        [anna] = add_members(conn, shop, 1, agree=False)
        members.upsert(conn, shop.program, [NewMember("m-0", phone="+79161234567")], now=NOW)
    sell(shop, "A-1", 10_000)
    tell()
    assert channels(anna) == [("email", "queued")], "texts cost money: none unless the program says so"
    put(shop, "messages.notice_channels", ["email", "sms"])
    sell(shop, "A-2", 10_000)
    tell()
    assert [channel for channel, _ in channels(anna)] == ["email", "email"]
    agree(shop, anna, "points-moves", "email", granted=False)
    sell(shop, "A-3", 10_000)
    tell()
    assert channels(anna)[-1] == ("sms", "queued"), "who left the topic by mail is told by text"
    agree(shop, anna, "points-moves", "sms", granted=False)
    sell(shop, "A-4", 10_000)
    tell()
    assert channels(anna)[-1] == ("email", "withheld"), "who left it everywhere has the reason on record"


@pytest.mark.parametrize("locale", ["ru", "en"])
def test_every_notice_fits_two_segments(locale: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERNO_PUBLIC_URL", "https://club.shop-example.ru")
    contexts = [
        (
            notice.TEMPLATE,
            notice.Context(one, [Move("points", 0, -12_450)], date(2026, 11, 30), "Арбат, 12", "000123-45"),
        )
        for one in notice.Told
    ]
    texts = [written(template, context, locale) for template, context in contexts]
    for one in tier.Told:
        about = tier.Context(one, {"ru": "Золотой", "en": "Gold"}, {}, (5_100_000, "RUB"), date(2026, 12, 31))
        texts.append(written(tier.TEMPLATE, about, locale))
    for upheld in (True, False):
        answer = settled.Context("d-1", upheld, notice.Told.RECEIPT, "000123-45", "Арбат, 12")
        texts.append(written(settled.TEMPLATE, answer, locale))
    for text in texts:
        assert segments.plan(text).segments <= 2, text


def written(template: str, context: object, locale: str) -> str:
    import msgspec

    ids = [new_id(now=NOW) for _ in range(3)]
    content = Content(
        *(ids[0], ids[1], ids[2], "Клуб друзей", "points-moves", "sms", template, locale),
        msgspec.to_builtins(context),
        None,
        {"points": 12_450},
    )
    return compose.text(content)


def tiers(shop: Shop, *thresholds: int) -> None:
    with db.transaction(shop.program.id) as conn:
        one = track(*thresholds, settings=Tiers(maintain=YEAR), window=YEAR)
        before = NOW - timedelta(days=9)
        done = progress.publish(conn, shop.program, one, Fresh(date(2026, 11, 1)), known=Known(), now=before)
        assert isinstance(done, Published), done


def test_whoever_comes_near_a_tier_and_reaches_it_is_told_once(shop: Shop, postman: Postman) -> None:
    with db.transaction() as conn:
        [anna] = add_members(conn, shop, 1)
    agree(shop, anna, "tiers", "email")
    put(shop, "messages.notices", ["tier-near", "tier-reached"])
    tiers(shop, 100_000)
    sell(shop, "A-1", 80_000)
    tell()
    assert stories(anna) == [], "a fifth is missing still"
    sell(shop, "A-2", 12_000)
    tell()
    sell(shop, "A-3", 1_000)
    tell(now=NOW + timedelta(minutes=5))
    assert send(postman).accepted == 1
    assert letters(postman)[0][0].startswith("RUB"), letters(postman)
    sell(shop, "A-4", 7_000)
    tell()
    send(postman)
    assert letters(postman)[1][0].startswith("Your new tier")
