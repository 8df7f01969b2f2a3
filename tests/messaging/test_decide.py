"""The one door for messages, as a table, and the law that a withdrawal never opens it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verno.members.types import Wishes
from verno.messaging.decide import CHECKS, PARKED, decide, record
from verno.messaging.law import hours, packs
from verno.messaging.law.caps import Sent
from verno.messaging.law.packs import STRICT, Rules
from verno.messaging.types import (
    AddressFacts,
    Allow,
    Check,
    ConsentFact,
    Defer,
    Deny,
    MemberFacts,
    MessageClass,
    Outgoing,
    Reason,
)
from verno.workspace.registry import Country

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def said(granted: bool, at: datetime = NOW - DAY, *, topic: str = "news", channel: str = "email") -> ConsentFact:
    return ConsentFact(topic, channel, granted, at)


def at(hour: int, minute: int = 0) -> datetime:
    return NOW.replace(hour=hour, minute=minute)


def tomorrow(hour: int, minute: int = 0) -> datetime:
    return at(hour, minute) + DAY


def agreed(channel: str) -> ConsentFact:
    return said(True, channel=channel)


YES, NO = said(True), said(False)
FEBRUARY_28, LONG_AGO = datetime(2026, 2, 28, 12, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
AD, SERVICE = MessageClass.MARKETING, MessageClass.TRANSACTIONAL
MOSCOW = ZoneInfo("Europe/Moscow")
RUSSIA, RUSSIA_2024 = [packs.pack(Country.RU).on(date(year, 6, 1)) for year in (2026, 2024)]
AMERICA = packs.pack(Country.US).on(NOW.date())
OWN = {"*": hours.chosen("10:00-19:00"), "email": hours.chosen("06:00-12:00")}
"""Of what the country leaves, the program has chosen less: texts from ten to seven, mail until noon."""
CHOSEN = hours.within(STRICT, OWN)
ALL_RUSSIA = tuple([ZoneInfo(name) for name in RUSSIA.zones])
AROUND_THE_WORLD = tuple([ZoneInfo(name) for name in ("Pacific/Kiritimati", "Europe/Moscow", "Pacific/Pago_Pago")])


@dataclass(frozen=True)
class Case:
    name: str
    wanted: Reason | datetime | None
    class_: MessageClass | None = MessageClass.PROGRAM
    consents: tuple[ConsentFact, ...] = (YES,)
    known: bool = True
    suppressed: str | None = None
    already: bool = False
    not_before: datetime | None = None
    channel: str = "email"
    rules: Rules = STRICT
    stopped: str | None = None
    valid_until: datetime | None = None
    urgent: bool = False
    zones: tuple[ZoneInfo, ...] = (MOSCOW,)
    wish: Wishes | None = None
    sent: tuple[Sent, ...] | None = None
    now: datetime = NOW
    spread: int = 0
    erased_at: datetime | None = None
    min_age: int | None = None
    born: date | None = None
    unmarked: bool = False


CASES = [
    Case("agreed", None),
    Case("no address", Reason.NO_ADDRESS, known=False),
    Case("suppressed", Reason.SUPPRESSED, suppressed="bounced"),
    Case("suppression binds security too", Reason.SUPPRESSED, MessageClass.SECURITY, suppressed="bounced"),
    Case("agreed before its last owner was erased", Reason.SUPPRESSED, AD, erased_at=YES.at),
    Case("agreed after that", None, AD, erased_at=YES.at - timedelta(seconds=1)),
    Case("a code goes to an erased address", None, MessageClass.SECURITY, (), erased_at=NOW),
    Case("what is owed goes there too", None, MessageClass.TRANSACTIONAL, (), erased_at=NOW),
    Case("unknown topic", Reason.UNKNOWN_TOPIC, None),
    Case("never asked", Reason.NO_CONSENT, consents=()),
    Case("marketing needs a grant", Reason.NO_CONSENT, MessageClass.MARKETING, ()),
    Case("transactional needs none", None, MessageClass.TRANSACTIONAL, ()),
    Case("transactional obeys a withdrawal", Reason.WITHDRAWN, MessageClass.TRANSACTIONAL, (NO,)),
    Case("security asks nobody", None, MessageClass.SECURITY, (NO,)),
    Case("withdrawn", Reason.WITHDRAWN, consents=(NO,)),
    Case("withdrawn after granting", Reason.WITHDRAWN, consents=(said(True, NOW - 2 * DAY), NO)),
    Case("granted again", None, consents=(said(False, NOW - 2 * DAY), YES)),
    Case("at the same moment the withdrawal holds", Reason.WITHDRAWN, consents=(NO, YES)),
    Case("another topic's grant", Reason.NO_CONSENT, consents=(said(True, topic="else"),)),
    Case("another channel's grant", Reason.NO_CONSENT, consents=(said(True, channel="sms"),)),
    Case("another channel's withdrawal", None, consents=(YES, said(False, NOW, channel="sms"))),
    Case("a grant from the future is none", Reason.NO_CONSENT, consents=(said(True, NOW + DAY),)),
    Case("a withdrawal from the future is one", Reason.WITHDRAWN, consents=(YES, said(False, NOW + DAY))),
    Case("not yet", NOW + DAY, not_before=NOW + DAY),
    Case("duplicate", Reason.DUPLICATE, already=True),
    Case("a denial beats a deferral", Reason.DUPLICATE, already=True, not_before=NOW + DAY),
    Case("the first denial is told", Reason.NO_ADDRESS, consents=(NO,), known=False, already=True),
    Case("a stopped program waits", NOW + PARKED, stopped="all"),
    Case("advertising without the mark that it needs", Reason.NOT_MARKED, AD, unmarked=True),
    Case("advertising barred on a channel", Reason.BARRED, AD, (agreed("telegram"),), channel="telegram", rules=RUSSIA),
    Case("a service there is warned of only", None, SERVICE, channel="telegram", rules=RUSSIA),
    Case("before the law it was allowed", None, AD, (agreed("telegram"),), channel="telegram", rules=RUSSIA_2024),
    Case("mail in America needs no consent", None, AD, (), rules=AMERICA),
    Case("but a withdrawal is one", Reason.WITHDRAWN, AD, (NO,), rules=AMERICA),
    Case("a text in America needs one", Reason.NO_CONSENT, AD, (), channel="sms", rules=AMERICA),
    # Quiet hours: Moscow is three hours ahead; 17:00 and 20:30 there are 14:00 and 17:30 here.
    Case("texts by day", None, AD, (agreed("sms"),), channel="sms", now=at(14)),
    Case("the window's end is outside", tomorrow(6), AD, (agreed("sms"),), channel="sms", now=at(17)),
    Case("a minute before is inside", None, AD, (agreed("sms"),), channel="sms", now=at(16, 59)),
    Case("the window's beginning is inside", None, AD, (agreed("sms"),), channel="sms", now=at(6)),
    Case("early in the morning", at(6), AD, (agreed("sms"),), channel="sms", now=at(1)),
    Case("late in the evening", tomorrow(6), AD, (agreed("sms"),), channel="sms", now=at(17, 30)),
    Case("spread", tomorrow(6, 1), AD, (agreed("sms"),), channel="sms", now=at(17, 30), spread=60),
    Case("mail goes on until ten", None, AD, now=at(18, 30)),
    Case("a planned moment in the night", tomorrow(4), AD, not_before=at(20)),
    Case("program mail at any hour", None, now=at(22)),
    Case("program texts wait", tomorrow(6), consents=(agreed("sms"),), channel="sms", now=at(22)),
    Case("service texts wait", tomorrow(6), SERVICE, channel="sms", now=at(22)),
    Case("urgent ones do not", None, SERVICE, channel="sms", now=at(22), urgent=True),
    Case("security does not", None, MessageClass.SECURITY, channel="sms", now=at(22)),
    Case("anywhere in Russia", tomorrow(7), AD, (agreed("sms"),), channel="sms", zones=ALL_RUSSIA, now=at(9)),
    Case("an hour for all", None, AD, (agreed("sms"),), channel="sms", zones=ALL_RUSSIA, now=at(7, 30)),
    Case("no hour for all", Reason.NO_COMMON_HOUR, AD, (agreed("sms"),), channel="sms", zones=AROUND_THE_WORLD),
    Case("texts by the program's own hours", None, AD, (agreed("sms"),), channel="sms", rules=CHOSEN, now=at(15, 59)),
    Case("which end earlier", tomorrow(7), AD, (agreed("sms"),), channel="sms", rules=CHOSEN, now=at(16)),
    Case("and begin later", at(7), AD, (agreed("sms"),), channel="sms", rules=CHOSEN, now=at(6, 30)),
    Case("earlier than the country's they do not begin", at(4), AD, rules=CHOSEN, now=at(3, 30)),
    Case("mail has hours of its own", tomorrow(4), AD, rules=CHOSEN, now=at(9)),
    Case("pushes keep to the country's", None, AD, (agreed("push"),), channel="push", rules=CHOSEN, now=at(17, 30)),
    Case(
        "own hours that suit no two zones leave the country's",
        None,
        AD,
        (agreed("sms"),),
        channel="sms",
        rules=hours.within(RUSSIA, OWN),
        zones=ALL_RUSSIA,
        now=at(7, 30),
    ),
    Case(
        "nobody wants it tomorrow", Reason.TOO_LATE, AD, (agreed("sms"),), channel="sms", now=at(18), valid_until=at(20)
    ),
    Case("wanted until now", Reason.TOO_LATE, valid_until=NOW),
    Case("wanted for a second more", None, valid_until=NOW + timedelta(seconds=1)),
    # Wishes and turns.
    Case("paused", Reason.PAUSED, AD, wish=Wishes(None, NOW + DAY)),
    Case("the pause is over", None, AD, wish=Wishes(None, NOW)),
    Case("a pause is for advertising", None, wish=Wishes(None, NOW + DAY)),
    Case("one a day", Reason.FREQUENCY, AD, sent=(Sent("push", NOW - 0.9 * DAY),)),
    Case("a day later", None, AD, sent=(Sent("push", NOW - DAY),)),
    Case("the next morning's, a little earlier", None, AD, sent=(Sent("push", NOW - DAY + timedelta(minutes=30)),)),
    Case("three a week", Reason.FREQUENCY, AD, sent=tuple([Sent("push", NOW - day * DAY) for day in (2, 4, 6)])),
    Case("one text a week", Reason.FREQUENCY, AD, (agreed("sms"),), channel="sms", sent=(Sent("sms", NOW - 6 * DAY),)),
    Case("a text and a letter", None, AD, sent=(Sent("sms", NOW - 6 * DAY),)),
    Case("who wishes one a month", Reason.FREQUENCY, AD, sent=(Sent("sms", NOW - 29 * DAY),), wish=Wishes(30)),
    Case("old enough since today", None, AD, min_age=18, born=date(2008, 11, 25)),
    Case("tomorrow", Reason.UNDER_AGE, AD, min_age=18, born=date(2008, 11, 26)),
    Case("old enough when it leaves", NOW + DAY, AD, min_age=18, born=date(2008, 11, 26), not_before=NOW + DAY),
    Case(
        "today there, yesterday here",
        Reason.UNDER_AGE,
        AD,
        min_age=18,
        born=date(2008, 11, 25),
        zones=(*ALL_RUSSIA, ZoneInfo("Pacific/Pago_Pago")),
        now=at(10),
    ),
    Case(
        "born on 29 February",
        Reason.UNDER_AGE,
        AD,
        (said(True, LONG_AGO),),
        min_age=18,
        born=date(2008, 2, 29),
        now=FEBRUARY_28,
    ),
    Case(
        "and a year older in March",
        None,
        AD,
        (said(True, LONG_AGO),),
        min_age=18,
        born=date(2008, 2, 29),
        now=FEBRUARY_28 + DAY,
    ),
    Case("of an age that nobody knows", Reason.UNDER_AGE, AD, min_age=18),
    Case("a topic for everybody", None, AD, born=date(2020, 1, 1)),
    Case("program messages are not counted", None, sent=(Sent("email", NOW),)),
]


def judge(case: Case) -> Allow | Defer | Deny:
    message = Outgoing(
        "news",
        case.class_,
        case.channel,
        case.not_before or case.now,
        case.rules,
        case.stopped,
        case.valid_until,
        case.urgent,
        case.spread,
        case.min_age,
        unmarked=case.unmarked,
    )
    member = MemberFacts(case.consents, case.already, case.zones, case.wish, case.sent, case.born)
    return decide(message, member, AddressFacts(case.known, case.suppressed, case.erased_at), case.now)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_table(case: Case) -> None:
    decision = judge(case)
    if case.wanted is None:
        assert isinstance(decision, Allow)
    elif isinstance(case.wanted, Reason):
        assert isinstance(decision, Deny)
        assert decision.reason is case.wanted
    else:
        assert isinstance(decision, Defer)
        assert decision.until == case.wanted
    assert len(decision.trace) == len(CHECKS) + (case.wanted is Reason.TOO_LATE)


@dataclass(frozen=True)
class Night:
    """Of so many seconds the own moment is the last one; ``ends`` is when the last reader's message leaves."""

    name: str
    over: int
    ends: datetime
    now: datetime
    rules: Rules = STRICT
    zones: tuple[ZoneInfo, ...] = (MOSCOW,)
    valid_until: datetime | None = None


