"""What linting finds: a table of sources and what is wrong with each."""

from datetime import UTC, datetime

import msgspec
import pytest

from tests.messaging.templates.letters import KNOWN, LEAVE, mjml, template
from verno.members.types import Channel
from verno.messaging.letters.wording import Language
from verno.messaging.templates.checks import adverts, links, promo
from verno.messaging.templates.checks.sources import uses
from verno.messaging.templates.linting import lint
from verno.messaging.templates.types import AdClass, Advert, Block, Known, Lint, Problem, Template
from verno.messaging.types import MessageClass
from verno.workspace.registry import Marking

MARKED = msgspec.structs.replace(KNOWN, marking=frozenset({"email", "push", "telegram"}), segment_price=350)
AD = Advert(AdClass.OWN, "ООО «Лавка»", "7700000000", "2VtzqxAbCdE", "ord", "1")


def found(made: Template, known: Known = KNOWN) -> list[tuple[Lint, str, bool]]:
    return [(one.code, one.detail, one.is_blocking) for one in lint(made, known)]


def test_a_good_letter_has_nothing_wrong() -> None:
    words = (
        "{% if member.name %}{{ member.name }}{% else %}Friend{% endif %}, {{ member.attributes.city | default('x') }}"
        " {{ balance.points | points }} {{ balance['stars'] | number('stars') }} {{ tier.status | d('none') }}"
        " {% if expiring.points.day %}{{ expiring.points.points | points }} {{ expiring.points.day | day }}{% endif %}"
        " {{ 'dear ' ~ member.first_name if member.first_name else '' }} {{ program.name }} {{ brand.legal_name }}"
        " {% for row in context.rows %}{{ row.name | default('') }}{{ loop.index }}{% endfor %}"
        " {% set total = balance.points %}{{ total }}"
    )
    assert found(template(email=words + LEAVE)) == []


@pytest.mark.parametrize(
    ("words", "code", "detail", "blocks"),
    [
        ("{{ member.name }}", Lint.MISSING_FALLBACK, "member.name", True),
        ("{{ member.attributes.city | upper }}", Lint.MISSING_FALLBACK, "member.attributes.city", True),
        ("{% if member.name %}{% else %}{{ member.name }}{% endif %}", Lint.MISSING_FALLBACK, "member.name", True),
        ("{% if not member.name %}{{ member.name }}{% endif %}", Lint.MISSING_FALLBACK, "member.name", True),
        ("{% if member.name == 'x' %}{% endif %}", Lint.MISSING_FALLBACK, "member.name", True),
        ("{{ tier.status }}", Lint.MISSING_FALLBACK, "tier.status", True),
        ("{{ expiring.points.day | day }}", Lint.MISSING_FALLBACK, "expiring.points.day", True),
        ("{{ context.word }}", Lint.MISSING_FALLBACK, "context.word", False),
        ("{{ customer.name | default('') }}", Lint.UNKNOWN_NAME, "customer.name", True),
        ("{{ member.surname | default('') }}", Lint.UNKNOWN_NAME, "member.surname", True),
        ("{{ member.attributes.nose | default('') }}", Lint.UNKNOWN_NAME, "member.attributes.nose", True),
        ("{{ member | default('') }}", Lint.UNKNOWN_NAME, "member", True),
        ("{{ balance.gold | points }}", Lint.UNKNOWN_NAME, "balance.gold", True),
        ("{% if shown.gold %}{% endif %}", Lint.UNKNOWN_NAME, "shown.gold", True),
        ("{{ _links }}", Lint.UNKNOWN_NAME, "_links", True),
        ("{{ context.balance | default(0) }}", Lint.STALE_BALANCE, "context.balance", False),
        ("{{ context.member.available | default(0) }}", Lint.STALE_BALANCE, "context.member.available", False),
        ('<a href="">x</a>', Lint.BROKEN_LINK, ": leads nowhere", True),
        (
            "<a href=http://127.0.0.1/x>x</a>",
            Lint.BROKEN_LINK,
            "http://127.0.0.1/x: is not on the public internet",
            True,
        ),
        ("<a class='b'href = //host>x</a>", Lint.BROKEN_LINK, "//host: leads nowhere", True),
        ('<a href="#">x</a>', Lint.BROKEN_LINK, "#: leads nowhere", True),
        (
            '<a href="javascript:alert(1)">x</a>',
            Lint.BROKEN_LINK,
            "javascript:alert(1): javascript: is not followed",
            True,
        ),
        (
            '<a href="https://{{ context.host | default("a") }}.example.com/">x</a>',
            Lint.BROKEN_LINK,
            "https://{{ context.host | default(: its host is made of figures",
            True,
        ),
    ],
)
def test_what_is_found(words: str, code: Lint, detail: str, blocks: bool) -> None:
    assert (code, detail, blocks) in found(template(email=words + LEAVE))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://shop.example.com/a?b=c#d", None),
        ("https://пример.рф/путь", None),
        ("https://shop.example.com/{{ context.order }}", None),
        ("{{ unsubscribe_url }}", None),
        ("mailto:points@example.com", None),
        ("tel:+79161234567", None),
        ("http://localhost/", "is not on the public internet"),
        ("http://127.0.0.1:8000/", "is not on the public internet"),
        ("http://127.1/", "is not on the public internet"),
        ("http://2130706433/", "is not on the public internet"),
        ("http://0x7f.0.0.1/", "is not on the public internet"),
        ("http://[::1]/", "is not on the public internet"),
        ("http://192.168.0.7/", "is not on the public internet"),
        ("http://169.254.169.254/latest", "is not on the public internet"),
        ("https://crm.internal/x", "is not on the public internet"),
        ("https://shop@evil.example.com/", "has a name before its host"),
        ("https://shop/", "its host cannot be read"),
        ("https://sh op.example.com/", "its host cannot be read"),
        ("https://shop.example.com:25/", "has a port that many networks close"),
        ("https://shop.example.com:x/", "cannot be read"),
        ("https://[::1/", "cannot be read"),
        ("https:///path", "has no host"),
        ("shop.example.com", "leads nowhere"),
        ("data:text/html,x", "data: is not followed"),
        ("mailto:", "leads nowhere"),
    ],
)
def test_links(url: str, why: str | None) -> None:
    assert links.wrong(url) == why


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("Ваш заказ готов. Скидка 20% до пятницы!", ["скидк"]),
        ("Успейте на распродажу", ["распродаж", "успейте"]),
        ("Your order is ready: 20% off today", ["20% off"]),
        ("Special offer: free gift", ["special offer", "offer", "free gift"]),
        ("Ваш заказ готов, самовывоз до пятницы. Итого 1 200 ₽, оплачено баллами 10%", []),
        ("Your dis<b>count</b>, your vouc<!-- x -->her", ["discount", "voucher"]),
        ("&#1089;кидка и рас\u00adпро&shy;дажа", ["скидк", "распродаж"]),
        ("Ready.<br>Sa<br>le of <b>the</b> <i>day</i>", []),
        ("Your order of 3 items is ready. Total: 45.00, paid by points.", []),
        ("{{ context.discount | default(0) | money }}", []),
        ("<mj-style>.sale { color: red }</mj-style><mj-text css-class='sale'>Hello</mj-text>", []),
    ],
)
def test_words_of_advertising(words: str, said: list[str]) -> None:
    assert promo.words(words) == said


