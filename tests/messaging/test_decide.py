"""The one door for messages, as a table, and the law that a withdrawal never opens it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verno.messaging.decide import CHECKS, decide, record
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

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def said(granted: bool, at: datetime = NOW - DAY, *, topic: str = "news", channel: str = "email") -> ConsentFact:
    return ConsentFact(topic, channel, granted, at)


YES, NO = said(True), said(False)


@dataclass(frozen=True)
class Case:
    name: str
    wanted: Reason | datetime | None
    class_: MessageClass | None = MessageClass.PROGRAM
    consents: tuple[ConsentFact, ...] = (YES,)
    known: bool = True
    suppressed: str | None = None
    already: bool = False
    not_before: datetime = NOW


CASES = [
    Case("agreed", None),
    Case("no address", Reason.NO_ADDRESS, known=False),
    Case("suppressed", Reason.SUPPRESSED, suppressed="bounced"),
    Case("suppression binds security too", Reason.SUPPRESSED, MessageClass.SECURITY, suppressed="bounced"),
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
]


def judge(case: Case) -> Allow | Defer | Deny:
    message = Outgoing("news", case.class_, "email", case.not_before)
    member = MemberFacts(case.consents, already=case.already)
    return decide(message, member, AddressFacts(case.known, case.suppressed), NOW)


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
    assert len(decision.trace) == len(CHECKS)


def test_every_reason_of_a_denial_is_in_the_table() -> None:
    told = {case.wanted for case in CASES if isinstance(case.wanted, Reason)}
    assert told == {
        Reason.NO_ADDRESS,
        Reason.SUPPRESSED,
        Reason.UNKNOWN_TOPIC,
        Reason.NO_CONSENT,
        Reason.WITHDRAWN,
        Reason.DUPLICATE,
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
    assert [check.name for check in kept.checks] == [
        "address",
        "suppression",
        "class",
        "consent",
        "time",
        "duplicate",
    ]
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
