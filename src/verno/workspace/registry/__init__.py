"""The settings there are: key, what it may be, what it is while nobody has set it, and for whom it may be set."""

from typing import cast

from verno.ledger.lifetime import MOST_DAYS, Activation, AtOnce, Expiry, Never
from verno.ledger.types import MAX_POINTS
from verno.workspace.registry.kinds import (
    ACTIVATION,
    COUNTRIES,
    EXPIRY,
    LARGEST_WORTH,
    MATCHINGS,
    MOST_CLAIM_DAYS,
    MOST_HOLD_SECONDS,
    NOTHING,
    PLACES,
    PROGRAM_OR_UNIT,
    REASONS,
    SWITCH,
    UNITS,
    WHOLE,
    WHOLE_SHARE,
    CountedFrom,
    Country,
    Definition,
    Kind,
    LateCapture,
    Level,
    Marking,
    Matching,
    StatementPeriod,
    StaticCodes,
    UnknownPlace,
    Wrong,
    choice,
    days_as_expiry,
    number,
    number_or_none,
    text_or_none,
)
from verno.workspace.registry.telling import (
    AD_HOURS,
    ADS,
    BRAND_ADDRESS,
    BRAND_COLOUR,
    BRAND_CONTACT,
    BRAND_LEGAL_NAME,
    BRAND_LOGO,
    BRAND_REPLY_TO,
    BRAND_SITE,
    BRAND_TAX_ID,
    DISPUTE_DAYS,
    EMAIL_PRICE,
    HOLD_DAYS,
    MARKING,
    MARKING_NOTE,
    MESSAGES_COUNTRY,
    NOTICE_CHANNELS,
    NOTICE_KINDS,
    NOTICES,
    PLAIN_HTTP,
    POINTS_NOTICES,
    PRIVATE_NETWORKS,
    RETURNING_DAYS,
    SECOND_PERSON_OVER,
    SMS_SEGMENT_PRICE,
    SMS_SENDER_NOTE,
    STATEMENT_PERIOD,
    TIER_NEAR,
    WARM_UP,
)
from verno.workspace.types import DebtPolicy

__all__ = [
    "ADS",
    "AD_HOURS",
    "BRAND_ADDRESS",
    "BRAND_COLOUR",
    "BRAND_CONTACT",
    "BRAND_LEGAL_NAME",
    "BRAND_LOGO",
    "BRAND_REPLY_TO",
    "BRAND_SITE",
    "BRAND_TAX_ID",
    "DISPUTE_DAYS",
    "EMAIL_PRICE",
    "HOLD_DAYS",
    "LARGEST_WORTH",
    "MARKING",
    "MARKING_NOTE",
    "MESSAGES_COUNTRY",
    "NOTHING",
    "NOTICES",
    "NOTICE_CHANNELS",
    "NOTICE_KINDS",
    "PLACES",
    "PLAIN_HTTP",
    "POINTS_NOTICES",
    "PRIVATE_NETWORKS",
    "PROGRAM_OR_UNIT",
    "RETURNING_DAYS",
    "SECOND_PERSON_OVER",
    "SMS_SEGMENT_PRICE",
    "SMS_SENDER_NOTE",
    "STATEMENT_PERIOD",
    "TIER_NEAR",
    "UNITS",
    "WARM_UP",
    "WHOLE",
    "CountedFrom",
    "Country",
    "Definition",
    "Kind",
    "LateCapture",
    "Level",
    "Marking",
    "Matching",
    "StatementPeriod",
    "StaticCodes",
    "UnknownPlace",
    "Wrong",
    "days_as_expiry",
]

