-- name: limits
-- The limits that hold, in the order in which they were set. Plan: small table.
SELECT id::text, subject, measure, unit, "window", most, hard, place FROM limits_limit
WHERE program_id = %(program)s AND removed_at IS NULL
ORDER BY created_at, id

-- name: lock_limits
-- One changer of a program's limits at a time. Plan: advisory lock.
SELECT pg_advisory_xact_lock(hashtext('limits_limit'), hashtext(%(program)s))

-- name: add_limits
-- Plan: function scan, insert.
INSERT INTO limits_limit (id, program_id, subject, measure, unit, "window", most, hard, place, created_at, changed_at)
SELECT id, %(program)s, subject, measure, unit, "window", most, hard, place, %(now)s, %(now)s
FROM json_to_recordset(%(rows)s) AS r (
    id uuid, subject text, measure text, unit text, "window" text, most bigint, hard boolean, place text
)

-- name: change_limits
-- Plan: small table.
UPDATE limits_limit l SET most = r.most, hard = r.hard, changed_at = %(now)s
FROM json_to_recordset(%(rows)s) AS r (id uuid, most bigint, hard boolean)
WHERE l.id = r.id AND l.program_id = %(program)s AND (l.most, l.hard) IS DISTINCT FROM (r.most, r.hard)

-- name: remove_limits
-- Plan: small table.
UPDATE limits_limit SET removed_at = %(now)s
WHERE program_id = %(program)s AND id = ANY (%(ids)s::uuid[]) AND removed_at IS NULL

-- name: alerts
-- A page of alerts, newest first, each with its limit as it stands now. Plan: the index of a program's alerts, backwards.
SELECT a.id::text, a.limit_id::text, l.subject, l.measure, l.unit, l."window", l.most, l.hard, l.place,
       a.subject, a.used, a.most, a.operation_id::text, a.holder_id::text, a.place, a.at, a.recorded_at
FROM limits_alert a
JOIN limits_limit l ON l.id = a.limit_id
WHERE a.program_id = %(program)s
  AND (%(before_at)s::timestamptz IS NULL OR (a.recorded_at, a.id) < (%(before_at)s, %(before_id)s::uuid))
ORDER BY a.recorded_at DESC, a.id DESC
LIMIT %(limit)s
