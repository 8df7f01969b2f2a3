"""What is written is looked at before it leaves: a value may do what no source shows, and the law may have changed."""

import msgspec
import pytest

from tests.builders import Shop
from tests.messaging.broadcasts.shows import setting
from tests.messaging.news import NEWS, plan, readers, send, stories
from tests.messaging.postman import Postman
from tests.messaging.templates.letters import LEAVE, published, template
from tests.messaging.test_planning import draft
from verno.messaging.sender import SendCounts
from verno.messaging.templates.checks.written import wrong
from verno.messaging.templates.types import AdClass, Advert
from verno.messaging.types import Letter, Record

MARKED = Advert(AdClass.OWN, "Shop", "7700000000", "2VtzqxAbCdE")


@pytest.mark.parametrize(
    ("channel", "subject", "text", "why"),
    [
        ("email", "News", "Tea is here.", None),
        ("sms", "", "Tea is here.", None),
        ("telegram", "", "Tea is here.", None),
        ("email", " ", "Tea is here.", "there is no subject"),
        ("push", "", "Tea is here.", "there is no subject"),
        ("sms", "", " \n", "there is nothing in it"),
        ("email", "For {{ name }}", "Tea is here.", "a value is not filled in"),
        ("sms", "", "Take {% code", "a value is not filled in"),
        ("sms", "", "a" * 1_530, None),
        ("sms", "", "a" * 1_531, "the text is too long"),
        ("sms", "", "ы" * 670, None),
        ("sms", "", "ы" * 671, "the text is too long"),
        ("email", "News", "ы" * 5_000, None),
    ],
)
def test_table(channel: str, subject: str, text: str, why: str | None) -> None:
    assert wrong(Letter(subject, "", text), channel) == why


def test_a_value_that_leaves_a_hole_is_withheld_and_takes_no_turn(shop: Shop, postman: Postman) -> None:
    [anna] = readers(shop, 1)
    reference = published(
        shop, template(email=f"Say {{{{ context.code }}}} {LEAVE}", subject="{{ context.title }}"), context=GOOD
    )
    for key, context in (("a", {**GOOD, "title": " "}), ("b", {**GOOD, "code": "{{ promo }}"}), ("c", GOOD)):
        plan(shop, draft(anna, key, topic=NEWS, template=reference, context=context))
        send(postman)
    first, second, third = stories(anna)
    assert [(one.state, one.reason) for one in (first, second, third)] == [
        ("withheld", "content"),
        ("withheld", "content"),
        ("accepted", None),
    ], "the third has its turn"
    told = [msgspec.convert(one.decisions[-1], Record) for one in (first, second)]
    assert [(one.stage, one.verdict, one.trace[0].name, one.trace[0].seen) for one in told] == [
        ("hand-over", "deny", "content", "there is no subject"),
        ("hand-over", "deny", "content", "a value is not filled in"),
    ]


GOOD = {"title": "News", "code": "TEA"}


def test_advertising_that_needs_a_mark_by_now_does_not_leave(shop: Shop, postman: Postman) -> None:
    """It was published, and planned, where no mark was asked for."""
    anna, boris = readers(shop, 2)
    plain = published(shop, template(email=f"Tea. {LEAVE}"))
    marked = published(shop, template(code="marked", email=f"Tea. {{{{ advert }}}} {LEAVE}", advert=MARKED))
    plan(shop, draft(anna, "a", topic=NEWS, template=plain), draft(boris, "a", topic=NEWS, template=marked))
    setting(shop, "messages.country", "RU")
    assert send(postman) == SendCounts(accepted=1, withheld=1)
    (story,) = stories(anna)
    assert (story.state, story.reason) == ("withheld", "not-marked")
    setting(shop, "messages.marking_note", "The director, 1 October 2026")
    setting(shop, "messages.marking", "off")
    plan(shop, draft(anna, "b", topic=NEWS, template=plain))
    assert send(postman) == SendCounts(accepted=1)