UNKNOWN_PLACE = Definition(
    "intake.unknown_place",
    choice(UnknownPlace),
    UnknownPlace.REFUSE,
    WHOLE,
    "a receipt from an unknown store is refused, or makes the store",
)
SPEND_VALUE: Definition[int | None] = Definition(
    "spend.value",
    number_or_none(1, LARGEST_WORTH),
    None,
    UNITS,
    "what one whole point pays, in minor units of the currency; without it nobody can spend",
)
STATIC_CODES = Definition(
    "spend.static_codes",
    choice(StaticCodes),
    StaticCodes.REFUSE,
    PLACES,
    "whether a card, phone or e-mail alone is enough to spend",
)
MAX_SHARE = Definition(
    "spend.max_share", number(0, 100), 100, PLACES, "the share of a receipt, in percent, that points may pay"
)
LATE_CAPTURE = Definition(
    "hold.late_capture",
    choice(LateCapture),
    LateCapture.REFUSE,
    PLACES,
    "a capture after the hold's time is refused, or holds again what is available",
)
HOLD_SECONDS = Definition(
    "hold.default_seconds",
    number(1, MOST_HOLD_SECONDS),
    600,
    PLACES,
    "how long points stay set aside when the till does not say",
)
CLAIM_DAYS = Definition(
    "claim.days", number(0, MOST_CLAIM_DAYS), 30, PLACES, "for how many days a receipt without a member can be claimed"
)
POINTS_EXPIRY: Definition[Expiry] = Definition(
    "points.expiry", EXPIRY, Never(), UNITS, "when points end (docs/explanation/expiry.md)"
)
POINTS_ACTIVATION: Definition[Activation] = Definition(
    "points.activation", ACTIVATION, AtOnce(), UNITS, "when points become usable"
)
POINTS_COUNTED_FROM = Definition(
    "points.expiry_from",
    choice(CountedFrom),
    CountedFrom.EARNING,
    UNITS,
    "the day that points.expiry counts from: the receipt's, or the first usable one",
)
GRACE_DAYS = Definition("points.grace_days", number(0, MOST_DAYS), 0, UNITS, "days that are added to every end")
REINSTATE_DAYS = Definition(
    "points.reinstate_days",
    number(0, MOST_DAYS),
    0,
    UNITS,
    "for how many days expired points can be given again; 0: not at all",
)
TAKE_BACK = Definition(
    "points.take_back",
    choice(DebtPolicy),
    DebtPolicy.DEBT,
    UNITS,
    "what a return takes beyond the balance is owed and repaid first, or written off",
)
MAX_BALANCE: Definition[int | None] = Definition(
    "points.max_balance",
    number_or_none(1, MAX_POINTS),
    None,
    UNITS,
    "the most points a member may hold, in the unit's smallest step; what is above is not given",
)
ADJUST_LIMIT = Definition(
    "adjust.limit",
    number(0, MAX_POINTS),
    1000,
    PROGRAM_OR_UNIT,
    "points, in the unit's smallest step, that staff may adjust at once without a second person",
)
PROMOTIONS_REVIEW = Definition(
    "promotions.review", SWITCH, default=True, levels=WHOLE, meaning="whether another person approves new promotions"
)
REPLAY_MOST_SHARE: Definition[int | None] = Definition(
    "promotions.replay_most_share",
    number_or_none(0, WHOLE_SHARE),
    None,
    WHOLE,
    "what a replayed draft may cost, in hundredths of a per cent of the sales; above it somebody has to agree",
)
ADJUST_REASONS = Definition(
    "adjust.reasons",
    REASONS,
    ("goodwill", "correction", "complaint"),
    WHOLE,
    "reason codes that an adjustment may give",
)
LEGAL_ENTITY: Definition[str | None] = Definition(
    "place.legal_entity", text_or_none(200), None, PLACES, "who owns the place: a name that rules may ask for"
)
BETWEEN_MEMBERS = Definition(
    "transfers.between_members", SWITCH, default=False, levels=WHOLE, meaning="whether members may send points"
)
MATCHING = Definition(
    "members.matching",
    MATCHINGS,
    tuple(Matching),
    WHOLE,
    "whom a receipt means that names a member in several ways; names that are left out come last",
)
CODE_COUNTRIES = Definition(
    "members.code_countries",
    COUNTRIES,
    (),
    WHOLE,
    "countries whose phone numbers one-time codes are sent to; without them the program's own alone",
)
HOUSEHOLD_POOLS = Definition(
    "households.pools", SWITCH, default=False, levels=WHOLE, meaning="whether households may have a pool of points"
)
HOUSEHOLD_MOST = Definition("households.most", number(2, 20), 6, WHOLE, "how many members one household may have")
HOUSEHOLD_COOLING = Definition(
    "households.cooling_days",
    number(0, 365),
    30,
    WHOLE,
    "for how many days who left a household may join no other",
)

ALL: tuple[Definition[object], ...] = cast(
    "tuple[Definition[object], ...]",
    (
        UNKNOWN_PLACE,
        SPEND_VALUE,
        STATIC_CODES,
        MAX_SHARE,
        LATE_CAPTURE,
        HOLD_SECONDS,
        CLAIM_DAYS,
        POINTS_EXPIRY,
        POINTS_ACTIVATION,
        POINTS_COUNTED_FROM,
        GRACE_DAYS,
        REINSTATE_DAYS,
        TAKE_BACK,
        MAX_BALANCE,
        ADJUST_LIMIT,
        ADJUST_REASONS,
        BETWEEN_MEMBERS,
        MATCHING,
        CODE_COUNTRIES,
        HOUSEHOLD_POOLS,
        HOUSEHOLD_MOST,
        HOUSEHOLD_COOLING,
        PROMOTIONS_REVIEW,
        REPLAY_MOST_SHARE,
        LEGAL_ENTITY,
        MESSAGES_COUNTRY,
        MARKING,
        MARKING_NOTE,
        *ADS,
        *AD_HOURS,
        SECOND_PERSON_OVER,
        WARM_UP,
        SMS_SEGMENT_PRICE,
        SMS_SENDER_NOTE,
        POINTS_NOTICES,
        EMAIL_PRICE,
        BRAND_COLOUR,
        BRAND_LOGO,
        BRAND_LEGAL_NAME,
        BRAND_ADDRESS,
        BRAND_CONTACT,
        BRAND_REPLY_TO,
        BRAND_TAX_ID,
        BRAND_SITE,
        NOTICES,
        NOTICE_CHANNELS,
        TIER_NEAR,
        STATEMENT_PERIOD,
        DISPUTE_DAYS,
        HOLD_DAYS,
        RETURNING_DAYS,
        PRIVATE_NETWORKS,
        PLAIN_HTTP,
    ),
)
REGISTRY = {one.key: one for one in ALL}
