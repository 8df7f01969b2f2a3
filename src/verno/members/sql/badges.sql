-- name: badges
-- What members were given, and those who were merged into them; of one badge twice the one that lasts.
-- Plan: function scan, nested loops on the index by survivor and on the primary key.
SELECT DISTINCT ON (r.id, b.code) r.id::text, b.code, b.given_at, b.until, b.source
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
CROSS JOIN LATERAL (
    SELECT r.id AS holder_id
    UNION ALL SELECT d.holder_id FROM members_redirect d WHERE d.survivor_id = r.id
) h
CROSS JOIN LATERAL (
    SELECT * FROM members_badge WHERE holder_id = h.holder_id AND program_id = %(program)s OFFSET 0
) b
ORDER BY r.id, b.code, b.until DESC NULLS FIRST

-- name: give_badges
-- Rows come sorted. A badge that is held goes on, and is never shortened; one that was over begins anew, which its moment
-- tells. Plan: function scan, insert that meets its row.
INSERT INTO members_badge AS b (holder_id, code, program_id, given_at, until, source)
SELECT holder_id, code, %(program)s, %(now)s, until, source
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, code text, until timestamptz, source text)
ON CONFLICT (holder_id, code) DO UPDATE
SET given_at = CASE WHEN b.until <= %(now)s THEN excluded.given_at ELSE b.given_at END,
    source = CASE WHEN b.until <= %(now)s THEN excluded.source ELSE b.source END,
    until = CASE WHEN b.until <= %(now)s THEN excluded.until
                 WHEN b.until IS NULL OR excluded.until IS NULL THEN NULL
                 ELSE greatest(b.until, excluded.until) END
RETURNING b.holder_id::text, b.code, b.until, b.source, b.given_at = %(now)s

-- name: take_badges
-- End badges that hold, where this source gave them. Plan: function scan, nested loop on the primary key.
UPDATE members_badge b SET until = %(now)s
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, code text, source text)
WHERE b.holder_id = r.holder_id AND b.code = r.code AND b.source = r.source AND b.program_id = %(program)s
  AND (b.until IS NULL OR b.until > %(now)s)
RETURNING b.holder_id::text, b.code, b.source
