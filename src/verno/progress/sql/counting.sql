-- name: owners
-- Whom holders are now, and what their tracks need to know of them; who is no member is there without.
-- LIMIT keeps the plan (docs/adr/0009). Plan: function scan, nested loops on primary keys.
SELECT r.holder_id::text, coalesce(d.survivor_id, r.holder_id)::text, m.kind, m.buying_group, m.created_at
FROM (SELECT value::uuid AS holder_id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
LEFT JOIN LATERAL (SELECT survivor_id FROM members_redirect WHERE holder_id = r.holder_id LIMIT 1) d ON true
LEFT JOIN LATERAL (
    SELECT kind, buying_group, created_at FROM members_member
    WHERE id = coalesce(d.survivor_id, r.holder_id) AND program_id = %(program)s
    LIMIT 1
) m ON true

-- name: companies_of
-- A company of each buying group that has one, the first by id. LIMIT keeps the plan. Plan: function scan, nested loop on
-- the index by group.
SELECT r.buying_group, m.id::text
FROM json_array_elements_text(%(groups)s) AS r (buying_group)
CROSS JOIN LATERAL (
    SELECT id FROM members_member c
    WHERE c.program_id = %(program)s AND c.buying_group = r.buying_group AND c.kind = 'company'
      AND NOT EXISTS (SELECT FROM members_redirect d WHERE d.holder_id = c.id)
    ORDER BY id
    LIMIT 1
) m

-- name: open_tiers
-- Make the rows that a batch will lock, those that are missing. Rows come sorted. Plan: function scan, insert.
INSERT INTO progress_tier (owner_id, track_id, program_id, holder_id, buying_group, version, value, times, is_set,
                           changed_at)
SELECT owner_id, track_id, %(program)s, holder_id, buying_group, 0, 0, 0, false, %(now)s
FROM json_to_recordset(%(rows)s) AS r (owner_id uuid, track_id uuid, holder_id uuid, buying_group text)
ON CONFLICT DO NOTHING

-- name: lock_tiers
-- Lock them in their order, with where each stood last. Plan: function scan, nested loop on the primary key, lock.
SELECT t.owner_id::text, t.track_id::text, t.changed_at, t.version, t.step, t.since, t.value, t.times, t.holds_until, t.grace_until,
       t.warned_for, t.is_set, t.due_on
FROM (
    SELECT * FROM json_to_recordset(%(rows)s) AS r (owner_id uuid, track_id uuid) ORDER BY owner_id, track_id
) r
CROSS JOIN LATERAL (
    SELECT * FROM progress_tier WHERE owner_id = r.owner_id AND track_id = r.track_id LIMIT 1 FOR UPDATE
) t

-- name: add_counts
-- Add to the days' counts what a batch moved, under the owners' locks. Rows come sorted.
-- Plan: function scan, insert that meets its row (HOT).
INSERT INTO progress_bucket AS b (holder_id, counter_id, day, program_id, amount, changed_at)
SELECT holder_id, counter_id, day, %(program)s, amount, %(now)s
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, counter_id uuid, day date, amount bigint)
ON CONFLICT (holder_id, counter_id, day) DO UPDATE
SET amount = b.amount + excluded.amount, changed_at = excluded.changed_at

-- name: empty_counts
-- Forget what was counted for holders under one counter, before they are recounted. Plan: nested loop on the primary key.
UPDATE progress_bucket b SET amount = 0, changed_at = %(now)s
FROM json_array_elements_text(%(ids)s) AS r (value)
WHERE b.holder_id = r.value::uuid AND b.counter_id = %(counter)s AND b.amount <> 0

-- name: counts
-- What owners have counted by day, those who were merged into them included; of a buying group all its companies. Who was
-- merged counts with whom they are now. Plan: function scan, nested loops on indexes, aggregate.
SELECT r.owner_id::text, b.counter_id::text, b.day, sum(b.amount)::bigint
FROM json_to_recordset(%(owners)s) AS r (owner_id uuid, buying_group text)
CROSS JOIN LATERAL (
    SELECT r.owner_id AS id WHERE r.buying_group IS NULL
    UNION ALL
    SELECT m.id FROM members_member m
    WHERE m.program_id = %(program)s AND m.buying_group = r.buying_group AND m.kind = 'company'
      AND NOT EXISTS (SELECT FROM members_redirect d WHERE d.holder_id = m.id)
) o
CROSS JOIN LATERAL (
    SELECT o.id AS holder_id
    UNION ALL
    SELECT d.holder_id FROM members_redirect d WHERE d.survivor_id = o.id
) h
CROSS JOIN LATERAL (
    SELECT * FROM progress_bucket
    WHERE holder_id = h.holder_id AND counter_id = ANY (%(counters)s::uuid[]) AND program_id = %(program)s
    OFFSET 0
) b
GROUP BY r.owner_id, b.counter_id, b.day

