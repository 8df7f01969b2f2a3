-- name: add_deliveries
-- One row for each event and endpoint that wants it, in the reader's transaction. Paused and disabled endpoints get
-- theirs too: they wait. Plan: function scan, the program's few endpoints by index, insert.
INSERT INTO webhooks_delivery (
    endpoint_id, event_xid, event_id, program_id, type, at, state, attempts, due_at, created_at, changed_at
)
SELECT p.id, e.xid, e.id, p.program_id, e.type, e.at, 'waiting', 0, %(now)s, %(now)s, %(now)s
FROM json_to_recordset(%(rows)s) AS e (xid bigint, id bigint, program_id uuid, type text, at timestamptz, whom uuid)
JOIN webhooks_endpoint p ON p.program_id = e.program_id AND p.since_xid <= e.xid
WHERE CASE WHEN e.whom IS NULL THEN p.types = '{}' OR e.type = ANY (p.types) ELSE p.id = e.whom END
ON CONFLICT DO NOTHING

-- name: give_up_killers
-- What is claimed again and again and never concluded kills its worker. Plan: the partial index of what waits.
UPDATE webhooks_delivery
SET state = 'failed', claimed_by = NULL, response = 'no answer was ever written down', changed_at = %(now)s
WHERE state = 'waiting' AND claimed_by IS NOT NULL AND due_at <= %(now)s AND attempts >= %(most)s

-- name: claim
-- Take what is due, so much for each endpoint as it has lines free: a slow one fills its own lines and no others. One
-- worker at a time claims for an endpoint (its row is locked), so that the count holds over all workers. A claim that
-- lapsed is taken again. After a restore nothing is taken until somebody releases it (kit/quarantine.py).
-- Plan: a sequential scan of the few endpoints; per endpoint the partial index of what waits,
-- which stops at the limit; events and deliveries by primary key.
WITH room AS MATERIALIZED (
    SELECT p.id, greatest(0, %(lines)s - (
        SELECT count(*) FROM webhooks_delivery d
        WHERE d.endpoint_id = p.id AND d.state = 'waiting' AND d.claimed_by IS NOT NULL AND d.due_at > %(now)s
    )) AS free
    FROM webhooks_endpoint p
    WHERE p.state = 'active' AND (p.quiet_until IS NULL OR p.quiet_until <= %(now)s)
      AND NOT (SELECT EXISTS (SELECT FROM kit_quarantine WHERE released_at IS NULL))
    FOR NO KEY UPDATE SKIP LOCKED
), next AS MATERIALIZED (
    SELECT d.endpoint_id, d.event_xid, d.event_id
    FROM room CROSS JOIN LATERAL (
        SELECT w.endpoint_id, w.event_xid, w.event_id
        FROM webhooks_delivery w
        WHERE w.endpoint_id = room.id AND w.state = 'waiting' AND w.due_at <= %(now)s
        ORDER BY w.due_at, w.event_xid, w.event_id
        LIMIT room.free
        FOR UPDATE SKIP LOCKED
    ) d
)
UPDATE webhooks_delivery d
SET claimed_by = %(claim)s, due_at = %(until)s, attempts = d.attempts + 1, changed_at = %(now)s
FROM next
JOIN webhooks_endpoint p ON p.id = next.endpoint_id
JOIN kit_event e ON e.xid = next.event_xid::text::xid8 AND e.id = next.event_id
WHERE d.endpoint_id = next.endpoint_id AND d.event_xid = next.event_xid AND d.event_id = next.event_id
RETURNING d.endpoint_id::text, p.url, p.secret, CASE WHEN p.old_secret_until > %(now)s THEN p.old_secret END,
    d.attempts, d.event_xid, d.event_id, e.program_id::text, e.holder_id::text, e.type, e.body, e.at

-- name: conclude
-- Write how tries ended. Only the claim that made a try may: one that lapsed has been taken by another worker.
-- Plan: function scan, update by primary key.
UPDATE webhooks_delivery d
SET state = r.state, status = r.status, response = r.response, due_at = coalesce(r.due_at, d.due_at),
    attempts = d.attempts - r.refund, claimed_by = NULL, changed_at = %(now)s
FROM json_to_recordset(%(rows)s) AS r (
    endpoint_id uuid, xid bigint, id bigint, state text, status smallint, response text, due_at timestamptz,
    refund smallint
)
WHERE d.endpoint_id = r.endpoint_id AND d.event_xid = r.xid AND d.event_id = r.id AND d.claimed_by = %(claim)s

-- name: note_health
-- Endpoints that failed, or work again. What goes well all the time writes nothing here.
-- Plan: function scan, update by primary key.
UPDATE webhooks_endpoint p
SET failing_since = CASE WHEN r.reached THEN NULL ELSE coalesce(p.failing_since, %(now)s) END,
    quiet_until = coalesce(greatest(p.quiet_until, r.quiet_until), p.quiet_until)
FROM json_to_recordset(%(rows)s) AS r (id uuid, reached boolean, quiet_until timestamptz)
WHERE p.id = r.id AND (NOT r.reached OR p.failing_since IS NOT NULL OR r.quiet_until IS NOT NULL)

-- name: disable
-- Stop those that said they are gone, and those that nothing has reached for days. Plan: primary key.
UPDATE webhooks_endpoint
SET state = 'disabled', changed_at = %(now)s,
    reason = CASE WHEN id = ANY (%(gone)s::uuid[]) THEN 'gone' ELSE 'failing' END
WHERE state = 'active' AND id = ANY (%(failed)s::uuid[])
  AND (id = ANY (%(gone)s::uuid[]) OR failing_since <= %(long_ago)s)
RETURNING id::text, program_id::text, reason

-- name: forget
-- Drop what the log is not kept for any more, waiting or not. Plan: the index by age, stops at the limit.
DELETE FROM webhooks_delivery
WHERE (endpoint_id, event_xid, event_id) IN (
    SELECT endpoint_id, event_xid, event_id FROM webhooks_delivery
    WHERE created_at < %(before)s ORDER BY created_at LIMIT %(limit)s
)

-- name: told
-- What endpoints answered to events of a type about some holders, those that came to the log since a moment.
-- Plan: the index of age from that moment on, filtered by type; events by primary key.
SELECT p.url, p.description, d.state, d.status, d.response, d.changed_at
FROM webhooks_delivery d
JOIN webhooks_endpoint p ON p.id = d.endpoint_id
JOIN kit_event e ON e.xid = d.event_xid::text::xid8 AND e.id = d.event_id
WHERE d.program_id = %(program)s AND d.type = %(type)s AND d.created_at >= %(since)s
  AND e.holder_id = ANY (%(holders)s::uuid[])
ORDER BY p.url, d.event_xid, d.event_id
