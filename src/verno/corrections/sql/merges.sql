-- name: add_merge
-- Plan: insert.
INSERT INTO corrections_merge (holder_id, id, program_id, into_id, merged_at, author_kind, author_id, answer)
VALUES (%(holder)s, %(id)s, %(program)s, %(into)s, %(now)s, %(by_kind)s, %(by)s, %(answer)s)

-- name: standing_merge
-- The merge that holds of a member, with what was answered. Plan: the partial unique index.
SELECT m.id::text, m.into_id::text, m.answer FROM corrections_merge m
WHERE m.holder_id = %(holder)s AND m.program_id = %(program)s AND m.undone_at IS NULL

-- name: find_merge
-- Plan: the unique index of ids.
SELECT m.id::text, m.holder_id::text, m.into_id::text, m.merged_at, m.undone_at, m.undo_answer
FROM corrections_merge m
WHERE m.id = %(id)s AND m.program_id = %(program)s

-- name: undo_merge
-- Plan: the unique index of ids.
UPDATE corrections_merge
SET undone_at = %(now)s, undone_by_kind = %(by_kind)s, undone_by_id = %(by)s, undo_answer = %(answer)s
WHERE id = %(id)s AND undone_at IS NULL

-- name: add_moves
-- Plan: function scan, insert.
INSERT INTO corrections_merge_move (holder_id, operation_id, unit_id, program_id, merge_id, moved_at)
SELECT holder_id, operation_id, unit_id, %(program)s, merge_id, %(now)s
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, operation_id uuid, unit_id uuid, merge_id uuid)

-- name: moves_of
-- What a merge moved, the last first: points that came late went after the others. Plan: the holder's range.
SELECT v.operation_id::text, v.unit_id::text, v.moved_at FROM corrections_merge_move v
WHERE v.holder_id = %(holder)s AND v.merge_id = %(merge)s
ORDER BY v.moved_at DESC, v.operation_id DESC, v.unit_id

-- name: merges_of
-- Merges that a member took part in, on either side, the newest first. Plan: primary key range, index by target.
SELECT m.id::text, m.holder_id::text, m.into_id::text, m.merged_at, m.undone_at
FROM corrections_merge m
WHERE m.program_id = %(program)s AND (m.holder_id = %(holder)s OR m.into_id = %(holder)s)
ORDER BY m.merged_at DESC, m.id DESC

-- name: merges_between
-- Standing merges of which one side alone is among some members, and those of the survivors further on, the last of a
-- chain first. Plan: function scan, the partial unique index and the index by target, a recursion of a few rows.
WITH RECURSIVE asked AS MATERIALIZED (
    SELECT value::uuid AS id FROM json_array_elements_text(%(holders)s)
), wrong (id, holder_id, into_id, merged_at, step) AS (
    SELECT m.id, m.holder_id, m.into_id, m.merged_at, 1
    FROM asked a JOIN corrections_merge m ON a.id IN (m.holder_id, m.into_id)
    WHERE m.program_id = %(program)s AND m.undone_at IS NULL
      AND (m.holder_id IN (SELECT id FROM asked)) <> (m.into_id IN (SELECT id FROM asked))
    UNION
    SELECT m.id, m.holder_id, m.into_id, m.merged_at, w.step + 1
    FROM wrong w JOIN corrections_merge m ON m.holder_id = w.into_id AND m.undone_at IS NULL
)
SELECT w.id::text, w.holder_id::text, w.into_id::text, w.merged_at
FROM wrong w
JOIN members_member h ON h.id = w.holder_id
JOIN members_member i ON i.id = w.into_id
GROUP BY w.id, w.holder_id, w.into_id, w.merged_at
ORDER BY max(w.step) DESC, w.id

-- name: stragglers
-- Merged members on whose accounts something lies all the same: a receipt found them before the merge and was posted
-- after it. What is set aside by a hold waits for the hold's end.
-- Plan: scan of the redirects, nested loop on the holder's accounts and on the standing merge.
SELECT m.holder_id::text, m.into_id::text, m.id::text, array_agg(a.unit_id::text ORDER BY a.unit_id)
FROM members_redirect d
JOIN ledger_account a ON a.holder_id = d.holder_id AND a.kind = 'member'
JOIN corrections_merge m ON m.holder_id = d.holder_id AND m.undone_at IS NULL
WHERE d.program_id = %(program)s AND a.available + a.pending + a.debt > 0 AND a.held = 0
GROUP BY m.holder_id, m.into_id, m.id
ORDER BY m.holder_id
LIMIT %(limit)s

-- name: add_openings
-- Plan: function scan, insert.
INSERT INTO corrections_opening (program_id, key, holder_id, operation_id, run_id, row)
SELECT %(program)s, key, holder_id, operation_id, run_id, row
FROM json_to_recordset(%(rows)s) AS r (key text, holder_id uuid, operation_id uuid, run_id uuid, row bigint)

-- name: known_openings
-- Lots of the batch that were brought along before, and from where. LIMIT keeps the plan (see docs/adr/0009).
-- Plan: function scan, nested loops on primary keys.
SELECT r.key, o.run_id::text, o.row, p.fingerprint
FROM json_to_recordset(%(rows)s) AS r (key text)
CROSS JOIN LATERAL (
    SELECT run_id, row FROM corrections_opening WHERE program_id = %(program)s AND key = r.key LIMIT 1
) o
CROSS JOIN LATERAL (
    SELECT encode(fingerprint, 'hex') AS fingerprint FROM ledger_operation
    WHERE program_id = %(program)s AND key = r.key
    LIMIT 1
) p