HOUR = 3_600
BRIEF, BRIEFER = [hours.within(STRICT, {"email": hours.chosen(some)}) for some in ("10:00-12:00", "10:00-10:20")]
NEARLY_ALL_DAY = msgspec.structs.replace(STRICT, hours={"email": packs.Window(time(0), time(23, 59))})
NIGHTS = [
    # Letters from 7:00 to 22:00 in Moscow: 4:00 to 19:00 here.
    Night("half an hour", HOUR // 2, tomorrow(4, 30), at(20)),
    Night("as long as the rate asks", 4 * HOUR, tomorrow(8), at(20)),
    Night("but no longer than it was closed", 17 * HOUR, at(13), at(3)),
    Night("nor into the next night", 17 * HOUR, at(8, 48), at(3), BRIEF),
    Night("however soon that comes", HOUR // 2, at(7, 18), at(3), BRIEFER),
    Night("nor past its wish", 17 * HOUR, at(4, 54), at(3), valid_until=at(5)),
    Night("half an hour too", HOUR // 2, at(4, 9), at(3), valid_until=at(4, 10)),
    Night("all of Russia has five hours in common", 17 * HOUR, tomorrow(9, 30), at(20), zones=ALL_RUSSIA),
    Night("half an hour after a minute's night", 17 * HOUR, at(21, 30), at(20, 59), NEARLY_ALL_DAY),
]


@pytest.mark.parametrize("night", NIGHTS, ids=lambda one: one.name)
def test_what_a_night_has_gathered_leaves_on_the_day_after(night: Night) -> None:
    """Evenly over what one night can gather, within the hours that follow, and while it is wanted."""
    untils = []
    for own in (0, night.over // 2, night.over - 1):
        validity = night.valid_until
        message = Outgoing("news", AD, "email", night.now, night.rules, None, validity, spread=own, over=night.over)
        decision = decide(message, MemberFacts((YES,), zones=night.zones), AddressFacts(known=True), night.now)
        assert isinstance(decision, Defer), decision
        untils.append(decision.until)
    first, middle, last = untils
    assert timedelta() < night.ends - last <= timedelta(seconds=2)
    assert abs(middle - (first + (night.ends - first) / 2)) <= timedelta(seconds=2)


def test_own_hours_are_told_apart_from_the_countrys() -> None:
    """Whose hours it was stands with the check; hours with none in common with the country's count as not chosen."""
    own, law = [Case("", None, AD, (agreed("sms"),), channel="sms", rules=one, now=at(17)) for one in (CHOSEN, STRICT)]
    seen = [next(check.seen for check in judge(case).trace if check.name == "hours") for case in (own, law)]
    assert seen == ["2026-11-26T07:00:00+00:00 own", "2026-11-26T06:00:00+00:00"]
    night = {"*": hours.chosen("20:00-23:59")}
    assert hours.within(STRICT, night) == STRICT
    assert hours.beyond(STRICT, night, "sms") == STRICT.window("sms")
    assert hours.beyond(STRICT, OWN, "sms") is None
    assert hours.beyond(STRICT, OWN, "email") == STRICT.window("email")
    assert hours.beyond(STRICT, OWN, "push") is None


def test_every_reason_of_a_denial_is_in_the_table() -> None:
    told = {case.wanted for case in CASES if isinstance(case.wanted, Reason)}
    assert told == {
        Reason.NO_ADDRESS,
        Reason.SUPPRESSED,
        Reason.UNKNOWN_TOPIC,
        Reason.NO_CONSENT,
        Reason.WITHDRAWN,
        Reason.DUPLICATE,
        Reason.BARRED,
        Reason.NOT_MARKED,
        Reason.PAUSED,
        Reason.UNDER_AGE,
        Reason.FREQUENCY,
        Reason.NO_COMMON_HOUR,
        Reason.TOO_LATE,
    }


def test_the_later_deferral_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    from verno.messaging import decide as module

    line = Check("a later issue's", "defer")
    later = (line, Reason.NOT_YET, NOW + 3 * DAY)
    sooner = (line, Reason.NOT_YET, NOW + 2 * DAY)
    for order in ((later, sooner), (sooner, later)):
        monkeypatch.setattr(module, "CHECKS", tuple([lambda *_, f=f: f for f in order]))
        decision = judge(Case("two deferrals", None))
        assert isinstance(decision, Defer)
        assert decision.until == NOW + 3 * DAY


def test_the_record_says_when_where_and_why() -> None:
    kept = record(judge(CASES[1]), stage="planning", now=NOW)
    assert (kept.at, kept.stage, kept.verdict, kept.reason) == (NOW, "planning", "deny", "no-address")
    assert [check.name for check in kept.trace] == [
        *("switch", "country", "address", "suppression", "class", "consent", "wish", "age", "time", "hours"),
        *("caps", "duplicate"),
    ]
    assert kept.trace == judge(CASES[1]).trace
    assert {one for one in kept.checks if isinstance(one, str)} >= {"switch", "duplicate"}, "nothing to tell but a name"
    assert record(judge(CASES[0]), stage="planning", now=NOW).reason is None


moments = st.integers(-5, 5).map(lambda days: NOW + days * DAY)
facts = st.builds(
    ConsentFact, st.sampled_from(["news", "else"]), st.sampled_from(["email", "sms"]), st.booleans(), moments
)


@given(
    consents=st.lists(facts, max_size=6),
    withdrawal=facts.map(lambda fact: ConsentFact(fact.topic, fact.channel, False, fact.at)),
    class_=st.sampled_from([None, *MessageClass]),
    known=st.booleans(),
    suppressed=st.sampled_from([None, "bounced"]),
    already=st.booleans(),
    not_before=moments,
)
def test_a_withdrawal_never_turns_a_denial_into_leave(
    consents: list[ConsentFact],
    withdrawal: ConsentFact,
    class_: MessageClass | None,
    known: bool,
    suppressed: str | None,
    already: bool,
    not_before: datetime,
) -> None:
    before = Case("before", None, class_, tuple(consents), known, suppressed, already, not_before)
    after = Case("after", None, class_, (*consents, withdrawal), known, suppressed, already, not_before)
    rank = {Deny: 0, Defer: 1, Allow: 2}
    assert rank[type(judge(after))] <= rank[type(judge(before))]
