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
-- Rows come sorted. A badge that a source gave goes on, and is never shortened; one that was over begins anew. It is new to
-- the member if no source's held. Plan: function scan, insert that meets its row, nested loop on the primary key.
WITH r AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, code text, until timestamptz, source text)
), given AS (
    INSERT INTO members_badge AS b (holder_id, code, source, program_id, given_at, until)
    SELECT holder_id, code, source, %(program)s, %(now)s, until FROM r
    ON CONFLICT (holder_id, code, source) DO UPDATE
    SET given_at = CASE WHEN b.until <= %(now)s THEN excluded.given_at ELSE b.given_at END,
        until = CASE WHEN b.until <= %(now)s THEN excluded.until
                     WHEN b.until IS NULL OR excluded.until IS NULL THEN NULL
                     ELSE greatest(b.until, excluded.until) END
    RETURNING b.holder_id, b.code, b.until, b.source, b.given_at
)
SELECT g.holder_id::text, g.code, g.until, g.source
FROM given g
WHERE g.given_at = %(now)s AND NOT EXISTS (
    SELECT FROM members_badge o
    WHERE o.holder_id = g.holder_id AND o.code = g.code AND (o.until IS NULL OR o.until > %(now)s)
)
ORDER BY g.holder_id, g.code, g.source

-- name: lock_badges
-- Whoever works out anew how long a source gives a badge holds its row meanwhile. Rows come sorted.
-- Plan: function scan, nested loop on the primary key, lock.
SELECT FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, code text, source text)
CROSS JOIN LATERAL (
    SELECT FROM members_badge
    WHERE holder_id = r.holder_id AND code = r.code AND source = r.source AND program_id = %(program)s
    LIMIT 1
    FOR UPDATE
) b

-- name: take_badges
-- Badges that hold do so no longer than now said, by their source. Whose badge no other source gives is told of.
-- Plan: function scan, nested loops on the primary key.
WITH r AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, code text, until timestamptz, source text)
), cut AS (
    UPDATE members_badge b SET until = r.until
    FROM r
    WHERE b.holder_id = r.holder_id AND b.code = r.code AND b.source = r.source AND b.program_id = %(program)s
      AND (b.until IS NULL OR b.until > greatest(r.until, %(now)s))
    RETURNING b.holder_id, b.code, b.source, b.until
)
SELECT c.holder_id::text, c.code, c.source
FROM cut c
WHERE c.until <= %(now)s AND NOT EXISTS (
    SELECT FROM members_badge o
    WHERE o.holder_id = c.holder_id AND o.code = c.code AND (o.until IS NULL OR o.until > %(now)s)
      AND NOT EXISTS (SELECT FROM cut x WHERE x.holder_id = o.holder_id AND x.code = o.code AND x.source = o.source
                        AND x.until <= %(now)s)
)
ORDER BY c.holder_id, c.code, c.source
