-- name: wishes
-- What members wish; those who wish nothing are absent. Plan: function scan, nested loop on the primary key.
SELECT w.holder_id::text, w.most_per, w.paused_until
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN members_wish w ON w.holder_id = r.id

-- name: add_wishes
-- The newest wish replaces what was there. Rows come sorted. Plan: function scan, insert that meets its row.
INSERT INTO members_wish (holder_id, program_id, most_per, paused_until, changed_at)
SELECT holder_id, %(program)s, most_per, paused_until, %(now)s
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, most_per smallint, paused_until timestamptz)
ON CONFLICT (holder_id) DO UPDATE
SET most_per = excluded.most_per, paused_until = excluded.paused_until, changed_at = excluded.changed_at

-- name: carry_wishes
-- Two who are one wish the quieter of both. Plan: primary key, insert that meets its row.
INSERT INTO members_wish AS w (holder_id, program_id, most_per, paused_until, changed_at)
SELECT %(into)s, program_id, most_per, paused_until, %(now)s FROM members_wish WHERE holder_id = %(holder)s
ON CONFLICT (holder_id) DO UPDATE
SET most_per = greatest(w.most_per, excluded.most_per), paused_until = greatest(w.paused_until, excluded.paused_until),
    changed_at = excluded.changed_at
