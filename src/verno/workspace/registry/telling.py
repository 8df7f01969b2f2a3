"""The settings of messages, brand, notices, disputes and webhooks."""

from collections.abc import Mapping

from verno.workspace.registry.kinds import (
    COLOUR,
    HOURS,
    LARGEST_AUDIENCE,
    LARGEST_WORTH,
    MAILBOX,
    NETWORKS,
    SWITCH,
    WHOLE,
    Country,
    Definition,
    Marking,
    StatementPeriod,
    address_or_none,
    choice,
    number,
    number_or_none,
    several,
    text_or_none,
)

MESSAGES_COUNTRY = Definition(
    "messages.country", choice(Country), Country.STRICT, WHOLE, "whose rules for consent, hours and channels hold"
)
MARKING = Definition(
    "messages.marking",
    choice(Marking),
    Marking.STRICT,
    WHOLE,
    "which own advertising needs a token (erid), where the country asks; strict while messages.marking_note is empty",
)
MARKING_NOTE: Definition[str | None] = Definition(
    "messages.marking_note",
    text_or_none(1000),
    None,
    WHOLE,
    "who decided that own advertising needs no token, and on what legal grounds",
)
SMS_SEGMENT_PRICE: Definition[int | None] = Definition(
    "messages.sms_segment_price",
    number_or_none(0, LARGEST_WORTH),
    None,
    WHOLE,
    "what one segment of a text message costs, in minor units of the currency",
)
POINTS_NOTICES = Definition(
    "messages.points_notices",
    SWITCH,
    default=False,
    levels=WHOLE,
    meaning="whether members are told of every movement of their points",
)
EMAIL_PRICE: Definition[int | None] = Definition(
    "messages.email_price",
    number_or_none(0, LARGEST_WORTH),
    None,
    WHOLE,
    "what one e-mail costs, in minor units of the currency; broadcasts reckon with it",
)
SECOND_PERSON_OVER: Definition[int | None] = Definition(
    "broadcasts.second_person_over",
    number_or_none(0, LARGEST_AUDIENCE),
    10_000,
    WHOLE,
    "of how many members on somebody else than who wrote a broadcast approves it; none: its author may, however many",
)
SMS_SENDER_NOTE: Definition[str | None] = Definition(
    "messages.sms_sender_note",
    text_or_none(300),
    None,
    WHOLE,
    "the name that text messages come from, as it is registered with the country's operators, since when and where",
)
WARM_UP = Definition(
    "messages.warm_up",
    SWITCH,
    default=False,
    levels=WHOLE,
    meaning="whether the mail domain is new: advertising e-mails begin with 200 a day, and grow by steps",
)
BRAND_COLOUR = Definition("brand.colour", COLOUR, "#0b6e4f", WHOLE, "the colour of letters' heads and buttons")
BRAND_LOGO: Definition[str | None] = Definition(
    "brand.logo_url", address_or_none(500), None, WHOLE, "the picture at the head of letters"
)
BRAND_LEGAL_NAME: Definition[str | None] = Definition(
    "brand.legal_name", text_or_none(200), None, WHOLE, "who sends, by the name in the register"
)
BRAND_ADDRESS: Definition[str | None] = Definition(
    "brand.address", text_or_none(300), None, WHOLE, "the sender's postal address"
)
BRAND_CONTACT: Definition[str | None] = Definition(
    "brand.contact", text_or_none(200), None, WHOLE, "where a reader of a letter may turn to"
)
BRAND_REPLY_TO: Definition[str | None] = Definition(
    "brand.reply_to", MAILBOX, None, WHOLE, "where answers to letters go (Reply-To); none: to the sender of mail"
)
BRAND_TAX_ID: Definition[str | None] = Definition(
    "brand.tax_id", text_or_none(40), None, WHOLE, "the sender's tax number"
)
BRAND_SITE: Definition[str | None] = Definition(
    "brand.site", address_or_none(300), None, WHOLE, "the site that letters lead to"
)

