"""What an owner may set: for the program, for one kind of points, for one store; and new kinds of points.

Regions and tills have the command line and the API.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from verno.console import words
from verno.console.face import Face, actor, face_of, signed_in
from verno.console.settings import words as settings_words
from verno.console.settings.form import SettingForm, UnitForm
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.promotions import worth
from verno.workspace import queries as workspace
from verno.workspace import registry, service, settings
from verno.workspace.registry import Definition, Level
from verno.workspace.roles import Permission, may
from verno.workspace.settings import PROGRAM, Book, NotSet
from verno.workspace.types import NewUnit, UnitRefusal


@dataclass(frozen=True)
class Line:
    """One setting as the page shows it."""

    key: str
    name: Promise
    hint: Promise
    told: str
    origin: str
    own: bool
    elsewhere: list[str]
    form: SettingForm
    generous: int | None = None


@require_http_methods(["GET", "HEAD", "POST"])
def settings_page(request: HttpRequest) -> HttpResponse:
    """Show the settings of a scope; who may change settings sets one, or adds a kind of points."""
    changes = may(signed_in(request), Permission.SETTINGS_WRITE)
    if request.method == "POST" and not changes:
        return render(request, "403.html", {"way_on": True}, status=403)
    with db.transaction() as conn:
        face = face_of(request, conn, clock.now())
        desk = _Desk(request, conn, face)
        sent = request.POST if request.method == "POST" else QueryDict()
        unit_form = UnitForm(sent if sent.get("do") == "add-unit" else None)
        done = desk.add_unit(unit_form) if unit_form.is_bound else desk.change(sent)
        if done is not None:
            return redirect(done)
        context = desk.context() | {"changes": changes, "unit_form": unit_form}
    return render(request, "console/settings.html", context, status=422 if sent else 200)


class _Desk:
    """The settings of one scope, while one request looks at them or changes one."""

    def __init__(self, request: HttpRequest, conn: Connection, face: Face) -> None:
        """Find the scope that the address names; raises ``Http404`` for one that is not there."""
        self.request = request
        self.conn = conn
        self.face = face
        self.stores = {store.code: store.name for store in workspace.stores(conn, face.program.id)}
        self.scope = request.GET.get("scope", PROGRAM)
        level, _separator, code = self.scope.partition("=")
        there = {str(Level.UNIT): [unit.code for unit in face.units], str(Level.PLACE): list(self.stores)}
        if self.scope != PROGRAM and code not in there.get(level, []):
            raise Http404
        self.unit = code if level == Level.UNIT else None
        # How letters look has a page of its own.
        self.definitions = {one.key: one for one in registry.ALL if level in one.levels and not is_brand(one)}
        self.typed: dict[str, SettingForm] = {}
        self.generous: dict[str, int] = {}

    def change(self, sent: QueryDict) -> str | None:
        """Set or take back the value that was sent; return where to go on, None when nothing was set."""
        if not sent:
            return None
        definition = self.definitions.get(sent.get("key", ""))
        if definition is None:
            raise Http404
        said = settings.RESET
        if sent.get("do") != "reset":
            form = self._form(definition, self._book(), sent)
            self.typed[definition.key] = form
            if not form.is_valid() or not self._is_meant(definition, form, sent):
                return None
            said = form.said
        result = settings.write_all(
            self.conn,
            self.face.program.id,
            {definition.key: said},
            scope=self.scope,
            now=self.face.now,
            by=actor(self.request),
            in_words=True,
        )
        if isinstance(result[0], NotSet):
            raise Http404  # the place or the unit has gone meanwhile
        return f"{_address(self.scope)}#{definition.key}"

    def add_unit(self, form: UnitForm) -> str | None:
        """Add a kind of points; return where to go on, None when it cannot be added."""
        if not form.is_valid():
            return None
        wanted = NewUnit(form.cleaned_data["code"], form.cleaned_data["scale"])
        (added,) = service.add_units(
            self.conn, self.face.program.id, [wanted], now=self.face.now, by=actor(self.request)
        )
        if isinstance(added, UnitRefusal):
            form.add_error("code", _unit_refusal(added))
            return None
        return _address(f"unit={added.code}")

    def context(self) -> dict[str, object]:
        """Return what the page shows."""
        book = self._book()
        units = [(f"unit={unit.code}", words.say("unit", unit.code)) for unit in self.face.units]
        stores = [(f"place={code}", name) for code, name in self.stores.items()]
        return {
            "face": self.face,
            "scope": self.scope,
            "tabs": [(PROGRAM, _("The whole program")), *units, *(one for one in stores if one[0] == self.scope)],
            "stores": stores,
            "lines": [self._line(one, book) for one in self.definitions.values()],
        }

    def _book(self) -> Book:
        return settings.load(self.conn, self.face.program.id)

    def _line(self, definition: Definition[object], book: Book) -> Line:
        key = definition.key
        shown = book.show(definition, self.scope)
        value = definition.of(shown.value)
        name, hint = settings_words.NAMES[key]
        others = [one for one in book.set_in(key) if one not in {self.scope, shown.origin}]
        return Line(
            key,
            name,
            hint,
            settings_words.tell(self.face, definition, value, self.unit),
            settings_words.scope(shown.origin, self.stores),
            shown.origin == self.scope,
            [settings_words.scope(one, self.stores) for one in others],
            self.typed.get(key) or self._form(definition, book, None),
            self.generous.get(key),
        )

    def _form(self, definition: Definition[object], book: Book, sent: Mapping[str, object] | None) -> SettingForm:
        value = definition.of(book.show(definition, self.scope).value)
        return SettingForm(sent, face=self.face, definition=definition, unit=self.unit, value=value)

    def _is_meant(self, definition: Definition[object], form: SettingForm, sent: QueryDict) -> bool:
        """Ask once more when a point would pay more than 20 % of the spending that earns it."""
        if definition.key != registry.SPEND_VALUE.key or self.unit is None:
            return True
        value = registry.SPEND_VALUE.kind.parse(form.said)
        if not isinstance(value, int) or sent.get("confirmed") == form.said:
            return True
        unit = self.face.unit(self.unit)
        percent = worth.too_generous(self.conn, self.face.program.id, unit, value, now=self.face.now)
        if percent is None:
            return True
        self.generous[definition.key] = percent
        return False


def is_brand(definition: Definition[object]) -> bool:
    """Tell whether a setting is of the brand, which has a page of its own."""
    return definition.key.startswith("brand.")


def _address(scope: str) -> str:
    return f"{reverse('console:settings')}?{urlencode({'scope': scope})}"


def _unit_refusal(reason: UnitRefusal) -> str:
    return {
        UnitRefusal.CODE_TAKEN: _("The program has this one already."),
        UnitRefusal.TOO_MANY: _("A program has up to 20 kinds of points."),
    }.get(reason, _("Small Latin letters, digits, - and _ only, a letter first."))
