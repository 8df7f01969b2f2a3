"""What is tried before a launch: the topic's class, the templates on each channel, the price of what costs."""

import pytest

from tests.builders import Shop
from tests.messaging.broadcasts.shows import EMAIL, LETTER, SMS, setting, wanted
from tests.messaging.news import NEWS, NOW, SERVICE, readers
from tests.messaging.people import add_members
from tests.messaging.templates.letters import LEAVE, published, template
from verno.kit import db
from verno.messaging.broadcasts import preflight
from verno.messaging.broadcasts.types import NewBroadcast, Problem, Variant, Warned, WinnerRule
from verno.messaging.pacing import warming
from verno.messaging.types import MessageClass


def found(shop: Shop, asked: NewBroadcast) -> list[Problem]:
    with db.transaction(shop.program.id) as conn:
        return preflight.look(conn, shop.program.id, asked, now=NOW)


def blocking(shop: Shop, asked: NewBroadcast) -> set[Problem]:
    return {one for one in found(shop, asked) if one.is_blocking}


def test_a_topic_for_single_members_is_not_for_many(shop: Shop) -> None:
    readers(shop, 1)
    told = blocking(shop, wanted(topic=SERVICE))
    assert Problem(Warned.TOPIC, SERVICE, is_blocking=True) in told
    assert Problem(Warned.TOPIC, "gone", is_blocking=True) in blocking(shop, wanted(topic="gone"))
    assert not blocking(shop, wanted())


def test_a_template_is_of_its_topics_class(shop: Shop) -> None:
    readers(shop, 1)
    made = template(email=f"News! {LEAVE}", class_name=MessageClass.MARKETING, topic=NEWS)
    stored = Variant("a", published(shop, made))
    assert not blocking(shop, wanted(variants=(stored,)))
    told = blocking(shop, wanted(variants=(stored,), topic="points-statement"))
    assert told == {Problem(Warned.OTHER_CLASS, "welcome@1: marketing", is_blocking=True)}
    assert not blocking(shop, wanted(variants=(Variant("a", LETTER),), topic="points-statement"))


def test_only_letters_that_there_are_can_be_sent(shop: Shop) -> None:
    readers(shop, 1)
    published(shop, template(email=f"News! {LEAVE}"))
    told = blocking(shop, wanted(variants=(Variant("a", "no-such-letter"),)))
    assert told == {Problem(Warned.TEMPLATE_MISSING, "no-such-letter", is_blocking=True)}
    for reference in ("gone@1", "welcome@01", "welcome@٣", "welcome@"):
        assert blocking(shop, wanted(variants=(Variant("a", reference),)))
    assert not blocking(shop, wanted(variants=(Variant("a", "notice"),)))


def test_each_variant_has_something_for_each_channel(shop: Shop) -> None:
    readers(shop, 1)
    stored = Variant("a", published(shop, template(email=f"News! {LEAVE}")))
    assert not blocking(shop, wanted(variants=(stored,)))
    told = blocking(shop, wanted(variants=(stored,), channels=(EMAIL, SMS)))
    assert told == {Problem(Warned.NO_BLOCK, "welcome@1: sms", is_blocking=True)}


def test_each_variant_is_written_once_with_what_the_broadcast_brings(shop: Shop) -> None:
    readers(shop, 1)
    made = template(email=f"Take {{{{ context.promo }}}} {LEAVE}")
    stored = Variant("a", published(shop, made, context={"promo": "TEA"}))
    assert not blocking(shop, wanted(variants=(stored,), context={"promo": "TEA"}))
    (one,) = blocking(shop, wanted(variants=(stored,), context={}))
    assert one.code is Warned.CANNOT_BE_WRITTEN
    assert one.detail.startswith("welcome@1: email/en: ")


def test_values_that_nobody_gave_are_said(shop: Shop) -> None:
    """A layout's stand-ins, CODE say, are for previews: sent, they would be read."""
    readers(shop, 1)
    made = template(
        email=f"Say {{{{ context.code | default('CODE') }}}} to {{{{ member.name | default('') }}}} {LEAVE}"
    )
    stored = Variant("a", published(shop, made))
    lacking = Problem(Warned.NO_VALUE, "welcome@1: code")
    for context, expected in (({}, [lacking]), ({"code": "TEA"}, [])):
        asked = wanted(variants=(stored,), context=context)
        seen = found(shop, asked)
        assert [one for one in seen if one.code is Warned.NO_VALUE] == expected
        assert not [one for one in seen if one.is_blocking]


