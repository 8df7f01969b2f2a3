"""A template as its readers see it: as a chosen member, in every channel and both languages, and as a test."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_safe

from verno.console import words
from verno.console.face import actor, note_reading, sees_personal
from verno.console.letters.desk import CHANNELS, SAID, Desk, channel_of, open_desk, refused, samples, writes
from verno.console.letters.forms import TRIED, TestForm
from verno.kit.errors import Unavailable
from verno.members import queries as members
from verno.members.types import Channel, Member
from verno.messaging.letters.wording import LANGUAGES, Language
from verno.messaging.templates import trying
from verno.messaging.templates.previewing import preview
from verno.messaging.templates.types import Broken, Refused, Rendered, Sent, Template

FRAME_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox"
)
"""A letter may style itself and show the pictures it would show its readers, and do nothing else."""
NO_PICTURES = FRAME_POLICY.replace("img-src https: data:", "img-src 'none'")
"""As most mailboxes show it first."""
SIZES = ("desk", "phone")


@require_http_methods(["GET", "HEAD", "POST"])
def seen(request: HttpRequest, code: str) -> HttpResponse:
    """Show one channel in both languages side by side; find a member; send a test."""
    test: TestForm | None = None
    if request.POST.get("do") == "test":
        with open_desk(request, code) as desk:
            channel = _channel(request, desk)
        test = TestForm(request.POST, auto_id="test-%s", channel=channel)
        if test.is_valid() and _tried(request, code, channel, test):
            return redirect(request.get_full_path())
    with open_desk(request, code) as desk:
        channel = _channel(request, desk)
        if test is None:
            test = TestForm(None, auto_id="test-%s", channel=channel)
        text = request.POST.get("q", "").strip()
        people = _people(desk, text) if text and sees_personal(request) else []
        if len(people) == 1:
            return redirect(f"{request.path}?channel={channel.value}&member={people[0].id}")
        if test.is_bound and not desk.changes:
            return refused(request)
        member = _member(desk)
        context = desk.context() | {
            "channel": channel,
            "has": [one for one in CHANNELS if one in desk.one.template.blocks],
            "sides": [(language, _look(desk, channel, language, member)) for language in LANGUAGES],
            "member": member,
            "personal": sees_personal(request),
            "text": text,
            "people": people,
            "test": test,
            "tries": channel in TRIED,
            "phone": request.GET.get("size") == "phone",
            "pictures": request.GET.get("pictures") != "off",
            "query": _query(request, channel, member),
        }
    wrong = (test.is_bound) or (text and not people)
    return render(request, "console/letters/preview.html", context, status=422 if wrong else 200)


@require_safe
@xframe_options_sameorigin
def frame(request: HttpRequest, code: str, language: str) -> HttpResponse:
    """Show a letter for a sandboxed frame; with ``?member=``, as that member would get it."""
    if language not in LANGUAGES:
        raise Http404
    with open_desk(request, code) as desk:
        member = _member(desk)
        look = _look(desk, Channel.EMAIL, language, member)
    html = look.html if isinstance(look, Rendered) else ""
    policy = NO_PICTURES if request.GET.get("pictures") == "off" else FRAME_POLICY
    return HttpResponse(html, headers={"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"})


def _channel(request: HttpRequest, desk: Desk) -> Channel:
    there = [one for one in CHANNELS if one in desk.one.template.blocks]
    return channel_of(request.GET.get("channel", there[0].value if there else Channel.EMAIL.value))


def letter(desk: Desk, template: Template, language: Language) -> str:
    """Return a letter's HTML for somebody made up; nothing where it cannot be rendered at the moment."""
    look = _rendered(desk, template, Channel.EMAIL, language, None)
    return look.html if isinstance(look, Rendered) else ""


def _look(desk: Desk, channel: Channel, language: Language, member: Member | None) -> Rendered | Broken | None:
    template = desk.one.template
    there = language in template.blocks.get(channel, {})
    return _rendered(desk, template, channel, language, member) if there else None


def _rendered(
    desk: Desk, template: Template, channel: Channel, language: Language, member: Member | None
) -> Rendered | Broken:
    figures = samples(template, language)
    holder = member.id if member else None
    try:
        return preview(
            desk.conn, desk.program_id, template, holder, channel, language, now=desk.face.now, context=figures
        )
    except Unavailable:
        return Broken(words.say("template_refusal", "unavailable"))


def _people(desk: Desk, text: str) -> list[Member]:
    return members.search(desk.conn, desk.program_id, text)


def _member(desk: Desk) -> Member | None:
    """Return whom the address names; whoever may not read personal data sees somebody made up."""
    asked = desk.request.GET.get("member", "")
    if not asked or not sees_personal(desk.request):
        return None
    try:
        id_ = str(UUID(asked))
    except ValueError:
        raise Http404 from None
    member = members.members(desk.conn, desk.program_id, [id_]).get(id_)
    if member is None:
        raise Http404
    note_reading(desk.request, desk.conn, desk.program_id, [member])
    return member


def _tried(request: HttpRequest, code: str, channel: Channel, form: TestForm) -> bool:
    """Send a test, with no transaction open while its provider thinks; tell whether it left."""
    if not writes(request):
        return False
    address = form.cleaned_data["address"].strip()
    language: Language = form.cleaned_data["language"]
    try:
        with open_desk(request, code) as desk:
            template, now = desk.one.template, desk.face.now
            where, context = (channel.value, language), samples(template, language)
            asked = (desk.conn, desk.program_id, template, where, address)
            trial = trying.ready(*asked, by=actor(request), now=now, context=context)
        done = trial if isinstance(trial, Refused) else trying.send(trial, now=now)
    except Unavailable:
        form.add_error(None, words.say("template_refusal", "unavailable"))
        return False
    if isinstance(done, Sent):
        request.session[SAID] = _("The test has left. The provider answered: %(text)s") % {"text": done.response}
        return True
    said = words.say("template_refusal", done.reason)
    form.add_error("address" if done.reason == "bad-address" else None, f"{said} {done.detail}".strip())
    return False


def _query(request: HttpRequest, channel: Channel, member: Member | None) -> dict[str, str]:
    """Return addresses of this page with one thing changed, by what is changed."""
    kept = {"channel": channel.value}
    if member is not None:
        kept["member"] = member.id
    for name in ("size", "pictures"):
        if request.GET.get(name):
            kept[name] = request.GET[name]

    def changed(**new: str) -> str:
        return "?" + "&".join(f"{name}={value}" for name, value in (kept | new).items() if value)

    nobody = {name: value for name, value in kept.items() if name != "member"}
    return {
        "desk": changed(size=""),
        "phone": changed(size="phone"),
        "pictures": changed(pictures=""),
        "no_pictures": changed(pictures="off"),
        "nobody": "?" + "&".join(f"{name}={value}" for name, value in nobody.items()),
        "keeping": "".join(f"&{name}={value}" for name, value in kept.items() if name != "channel"),
        "frame": "?" + "&".join(f"{name}={value}" for name, value in kept.items() if name in {"member", "pictures"}),
        "here": reverse("console:template", args=[request.resolver_match.kwargs["code"]])
        if request.resolver_match
        else "",
    }
