-- name: broadcasts_under_way
-- What the worker has to do with a program's broadcasts: the more important first, then what is wanted sooner.
-- Plan: the index by program and state, sort of a few rows.
SELECT id::text, program_id::text, state, version, wanted, created_at, created_by, changed_at, approved_at,
       approved_by, launched_at, launched_by, starts_at, frozen_at, ended_at, reason, audience, unknown, winner, cost
FROM messaging_broadcast
WHERE program_id = %(program)s
  AND (state = 'running' OR state = 'scheduled' AND starts_at <= %(now)s OR state = 'cancelled' AND ended_at IS NULL)
ORDER BY priority DESC, wanted ->> 'valid_until' NULLS LAST, starts_at, id

-- name: lock_scheduled
-- One worker freezes a broadcast; the others go on. Plan: primary key.
SELECT id::text FROM messaging_broadcast WHERE id = %(id)s AND state = 'scheduled' FOR NO KEY UPDATE SKIP LOCKED

-- name: freeze_recipients
-- The audience, once and for all: who is in it, where the draw puts each, when their turn is. As drawing/assigning.py
-- draws. Plan: the audience's own, hash of zones, insert in the order of the key.
INSERT INTO messaging_recipient (broadcast_id, holder_id, program_id, bucket, variant, wave, state, send_at, changed_at)
SELECT %(id)s::uuid, holder_id, %(program)s::uuid, bucket,
       CASE WHEN bucket >= %(holdout)s THEN (%(codes)s::text[])[width_bucket(point, %(floors)s::bigint[])] END,
       CASE WHEN turn < %(sample)s THEN 0 ELSE 1 END, CASE WHEN bucket < %(holdout)s THEN 'holdout' ELSE 'waiting' END,
       send_at, %(now)s
FROM (
    SELECT holder_id, send_at, ('x' || substr(digest, 1, 8))::bit(32)::bigint %% 10000 AS bucket,
           ('x' || substr(digest, 9, 8))::bit(32)::bigint %% %(weight)s AS point,
           ('x' || substr(digest, 17, 8))::bit(32)::bigint %% 10000 AS turn
    FROM (
        SELECT s.id AS holder_id, encode(sha256(%(key)s::bytea || uuid_send(s.id)), 'hex') AS digest,
               coalesce(z.at, %(send_at)s::timestamptz) AS send_at
        FROM ({selection}) s (id)
        LEFT JOIN members_member m ON m.id = s.id AND %(by_clock)s
        LEFT JOIN json_to_recordset(%(turns)s) AS z (zone text, at timestamptz) ON z.zone = m.attributes ->> 'timezone'
        OFFSET 0
    ) drawn
) placed
ORDER BY holder_id

-- name: audience_zones
-- Where members say that they live. Plan: scan of the program's members, hash.
SELECT DISTINCT m.attributes ->> 'timezone' FROM members_member m
WHERE m.program_id = %(program)s AND m.attributes ? 'timezone'

-- name: zones_of
-- Where these members say that they live. Plan: function scan, nested loop on the primary key.
SELECT m.id::text, m.attributes ->> 'timezone'
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(holders)s) OFFSET 0) r
JOIN members_member m ON m.id = r.id
WHERE m.attributes ? 'timezone'

-- name: waiting_recipients
-- A part of best_hours. Plan: range of the primary key.
SELECT holder_id FROM messaging_recipient WHERE broadcast_id = %(id)s AND state = 'waiting'

-- name: listed_holders
-- A part of best_hours. Plan: function scan.
SELECT value::uuid AS holder_id FROM json_array_elements_text(%(holders)s) OFFSET 0