def test_a_cost_limit_needs_a_price(shop: Shop) -> None:
    readers(shop, 1)
    both = wanted(channels=(EMAIL, SMS), cost_limit=1_000)
    lacking = [
        Problem(Warned.NO_PRICE, f"messages.{one}", is_blocking=True) for one in ("email_price", "sms_segment_price")
    ]
    assert not blocking(shop, wanted(channels=(EMAIL, SMS)))
    assert blocking(shop, both) == set(lacking)
    setting(shop, "messages.email_price", 0)
    assert blocking(shop, both) == {lacking[1]}
    assert not blocking(shop, wanted(cost_limit=1_000))
    setting(shop, "messages.sms_segment_price", 300)
    assert not blocking(shop, both)


def test_own_hours_beyond_the_countrys_are_said(shop: Shop) -> None:
    readers(shop, 1)
    setting(shop, "messages.ad_letter_hours", "06:00-23:00")
    setting(shop, "messages.ad_text_hours", "10:00-18:00")
    told = found(shop, wanted(channels=(EMAIL, SMS)))
    assert [one for one in told if one.code is Warned.HOURS_CUT] == [Problem(Warned.HOURS_CUT, "email 07:00-22:00")]


def test_answers_are_read_by_somebody(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    readers(shop, 1)
    for sender, said in (("points@shop.example", False), ("Shop <No-Reply+7@shop.example>", True)):
        monkeypatch.setenv("VERNO_MAIL_FROM", sender)
        expected = [Problem(Warned.NO_ANSWERS, sender)] if said else []
        assert [one for one in found(shop, wanted()) if one.code is Warned.NO_ANSWERS] == expected
    assert Warned.NO_ANSWERS not in {one.code for one in found(shop, wanted(channels=(SMS,)))}
    setting(shop, "brand.reply_to", "hello@shop.example")
    assert Warned.NO_ANSWERS not in {one.code for one in found(shop, wanted())}


def test_a_new_domain_takes_some_days(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who knows it launches the sooner, or writes to fewer; advertising by mail alone is counted."""
    monkeypatch.setattr(warming, "STEPS", (2, 3, 4))
    readers(shop, 6)
    assert Warned.WARM_UP not in {one.code for one in found(shop, wanted())}
    setting(shop, "messages.warm_up", True)
    assert Problem(Warned.WARM_UP, "3/2") in found(shop, wanted())
    for easy in (wanted(channels=(SMS,)), wanted(topic="points-statement")):
        assert Warned.WARM_UP not in {one.code for one in found(shop, easy)}


def test_texts_come_from_a_name_that_operators_know(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """In Russia another name's texts do not arrive, elsewhere they may not; a note of an older name is none."""
    readers(shop, 1)
    texts = wanted(channels=(SMS,))
    monkeypatch.setenv("VERNO_SMS_FROM", "Lavka")
    for country, is_blocking in (("EU", False), ("RU", True)):
        setting(shop, "messages.country", country)
        assert Problem(Warned.SMS_NAME, "Lavka", is_blocking=is_blocking) in found(shop, texts)
        assert Warned.SMS_NAME not in {one.code for one in found(shop, wanted())}
    for name, note, is_told in (
        ("Lavka", "Chaika, since 1 May 2026", True),
        ("Lavka", "LAVKA, since 1 May 2026", False),
        ("Chai", "LAVKA, since 1 May 2026", True),
        ("79161234567", "none", False),
    ):
        monkeypatch.setenv("VERNO_SMS_FROM", name)
        setting(shop, "messages.sms_sender_note", note)
        assert (Warned.SMS_NAME in {one.code for one in found(shop, texts)}) is is_told, name


def too_small(shop: Shop, **changes: object) -> list[str]:
    """Return what is said of a sample that is too small: how many try the smallest variant, and how many it takes."""
    rule = WinnerRule(sample=9_000)
    told = found(shop, wanted(winner=rule, **{"variants": (Variant("a", LETTER), Variant("b", LETTER)), **changes}))
    return [one.detail for one in told if one.code is Warned.SMALL_SAMPLE]


def test_a_sample_is_of_those_a_message_would_leave_for(shop: Shop) -> None:
    """Of 1,800 members 100 agreed: neither variant is tried on 810."""
    readers(shop, 100)
    with db.transaction() as conn:
        add_members(conn, shop, 1_700, start=100)
    (said,) = too_small(shop)
    arm, _slash, needed = said.partition("/")
    assert 20 < int(arm) < 80
    assert needed == "5301"
    assert too_small(shop, topic="gone") == ["0/5301"], "what is broken besides keeps nothing from being told"


def test_the_smallest_variant_and_its_rivals_are_reckoned_with(shop: Shop) -> None:
    readers(shop, 1_800)
    assert too_small(shop) == []
    assert too_small(shop, variants=(Variant("a", LETTER, weight=9), Variant("b", LETTER))) == ["162/5301"]
    assert too_small(shop, variants=[Variant(code, LETTER) for code in "abc"]) == ["540/6420"]
    (said,) = too_small(shop, holdout=5_000)
    assert 300 < int(said.partition("/")[0]) < 500, "half of the 810 are held out"
