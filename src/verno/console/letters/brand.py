"""How letters look, and what they say of who sends them; with a letter that shows it."""

from collections.abc import Mapping

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_safe

from verno.console.face import actor, signed_in
from verno.console.letters.desk import Desk, open_desk, refused
from verno.console.letters.seeing import FRAME_POLICY, letter
from verno.console.settings import words as settings_words
from verno.console.settings.form import SettingForm
from verno.kit import localtime
from verno.messaging.law import packs
from verno.messaging.layouts import brand as kit
from verno.messaging.layouts import gallery
from verno.messaging.letters import wording
from verno.workspace import registry, settings
from verno.workspace.registry import Definition
from verno.workspace.roles import Permission, may

EXAMPLE = "statement"
SAID = "said-brand"


@require_http_methods(["GET", "HEAD", "POST"])
def brand(request: HttpRequest) -> HttpResponse:
    """Show the brand; who may change settings saves it as a whole."""
    changes = may(signed_in(request), Permission.SETTINGS_WRITE)
    if request.method == "POST" and not changes:
        return refused(request)
    with open_desk(request) as desk:
        book = settings.load(desk.conn, desk.program_id)
        rules = packs.pack(book.value(registry.MESSAGES_COUNTRY)).on(
            localtime.business_date(desk.face.now, desk.face.zone)
        )
        forms = [_form(desk, one, request.POST if request.method == "POST" else None) for one in _definitions()]
        wrong = [form for form in forms if not form.is_valid()]
        if request.method == "POST" and not wrong:
            said = {form.definition.key: form.said for form in forms}
            settings.write_all(desk.conn, desk.program_id, said, now=desk.face.now, by=actor(request), in_words=True)
            request.session[SAID] = _("Saved. Letters look so from now on.")
            return redirect("console:brand")
        look = kit.of(book)
        context = {
            "face": desk.face,
            "changes": changes,
            "lines": [(form, *settings_words.NAMES[form.definition.key]) for form in forms],
            "missing": kit.missing(look, rules),
            "country": book.value(registry.MESSAGES_COUNTRY),
            "look": look,
            "said": request.session.pop(SAID, ""),
        }
    return render(request, "console/letters/brand.html", context, status=422 if request.method == "POST" else 200)


@require_safe
@xframe_options_sameorigin
def example(request: HttpRequest) -> HttpResponse:
    """Show a letter as the brand makes it look, for a sandboxed frame."""
    with open_desk(request) as desk:
        language = wording.language(desk.face.locale)
        layout = gallery.layout(EXAMPLE)
        if layout is None:
            raise Http404
        html = letter(desk, layout.template(EXAMPLE, EXAMPLE, "", desk.face.units[0].code), language)
    return HttpResponse(html, headers={"Content-Security-Policy": FRAME_POLICY, "Referrer-Policy": "no-referrer"})


def _definitions() -> list[Definition[object]]:
    return [one for one in registry.ALL if one.key.startswith("brand.")]


def _form(desk: Desk, definition: Definition[object], sent: Mapping[str, object] | None) -> SettingForm:
    book = settings.load(desk.conn, desk.program_id)
    value = definition.of(book.show(definition, settings.PROGRAM).value)
    return SettingForm(
        sent, face=desk.face, definition=definition, unit=None, value=value, prefix=definition.key.replace(".", "-")
    )
