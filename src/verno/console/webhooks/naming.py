"""Stored codes of webhooks in plain words, for ``console.words``."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORDS: Mapping[str, dict[str, Promise | str]] = {
    "webhook_state": {
        "active": _("working"),
        "paused": _("paused"),
        "disabled": _("stopped"),
    },
    "webhook_stop": {
        "gone": _("It answered that it is gone for good (410)."),
        "failing": _("Nothing has reached it for five days."),
    },
    "delivery_state": {
        "waiting": _("waits"),
        "delivered": _("delivered"),
        "failed": _("given up"),
    },
    "webhook_refusal": {
        "bad-url": _("An address like https://shop.example/hooks, without a password in it."),
        "plain-http": _("The address must begin with https://. A setting allows http:// as well."),
        "unknown-event-type": _("There is no such event."),
        "too-many-webhooks": _("A program has up to 20 webhooks."),
        "unknown-event": _("This is no event of ours."),
    },
    "incoming_state": {
        "stored": _("kept"),
        "handled": _("had its effect"),
        "stale": _("older than what had come before it"),
    },
    "source_refusal": {
        "bad-name": _("Small Latin letters, digits and - only, a letter first."),
        "name-taken": _("There is a source of this name."),
        "bad-secret": _("A secret begins with whsec_ and has 24 to 64 bytes in base64."),
        "too-many-sources": _("A program has up to 20 sources."),
    },
    "event_type": {
        "adjustment.refused.v1": _("Adjustment refused by a second person"),
        "adjustment.waiting.v1": _("Adjustment waits for a second person"),
        "badge.given.v1": _("Badge given"),
        "badge.taken.v1": _("Badge taken back"),
        "budget.reached.v1": _("Budget of a rule reached a mark"),
        "dispute.opened.v1": _("Member disputes a movement"),
        "limit.reached.v1": _("Limit reached"),
        "member.erased.v1": _("Member erased"),
        "members.merged.v1": _("Members merged"),
        "members.unmerged.v1": _("Merge undone"),
        "points.activated.v1": _("Points became usable"),
        "points.adjusted.v1": _("Points adjusted"),
        "points.erased.v1": _("Points erased"),
        "points.expired.v1": _("Points expired"),
        "points.expiring.v1": _("Points expire soon"),
        "points.reinstated.v1": _("Expired points given again"),
        "points.transferred.v1": _("Points sent to another member"),
        "receipt.activated.v1": _("Points of a receipt became usable"),
        "receipt.cancelled.v1": _("Held receipt cancelled"),
        "receipt.claimed.v1": _("Receipt without a member found its member"),
        "receipt.held.v1": _("Receipt held"),
        "receipt.settled.v1": _("Receipt settled"),
        "receipt.unmatched.v1": _("Receipt without a member"),
        "return.settled.v1": _("Return settled"),
        "rule.event.v1": _("Event of a rule"),
        "streak.broken.v1": _("Streak broken"),
        "streak.grown.v1": _("Streak grown"),
        "tier.lost.v1": _("Tier lost"),
        "tier.reached.v1": _("Tier reached"),
        "tier.warning.v1": _("Tier at risk"),
        "track.step_lost.v1": _("Step of a track lost"),
        "track.step_reached.v1": _("Step of a track reached"),
        "webhook.test.v1": _("Test event"),
    },
}
