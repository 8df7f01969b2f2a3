"""What every page knows: the program, its units, its zone, and the language it is written in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from ipaddress import ip_address
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, format_percent
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

from verno.kit import db, localtime
from verno.kit.clock import clock
from verno.kit.db import Connection
from verno.kit.errors import BrokenInvariant
from verno.kit.money import currency_digits, format_scaled
from verno.members import masking
from verno.members.types import Member
from verno.workspace import audit
from verno.workspace import queries as workspace
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.models import Staff
from verno.workspace.roles import Permission, may
from verno.workspace.types import Program, Unit

MINUS = "\u2212"


@dataclass(frozen=True)
class Face:
    """Writes figures and dates as the reader expects them."""

    program: Program
    units: tuple[Unit, ...]
    locale: str
    now: datetime

    @property
    def zone(self) -> ZoneInfo:
        """The program's zone: one clock for all pages."""
        return localtime.zone(self.program.timezone)

    def unit(self, name: str) -> Unit:
        """Return a unit by its id or its code."""
        return next(unit for unit in self.units if name in (unit.id, unit.code))

    def points(self, value: int, unit: str, *, signed: bool = False) -> str:
        """Write points of a unit (id or code)."""
        text = format_scaled(abs(value), self.unit(unit).scale, self.locale)
        return _sign(value, signed=signed) + text

    def money(self, amount: int) -> str:
        """Write minor units with the currency's sign. Exact: the decimal is moved, nothing is divided."""
        value = Decimal(abs(amount)).scaleb(-currency_digits(self.program.currency))
        return _sign(amount) + format_currency(value, self.program.currency, locale=self.locale)

    def number(self, value: int | Decimal) -> str:
        """Write a count or a quantity."""
        return format_decimal(value, locale=self.locale)

    def percent(self, permille: int) -> str:
        """Write a share given in thousandths."""
        return format_percent(Decimal(permille) / 1000, locale=self.locale, decimal_quantization=False)

    def percent_of(self, share: int) -> str:
        """Write a share given in hundredths of a per cent."""
        return format_percent(Decimal(share) / 10_000, locale=self.locale, decimal_quantization=False)

    def moment(self, at: datetime) -> str:
        """Write date and time in the program's zone."""
        return format_datetime(at.astimezone(self.zone), "d MMM y, HH:mm", locale=self.locale)

    def day(self, at: datetime | date) -> str:
        """Write a date; a moment as the local date it falls on."""
        day = at.astimezone(self.zone).date() if isinstance(at, datetime) else at
        return format_date(day, "d MMM y", locale=self.locale)

    def month(self, day: date) -> str:
        """Write a month as a heading of a column: ``Nov 2026``."""
        return format_date(day, "LLL y", locale=self.locale)

    def month_in_full(self, day: date) -> str:
        """Write a month in a sentence: ``November 2026``."""
        return format_date(day, "LLLL y", locale=self.locale)


def signed_in(request: HttpRequest) -> Staff:
    """Return who asks; the middleware lets nobody else through."""
    if not isinstance(request.user, Staff):
        message = "a page of the console was reached without a sign-in"
        raise BrokenInvariant(message)
    return request.user


def actor(request: HttpRequest) -> Actor:
    """Return who asks, as the audit knows them."""
    return Actor(ActorKind.STAFF, str(signed_in(request).pk), address_of(request))


def address_of(request: HttpRequest) -> str | None:
    """Return the network address a request came from: behind our own proxy (TLS) the one that the proxy saw."""
    address = request.META.get("REMOTE_ADDR", "")
    if settings.SECURE_PROXY_SSL_HEADER:
        address = request.META.get("HTTP_X_FORWARDED_FOR", address).rpartition(",")[2].strip()
    try:
        return str(ip_address(address))
    except ValueError:
        return None


def sees_personal(request: HttpRequest) -> bool:
    """Tell whether the person may see names and contacts in full."""
    return may(signed_in(request), Permission.PERSONAL_READ)


def note_reading(request: HttpRequest, conn: Connection, program_id: str, shown: Iterable[Member]) -> None:
    """Have the audit know whose personal data a page shows in full; the members as they are stored."""
    if sees_personal(request):
        ids = [member.id for member in shown if masking.has_personal(member)]
        page = request.resolver_match.url_name if request.resolver_match else None
        audit.record_reading(conn, program_id, actor(request), ids, now=clock.now(), detail=page or "page")


def face_of(request: HttpRequest, conn: Connection, now: datetime) -> Face:
    """Return the face of the signed-in person's program, and enter it."""
    db.enter(conn, str(signed_in(request).program_id))
    program = workspace.program(conn, str(signed_in(request).program_id))
    return Face(program, tuple(workspace.units(conn, program.id)), get_language() or "en", now)


def _sign(value: int, *, signed: bool = False) -> str:
    if value < 0:
        return MINUS
    return "+" if signed and value else ""
