-- name: lock_month
-- One planner of a program's month at a time; the second finds the first one's rows. Plan: advisory lock.
SELECT pg_advisory_xact_lock(hashtextextended('messaging_statement/' || %(program)s || '/' || %(month)s, 0))

-- name: month_planned
-- Has the month been planned? Plan: one probe of the index by program and month.
SELECT EXISTS (SELECT FROM messaging_statement WHERE program_id = %(program)s AND month = %(month)s)

-- name: month_told
-- Has everybody been told of a month? It is planned from the newest member on: not as long as the oldest has not been.
-- Plan: the index by program and id, primary keys.
SELECT EXISTS (SELECT FROM messaging_statement s WHERE s.holder_id = oldest.id AND s.month = %(month)s)
FROM (SELECT m.id FROM members_member m
      WHERE m.program_id = %(program)s AND NOT EXISTS (SELECT FROM members_redirect d WHERE d.holder_id = m.id)
      ORDER BY m.id LIMIT 1) oldest

-- name: stated
-- Of these members, who has the month's statement. Plan: function scan, nested loop on the primary key.
SELECT DISTINCT s.holder_id::text
FROM (SELECT value::uuid AS holder_id FROM json_array_elements_text(%(holders)s) OFFSET 0) r
JOIN messaging_statement s ON s.holder_id = r.holder_id AND s.month = %(month)s

-- name: last_closings
-- What each member was told last before this month. Plan: function scan, nested loop on the primary key backwards.
SELECT s.holder_id::text, s.closing
FROM json_array_elements_text(%(holders)s) AS r (holder_id)
CROSS JOIN LATERAL (
    SELECT holder_id, closing FROM messaging_statement
    WHERE holder_id = r.holder_id::uuid AND unit_id = %(unit)s AND month < %(month)s
    ORDER BY month DESC LIMIT 1
) s

-- name: add_statements
-- Keep what was told. Plan: function scan, insert.
INSERT INTO messaging_statement (holder_id, unit_id, month, program_id, opening, earlier, earned, spent, expired,
                                 closing, expiring, cut_at)
SELECT holder_id, unit_id, %(month)s, %(program)s, opening, earlier, earned, spent, expired, closing, expiring, %(now)s
FROM json_to_recordset(%(rows)s) AS r (
    holder_id uuid, unit_id uuid, opening bigint, earlier bigint, earned bigint, spent bigint, expired bigint,
    closing bigint, expiring jsonb
)
ON CONFLICT DO NOTHING
