"""Stored codes of tracks in plain words, for ``console.words``."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORDS: Mapping[str, dict[str, Promise | str]] = {
    "metric": {
        "spend": _("money paid"),
        "amount": _("price before discounts"),
        "margin": _("margin, where goods have a cost"),
        "visits": _("visits"),
        "units": _("pieces"),
        "points": _("points earned"),
        "events": _("events of rules"),
        "best_month": _("money paid in the best month"),
    },
    "period": {
        "month": _("the calendar month"),
        "quarter": _("the calendar quarter"),
        "half": _("the calendar half-year"),
        "year": _("the calendar year"),
    },
    "window_kind": {
        "rolling": _("the last … days"),
        "calendar/month": _("the calendar month"),
        "calendar/quarter": _("the calendar quarter"),
        "calendar/half": _("the calendar half-year"),
        "calendar/year": _("the calendar year"),
        "anniversary": _("the year of membership"),
        "lifetime": _("all time"),
        "between": _("two dates"),
        "none": _("none: a tier holds while it is earned"),
    },
    "audience": {
        "all": _("everybody"),
        "person": _("For persons only."),
        "company": _("For companies only."),
    },
    "audience_of": {"person": _("persons"), "company": _("companies")},
    "downgrade": {
        "one_step": _("Who does not keep it goes down one step."),
        "earned": _("Who does not keep it goes down to what was earned."),
        "never": _("A tier is never lost."),
    },
    "downgrade_to": {
        "one_step": _("goes down one step"),
        "earned": _("goes down to what was earned"),
        "never": _("is never lost"),
    },
    "whose": {"member": _("each member's own"), "group": _("that of all companies of a buying group")},
    "beat": {"day": _("days in a row"), "week": _("weeks in a row"), "month": _("months in a row")},
    "conversion": {
        "first": _("the first version"),
        "recount": _("everybody stands where all that was counted puts them"),
        "keep": _("recounted, but nobody loses a step before its promised end"),
        "fresh": _("from nothing, from a day on"),
    },
    "track_kind": {
        "tiers": _("Tiers"),
        "scale": _("Turnover scale"),
        "stamp_card": _("Stamp card"),
        "achievement": _("Achievement"),
        "challenge": _("Challenge"),
        "streak": _("Streak"),
        "badge": _("Badges"),
    },
    "track_kind_about": {
        "tiers": _("Silver, gold: reached at once, held for a time, kept or lost."),
        "scale": _("A discount that grows with turnover, for companies and buying groups."),
        "stamp_card": _("Every so many pieces or visits a full card, then the next one."),
        "achievement": _("A step that stays once it was reached."),
        "challenge": _("Steps to reach between two dates."),
        "streak": _("Days, weeks or months in a row."),
        "badge": _("Steps, each of which gives a badge."),
    },
    "track_state": {
        "holds": _("in force"),
        "scheduled": _("scheduled"),
        "recounting": _("being recounted"),
    },
    "step_field": {
        "threshold": _("Reached at"),
        "keep": _("Kept with"),
        "share": _("Discount, %"),
        "badge_days": _("Badge for days"),
    },
    "lift_refusal": {
        "unknown-track": _("There is no such track."),
        "not-tiers": _("Only tiers can be given."),
        "unknown-step": _("There is no such tier."),
        "bad-dates": _("The last day must not lie in the past."),
    },
    "step_source": {"hand": _("by staff"), "effect": _("by a rule"), "kept": _("kept when the track changed")},
}
