-- name: open_counters
-- Make the counters that a batch needs and that do not exist yet: those of its uses, and those of operations known
-- before. Before any lock is held and in one order, so that two batches which make the same counters wait for each other
-- and never in a circle. OFFSET keeps the plan (see docs/adr/0009). Plan: nested loops on primary keys, sort, insert.
INSERT INTO limits_counter (limit_id, subject, bucket, program_id, used, held, alerted, changed_at)
SELECT limit_id, subject, bucket, %(program)s, 0, 0, false, %(now)s
FROM (
    SELECT limit_id, subject, bucket
    FROM json_to_recordset(%(rows)s) AS r (limit_id uuid, subject text, bucket timestamptz)
    UNION
    SELECT u.limit_id, u.subject, u.bucket
    FROM json_to_recordset(%(known)s) AS k (operation_id uuid)
    CROSS JOIN LATERAL (
        SELECT * FROM limits_use WHERE operation_id = k.operation_id AND program_id = %(program)s OFFSET 0
    ) u
) w
WHERE NOT EXISTS (
    SELECT FROM limits_counter c WHERE c.limit_id = w.limit_id AND c.subject = w.subject AND c.bucket = w.bucket
)
ORDER BY limit_id, subject, bucket
ON CONFLICT DO NOTHING

-- name: lock_counters
-- Lock the batch's counters, always in the order of their keys, and read them as they are after the wait.
-- LIMIT and OFFSET keep the plan (see docs/adr/0009). Plan: nested loops on primary keys, sort, lock.
SELECT c.limit_id::text, c.subject, c.bucket, c.used, c.held, c.alerted
FROM (
    SELECT limit_id, subject, bucket
    FROM json_to_recordset(%(rows)s) AS r (limit_id uuid, subject text, bucket timestamptz)
    UNION
    SELECT u.limit_id, u.subject, u.bucket
    FROM json_to_recordset(%(known)s) AS k (operation_id uuid)
    CROSS JOIN LATERAL (
        SELECT * FROM limits_use WHERE operation_id = k.operation_id AND program_id = %(program)s OFFSET 0
    ) u
    ORDER BY limit_id, subject, bucket
) w
CROSS JOIN LATERAL (
    SELECT * FROM limits_counter
    WHERE limit_id = w.limit_id AND subject = w.subject AND bucket = w.bucket
    LIMIT 1
    FOR UPDATE
) c

-- name: look_at_counters
-- The same counters without a lock, for a quote. LIMIT keeps the plan. Plan: nested loop on the primary key.
SELECT c.limit_id::text, c.subject, c.bucket, c.used, c.held, c.alerted
FROM json_to_recordset(%(rows)s) AS r (limit_id uuid, subject text, bucket timestamptz)
CROSS JOIN LATERAL (
    SELECT * FROM limits_counter
    WHERE limit_id = r.limit_id AND subject = r.subject AND bucket = r.bucket
    LIMIT 1
) c

-- name: lapsed
-- What reservations past their time still hold of the batch's counters: it counts no more. A statement of its own after
-- the locks, since one that waited would see what was there before the wait.
-- Plan: nested loops on the primary key and on the partial index of reservations.
SELECT w.limit_id::text, w.subject, w.bucket, l.amount
FROM (
    SELECT limit_id, subject, bucket
    FROM json_to_recordset(%(rows)s) AS r (limit_id uuid, subject text, bucket timestamptz)
    UNION
    SELECT u.limit_id, u.subject, u.bucket
    FROM json_to_recordset(%(known)s) AS k (operation_id uuid)
    CROSS JOIN LATERAL (
        SELECT * FROM limits_use WHERE operation_id = k.operation_id AND program_id = %(program)s OFFSET 0
    ) u
) w
CROSS JOIN LATERAL (
    SELECT sum(amount)::bigint AS amount FROM limits_use
    WHERE limit_id = w.limit_id AND subject = w.subject AND bucket = w.bucket AND until <= %(now)s
) l
WHERE l.amount > 0

-- name: known_uses
-- What operations known before count, one row a limit; what has lapsed counts nothing.
-- OFFSET and LIMIT keep the plan (see docs/adr/0009). Plan: nested loops on primary keys.
SELECT u.operation_id::text, u.limit_id::text, u.subject, u.bucket, l.measure, l.unit,
       CASE WHEN u.until <= %(now)s THEN 0 ELSE u.amount END,
       CASE WHEN u.until <= %(now)s THEN NULL ELSE u.until END,
       u.ends_at
