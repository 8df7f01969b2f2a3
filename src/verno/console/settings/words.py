"""Settings in people's words: what they are called, what a value means, where it comes from."""

from collections.abc import Callable, Mapping
from datetime import date

from babel.dates import format_date
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from verno.console import words
from verno.console.face import Face
from verno.console.settings import codes
from verno.ledger.lifetime import (
    Activation,
    AfterDays,
    AtOnce,
    EndOf,
    EveryYear,
    Expiry,
    ForDays,
    ForMonths,
    FromDate,
    Never,
    OnDate,
    OnEvent,
    Sliding,
)
from verno.workspace import registry
from verno.workspace.registry import Definition

LEAP_YEAR = 2000
PRICES = frozenset({registry.EMAIL_PRICE.key, registry.SMS_SEGMENT_PRICE.key})
"""What messages cost, in money."""
OF_COUNTRY = frozenset({one.key for one in registry.AD_HOURS})
"""What the country says while nobody else has."""

NAMES: Mapping[str, tuple[Promise, Promise]] = {
    "intake.unknown_place": (
        gettext_lazy("A receipt from an unknown store"),
        gettext_lazy("What becomes of a receipt whose store nobody has named yet."),
    ),
    "spend.value": (
        gettext_lazy("What one point pays"),
        gettext_lazy("In the program's currency, for one whole point. As long as it is empty, nobody can spend."),
    ),
    "spend.static_codes": (
        gettext_lazy("Spending by card, phone or e-mail"),
        gettext_lazy("Whoever knows the number could spend the points. Where it is refused, staff can approve it."),
    ),
    "spend.max_share": (
        gettext_lazy("Share of a receipt that points may pay"),
        gettext_lazy("In percent, from 0 to 100."),
    ),
    "hold.late_capture": (
        gettext_lazy("A capture after the hold's time"),
        gettext_lazy("The points are the member's again by then."),
    ),
    "hold.default_seconds": (
        gettext_lazy("How long points stay set aside"),
        gettext_lazy("In seconds, when the till does not say."),
    ),
    "claim.days": (
        gettext_lazy("Days to claim a receipt without a member"),
        gettext_lazy("Within them it can still be given to a member, and earns by the rules of its own time."),
    ),
    "points.expiry": (
        gettext_lazy("When points end"),
        gettext_lazy("Usable through the end of the last day. What you change holds for points earned from now on."),
    ),
    "points.activation": (
        gettext_lazy("When points become usable"),
        gettext_lazy("Until then they are shown as pending."),
    ),
    "points.expiry_from": (
        gettext_lazy("The lifetime is counted from"),
        gettext_lazy("It matters where points wait before they become usable."),
    ),
    "points.grace_days": (
        gettext_lazy("Days of grace"),
        gettext_lazy("They are added to every end."),
    ),
    "points.reinstate_days": (
        gettext_lazy("Days to give expired points again"),
        gettext_lazy("Staff can give again what has expired within so many days; 0 means not at all."),
    ),
    "points.take_back": (
        gettext_lazy("A return that takes more than there is"),
        gettext_lazy("What the sale had earned may be spent by the time the goods come back."),
    ),
    "points.max_balance": (
        gettext_lazy("The most points a member may hold"),
        gettext_lazy("What would be above is not given. Empty: any number."),
    ),
    "adjust.limit": (
        gettext_lazy("Adjustment without a second person"),
        gettext_lazy("Up to so many points staff may give or take alone, in the unit's smallest step."),
    ),
    "adjust.reasons": (
        gettext_lazy("Reasons of an adjustment"),
        gettext_lazy("Codes of small Latin letters, digits, - and _, with commas between them."),
    ),
    "place.legal_entity": (
        gettext_lazy("Legal entity"),
        gettext_lazy("Who owns the store: rules may ask for this name. Empty: nobody has said."),
    ),
    "transfers.between_members": (
        gettext_lazy("Members may send points to each other"),
        gettext_lazy("Off unless you want it: points that move can be sold."),
    ),
    "members.matching": (
        gettext_lazy("Which of several names is believed"),
        gettext_lazy("In this order, where a receipt names a member by card and phone, say."),
    ),
    "members.code_countries": (
        gettext_lazy("Countries that get one-time codes"),
        gettext_lazy("Codes of countries such as RU, KZ. Texts abroad are dear, and strangers may earn on them."),
    ),
    "households.pools": (
        gettext_lazy("Households may have a pool of points"),
        gettext_lazy("Members put points in; the head and adults take them out."),
    ),
    "households.most": (
        gettext_lazy("Most members of one household"),
        gettext_lazy("Those who are in a larger one already may stay."),
    ),
    "households.cooling_days": (
        gettext_lazy("Days between two households"),
        gettext_lazy("Whoever left a household may join another one after so many days."),
    ),
    "messages.country": (
        gettext_lazy("Whose law holds for messages"),
        gettext_lazy("Consent, hours and channels follow it. While nobody has said, the strictest reading holds."),
    ),
    "messages.marking": (
        gettext_lazy("Which own advertising carries a token (erid)"),
        gettext_lazy("Where the law asks for one. A third party's always does. Needs the note below."),
    ),
    "messages.marking_note": (
        gettext_lazy("Who decided so about tokens, and why"),
        gettext_lazy("A name and the legal grounds. While it is empty, all advertising carries its token."),
    ),
    "messages.ads_a_day": (
        gettext_lazy("Most advertising a day"),
        gettext_lazy("Over all channels together. Members may wish for less."),
    ),
    "messages.ads_a_week": (
        gettext_lazy("Most advertising in 7 days"),
        gettext_lazy("Over all channels together. What is above is left out, not sent later."),
    ),
    "messages.ads_a_month": (
        gettext_lazy("Most advertising in 30 days"),
        gettext_lazy("Over all channels together."),
    ),
    "messages.ad_texts_a_week": (
        gettext_lazy("Most advertising texts in 7 days"),
        gettext_lazy("Text messages alone, beside what holds for all channels."),
    ),
    "messages.ad_texts_a_month": (
        gettext_lazy("Most advertising texts in 30 days"),
        gettext_lazy("Text messages alone, beside what holds for all channels."),
    ),
    "messages.ad_pushes_a_day": (
        gettext_lazy("Most advertising pushes a day"),
        gettext_lazy("Pushes alone, beside what holds for all channels."),
    ),
    "messages.ad_letters_a_week": (
        gettext_lazy("Most advertising e-mails in 7 days"),
        gettext_lazy("E-mails alone, beside what holds for all channels."),
    ),
    "broadcasts.second_person_over": (
        gettext_lazy("How many members an author may write to alone"),
        gettext_lazy("Broadcasts to more are approved by somebody else. Empty where one person works alone."),
    ),
    "messages.sms_sender_note": (
        gettext_lazy("Registration of the name that texts come from"),
        gettext_lazy("The name, since when and with whom, as “Lavka, 1 May 2026, contract 12”. A number needs none."),
    ),
    "messages.warm_up": (
        gettext_lazy("The mail domain is new: warm it up"),
        gettext_lazy("Advertising e-mails begin with 200 a day and grow by steps; the rest leaves the next day."),
    ),
    "messages.ad_text_hours": (
        gettext_lazy("Hours of advertising texts and messengers"),
        gettext_lazy("Like 10:00-19:00, on the reader's clock. Empty: the country's, which always hold too."),
    ),
    "messages.ad_push_hours": (
        gettext_lazy("Hours of advertising pushes"),
        gettext_lazy("Like 10:00-19:00, on the reader's clock. Empty: the country's, which always hold too."),
    ),
    "messages.ad_letter_hours": (
        gettext_lazy("Hours of advertising e-mails"),
        gettext_lazy("Like 10:00-19:00, on the reader's clock. Empty: the country's, which always hold too."),
    ),
    "messages.sms_segment_price": (
        gettext_lazy("Price of one segment of a text message"),
        gettext_lazy("In the program's currency. Templates then tell what a text costs."),
    ),
    "messages.notices": (
        gettext_lazy("Which notices members get"),
        gettext_lazy("Where notices of points are on. Each can be left out."),
    ),
    "messages.notice_channels": (
        gettext_lazy("What carries notices"),
        gettext_lazy("The first of these that reaches the member and that they want. Texts cost money."),
    ),
    "messages.tier_near": (
        gettext_lazy("How near the next tier members are told"),
        gettext_lazy("What may still be missing, in percent of the tier's threshold. With 0 nobody is told."),
    ),
    "messages.statement_period": (
        gettext_lazy("How often statements are written"),
        gettext_lazy("For each month, or for each calendar quarter, after it has ended."),
    ),
    "disputes.answer_days": (
        gettext_lazy("Days to answer “this was not me”"),
        gettext_lazy("The member is told that our answer comes by then; what is late is shown on the dashboard."),
    ),
    "privacy.hold_days": (
        gettext_lazy("Days before a member can be erased"),
        gettext_lazy("For disputes that are still open. Nobody writes to the member meanwhile; the law gives 30 days."),
    ),
    "privacy.returning_days": (
        gettext_lazy("Days for which somebody erased is no newcomer"),
        gettext_lazy("Joining again with the same phone or e-mail gives the badge “returned”. Ask your counsel."),
    ),
    "messages.points_notices": (
        gettext_lazy("Members are told of every movement of points"),
        gettext_lazy("Purchases, returns, changes, coming ends: so that they notice a mistake or a stranger."),
    ),
    "brand.colour": (
        gettext_lazy("Colour"),
        gettext_lazy("Heads and buttons of letters. What stands on it is black or white, as can be read."),
    ),
    "brand.logo_url": (
        gettext_lazy("Logo"),
        gettext_lazy("A picture's address on the web, encrypted. Empty: the program's name stands there."),
    ),
    "brand.legal_name": (
        gettext_lazy("Legal name"),
        gettext_lazy("Who sends, as the register has it."),
    ),
    "brand.address": (
        gettext_lazy("Postal address"),
        gettext_lazy("In one line, with the postcode."),
    ),
    "brand.contact": (
        gettext_lazy("Where readers turn to"),
        gettext_lazy("An e-mail address or a phone number. Empty: the address that letters come from."),
    ),
    "brand.reply_to": (
        gettext_lazy("Where answers to letters go"),
        gettext_lazy("An e-mail address that somebody reads. Empty: the address that letters come from."),
    ),
    "brand.tax_id": (
        gettext_lazy("Tax number"),
        gettext_lazy("Stands beside the legal name."),
    ),
    "brand.site": (
        gettext_lazy("Site"),
        gettext_lazy("Where the buttons of letters lead, encrypted."),
    ),
    "messages.email_price": (
        gettext_lazy("Price of an e-mail"),
        gettext_lazy("In the program's currency. Broadcasts reckon with it."),
    ),
    "webhooks.private_networks": (
        gettext_lazy("Private networks that webhooks may reach"),
        gettext_lazy("Like 10.0.0.0/8, several with commas. Empty: the public internet only."),
    ),
    "webhooks.plain_http": (
        gettext_lazy("Webhooks without encryption"),
        gettext_lazy("Lets them go where nothing is encrypted: whoever is on the way can read along."),
    ),
    "promotions.review": (
        gettext_lazy("Another person approves new promotions"),
        gettext_lazy("Switch it off where one person works alone."),
    ),
    "promotions.replay_most_share": (
        gettext_lazy("What a replayed draft may cost"),
        gettext_lazy(
            "In hundredths of a per cent of the sales: 300 is 3 %. A draft that costs more in a replay has to be"
            " agreed to. Empty: any cost."
        ),
    ),
}
"""Key -> what it is called, and a sentence that helps."""

