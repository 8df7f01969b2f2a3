"""What conditions on members are in SQL: expressions beside ``m``, a row of members_member, joined of constants alone.

They are inlined into the statement that asks, which brings ``segment_program``, ``segment_now`` and ``segment_zone``;
``{key}`` is what ``predicate/sql.py`` binds for a field: an attribute's name, a unit's or a track's id. Whoever was
merged into a member lives on in what they left behind: badges and receipts are looked up for all of them. Each is a
look-up by an index, asked once a member and only where a tree asks for it.
"""

from typing import LiteralString

NOW: LiteralString = "%(segment_now)s::timestamptz"
PROGRAM: LiteralString = "%(segment_program)s::uuid"
ZONE: LiteralString = "%(segment_zone)s::text"
SELVES: LiteralString = (
    "ARRAY(SELECT m.id UNION ALL SELECT d.holder_id FROM members_redirect d WHERE d.survivor_id = m.id)"
)
"""The member, and whoever was merged into them."""

SELECT: LiteralString = (
    f"SELECT m.id FROM members_member m WHERE m.program_id = {PROGRAM}"
    " AND NOT EXISTS (SELECT FROM members_redirect d WHERE d.holder_id = m.id)"
)

JOINED: LiteralString = f"(m.created_at AT TIME ZONE {ZONE})::date"
BADGES: LiteralString = (
    f"ARRAY(SELECT b.code FROM members_badge b WHERE b.holder_id = ANY ({SELVES}) AND b.program_id = {PROGRAM}"
    f" AND b.given_at <= {NOW} AND (b.until IS NULL OR b.until > {NOW}))"
)
CONTACTS: LiteralString = "ARRAY(SELECT i.kind FROM members_identity i WHERE i.holder_id = m.id)"
CONFIRMED: LiteralString = (
    "ARRAY(SELECT i.kind FROM members_identity i WHERE i.holder_id = m.id AND i.verified_at IS NOT NULL)"
)
MOST_PER: LiteralString = "(SELECT w.most_per::bigint FROM members_wish w WHERE w.holder_id = m.id)"
PAUSED: LiteralString = f"EXISTS (SELECT FROM members_wish w WHERE w.holder_id = m.id AND w.paused_until > {NOW})"

HOME_REGION: LiteralString = (
    "(SELECT g.code FROM workspace_place p JOIN workspace_place g ON g.id = p.parent_id AND g.kind = 'region'"
    f" WHERE p.program_id = {PROGRAM} AND p.kind = 'store' AND p.code = m.home_place)"
)
HOME_DISTRICTS: LiteralString = (
    "coalesce((SELECT l.districts FROM members_location l WHERE l.holder_id = m.id AND l.kind = 'home'), '{}')"
)
WORK_DISTRICTS: LiteralString = (
    "coalesce((SELECT l.districts FROM members_location l WHERE l.holder_id = m.id AND l.kind = 'work'), '{}')"
)
VISITED_DISTRICTS: LiteralString = (
    "coalesce((SELECT l.districts FROM members_location l WHERE l.holder_id = m.id AND l.kind = 'visited'), '{}')"
)

SAID: LiteralString = f"FROM members_said(m.id, {NOW}) s WHERE s.granted"
CONSENTS: LiteralString = f"ARRAY(SELECT s.topic || '/' || s.channel {SAID} AND s.purpose = 'advertising')"
AGREED: LiteralString = f"ARRAY(SELECT s.purpose {SAID} AND s.purpose <> 'advertising')"
LEVEL: LiteralString = (
    "(SELECT CASE WHEN n.sms AND n.email THEN 'sms-and-email' WHEN n.email THEN 'email-only' WHEN n.sms THEN 'sms-only'"
    " WHEN n.messenger THEN 'messengers-only' WHEN n.agreed > 0 THEN 'service-only' ELSE 'nothing' END"
    " FROM (SELECT coalesce(bool_or(s.channel = 'sms' AND s.class_name = 'marketing'), false) AS sms,"
    " coalesce(bool_or(s.channel = 'email' AND s.class_name = 'marketing'), false) AS email,"
    " coalesce(bool_or(s.channel IN ('telegram', 'max', 'vk', 'whatsapp', 'viber', 'push')"
    " AND s.class_name = 'marketing'), false) AS messenger, count(*) AS agreed"
    f" {SAID} AND s.purpose = 'advertising') n)"
)
"""The same reading as members/consent/levels.py."""

