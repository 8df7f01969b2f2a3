"""One block under the pen: a letter's MJML with its editor, or the few words of a text, a push, a messenger."""

import json

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from verno.console import words
from verno.console.letters import naming_tags
from verno.console.letters.desk import Desk, block_of, channel_of, open_desk, refused, writes
from verno.console.letters.forms import BlockForm
from verno.members.types import Channel
from verno.messaging.layouts import brand
from verno.messaging.letters.wording import LANGUAGES, Language
from verno.messaging.templates.types import Block, Template

EDITOR_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: https:; "
    "font-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""GrapesJS writes styles and elements from text, so this page alone does without trusted types. Its scripts are still
this server's alone, none is written into the page, and personal data are not shown on it."""


@require_http_methods(["GET", "HEAD", "POST"])
def write(request: HttpRequest, code: str, channel: str, language: str) -> HttpResponse:
    """Show a block with its editor; who may write templates saves it, or takes it out."""
    on = channel_of(channel)
    if language not in LANGUAGES:
        raise Http404
    if request.method == "POST" and not writes(request):
        return refused(request)
    with open_desk(request, code) as desk:
        template = desk.one.template
        block = block_of(template, on, language)
        form = BlockForm(
            request.POST if request.method == "POST" else None, initial=msgspec.structs.asdict(block), channel=on
        )
        wrong = ""
        if form.is_bound and form.is_valid():
            wrong = _save(desk, on, language, form) or ""
            if not wrong:
                return redirect(request.path)
        context = desk.context() | {
            "channel": on,
            "language": language,
            "form": form,
            "wrong": wrong,
            "problems": _problems(desk, on, language),
            "tags": naming_tags.tags(desk, on),
            "is_letter": on is Channel.EMAIL,
            "has": block != Block(),
            "look": json.dumps(brand.brand(desk.conn, desk.program_id)),
            "editor_words": json.dumps(_words(), ensure_ascii=False),
        }
    answer = render(request, "console/letters/write.html", context, status=422 if form.is_bound else 200)
    if on is Channel.EMAIL:
        answer.headers["Content-Security-Policy"] = EDITOR_POLICY
    return answer


def _save(desk: Desk, channel: Channel, language: Language, form: BlockForm) -> str | None:
    gone = desk.request.POST.get("do") == "remove"
    return desk.save(with_block(desk.one.template, channel, language, None if gone else form.block()))


def with_block(template: Template, channel: Channel, language: Language, block: Block | None) -> Template:
    """Return a template that says something else on one channel in one language; nothing there for None."""
    blocks = {key: dict(some) for key, some in template.blocks.items()}
    there = blocks.setdefault(channel, {})
    if block is None or block == Block():
        there.pop(language, None)
    else:
        there[language] = block
    return msgspec.structs.replace(template, blocks={key: some for key, some in blocks.items() if some})


def _problems(desk: Desk, channel: Channel, language: Language) -> list[object]:
    return [one for one in desk.problems() if one.channel == channel and one.locale in {language, ""}]


def _words() -> dict[str, str]:
    """Return what the editor says."""
    return {
        "picture": _("Picture editor"),
        "source": _("As MJML"),
        "desk": _("Desk"),
        "phone": _("Phone"),
        "undo": _("Undo"),
        "redo": _("Redo"),
        "add": _("Add"),
        "text": words.say("letter_part", "text"),
        "button": words.say("letter_part", "button"),
        "image": words.say("letter_part", "image"),
        "divider": words.say("letter_part", "divider"),
        "spacer": words.say("letter_part", "spacer"),
        "section": words.say("letter_part", "section"),
        "columns": words.say("letter_part", "columns"),
        "table": words.say("letter_part", "table"),
        "tag": words.say("letter_part", "tag"),
        "parts": _("Parts of the letter"),
        "chosen": _("Chosen part"),
        "up": _("Move up"),
        "down": _("Move down"),
        "copy": _("Copy it"),
        "remove": _("Remove it"),
        "none": _("Choose a part in the letter or in the list."),
        "broken": _("This source cannot be opened in the picture editor. Mend it here; saving says what is wrong."),
        "link": _("Link"),
        "address": _("Picture's address"),
        "alt": _("Words in place of the picture"),
        "height": _("Height"),
        "align": _("Alignment"),
        "colour": _("Colour"),
        "background": _("Background"),
        "size": _("Size of letters"),
        "padding": _("Space around"),
        "new_text": _("Your words"),
        "characters": _("characters"),
        "segments": _("segments"),
    }