CHOICES: Mapping[str, Mapping[str, Promise]] = {
    "intake.unknown_place": {"refuse": gettext_lazy("is refused"), "create": gettext_lazy("makes the store")},
    "spend.static_codes": {"refuse": gettext_lazy("refused"), "allow": gettext_lazy("allowed")},
    "hold.late_capture": {
        "refuse": gettext_lazy("is refused"),
        "rehold": gettext_lazy("takes from what is usable then"),
    },
    "points.expiry_from": {
        "earning": gettext_lazy("the day of the receipt"),
        "activation": gettext_lazy("the first usable day"),
    },
    "points.take_back": {
        "debt": gettext_lazy("becomes a debt that new points repay"),
        "write_off": gettext_lazy("is written off"),
    },
    "transfers.between_members": {"on": gettext_lazy("on"), "off": gettext_lazy("off")},
    "households.pools": {"on": gettext_lazy("on"), "off": gettext_lazy("off")},
    "messages.points_notices": {"on": gettext_lazy("on"), "off": gettext_lazy("off")},
    "messages.warm_up": {"on": gettext_lazy("on"), "off": gettext_lazy("off")},
    "messages.marking": {
        "strict": gettext_lazy("all of it"),
        "own_mail_exempt": gettext_lazy("all but our own e-mail"),
        "off": gettext_lazy("none of our own"),
    },
    "messages.statement_period": {"month": gettext_lazy("each month"), "quarter": gettext_lazy("each quarter")},
    "messages.country": {
        "strict": gettext_lazy("nobody has said: the strictest"),
        "RU": gettext_lazy("Russia"),
        "EU": gettext_lazy("European Union"),
        "US": gettext_lazy("United States"),
    },
    "webhooks.plain_http": {"on": gettext_lazy("on"), "off": gettext_lazy("off")},
    "promotions.review": {"on": gettext_lazy("on"), "off": gettext_lazy("off")},
}