_JSON: LiteralString = "(CASE WHEN jsonb_typeof(m.attributes -> {key}) = "
_VALUE: LiteralString = "m.attributes ->> {key}"
LIST: LiteralString = f"{_JSON}'array' THEN ARRAY(SELECT jsonb_array_elements_text(m.attributes -> {{key}})) END)"
TEXT: LiteralString = f"{_JSON}'string' THEN {_VALUE} END)"
INTEGER: LiteralString = f"{_JSON}'number' THEN ({_VALUE})::bigint END)"
BOOLEAN: LiteralString = f"{_JSON}'boolean' THEN ({_VALUE})::boolean END)"
DATE: LiteralString = f"(CASE WHEN {_VALUE} ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$' THEN ({_VALUE})::date END)"
"""Attributes by their type; a value of another type counts as none."""

_TIER: LiteralString = "FROM progress_tier t WHERE t.owner_id = m.id AND t.track_id = ({key})::uuid"
_TIER_OF_GROUP: LiteralString = (
    f"FROM progress_tier t WHERE t.program_id = {PROGRAM} AND t.track_id = ({{key}})::uuid"
    " AND t.buying_group = m.buying_group LIMIT 1"
)
_IN_GROUP: LiteralString = "m.kind = 'company' AND m.buying_group IS NOT NULL"
STEP: LiteralString = f"(SELECT t.step {_TIER})"
STEP_OF_GROUP: LiteralString = f"(CASE WHEN {_IN_GROUP} THEN (SELECT t.step {_TIER_OF_GROUP}) ELSE {STEP} END)"
VALUE: LiteralString = f"coalesce((SELECT t.value {_TIER}), 0)"
VALUE_OF_GROUP: LiteralString = (
    f"coalesce(CASE WHEN {_IN_GROUP} THEN (SELECT t.value {_TIER_OF_GROUP}) ELSE (SELECT t.value {_TIER}) END, 0)"
)
"""Where somebody stood at the last look, by themselves or with the companies of their buying group."""

_DUE: LiteralString = f"coalesce(a.next_change_at <= {NOW}, false)"
_BOOKED: LiteralString = (
    f"FROM ledger_account a CROSS JOIN LATERAL ledger_state_at(a.holder_id, a.id, CASE WHEN {_DUE} THEN {NOW} END) n"
    " WHERE a.holder_id = m.id AND a.unit_id = ({key})::uuid AND a.kind = 'member'"
)
AVAILABLE: LiteralString = f"coalesce((SELECT CASE WHEN {_DUE} THEN n.available ELSE a.available END {_BOOKED}), 0)"
PENDING: LiteralString = f"coalesce((SELECT CASE WHEN {_DUE} THEN n.pending ELSE a.pending END {_BOOKED}), 0)"
"""What an account holds ``now``, whether or not a job has seen what time did to it: as ledger's ``balances``."""

_LOTS: LiteralString = (
    "ledger_account a JOIN ledger_lot l ON l.holder_id = a.holder_id AND l.account_id = a.id AND l.remaining > l.held"
    " CROSS JOIN LATERAL (SELECT ledger_lapse(a.unit_id, a.lapses_at) AS lapses_at OFFSET 0) s"
    " CROSS JOIN LATERAL (SELECT least(l.expires_at,"
    " CASE WHEN l.active_from <= s.lapses_at THEN s.lapses_at END) AS at) e"
)
_ENDS: LiteralString = f"a.holder_id = m.id AND a.kind = 'member' AND e.at > {NOW}"
EXPIRING: LiteralString = f"{_LOTS} JOIN workspace_unit u ON u.id = a.unit_id WHERE {_ENDS}"
LAST_DAY: LiteralString = f"(e.at AT TIME ZONE {ZONE} - interval '1 microsecond')::date"
FIRST_END: LiteralString = (
    f"(SELECT (min(e.at) AT TIME ZONE {ZONE} - interval '1 microsecond')::date"
    f" FROM {_LOTS} WHERE {_ENDS} AND a.unit_id = ({{key}})::uuid)"
)
"""Points can be spent until their end, which is no part of their last day."""

