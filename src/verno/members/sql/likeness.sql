-- name: look_alone
-- Whether it is ours to look, until the commit: after a large import one look follows another for long, and whoever comes
-- meanwhile has nothing to wait for. Plan: one row.
SELECT pg_try_advisory_xact_lock(hashtextextended('members_compared/' || %(program)s::text, 0))

-- name: compared
-- How far the finder has looked; the row is locked, since slow imports ask it behind what they have to come.
-- Plan: primary key, lock.
SELECT changed_at, id::text FROM members_compared WHERE program_id = %(program)s FOR UPDATE

-- name: keep_compared
-- Plan: insert or update by the primary key.
INSERT INTO members_compared (program_id, changed_at, id) VALUES (%(program)s, %(at)s, %(id)s)
ON CONFLICT (program_id) DO UPDATE SET changed_at = excluded.changed_at, id = excluded.id

-- name: next_changed
-- The next members in the order of their changes. What changed in the last minutes waits: a slower transaction may have
-- an older moment still. Plan: range of the index by change, limit.
SELECT m.id::text, m.changed_at FROM members_member m
WHERE m.program_id = %(program)s AND (m.changed_at, m.id) > (%(at)s, %(id)s::uuid) AND m.changed_at < %(upto)s
ORDER BY m.changed_at, m.id
LIMIT %(limit)s

-- name: unfolded
-- Contacts from before folds were kept, with the key to each. Plan: nested loops on (holder, kind) and the keys.
SELECT i.holder_id::text, i.kind, i.sealed, k.wrapped
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN members_identity i ON i.holder_id = r.id AND i.fold_hash IS NULL AND i.kind IN ('email', 'phone')
JOIN members_key k ON k.holder_id = i.holder_id

-- name: keep_folds
-- Plan: function scan, nested loop on (holder, kind), update.
UPDATE members_identity i SET fold_hash = decode(r.fold, 'hex')
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, kind text, fold text)
WHERE i.holder_id = r.holder_id AND i.kind = r.kind

-- name: alike
-- Whom some members may be: (member, other, why). Born on one day and called the same, or nearly; one e-mail but for dots
-- and what follows a plus; companies of one tax number. A day on which more than a thousand were born is no birth date
-- but a default. Who was merged is nobody's duplicate.
-- Plan: function scan, nested loops on the indexes by birth date and by fold, hash join of the few companies.
WITH looked AS (
    SELECT m.id, m.birth_date, m.folded, m.kind, m.attributes ->> 'inn' AS inn, m.attributes ->> 'vat' AS vat
    FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
    JOIN members_member m ON m.id = r.id AND m.program_id = %(program)s
)
SELECT f.id::text, f.other::text, f.why
FROM (
    SELECT l.id, o.id AS other,
           CASE WHEN o.folded = l.folded THEN 'same-name-and-birth-date' ELSE 'near-name-and-birth-date' END AS why
    FROM looked l
    CROSS JOIN LATERAL (
        SELECT b.id, b.folded, count(*) OVER () AS born
        FROM (
            SELECT id, folded FROM members_member
            WHERE program_id = %(program)s AND birth_date = l.birth_date
            LIMIT 1001
        ) b
    ) o
    WHERE l.folded IS NOT NULL AND o.born <= 1000 AND o.id <> l.id
      AND (o.folded = l.folded OR similarity(o.folded, l.folded) >= 0.45)
    UNION ALL
    SELECT l.id, o.holder_id, 'same-e-mail-but-for-dots'
    FROM looked l
    JOIN members_identity i ON i.holder_id = l.id AND i.kind = 'email'
    JOIN members_identity o
      ON o.program_id = %(program)s AND o.kind = 'email' AND o.fold_hash = i.fold_hash AND o.holder_id <> l.id
    UNION ALL
    SELECT l.id, o.id, 'same-tax-id'
    FROM looked l
    JOIN members_member o
      ON o.program_id = %(program)s AND o.kind = 'company' AND o.id <> l.id
     AND (o.attributes ->> 'inn' = l.inn OR o.attributes ->> 'vat' = l.vat)
    WHERE l.kind = 'company'
) f
WHERE NOT EXISTS (SELECT FROM members_redirect d WHERE d.holder_id IN (f.id, f.other))

