"""Doors to what an owner may set."""

from typing import cast

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Router

from verno.api import shapes
from verno.api.access import allows_place
from verno.api.doors import JSON, Bearer, answer, caller, receive, writing
from verno.kit import db
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.promotions import worth
from verno.web import problems, wire
from verno.web.problems import Refused
from verno.workspace import queries, registry, settings
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.registry import Level
from verno.workspace.settings import NotSet, Value
from verno.workspace.types import Key, Scope

router = Router(tags=["settings"])


class Setting(msgspec.Struct, frozen=True, omit_defaults=True):
    """A setting as it stands: as JSON, as the command line writes it, the scope it comes from, what it may be."""

    key: str
    value: object
    origin: str
    text: str
    allowed: str
    warning: str | None = None


ENTRIES = {"type": "object", "additionalProperties": {"$ref": shapes.REF.format(name=Setting.__name__)}}
CHANGES = {
    "type": "object",
    "properties": {one.key: {"description": f"{one.meaning}: {one.kind.allowed}"} for one in registry.ALL},
    "additionalProperties": False,
}


def described(*, takes: object = None) -> dict[str, object]:
    """Return a door's part of the description; its answer has one entry a key, which no record can say."""
    out = shapes.describe(gives={200: Setting})
    answers = cast("dict[object, dict[str, object]]", out["responses"])
    answers[200]["content"] = {JSON: {"schema": ENTRIES}}
    if takes is not None:
        out["requestBody"] = {"required": True, "content": {JSON: {"schema": takes}}}
    return out


@router.get(
    "/settings",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="What is set, and where each value comes from",
    openapi_extra=described(),
)
def read(request: HttpRequest, scope: str | None = None) -> HttpResponse:
    """Read all settings, or with ``scope`` those that may be set there, as they hold there."""
    program_id = caller(request).program_id
    with db.transaction(program_id) as conn:
        found = settings.all_values(conn, program_id, scope=scope)
    if isinstance(found, NotSet):
        raise Refused(_problem([found]))
    return answer({one.key: _setting(one) for one in found})


@router.patch(
    "/settings",
    auth=Bearer(Scope.SETTINGS_WRITE),
    summary="Set values",
    openapi_extra=described(takes=CHANGES),
)
def change(request: HttpRequest, scope: str | None = None) -> HttpResponse:
    """Set all of the values, or none of them; answers with what they are now."""
    key = caller(request)
    values = wire.convert(receive(request), dict[str, object])
    if key.places and not _is_own(key, scope):
        raise Refused(problems.foreign_place())
    by = Actor(ActorKind.KEY, key.id)
    now = clock.now()

    def work(conn: Connection) -> list[Setting]:
        written = settings.write_all(conn, key.program_id, values, scope=scope, now=now, by=by)
        wrong = [one for one in written if isinstance(one, NotSet)]
        if wrong:
            raise Refused(_problem(wrong))
        return [_setting(one, _warning(conn, key, one)) for one in written if isinstance(one, Value)]

    return answer({one.key: one for one in writing(key.program_id, work)})


def _is_own(key: Key, scope: str | None) -> bool:
    """Tell whether a key that is bound to stores sets something for one of them, or for a till of one."""
    level, _, code = (scope or "").partition("=")
    return level in {Level.PLACE, Level.TILL} and allows_place(key, code.partition("~")[0])


def _warning(conn: Connection, key: Key, value: Value) -> str | None:
    if value.key != registry.SPEND_VALUE.key:
        return None
    for unit in queries.units(conn, key.program_id):
        percent = worth.too_generous(conn, key.program_id, unit, unit.spend_value, now=clock.now())
        if value.origin == f"unit={unit.code}" and percent is not None:
            return f"a point pays {percent} % of the spending that earns it, more than {worth.MOST_PERCENT} %"
    return None


def _setting(value: Value, warning: str | None = None) -> Setting:
    allowed = registry.REGISTRY[value.key].kind.allowed
    return Setting(value.key, value.value, value.origin, value.text, allowed, warning)


def _problem(wrong: list[NotSet]) -> problems.Problem:
    return problems.invalid([(one.field, one.reason) for one in wrong])
