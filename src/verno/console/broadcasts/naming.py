"""Stored codes of broadcasts in plain words, for ``console.words``."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORDS: Mapping[str, dict[str, Promise | str]] = {
    "broadcast_state": {
        "draft": _("draft"),
        "scheduled": _("waits for its time"),
        "running": _("under way"),
        "paused": _("paused"),
        "finished": _("finished"),
        "cancelled": _("cancelled"),
    },
    "recipient_state": {
        "waiting": _("not yet planned"),
        "planned": _("planned"),
        "reached": _("reached by a cheaper channel"),
        "withheld": _("not to be written to"),
        "unaffordable": _("beyond the cost limit"),
        "cancelled": _("cancelled before"),
        "holdout": _("held out, to compare"),
    },
    "broadcast_refusal": {
        "unknown-broadcast": _("There is no such broadcast."),
        "wrong-state": _("That cannot be done any more in its state."),
        "changed-meanwhile": _("Somebody has changed it meanwhile: look at it again."),
        "same-variant-twice": _("Two variants have the same name."),
        "same-channel-twice": _("A channel is named twice."),
        "unknown-topic": _("There is no such topic."),
        "topic-not-for-many": _("This topic is for messages to single members."),
        "unknown-channel": _("Nothing can be sent over this channel."),
        "bad-condition": _("The condition cannot be read."),
        "winner-needs-variants": _("A winner is found among two variants or more."),
        "too-late": _("Its time is over."),
        "not-approved": _("Nobody has approved it yet."),
        "needs-a-person": _("Only a person may do that."),
        "not-ready": _("Something has to be mended first."),
    },
    "broadcast_warning": {
        "template-missing": _("The template is not there, or not published."),
        "template-problem": _("The template has a problem."),
        "template-of-another-class": _("The template is of another class than the topic."),
        "topic-not-for-many": _("This topic is for messages to single members."),
        "template-without-channel": _("The template has nothing for the channel."),
        "cannot-be-written": _("The template cannot be written with the values given."),
        "not-marked": _("Advertising is not marked."),
        "advertising-not-marked": _("Advertising is not marked (erid)."),
        "sender-not-named": _("The sender's legal name and contacts are not set."),
        "mail-domain": _("The mail domain is not set up for bulk mail."),
        "channel-not-connected": _("The channel is not connected: messages wait."),
        "barred-by-country": _("The country's rules bar this channel for it."),
        "stopped-by-switch": _("The emergency stop holds it back."),
        "nobody": _("Nobody is in the audience."),
        "unknown-listed": _("Some listed members are not known."),
        "many-leave": _("Many left after the last one like it."),
        "small-sample": _("The sample is too small to tell a winner."),
        "opens-are-unreliable": _("Opens are unreliable: mail programs open by themselves."),
        "hard-bounces": _("Too many letters come back."),
        "complaints": _("Too many complaints: stopped until a person lets it go on."),
        "complaints-slow": _("Complaints: it goes on slowly."),
        "complaints-warn": _("Complaints begin to be seen."),
        "by-hand": _("by hand"),
    },
    "broadcast_audience": {"everybody": _("All members"), "list": _("A list of members")},
    "broadcast_outcome": {
        "won": _("One variant is better"),
        "tie": _("No difference beyond chance"),
        "too-few": _("Too few to tell"),
    },
    "broadcast_measure": {"clicks": _("clicks"), "opens": _("opens (unreliable)"), "purchases": _("purchases")},
}