NOTICE_KINDS = (
    *("earned", "pending", "spent", "returned", "corrected", "sent", "activated"),
    *("expiring-30", "expiring-7", "expiring-1", "expired"),
    *("tier-near", "tier-reached", "tier-at-risk", "tier-lost"),
)
NOTICES = Definition(
    "messages.notices",
    several(NOTICE_KINDS),
    NOTICE_KINDS,
    WHOLE,
    "which notices members get, where messages.points_notices is on",
)
NOTICE_CHANNELS = Definition(
    "messages.notice_channels",
    several(("email", "sms", "telegram")),
    ("email",),
    WHOLE,
    "what carries notices: of these, in this order, the first that reaches the member and that they want",
)
TIER_NEAR = Definition(
    "messages.tier_near",
    number(0, 50),
    10,
    WHOLE,
    "from what share of the next tier's threshold, in percent, that is still missing a member is told; 0: never",
)
STATEMENT_PERIOD = Definition(
    "messages.statement_period",
    choice(StatementPeriod),
    StatementPeriod.MONTH,
    WHOLE,
    "how often members get a statement of their points",
)
DISPUTE_DAYS = Definition(
    "disputes.answer_days",
    number(1, 60),
    5,
    WHOLE,
    "within how many days somebody answers a member who says that a movement was not them",
)
RETURNING_DAYS = Definition(
    "privacy.returning_days",
    number(0, 1095),
    365,
    WHOLE,
    "how many days after an erasure whoever joins with the same phone or e-mail is no newcomer; 0: nothing is kept",
)
HOLD_DAYS = Definition(
    "privacy.hold_days",
    number(0, 30),
    0,
    WHOLE,
    "how many days after the request nobody can be erased yet, for disputes still open; nobody writes to them then",
)

MOST_ADS = 100
"""The loosest cap on advertising: so many, however short the time."""


def _most(key: str, most: int, what: str) -> Definition[int]:
    return Definition(f"messages.{key}", number(1, MOST_ADS), most, WHOLE, f"how many {what} a member gets at most")


ADS: Mapping[Definition[int], tuple[str | None, int]] = {
    _most("ads_a_day", 1, "advertisements a day, over all channels,"): (None, 1),
    _most("ads_a_week", 3, "advertisements in 7 days, over all channels,"): (None, 7),
    _most("ads_a_month", 8, "advertisements in 30 days, over all channels,"): (None, 30),
    _most("ad_texts_a_week", 1, "advertising text messages in 7 days"): ("sms", 7),
    _most("ad_texts_a_month", 4, "advertising text messages in 30 days"): ("sms", 30),
    _most("ad_pushes_a_day", 1, "advertising pushes a day"): ("push", 1),
    _most("ad_letters_a_week", 3, "advertising e-mails in 7 days"): ("email", 7),
}
"""What each of them caps: a channel, or all, in how many days."""

EVERY_OTHER = "*"
"""Texts, messengers and calls: channels that are not named."""


def _hours(key: str, what: str) -> Definition[str | None]:
    meaning = f"in which hours of its reader's day {what} leave; within those of the country, and never beyond them"
    return Definition(f"messages.{key}", HOURS, None, WHOLE, meaning)


AD_HOURS: Mapping[Definition[str | None], str] = {
    _hours("ad_text_hours", "advertising texts, calls and messages in messengers"): EVERY_OTHER,
    _hours("ad_push_hours", "advertising pushes"): "push",
    _hours("ad_letter_hours", "advertising e-mails"): "email",
}
"""Which channels each of them is about."""

PRIVATE_NETWORKS = Definition(
    "webhooks.private_networks",
    NETWORKS,
    (),
    WHOLE,
    "private networks that webhooks may be sent to, as 10.0.0.0/8; without them the public internet only",
)
PLAIN_HTTP = Definition(
    "webhooks.plain_http", SWITCH, default=False, levels=WHOLE, meaning="whether webhooks may be sent without TLS"
)