ENDS: Mapping[str, Promise] = {
    "never": gettext_lazy("never"),
    "days": gettext_lazy("so many days after they were earned"),
    "months": gettext_lazy("so many months after they were earned"),
    "end-of-month": gettext_lazy("at the end of the month"),
    "end-of-quarter": gettext_lazy("at the end of the quarter"),
    "end-of-year": gettext_lazy("at the end of the year"),
    "end-of-day": gettext_lazy("at the end of the day"),
    "yearly": gettext_lazy("on a day of every year"),
    "date": gettext_lazy("on one date"),
    "sliding": gettext_lazy("after so many days without activity"),
}
BEGINS: Mapping[str, Promise] = {
    "at-once": gettext_lazy("at once"),
    "days": gettext_lazy("so many days after they were earned"),
    "date": gettext_lazy("on one date"),
    "event": gettext_lazy("when an event is told"),
}


def tell(face: Face, definition: Definition[object], value: object, unit: str | None) -> str:
    """Say a value as people do; ``unit`` is the code of the unit it is for, if it is for one."""
    key = definition.key
    if key in CHOICES:
        code = definition.kind.tell(value)
        return str(CHOICES[key].get(code, code))
    if key == registry.POINTS_EXPIRY.key:
        return expiry(face, registry.POINTS_EXPIRY.of(definition.plain(value)))
    if key == registry.POINTS_ACTIVATION.key:
        return activation(face, registry.POINTS_ACTIVATION.of(definition.plain(value)))
    if value is None or value == ():
        return _nothing(definition)
    if isinstance(value, tuple) and (said := codes.tell(key, value, face.locale)) is not None:
        return said
    return number(face, key, value, unit) if isinstance(value, int) else definition.kind.tell(value).replace(",", ", ")