@pytest.mark.parametrize("class_name", [MessageClass.SECURITY, MessageClass.TRANSACTIONAL, MessageClass.PROGRAM])
def test_mixed_content_is_advertising(class_name: MessageClass) -> None:
    words = (
        'Ready. Today only! <a href="https://shop.example.com/sale/shoes">Shoes</a>'
        ' <a href="https://shop.example.com/orders">Order</a>'
        '{% for one in context.recommended %}{{ one.name | d("") }}{% endfor %}'
    )
    said = {
        detail
        for code, detail, blocks in found(template(email=words, class_name=class_name))
        if code is Lint.MIXED_CLASS and blocks
    }
    assert {"today only", "context.recommended", "https://shop.example.com/sale/shoes"} <= said
    assert Lint.MIXED_CLASS not in {code for code, _, _ in found(template(email=words + LEAVE))}


def test_addresses_of_a_letter() -> None:
    source = """<a href=https://a.example.com/?href=x>A</a> <a HREF='https://b.example.com/'>B</a>
        <a href={{ context.url | default('x') }}>C</a> {% if href == 'x' %}{% endif %} <img src="/i?href=y" />"""
    assert links.of_letter(source) == [
        "https://a.example.com/?href=x",
        "https://b.example.com/",
        "{{ context.url | default('x') }}",
    ]


def test_a_letter_of_advertising_shows_the_way_out() -> None:
    codes = {(code, blocks) for code, _, blocks in found(template(email="Hello"))}
    assert codes == {(Lint.NO_UNSUBSCRIBE, True), (Lint.NO_PREFERENCES, False)}
    made = template(email="Hello", class_name=MessageClass.PROGRAM, topic="points-statement")
    assert {(code, blocks) for code, _, blocks in found(made)} == {
        (Lint.NO_UNSUBSCRIBE, False),
        (Lint.NO_PREFERENCES, False),
    }
    order = template(email="Hello", class_name=MessageClass.TRANSACTIONAL, topic="orders")
    assert found(order) == []


@pytest.mark.parametrize(
    ("words", "code", "detail"),
    [
        ("Hello", None, ""),
        ("x" * 161, Lint.SMS_LENGTH, "2 x 350 = 700"),
        ("я" * 71, Lint.SMS_LENGTH, "2 x 350 = 700"),
        ("{# a long remark #}" * 30 + "Hi", None, ""),
        ("x" * 2000, Lint.SMS_TOO_LONG, "14 x 350 = 4900"),
    ],
)
def test_texts_have_a_price(words: str, code: Lint | None, detail: str) -> None:
    told = found(template(sms=words), MARKED)
    assert told == ([] if code is None else [(code, detail, code is Lint.SMS_TOO_LONG)])


