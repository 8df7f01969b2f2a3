"""What a merge or its undoing would do is told truly, and nothing is done."""

from datetime import timedelta

import msgspec
import psycopg

from tests.builders import NOW
from tests.corrections.desk import KEY, Desk, merged, refused
from verno.corrections.previewing import Merging, Side, Undoing, preview_merge, preview_undo, sides
from verno.corrections.types import NewMerge, Refusal
from verno.ledger.types import Spend
from verno.members import service as people
from verno.members.types import Channel, NewBadge, NewConsent

DAY = timedelta(days=1)
LATER = NOW + timedelta(seconds=1)


def rows(conn: psycopg.Connection) -> dict[str, str]:
    """Return a digest of every table."""
    tables = conn.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        " AND has_table_privilege(quote_ident(table_name), 'SELECT')"
    ).fetchall()
    out = {}
    for (table,) in tables:
        row = conn.execute(f"SELECT md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) FROM {table} t")
        out[table] = row.fetchone()[0]  # type: ignore[index]
    return out


def unnamed(side: Side) -> Side:
    """Return a side whose lots have no ids: those are made anew each time."""
    lots = [msgspec.structs.replace(lot, id="", operation_id=None) for lot in side.lots]
    return msgspec.structs.replace(side, lots=lots)


def two(desk: Desk) -> tuple[str, str]:
    """Make two members who differ in everything."""
    topic = people.POINTS_STATEMENT
    no, yes = (NewConsent(topic, Channel.EMAIL, granted) for granted in (False, True))
    old = desk.join("old", phone="+79160000001", card="4000-0001", consents=[no])
    new = desk.join("new", locale="ru", phone="+79160000002", consents=[yes])
    desk.earn(old, 30, days=10)
    desk.earn(old, 20)
    desk.earn(new, 5, days=3)
    people.give_badges(desk.conn, desk.program_id, [NewBadge(old, "vip", None, "hand")], now=NOW)
    return old, new


def test_a_preview_is_what_the_merge_does_and_nothing_is_written(desk: Desk) -> None:
    old, new = two(desk)
    before = rows(desk.conn)
    told = preview_merge(desk.conn, desk.shop.program, NewMerge(old, new, KEY), now=NOW)
    assert rows(desk.conn) == before
    assert isinstance(told, Merging)
    assert (told.holder.member.id, told.into.member.id, told.after.member.id) == (old, new, new)
    assert told.identities == ["card"], "the survivor's own phone stays theirs"
    assert [one.available for one in (*told.holder.balances, *told.into.balances)] == [50, 5]
    assert [(lot.remaining, lot.expires_at) for lot in told.after.lots][:2] == [
        (5, NOW + 3 * DAY),
        (30, NOW + 10 * DAY),
    ]
    assert [(one.channel, one.state) for one in told.after.standings] == [("email", "withdrawn")], "the strictest"
    assert [one.code for one in told.after.badges] == ["vip"]
    merged(desk.merge(old, new))
    done = sides(desk.conn, desk.shop.program, [new], now=NOW)[new]
    assert unnamed(done) == unnamed(told.after)


def test_an_undoing_tells_what_comes_back_and_what_was_spent(desk: Desk) -> None:
    old, new = two(desk)
    done = merged(desk.merge(old, new))
    desk.post(new, Spend(new, desk.shop.unit.id, 15, NOW))
    before = rows(desk.conn)
    told = preview_undo(desk.conn, desk.shop.program, done.id, KEY, now=LATER)
    assert rows(desk.conn) == before
    assert isinstance(told, Undoing)
    assert (told.moved, told.back, told.gone) == ({"points": 50}, {"points": 40}, {"points": 10})
    assert (told.identities, told.lost) == (["card"], [])
    assert [told.holder.member.card, told.into.member.card] == ["40000001", None]
    assert [one.available for one in told.before.balances] == [40]


def test_what_cannot_be_is_not_previewed(desk: Desk) -> None:
    old, new = two(desk)
    asked = [(old, old), (old, NOW.isoformat()), ("x", new)]
    told = [preview_merge(desk.conn, desk.shop.program, NewMerge(*pair, KEY), now=NOW) for pair in asked]
    assert [refused(one) for one in told] == [
        Refusal.SAME_MEMBER,
        Refusal.UNKNOWN_MEMBER,
        Refusal.UNKNOWN_MEMBER,
    ]
    done = merged(desk.merge(old, new))
    assert (
        refused(preview_merge(desk.conn, desk.shop.program, NewMerge(old, new, KEY), now=NOW)) is Refusal.ALREADY_MERGED
    )
    late = preview_undo(desk.conn, desk.shop.program, done.id, KEY, now=NOW + 31 * DAY)
    assert refused(late) is Refusal.UNDO_OVER