def _nothing(definition: Definition[object]) -> str:
    if definition.key in OF_COUNTRY:
        return _("the country's")
    if definition.key == registry.PRIVATE_NETWORKS.key:
        return _("none")
    if definition.key == "members.code_countries":
        return _("the program's own")
    if definition.kind.bounds is None or definition.key in PRICES:
        return _("not said")
    return _("points cannot be spent yet") if definition.key == registry.SPEND_VALUE.key else _("any number")


def _money(face: Face, value: int) -> str:
    return face.money(value)


def _share(face: Face, value: int) -> str:
    return face.percent(value * 10)


def _near(face: Face, value: int) -> str:
    return face.percent(value * 10) if value else _("not at all")


def _seconds(face: Face, value: int) -> str:
    return _count(face, value, ngettext("%(count)s second", "%(count)s seconds", value))


def _members(face: Face, value: int) -> str:
    return _count(face, value, ngettext("%(count)s member", "%(count)s members", value))


def _messages(face: Face, value: int) -> str:
    return _count(face, value, ngettext("%(count)s message", "%(count)s messages", value))


def _days(face: Face, value: int) -> str:
    return _count(face, value, ngettext("%(count)s day", "%(count)s days", value))


def _of_sales(face: Face, value: int) -> str:
    return face.percent_of(value)