-- name: floors
-- Steps that were set, of owners and of those who were merged into them. Plan: nested loops on indexes.
SELECT r.owner_id::text, f.track_id::text, f.step, f.first, f.last
FROM json_to_recordset(%(owners)s) AS r (owner_id uuid, buying_group text)
CROSS JOIN LATERAL (
    SELECT r.owner_id AS holder_id
    UNION ALL
    SELECT d.holder_id FROM members_redirect d WHERE d.survivor_id = r.owner_id
) h
CROSS JOIN LATERAL (
    SELECT * FROM progress_floor WHERE holder_id = h.holder_id AND program_id = %(program)s OFFSET 0
) f
WHERE f.revoked_at IS NULL

-- name: contracts
-- Shares that were agreed with owners, and with those who were merged into them: of each first day the last word.
-- Plan: nested loops on the primary key, sort.
SELECT c.owner_id::text, c.track_id::text, c.share, c.first, c.last, c.by, c.set_at
FROM (
    SELECT DISTINCT ON (r.owner_id, c.owner_id, c.track_id, c.first) r.owner_id, c.track_id, c.share, c.first, c.last,
           c.by, c.set_at
    FROM json_to_recordset(%(owners)s) AS r (owner_id uuid, buying_group text)
    CROSS JOIN LATERAL (
        SELECT r.owner_id AS holder_id
        UNION ALL
        SELECT d.holder_id FROM members_redirect d WHERE d.survivor_id = r.owner_id
    ) h
    CROSS JOIN LATERAL (
        SELECT * FROM progress_contract WHERE owner_id = h.holder_id AND program_id = %(program)s OFFSET 0
    ) c
    ORDER BY r.owner_id, c.owner_id, c.track_id, c.first, c.revision DESC
) c
WHERE c.share IS NOT NULL
ORDER BY c.owner_id, c.track_id, c.first

-- name: write_tiers
-- Say where owners stand now; whoever does not know a newer version yet changes nothing of what it said. Written as an
-- insert that meets its row (docs/adr/0009).
-- Plan: function scan, primary key, update.
INSERT INTO progress_tier (owner_id, track_id, program_id, holder_id, buying_group, version, step, since, value, times,
                           holds_until, grace_until, warned_for, is_set, due_on, changed_at)
SELECT owner_id, track_id, %(program)s, holder_id, buying_group, version, step, since, value, times, holds_until,
       grace_until, warned_for, is_set, due_on, %(now)s
FROM json_to_recordset(%(rows)s) AS r (
    owner_id uuid, track_id uuid, holder_id uuid, buying_group text, version integer, step text, since date,
    value bigint, times bigint, holds_until date, grace_until date, warned_for date, is_set boolean, due_on date
)
ON CONFLICT (owner_id, track_id) DO UPDATE
SET holder_id = excluded.holder_id, buying_group = excluded.buying_group, version = excluded.version,
    step = excluded.step, since = excluded.since, value = excluded.value, times = excluded.times,
    holds_until = excluded.holds_until, grace_until = excluded.grace_until, warned_for = excluded.warned_for,
    is_set = excluded.is_set, due_on = excluded.due_on, changed_at = excluded.changed_at
WHERE progress_tier.version <= excluded.version

-- name: due_tiers
-- The next rows that time alone may have changed. Those that somebody counts right now come next time.
-- Plan: range of the partial index, lock, limit.
SELECT owner_id::text, track_id::text, holder_id::text, buying_group FROM progress_tier
WHERE program_id = %(program)s AND due_on <= %(today)s AND track_id = ANY (%(tracks)s::uuid[])
ORDER BY due_on, owner_id, track_id
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED

-- name: tiers_of
-- Where holders stood last, by owner. Plan: function scan, range of the primary key.
SELECT r.owner_id::text, t.track_id::text, t.step
FROM json_to_recordset(%(owners)s) AS r (owner_id uuid, buying_group text)
CROSS JOIN LATERAL (SELECT * FROM progress_tier WHERE owner_id = r.owner_id AND program_id = %(program)s OFFSET 0) t
WHERE t.step IS NOT NULL

-- name: rest_tiers
-- Rows that another one tells for now are not due any more; should they count again, their days are read. Plan: function scan, nested loop on the primary key.
UPDATE progress_tier t SET due_on = NULL, version = 0, changed_at = %(now)s
FROM json_to_recordset(%(rows)s) AS r (owner_id uuid, track_id uuid)
WHERE t.owner_id = r.owner_id AND t.track_id = r.track_id AND t.program_id = %(program)s
