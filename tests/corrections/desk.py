"""A shop with members and staff, and short words for what its corrections do."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
import psycopg

from tests.builders import NOW, Shop, make_shop
from verno.corrections import service
from verno.corrections.naming import fingerprint
from verno.corrections.types import (
    Adjustment,
    Asked,
    By,
    ByKind,
    Decision,
    Done,
    Kind,
    Merged,
    MergeOutcome,
    NewMerge,
    Outcome,
    Refusal,
    Refused,
    Reinstatement,
    Transfer,
)
from verno.intake.types import MemberRef
from verno.kit.ids import new_id
from verno.ledger import queries as ledger
from verno.ledger import service as books
from verno.ledger.types import Balance, Earn, Entry, Hold, Operation, Posted
from verno.members import queries as members
from verno.members import service as people
from verno.members.types import Created, NewMember
from verno.verify import service as verify
from verno.workspace import settings

KEY = By(ByKind.KEY, "01890a5d-ac96-7bbb-8bbb-000000000001")


@dataclass
class Desk:
    """One program's corrections, on one connection."""

    conn: psycopg.Connection
    shop: Shop
    count: int = 0
    staff_ids: dict[str, str] = field(default_factory=dict)

    @property
    def program_id(self) -> str:
        """The program."""
        return self.shop.program.id

    def next(self) -> str:
        """Return a fresh key."""
        self.count += 1
        return f"k-{self.count}"

    def set(self, key: str, value: object, scope: str | None = None) -> None:
        """Set what an owner may set."""
        done = settings.write(self.conn, self.program_id, key, value, scope=scope, now=NOW)
        assert isinstance(done, settings.Value), done

    def join(self, name: str, **given: object) -> str:
        """Make a member."""
        made = people.upsert(self.conn, self.shop.program, [NewMember(name, **given)], now=NOW)[0]  # type: ignore[arg-type]
        assert isinstance(made, Created), made
        return made.member_id

    def hire(self, name: str) -> By:
        """Make somebody of the staff."""
        id_ = new_id(now=NOW)
        self.conn.execute(
            "INSERT INTO workspace_staff (id, program_id, email, name, role, locale, is_active, password, created_at)"
            " VALUES (%s, %s, %s, %s, 'support', 'en', true, '!', %s)",
            (id_, self.program_id, f"{name}@example.com", name, NOW),
        )
        self.staff_ids[name] = id_
        return By(ByKind.STAFF, id_)

    def post(self, holder: str, *entries: Entry, now: datetime = NOW) -> Posted:
        """Post to the ledger, as a receipt would."""
        operation = Operation(f"receipt/{self.next()}", new_id(now=now), holder, "00", entries)
        done = books.post(self.conn, self.program_id, [operation], now=now)[0]
        assert isinstance(done, Posted), done
        return done

    def earn(
        self, holder: str, points: int, *, days: int | None = None, ends: datetime | None = None, at: datetime = NOW
    ) -> None:
        """Give points that end after some days from ``at``, or at a moment."""
        end = ends if days is None else at + timedelta(days=days)
        self.post(holder, Earn(holder, self.shop.unit.id, points, at, expires_at=end), now=at)

    def hold(self, holder: str, points: int, *, seconds: int = 600) -> None:
        """Set points aside."""
        until = NOW + timedelta(seconds=seconds)
        self.post(holder, Hold(holder, self.shop.unit.id, points, NOW, until))

    def balance(self, holder: str, now: datetime = NOW) -> Balance:
        """Return what a member has of the shop's unit."""
        found = ledger.balances(self.conn, [holder], now=now).get(holder, [])
        return next((one for one in found if one.unit_id == self.shop.unit.id), Balance(self.shop.unit.id))

    def ends(self, holder: str, now: datetime = NOW) -> dict[datetime, int]:
        """Return when a member's points end."""
        return {one.expires_at: one.points for one in ledger.expiring(self.conn, holder, now=now)}

    def asked(self, holder: str, body: object, kind: Kind, *, key: str | None = None, by: By = KEY) -> Asked[object]:
        """Return a correction as a door asks it."""
        assert isinstance(body, msgspec.Struct)
        to = self.named(body.to) if isinstance(body, Transfer) else None
        return Asked(holder, body, key or self.next(), fingerprint(kind, holder, body), by, to)

    def named(self, ref: MemberRef) -> str:
        """Return the member of an external id."""
        key = ("external_id", ref.external_id or "")
        return members.find_holders(self.conn, self.program_id, [key])[key]

    def named_as(self, external_id: str) -> str:
        """Return the member of an external id."""
        return self.named(MemberRef(external_id=external_id))

    def adjust(
        self,
        holder: str,
        points: int,
        reason: str = "goodwill",
        *,
        by: By = KEY,
        key: str | None = None,
        **more: object,
    ) -> Outcome:
        """Give or take."""
        body = Adjustment(str(more.pop("unit", "points")), points, reason, **more)  # type: ignore[arg-type]
        asked = self.asked(holder, body, Kind.ADJUSTMENT, key=key, by=by)
        return service.adjust(self.conn, self.shop.program, [asked], now=NOW)[0]  # type: ignore[list-item]

    def decide(self, id_: str, by: By, *, agreed: bool = True) -> Outcome:
        """Say yes or no."""
        return service.decide(self.conn, self.shop.program, [Decision(id_, agreed, by)], now=NOW)[0]

    def transfer(self, holder: str, to: str, points: int, *, key: str | None = None, now: datetime = NOW) -> Outcome:
        """Send points to the member of an external id."""
        body = Transfer(MemberRef(external_id=to), "points", points)
        asked = self.asked(holder, body, Kind.TRANSFER, key=key)
        return service.transfer(self.conn, self.shop.program, [asked], now=now)[0]  # type: ignore[list-item]

    def reinstate(self, holder: str, *, now: datetime = NOW, by: By = KEY) -> Outcome:
        """Give again."""
        asked = self.asked(holder, Reinstatement("points"), Kind.REINSTATEMENT, by=by)
        return service.reinstate(self.conn, self.shop.program, [asked], now=now)[0]  # type: ignore[list-item]

    def merge(self, holder: str, into: str, *, now: datetime = NOW) -> MergeOutcome:
        """Make one of two."""
        return service.merge(self.conn, self.shop.program, [NewMerge(holder, into, KEY)], now=now)[0]

    def events(self) -> list[str]:
        """Return the types of the events written so far, but those of receipts."""
        rows = self.conn.execute(
            "SELECT type FROM kit_event WHERE program_id = %s AND type NOT LIKE 'receipt%%' ORDER BY id",
            (self.program_id,),
        )
        return [row[0] for row in rows.fetchall()]

    def check(self) -> None:
        """Have the independent checker look at the books."""
        report = verify.run(self.conn)
        assert report.ok, report.problems


def open_desk(conn: psycopg.Connection, **shop: object) -> Desk:
    """Make a shop whose members are called as a test likes."""
    return Desk(conn, make_shop(conn, **shop))  # type: ignore[arg-type]


def done(outcome: object) -> Done:
    """Return what was done."""
    assert isinstance(outcome, Done), outcome
    return outcome


def merged(outcome: MergeOutcome) -> Merged:
    """Return what was merged."""
    assert isinstance(outcome, Merged), outcome
    return outcome


def refused(outcome: object) -> Refusal:
    """Return why not."""
    assert isinstance(outcome, Refused), outcome
    return outcome.reason