def test_advertising_is_marked_where_the_country_asks() -> None:
    words = "Hello " + LEAVE
    assert (Lint.NOT_MARKED, "erid", True) in found(template(email=words), MARKED)
    assert found(template(email=words)) == [], "no country asks"
    assert found(template(sms="Hello"), MARKED) == [], "a text message is no internet"
    assert (Lint.NOT_MARKED, "advert", True) in found(template(email=words, advert=AD), MARKED)
    assert found(template(email="{{ advert }}" + words, advert=AD), MARKED) == []
    for lacking in (
        msgspec.structs.replace(AD, erid=""),
        msgspec.structs.replace(AD, name=""),
        msgspec.structs.replace(AD, ad_class=AdClass.NONE),
    ):
        assert (Lint.NOT_MARKED, "erid", True) in found(template(email="{{ advert }}" + words, advert=lacking), MARKED)


@pytest.mark.parametrize(
    ("policy", "channel", "whose", "asked"),
    [
        (Marking.STRICT, "email", AdClass.OWN, True),
        (Marking.OWN_MAIL_EXEMPT, "email", AdClass.OWN, False),
        (Marking.OWN_MAIL_EXEMPT, "email", AdClass.NONE, True),
        (Marking.OWN_MAIL_EXEMPT, "email", AdClass.THIRD_PARTY, True),
        (Marking.OWN_MAIL_EXEMPT, "telegram", AdClass.OWN, True),
        (Marking.OFF, "email", AdClass.OWN, False),
        (Marking.OFF, "email", AdClass.NONE, False),
        (Marking.OFF, "telegram", AdClass.OWN, False),
        (Marking.OFF, "email", AdClass.THIRD_PARTY, True),
        (Marking.OFF, "telegram", AdClass.THIRD_PARTY, True),
    ],
)
def test_a_program_may_decide_about_its_own_advertising(
    policy: Marking, channel: str, whose: AdClass, asked: bool
) -> None:
    blocks: dict[Channel, dict[Language, Block]] = {Channel(channel): {"en": Block("News", "", mjml("Hello " + LEAVE))}}
    made = template(blocks=blocks, advert=msgspec.structs.replace(AD, ad_class=whose, erid=""))
    told = found(made, msgspec.structs.replace(MARKED, policy=policy))
    assert ((Lint.NOT_MARKED, "erid", True) in told) is asked
    assert found(made) == [] or whose is AdClass.THIRD_PARTY, "no country asks"


def test_others_advertising_is_marked_whatever_the_class() -> None:
    theirs = msgspec.structs.replace(AD, ad_class=AdClass.THIRD_PARTY, erid="")
    made = template(email="Hello", class_name=MessageClass.TRANSACTIONAL, topic="orders", advert=theirs)
    assert (Lint.NOT_MARKED, "erid", True) in found(made, MARKED)


def test_other_words_make_a_token_void() -> None:
    made = template(email="{{ advert }} Hello" + LEAVE, advert=AD)
    stamped = msgspec.structs.replace(
        made,
        advert=msgspec.structs.replace(
            AD, content_sha256=adverts.fingerprint(made), marked_at=datetime(2026, 1, 1, tzinfo=UTC)
        ),
    )
    assert found(stamped, MARKED) == []
    changed = msgspec.structs.replace(stamped, blocks=template(email="{{ advert }} Hello!" + LEAVE).blocks)
    assert found(changed, MARKED) == [(Lint.MARK_VOID, AD.erid, True)]


def test_the_line_of_a_mark() -> None:
    assert adverts.line(AD) == "Реклама. ООО «Лавка», ИНН 7700000000. erid: 2VtzqxAbCdE"
    assert adverts.line(None) == ""


def test_of_the_whole() -> None:
    assert found(template(blocks={})) == [(Lint.NOTHING_TO_SAY, "", True)]
    assert (Lint.UNKNOWN_TOPIC, "gossip", True) in found(template(sms="Hi", topic="gossip"))
    assert (Lint.OTHER_CLASS, "orders: transactional", True) in found(template(sms="Hi", topic="orders"))
    blocks = {
        Channel.EMAIL: {"ru": Block("Привет", "", "x")},
        Channel.SMS: {"ru": Block(body="x"), "en": Block(body="x")},
    }
    told = lint(template(blocks=blocks), KNOWN)
    assert Problem(Lint.OTHER_LANGUAGE, "email", "en", "", is_blocking=False) in told
    assert (Lint.NO_SUBJECT, "", True) in found(template(email="Hi", subject=""))
    assert (Lint.NOTHING_TO_SAY, "", True) in found(template(sms=" "))


def test_names_are_read_with_their_loops() -> None:
    source = (
        "{% for order in context.orders %}{% for line in order.lines %}{{ line.sku | upper }}{% endfor %}{% endfor %}"
    )
    assert [(one.name, one.filters, one.repeated) for one in uses(source)] == [
        ("context.orders", (), True),
        ("context.orders[].lines", (), True),
        ("context.orders[].lines[].sku", ("upper",), False),
    ]