MEASURES: Mapping[str, Callable[[Face, int], str]] = {
    registry.SPEND_VALUE.key: _money,
    **dict.fromkeys(PRICES, _money),
    registry.TIER_NEAR.key: _near,
    registry.MAX_SHARE.key: _share,
    "promotions.replay_most_share": _of_sales,
    registry.HOLD_SECONDS.key: _seconds,
    "households.most": _members,
    "broadcasts.second_person_over": _members,
    **dict.fromkeys((one.key for one in registry.ADS), _messages),
}
"""What figures count where it is not days."""


def number(face: Face, key: str, value: int, unit: str | None) -> str:
    """Say a number with what it counts."""
    if key in {registry.MAX_BALANCE.key, registry.ADJUST_LIMIT.key}:
        return face.points(value, unit) if unit is not None else face.number(value)
    return MEASURES.get(key, _days)(face, value)


def expiry(face: Face, value: Expiry) -> str:  # noqa: PLR0911 one line a model
    """Say when points end."""
    match value:
        case Never():
            return _("never")
        case ForDays(days):
            return _days_after(face, days)
        case ForMonths(months):
            text = ngettext("%(count)s month after they were earned", "%(count)s months after they were earned", months)
            return _count(face, months, text)
        case EndOf(period, later):
            end = str(ENDS[f"end-of-{period}"])
            if not later:
                return end
            text = ngettext("%(end)s, %(count)s period later", "%(end)s, %(count)s periods later", later)
            return text % {"end": end, "count": face.number(later)}
        case EveryYear(month, day):
            of_year = format_date(date(LEAP_YEAR, month, day), "d MMMM", locale=face.locale)
            return _("on %(date)s of every year") % {"date": of_year}
        case OnDate(fixed):
            return _("on %(date)s") % {"date": face.day(fixed)}
        case Sliding(days):
            text = ngettext("after %(count)s day without activity", "after %(count)s days without activity", days)
            return _count(face, days, text)


def activation(face: Face, value: Activation) -> str:
    """Say when points become usable."""
    match value:
        case AtOnce():
            return _("at once")
        case AfterDays(days):
            return _days_after(face, days)
        case FromDate(fixed):
            return _("on %(date)s") % {"date": face.day(fixed)}
        case OnEvent(event):
            return _("when “%(event)s” is told") % {"event": event}


def scope(value: str, stores: Mapping[str, str]) -> str:
    """Say for whom a value is set, or that it is the default; ``stores`` are names by code."""
    level, _separator, code = value.partition("=")
    if level == "unit":
        return words.say("unit", code)
    if level == "place":
        return stores.get(code, code)
    fixed = {"default": _("by default"), "program": _("for the whole program"), "network": _("for all places")}
    return fixed.get(level, code)


def _days_after(face: Face, days: int) -> str:
    text = ngettext("%(count)s day after they were earned", "%(count)s days after they were earned", days)
    return _count(face, days, text)


def _count(face: Face, value: int, text: str) -> str:
    return text % {"count": face.number(value)}
