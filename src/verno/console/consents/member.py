"""A member's consents: where they stand, all they said with its evidence, and a "stop" that staff heard."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from verno.console.consents.grouping import heard
from verno.console.face import actor, signed_in
from verno.console.member_page import MemberPage, older, open_page, read_place
from verno.members import queries, stopping
from verno.members.consent import topics
from verno.members.consent.state import MARKETING
from verno.members.devices import service as devices
from verno.members.devices.types import DeviceKind
from verno.members.stopping import LEAVABLE, Scope
from verno.members.types import Channel, Proof, Purpose, Wishes
from verno.messaging.answers.complaints import unheard
from verno.workspace import audit
from verno.workspace.roles import Permission, may

PAGE = 100
"""Records, not lines: to leave everything is dozens of records and a few lines."""
HEARD = ("phone-call", "till")
EVERYWHERE = "all"


class StopForm(forms.Form):
    """A spoken stop: over which channel nothing more may come, and where it was heard."""

    channel = forms.ChoiceField(choices=[(one, one) for one in (EVERYWHERE, *Channel)])
    method = forms.ChoiceField(choices=[(one, one) for one in HEARD])


@require_http_methods(["GET", "HEAD", "POST"])
def consents(request: HttpRequest, member_id: object) -> HttpResponse:
    """Show consents and their history; staff write down here that somebody said "stop"."""
    before = read_place(request)
    writes = may(signed_in(request), Permission.CONSENTS_WRITE)
    if request.method == "POST" and not writes:
        return render(request, "403.html", {"way_on": True}, status=403)
    with open_page(request, member_id) as page:
        if request.method == "POST":
            form = StopForm(request.POST)
            if form.is_valid():
                _stop(request, page, form.cleaned_data["channel"], form.cleaned_data["method"])
                return redirect("console:consents", member_id)
            page.note(request)
        conn, who, now = page.conn, page.member.id, page.face.now
        history = queries.consent_history(conn, page.face.program.id, who, before=before, limit=PAGE + 1)
        standings = queries.standings(conn, [who], now=now).get(who, [])
        wish = queries.wishes(conn, [who]).get(who, Wishes())
        seen = {one.kind for one in devices.devices(conn, [who]).get(who, [])}
        identities = queries.identities(conn, [who]).get(who, {})
        about = [one for one in page.topics if one.class_name in LEAVABLE]
        matters = [(who, one.code, over) for one in about if one.class_name == MARKETING for over in Channel]
        complained = {over for _who, _topic, over in unheard(conn, page.face.program.id, matters)}
    said = {(one.topic, one.channel): one for one in standings if one.purpose is Purpose.ADVERTISING}
    spoken = {channel for (_topic, channel), one in said.items() if one.granted}
    has: dict[Channel, bool] = {Channel.EMAIL: "email" in identities, Channel.SMS: "phone" in identities}
    has |= {Channel.PUSH: DeviceKind.PUSH in seen, Channel.TELEGRAM: DeviceKind.TELEGRAM in seen}
    channels = [one.value for one in Channel if has.get(one) or one in spoken]
    about.sort(key=lambda one: (one.class_name != MARKETING, one.code))
    paused = wish.paused_until if wish.paused_until and wish.paused_until > now else None
    context = {
        "channels": channels,
        "matrix": [
            (topics.name(one, page.language), one, [said.get((one.code, channel)) for channel in channels])
            for one in about
        ],
        "others": [one for one in standings if one.purpose is not Purpose.ADVERTISING],
        "history": [
            (row, page.topic_names.get(row.topic, row.topic), channels) for row, channels in heard(history[:PAGE])
        ],
        "wish": wish,
        "paused": paused,
        "complained": [one.value for one in Channel if one in complained],
        "identities": [(kind, one) for kind, one in identities.items() if kind in {"phone", "email"}],
        "writes": writes,
        "heard": HEARD,
        "first": before is None,
        "older": older(history[PAGE - 1].at, history[PAGE - 1].id) if len(history) > PAGE else None,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "console/consents/member.html", page.context("consents") | context, status=status)


def _stop(request: HttpRequest, page: MemberPage, channel: str, method: str) -> None:
    by = actor(request)
    scope = Scope() if channel == EVERYWHERE else Scope(channels=[channel])
    proof = Proof(surface="console", actor=f"{by.kind}:{by.id}", country=page.face.program.country)
    program, now = page.face.program.id, page.face.now
    stopping.stop(page.conn, program, page.member.id, scope, method=method, proof=proof, now=now)
    audit.record(page.conn, program, by, "consent.stop", ("member", page.member.id), now=now, detail=channel)