-- name: drop_outdated
-- What was found of these members and holds no more; what a receipt showed stays, and so does what somebody has said.
-- Plan: function scans, nested loops on the primary key and the index by the other.
DELETE FROM members_duplicate p
USING (
    SELECT one_id, other_id FROM members_duplicate d
    JOIN json_array_elements_text(%(ids)s) AS r (value) ON d.one_id = r.value::uuid
    UNION
    SELECT one_id, other_id FROM members_duplicate d
    JOIN json_array_elements_text(%(ids)s) AS r (value) ON d.other_id = r.value::uuid
) g
WHERE p.one_id = g.one_id AND p.other_id = g.other_id AND p.program_id = %(program)s
  AND p.dismissed_at IS NULL AND NOT p.reasons ? 'named-together'
  AND NOT EXISTS (
      SELECT FROM json_to_recordset(%(rows)s) AS n (one_id uuid, other_id uuid)
      WHERE n.one_id = p.one_id AND n.other_id = p.other_id
  )

-- name: offer
-- Pairs with their reasons. What a receipt showed is kept beside what is found later; what was said to be two stays so.
-- Plan: function scan, insert; a pair that is there is changed by its primary key.
INSERT INTO members_duplicate AS p (one_id, other_id, program_id, score, reasons, found_at)
SELECT one_id, other_id, %(program)s, score, reasons, %(now)s
FROM json_to_recordset(%(rows)s) AS r (one_id uuid, other_id uuid, score smallint, reasons jsonb)
ON CONFLICT (one_id, other_id) DO UPDATE
SET score = greatest(excluded.score, CASE WHEN p.reasons ? 'named-together' THEN p.score ELSE 0 END),
    reasons = CASE
        WHEN p.reasons ? 'named-together' AND NOT excluded.reasons ? 'named-together'
            THEN excluded.reasons || '["named-together"]'
        WHEN excluded.reasons = '["named-together"]' AND NOT p.reasons ? 'named-together'
            THEN p.reasons || '["named-together"]'
        ELSE excluded.reasons END
WHERE p.dismissed_at IS NULL

-- name: duplicates
-- The likeliest pairs that nobody has said to be two, none of them merged. Plan: the partial index of open ones, limit.
SELECT p.one_id::text, p.other_id::text, p.score, p.reasons, p.found_at
FROM members_duplicate p
WHERE p.program_id = %(program)s AND p.dismissed_at IS NULL
  AND NOT EXISTS (SELECT FROM members_redirect d WHERE d.holder_id IN (p.one_id, p.other_id))
ORDER BY p.score DESC, p.one_id, p.other_id
LIMIT %(limit)s

-- name: duplicates_of
-- The same of one member. Plan: the primary key's range and the index by the other.
SELECT p.one_id::text, p.other_id::text, p.score, p.reasons, p.found_at
FROM members_duplicate p
WHERE p.program_id = %(program)s AND p.dismissed_at IS NULL AND (p.one_id = %(holder)s OR p.other_id = %(holder)s)
  AND NOT EXISTS (SELECT FROM members_redirect d WHERE d.holder_id IN (p.one_id, p.other_id))
ORDER BY p.score DESC, p.one_id, p.other_id
LIMIT %(limit)s

-- name: count_duplicates
-- Up to a thousand; beyond that nobody counts. Plan: the partial index of open ones, limit.
SELECT count(*) FROM (
    SELECT FROM members_duplicate p
    WHERE p.program_id = %(program)s AND p.dismissed_at IS NULL
      AND NOT EXISTS (SELECT FROM members_redirect d WHERE d.holder_id IN (p.one_id, p.other_id))
    LIMIT 1000
) f

-- name: dismiss
-- Somebody says that two are two; it stays said. Plan: insert or update by the primary key.
INSERT INTO members_duplicate AS p (one_id, other_id, program_id, score, reasons, found_at, dismissed_at, dismissed_by)
SELECT one_id, other_id, %(program)s, 0, '[]', %(now)s, %(now)s, %(by)s
FROM json_to_recordset(%(rows)s) AS r (one_id uuid, other_id uuid)
ON CONFLICT (one_id, other_id) DO UPDATE SET dismissed_at = excluded.dismissed_at, dismissed_by = excluded.dismissed_by
WHERE p.dismissed_at IS NULL