-- name: best_hours
-- The hour of the day in which members bought, clicked and opened most, on the clocks of their zones, where they did so
-- often enough. Plan: the holders' own, nested loops on the holder's ranges of receipts and messages, hash.
WITH habits AS (
    SELECT r.holder_id, coalesce(z.zone, %(zone)s) AS zone,
           extract(hour FROM e.at AT TIME ZONE coalesce(z.zone, %(zone)s))::int AS hour, count(*) AS times
    FROM ({holders}) r
    JOIN members_member m ON m.id = r.holder_id
    LEFT JOIN json_to_recordset(%(zones)s) AS z (zone text) ON z.zone = m.attributes ->> 'timezone'
    CROSS JOIN LATERAL (
        SELECT c.at FROM intake_receipt c
        WHERE c.holder_id = r.holder_id AND c.at >= %(since)s AND c.status = 'settled'
        UNION ALL
        SELECT g.changed_at FROM messaging_message g
        WHERE g.holder_id = r.holder_id AND g.changed_at >= %(since)s AND g.state IN ('opened', 'clicked')
    ) e
    GROUP BY 1, 2, 3
)
SELECT DISTINCT ON (holder_id) holder_id, zone, hour
FROM (SELECT *, sum(times) OVER (PARTITION BY holder_id) AS seen FROM habits) h
WHERE seen >= %(least)s
ORDER BY holder_id, times DESC, hour

-- name: aim_at_best_hours
-- Move members to their best hour. Plan: that of best_hours, hash, update by primary key.
UPDATE messaging_recipient r
SET send_at = t.at
FROM ({best}) b JOIN json_to_recordset(%(turns)s) AS t (zone text, hour int, at timestamptz) USING (zone, hour)
WHERE r.broadcast_id = %(id)s AND r.holder_id = b.holder_id

-- name: start_broadcast
-- Begin, and tell whether its author approved it. Plan: primary key of both.
UPDATE messaging_broadcast b
SET state = 'running', frozen_at = %(now)s, audience = %(audience)s, unknown = %(unknown)s, changed_at = %(now)s
WHERE id = %(id)s
RETURNING b.approved_by = (
    SELECT v.by FROM messaging_broadcast_version v WHERE v.broadcast_id = b.id AND v.version = b.version
)

-- name: by_key
-- Until the commit every look-up goes by index: right after a freeze the planner has no figures of a million new rows,
-- and would read all of them for the two thousand of a chunk (docs/adr/0009). Plan: none.
SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
       set_config('enable_mergejoin', 'off', true)

-- name: lock_shared
-- Planners work side by side; whoever stops a broadcast waits for their chunks, and no new one gets in before.
-- Plan: advisory lock.
SELECT pg_advisory_xact_lock_shared(hashtextextended('messaging_broadcast/' || %(id)s, 0))

-- name: lock_broadcast
-- Nobody plans while a broadcast is stopped. Plan: advisory lock.
SELECT pg_advisory_xact_lock(hashtextextended('messaging_broadcast/' || %(id)s, 0))

-- name: running_broadcast
-- Plan: primary key.
SELECT minute, minute_used, cost, open_wave, winner FROM messaging_broadcast WHERE id = %(id)s AND state = 'running'

-- name: running_broadcast_alone
-- The same where a rate or a cost is shared: one chunk after the other. Plan: primary key.
SELECT minute, minute_used, cost, open_wave, winner FROM messaging_broadcast WHERE id = %(id)s AND state = 'running'
FOR NO KEY UPDATE

-- name: spend_tokens
-- Plan: primary key.
UPDATE messaging_broadcast
SET minute = %(minute)s, minute_used = CASE WHEN minute = %(minute)s THEN minute_used ELSE 0 END + %(used)s,
    cost = cost + %(cost)s
WHERE id = %(id)s

-- name: take_recipients
-- The next whose turn it is, skipping those that another planner holds. Plan: range of the partial index of who waits,
-- nested loop on the members' primary key, limit.
SELECT r.holder_id::text, r.variant, r.step, r.messages, m.locale
FROM messaging_recipient r
LEFT JOIN members_member m ON m.id = r.holder_id
WHERE r.broadcast_id = %(id)s AND r.wave = %(wave)s AND r.state = 'waiting' AND r.send_at <= %(now)s
ORDER BY r.send_at, r.holder_id
LIMIT %(limit)s
FOR NO KEY UPDATE OF r SKIP LOCKED

-- name: mark_recipients
-- What became of them. The broadcast comes out of the rows: right after a freeze its range seems to be empty, and would
-- be read once for each of them. Plan: function scan, update by primary key.
UPDATE messaging_recipient r
SET state = n.state, reason = n.reason, variant = n.variant, step = n.step, messages = n.messages, send_at = n.send_at,
    changed_at = %(now)s
