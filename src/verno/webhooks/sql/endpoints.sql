-- name: endpoints
-- All endpoints of a program, or one. Plan: the index by program.
SELECT id::text, url, types, description, state, reason, failing_since, old_secret_until, created_at
FROM webhooks_endpoint
WHERE program_id = %(program)s AND (%(id)s::uuid IS NULL OR id = %(id)s)
ORDER BY id

-- name: lock_endpoint
-- One change of an endpoint at a time. Plan: primary key.
SELECT secret FROM webhooks_endpoint WHERE program_id = %(program)s AND id = %(id)s FOR UPDATE

-- name: add_endpoint
-- Plan: one-row insert.
INSERT INTO webhooks_endpoint (
    id, program_id, url, description, types, state, secret, since_xid, created_at, changed_at
)
VALUES (
    %(id)s, %(program)s, %(url)s, %(description)s, %(types)s, 'active', %(secret)s,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint, %(now)s, %(now)s
)

-- name: change_endpoint
-- Whoever lets it go on forgets what had stopped it. Plan: primary key.
UPDATE webhooks_endpoint
SET url = coalesce(%(url)s, url), types = coalesce(%(types)s, types),
    description = coalesce(%(description)s, description), state = coalesce(%(state)s, state),
    reason = CASE WHEN %(state)s::text IS NULL THEN reason END,
    failing_since = CASE WHEN %(state)s::text IS NULL THEN failing_since END,
    quiet_until = CASE WHEN %(state)s::text IS NULL THEN quiet_until END,
    changed_at = %(now)s
WHERE program_id = %(program)s AND id = %(id)s

-- name: rotate_secret
-- Plan: primary key.
UPDATE webhooks_endpoint
SET old_secret = secret, old_secret_until = %(until)s, secret = %(secret)s, changed_at = %(now)s
WHERE program_id = %(program)s AND id = %(id)s

-- name: delete_deliveries
-- Plan: primary key prefix.
DELETE FROM webhooks_delivery WHERE endpoint_id = %(id)s AND program_id = %(program)s

-- name: delete_endpoint
-- Plan: primary key.
DELETE FROM webhooks_endpoint WHERE program_id = %(program)s AND id = %(id)s

-- name: deliveries
-- A page of the log, newest first. Plan: primary key backwards from the position, stops at the limit.
SELECT event_xid, event_id, at, type, state, attempts, status, response, due_at, created_at, changed_at
FROM webhooks_delivery
WHERE endpoint_id = %(id)s AND program_id = %(program)s
  AND (%(xid)s::bigint IS NULL OR (event_xid, event_id) < (%(xid)s, %(event)s))
  AND (%(state)s::text IS NULL OR state = %(state)s) AND (%(type)s::text IS NULL OR type = %(type)s)
ORDER BY event_xid DESC, event_id DESC
LIMIT %(limit)s

-- name: count_deliveries
-- How many deliveries of each endpoint are in each state. Plan: the log once; it is kept for days only.
SELECT endpoint_id::text, state, count(*) FROM webhooks_delivery WHERE program_id = %(program)s GROUP BY 1, 2

-- name: replay_named
-- Send the named events again; what is on its way stays. Plan: function scan, primary key.
UPDATE webhooks_delivery d
SET state = 'waiting', attempts = 0, due_at = %(now)s, changed_at = %(now)s
FROM json_to_recordset(%(rows)s) AS r (xid bigint, id bigint)
WHERE d.endpoint_id = %(id)s AND d.program_id = %(program)s AND d.event_xid = r.xid AND d.event_id = r.id
  AND d.claimed_by IS NULL AND (%(state)s::text IS NULL OR d.state = %(state)s)
RETURNING d.event_xid

-- name: replay_range
-- The same for what came to the log in a span of time. Plan: the index by age, update by primary key.
WITH chosen AS (
    SELECT endpoint_id, event_xid, event_id FROM webhooks_delivery
    WHERE endpoint_id = %(id)s AND program_id = %(program)s AND claimed_by IS NULL
      AND created_at >= coalesce(%(since)s::timestamptz, '-infinity') AND created_at < coalesce(%(until)s::timestamptz, 'infinity')
      AND (%(state)s::text IS NULL OR state = %(state)s)
    ORDER BY created_at LIMIT %(limit)s
    FOR UPDATE
)
UPDATE webhooks_delivery d
SET state = 'waiting', attempts = 0, due_at = %(now)s, changed_at = %(now)s
FROM chosen c
WHERE d.endpoint_id = c.endpoint_id AND d.event_xid = c.event_xid AND d.event_id = c.event_id
RETURNING d.event_xid

-- name: events_after
-- The next events of a program, below the oldest running transaction as every reader of the outbox takes them. So many
-- are looked at, whatever is found among them. Plan: primary key range from the cursor on, stops at the limits.
WITH looked AS (
    SELECT xid, id, program_id, holder_id, type, body, at
    FROM kit_event
    WHERE (xid, id) > (%(xid)s::text::xid8, %(event)s) AND xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xid, id
    LIMIT %(look)s
)
SELECT xid::text::bigint AS xid, id, program_id::text, holder_id::text, type, body, at,
    %(types)s::text[] IS NULL OR type = ANY (%(types)s) AS wanted
FROM looked
ORDER BY looked.xid, id

-- name: resume_after
-- A cursor's own event; where a restore has taken that away, the last one before it: what has been written since has
-- greater numbers (kit/outbox.py, skip_lost). Plan: primary key range backwards from the cursor, stops at the first.
SELECT xid::text::bigint, id FROM kit_event e
WHERE (e.xid, e.id) <= (%(xid)s::text::xid8, %(event)s) AND e.id <= %(event)s
ORDER BY e.xid DESC, e.id DESC
LIMIT 1
