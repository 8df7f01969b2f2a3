"""The templates there are, and a new one from a layout."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_safe

from verno.console.letters.desk import Desk, found, open_desk, refused, writes
from verno.console.letters.forms import NewForm, topic_choices
from verno.console.letters.seeing import FRAME_POLICY, letter
from verno.console.telling import topics
from verno.members import queries as members
from verno.messaging.layouts import gallery
from verno.messaging.letters import wording
from verno.messaging.templates import queries
from verno.messaging.templates.types import Template
from verno.messaging.types import MessageClass


@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """Show all templates, those in use first."""
    with open_desk(request) as desk:
        stored = sorted(queries.templates(desk.conn, desk.program_id), key=lambda one: one.retired_at is not None)
        called = topics.names(desk.conn, desk.face)
        context = {"face": desk.face, "templates": stored, "changes": desk.changes, "topics": called}
    return render(request, "console/letters/templates.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Show the layouts; with ``?layout=``, ask for a name and a topic, and store the draft."""
    if request.method == "POST" and not writes(request):
        return refused(request)
    with open_desk(request) as desk:
        chosen = (request.POST if request.method == "POST" else request.GET).get("layout")
        layout = gallery.layout(chosen) if chosen else None
        if chosen and layout is None:
            raise Http404
        fitting = [
            one
            for one in members.topics(desk.conn, desk.program_id)
            if layout is None or one.class_name == layout.class_name
        ]
        language = wording.language(desk.face.locale)
        initial = {}
        if layout is not None:
            wanted = {"topic": layout.topic} if layout.topic else {}
            initial = {"layout": layout.code, "code": layout.code, "name": layout.words[language].name} | wanted
        offered = topic_choices(fitting, desk.face.locale)
        form = NewForm(request.POST if request.method == "POST" else None, initial=initial, topics=offered)
        if form.is_bound and form.is_valid() and _begin(desk, form):
            return redirect("console:template", form.cleaned_data["code"])
        context = {
            "face": desk.face,
            "changes": desk.changes,
            "layouts": [(one, one.words[language]) for one in gallery.layouts()],
            "layout": layout,
            "words": layout.words[language] if layout else None,
            "asks": layout is not None or "blank" in request.GET or form.is_bound,
            "topics": fitting,
            "form": form,
        }
    return render(request, "console/letters/new.html", context, status=422 if form.is_bound else 200)


@require_safe
@xframe_options_sameorigin
def layout(request: HttpRequest, code: str) -> HttpResponse:
    """Show a layout's letter in the reader's language, for a sandboxed frame."""
    one = gallery.layout(code)
    if one is None:
        raise Http404
    with open_desk(request) as desk:
        language = wording.language(desk.face.locale)
        html = letter(desk, one.template(code, code, "", desk.face.units[0].code), language)
    return HttpResponse(html, headers={"Content-Security-Policy": FRAME_POLICY})


def _begin(desk: Desk, form: NewForm) -> bool:
    """Store the draft; tell whether it is done."""
    data = form.cleaned_data
    if found(desk.conn, desk.program_id, data["code"]) is not None:
        form.add_error("code", _("There is a template with this code."))
        return False
    begun = gallery.layout(data["layout"]) if data["layout"] else None
    if begun is not None:
        template = begun.template(data["code"], data["name"], data["topic"], desk.face.units[0].code)
    else:
        classes = {one.code: one.class_name for one in members.topics(desk.conn, desk.program_id)}
        template = Template(
            code=data["code"], name=data["name"], class_name=MessageClass(classes[data["topic"]]), topic=data["topic"]
        )
    wrong = desk.save(template)
    if wrong:
        form.add_error(None, wrong)
    return not wrong