FROM (
    SELECT %(id)s::uuid AS broadcast_id, j.* FROM json_to_recordset(%(rows)s) AS j (
        holder_id uuid, state text, reason text, variant text, step smallint, messages smallint, send_at timestamptz
    ) OFFSET 0
) n
WHERE r.broadcast_id = n.broadcast_id AND r.holder_id = n.holder_id

-- name: messages_before
-- How far the message of the channel before came. Plan: function scan, nested loop on the unique index.
SELECT m.holder_id::text, m.state, m.changed_at
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, channel text)
JOIN messaging_message m
  ON m.holder_id = r.holder_id AND m.dedupe_key = %(occasion)s AND m.channel = r.channel

-- name: still_waiting
-- Plan: one probe of the partial index of who waits.
SELECT holder_id FROM messaging_recipient WHERE broadcast_id = %(id)s AND state = 'waiting' LIMIT 1

-- name: finish_broadcast
-- Nobody waits any more. Plan: primary key, one probe of the partial index.
UPDATE messaging_broadcast
SET state = 'finished', ended_at = %(now)s, changed_at = %(now)s
WHERE id = %(id)s AND state = 'running'
  AND NOT EXISTS (SELECT FROM messaging_recipient WHERE broadcast_id = %(id)s AND state = 'waiting')
RETURNING id::text

-- name: lock_cancelled
-- One worker takes a cancelled broadcast's messages back. Plan: primary key.
SELECT swept_to::text, looked_at FROM messaging_broadcast
WHERE id = %(id)s AND state = 'cancelled' AND ended_at IS NULL
FOR NO KEY UPDATE SKIP LOCKED

-- name: next_recipients
-- A stretch of the audience in the order of the key. Plan: range of the primary key, limit.
SELECT holder_id::text FROM messaging_recipient
WHERE broadcast_id = %(id)s AND (%(after)s::uuid IS NULL OR holder_id > %(after)s::uuid)
ORDER BY holder_id LIMIT %(limit)s

-- name: came_back
-- Whose message of a cancelled broadcast was being handed over when its stretch was swept, and waits again.
-- Plan: range of the primary key, nested loop on the unique index, limit.
SELECT r.holder_id::text FROM messaging_recipient r
JOIN messaging_message m ON m.holder_id = r.holder_id AND m.dedupe_key = %(occasion)s
WHERE r.broadcast_id = %(id)s AND r.messages > 0 AND m.state IN ('queued', 'claimed', 'deferred')
LIMIT %(limit)s

-- name: withhold_cancelled
-- What has not begun to leave stays, and gives its turn back; what a worker only claimed is no longer its own.
-- Plan: function scan, nested loop on the unique index, update; delete by primary key.
WITH held AS (
    UPDATE messaging_message m
    SET state = 'withheld', reason = 'cancelled', claimed_by = NULL, claimed_until = NULL, changed_at = %(now)s
    FROM (SELECT value::uuid AS holder_id FROM json_array_elements_text(%(holders)s) OFFSET 0) r
    WHERE m.holder_id = r.holder_id AND m.dedupe_key = %(occasion)s AND m.state IN ('queued', 'claimed', 'deferred')
    RETURNING m.holder_id, m.id
), given AS (
    DELETE FROM messaging_turn t USING held WHERE t.holder_id = held.holder_id AND t.message_id = held.id
)
SELECT count(*) FROM held

-- name: cancel_recipients
-- The CASE keeps the planner from reading the index of all who wait for each of these. Plan: function scan, update by
-- primary key.
UPDATE messaging_recipient r
SET state = 'cancelled', changed_at = %(now)s
FROM (
    SELECT %(id)s::uuid AS broadcast_id, value::uuid AS holder_id FROM json_array_elements_text(%(holders)s) OFFSET 0
) h
WHERE r.broadcast_id = h.broadcast_id AND r.holder_id = h.holder_id AND CASE WHEN r.state = 'waiting' THEN true END

-- name: sweep_on
-- Plan: primary key.
UPDATE messaging_broadcast
SET swept_to = %(swept_to)s, ended_at = CASE WHEN %(is_over)s THEN %(now)s END,
    looked_at = CASE WHEN %(looked)s THEN %(now)s ELSE looked_at END
WHERE id = %(id)s