FROM json_to_recordset(%(known)s) AS k (operation_id uuid)
CROSS JOIN LATERAL (
    SELECT * FROM limits_use WHERE operation_id = k.operation_id AND program_id = %(program)s OFFSET 0
) u
CROSS JOIN LATERAL (SELECT measure, unit FROM limits_limit WHERE id = u.limit_id LIMIT 1) l
ORDER BY u.operation_id, u.limit_id, u.subject, u.bucket

-- name: lapse
-- Empty the reservations of the batch's locked counters whose time is over. Plan: nested loop on the partial index.
UPDATE limits_use u SET amount = 0, until = NULL
FROM json_to_recordset(%(rows)s) AS r (limit_id uuid, subject text, bucket timestamptz)
WHERE u.limit_id = r.limit_id AND u.subject = r.subject AND u.bucket = r.bucket AND u.until <= %(now)s

-- name: add_uses
-- Plan: function scan, insert.
INSERT INTO limits_use (operation_id, limit_id, subject, bucket, program_id, amount, until, ends_at, recorded_at)
SELECT operation_id, limit_id, subject, bucket, %(program)s, amount, until, ends_at, %(now)s
FROM json_to_recordset(%(rows)s) AS r (
    operation_id uuid, limit_id uuid, subject text, bucket timestamptz, amount bigint, until timestamptz,
    ends_at timestamptz
)

-- name: change_uses
-- Say what known operations count now. Written as an insert that meets its row, since that has one plan only
-- (docs/adr/0009). Plan: function scan, primary key, update.
INSERT INTO limits_use (operation_id, limit_id, subject, bucket, program_id, amount, until, ends_at, recorded_at)
SELECT operation_id, limit_id, subject, bucket, %(program)s, amount, until, ends_at, %(now)s
FROM json_to_recordset(%(rows)s) AS r (
    operation_id uuid, limit_id uuid, subject text, bucket timestamptz, amount bigint, until timestamptz,
    ends_at timestamptz
)
ON CONFLICT (operation_id, limit_id, subject, bucket) DO UPDATE
SET amount = excluded.amount, until = excluded.until

-- name: move_counters
-- Say what the locked counters hold now. Written as an insert that meets its row, like change_uses.
-- Plan: function scan, primary key, update of unindexed columns (HOT).
INSERT INTO limits_counter (limit_id, subject, bucket, program_id, used, held, alerted, changed_at)
SELECT limit_id, subject, bucket, %(program)s, used, held, alerted, %(now)s
FROM json_to_recordset(%(rows)s) AS r (
    limit_id uuid, subject text, bucket timestamptz, used bigint, held bigint, alerted boolean
)
ON CONFLICT (limit_id, subject, bucket) DO UPDATE
SET used = excluded.used, held = excluded.held, alerted = excluded.alerted, changed_at = excluded.changed_at

-- name: add_alerts
-- Plan: function scan, insert; the counter's lock and its mark keep a second alert away.
INSERT INTO limits_alert (limit_id, subject, bucket, id, program_id, operation_id, holder_id, place, used, most, at,
                          recorded_at)
SELECT limit_id, subject, bucket, id, %(program)s, operation_id, holder_id, place, used, most, at, %(now)s
FROM json_to_recordset(%(rows)s) AS r (
    limit_id uuid, subject text, bucket timestamptz, id uuid, operation_id uuid, holder_id uuid, place text,
    used bigint, most bigint, at timestamptz
)

-- name: forget
-- Drop the counters of long ago that nobody has touched since, with all that counted for them; how many counters.
-- Whoever waits for such a counter finds it gone and tries again. Plan: the index of buckets, stops at the limit; BRIN
-- on the time of recording, hash join.
WITH gone AS (
    DELETE FROM limits_counter
    WHERE (limit_id, subject, bucket) IN (
        SELECT limit_id, subject, bucket FROM limits_counter
        WHERE bucket < %(before)s AND changed_at < %(before)s
        ORDER BY bucket
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    )
    RETURNING limit_id, subject, bucket
), emptied AS (
    DELETE FROM limits_use u USING gone g
    WHERE u.recorded_at < %(before)s
      AND u.limit_id = g.limit_id AND u.subject = g.subject AND u.bucket = g.bucket
)
SELECT count(*) FROM gone