_BOUGHT: LiteralString = (
    f"r.holder_id = ANY ({SELVES}) AND r.program_id = {PROGRAM} AND r.status = 'settled' AND r.at <= {NOW}"
)
PAID: LiteralString = (
    "(r.amount - r.taken_off - coalesce((SELECT x.points_value FROM intake_step x WHERE x.holder_id = r.holder_id"
    " AND x.receipt_id = r.id AND x.slot = 'resolve' AND x.kind = 'capture'), r.points_value)"
    " - coalesce((SELECT sum(t.refund) FROM intake_return t WHERE t.original_id = r.id AND t.status = 'settled'), 0)"
    ")::bigint"
)
"""What money paid of a sale and did not come back."""
RECEIPTS: LiteralString = f"intake_receipt r JOIN workspace_place p ON p.id = r.place_id WHERE {_BOUGHT}"
GOODS: LiteralString = (
    f"(SELECT * FROM intake_receipt r WHERE {_BOUGHT} OFFSET 0) r JOIN workspace_place p ON p.id = r.place_id"
    " CROSS JOIN LATERAL (SELECT * FROM intake_receipt_line i WHERE i.receipt_id = r.id"
    " AND i.holder_id = coalesce(r.lines_holder_id, r.holder_id) OFFSET 0) l"
    " CROSS JOIN LATERAL (SELECT o.sku, o.category FROM catalogue_goods o WHERE o.id = l.goods_id LIMIT 1) g"
    " WHERE true"
)
"""OFFSET and LIMIT keep the way from the member to their receipts to their lines: from goods on it is a scan of all."""
LOCAL_DATE: LiteralString = f"(r.at AT TIME ZONE coalesce(p.timezone, {ZONE}))::date"
REGION: LiteralString = "(SELECT o.code FROM workspace_place o WHERE o.id = p.parent_id AND o.kind = 'region')"
LAST: LiteralString = f"(SELECT max(r.at) FROM intake_receipt r WHERE {_BOUGHT})"
LAST_PLACE: LiteralString = f"(SELECT p.code FROM {RECEIPTS} ORDER BY r.at DESC, r.id DESC LIMIT 1)"
FAVOURITE: LiteralString = (
    f"(SELECT p.code FROM {RECEIPTS} AND r.at > {NOW} - interval '365 days'"
    ' GROUP BY p.code ORDER BY count(*) DESC, max(r.at) DESC, p.code COLLATE "C" LIMIT 1)'
)


def counted(days: int) -> LiteralString:
    """Return how many purchases there were in the last days."""
    return f"(SELECT count(*) FROM intake_receipt r WHERE {_BOUGHT} AND {_since(days)})"


def summed(days: int) -> LiteralString:
    """Return what was spent in the last days."""
    return f"(SELECT coalesce(sum({PAID}), 0)::bigint FROM intake_receipt r WHERE {_BOUGHT} AND {_since(days)})"


def for_kind(kind: str | None, expression: LiteralString) -> LiteralString:
    """Return an expression that says something of members of one kind alone (None: of all)."""
    if kind == "person":
        return f"(CASE WHEN m.kind = 'person' THEN {expression} END)"
    if kind == "company":
        return f"(CASE WHEN m.kind = 'company' THEN {expression} END)"
    return expression


def _since(days: int) -> LiteralString:
    return f"r.at > {NOW} - interval '{days} days'"


def select(condition: str) -> str:
    """Return the statement of the members of whom a compiled condition is true."""
    return f"{SELECT} AND ({condition})"


def counting(selection: str) -> str:
    """Return the statement that counts a selection."""
    return f"SELECT count(*) FROM ({selection}) s"


def paging(selection: str) -> str:
    """Return the statement of a page of a selection. Plan: range of the index by program and id, limit."""
    return (
        f"{selection} AND (%(segment_after)s::uuid IS NULL OR m.id > %(segment_after)s::uuid)"
        " ORDER BY m.id LIMIT %(segment_limit)s"
    )


def matching(selection: str) -> str:
    """Return the statement of those of some members who are in a selection, each asked by itself.

    Whoever was merged is asked about as whom they are now. LIMIT keeps the plan: a look-up by key for each
    (docs/adr/0009).
    """
    return f"""
SELECT r.id::text
FROM (
    SELECT w.id, coalesce((SELECT d.survivor_id FROM members_redirect d WHERE d.holder_id = w.id), w.id) AS now_id
    FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(segment_ids)s) OFFSET 0) w
    OFFSET 0
) r
CROSS JOIN LATERAL (SELECT s.id FROM ({selection} AND m.id = r.now_id) s LIMIT 1) s
"""
