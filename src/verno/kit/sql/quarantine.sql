-- name: impose
-- Let nothing leave any more. Plan: one-row insert.
INSERT INTO kit_quarantine (id, since, restored_to) VALUES (%(id)s, %(now)s, %(to)s)

-- name: standing
-- The newest restore that nobody has released. Plan: a handful of rows.
SELECT since, restored_to FROM kit_quarantine WHERE released_at IS NULL ORDER BY since DESC, id DESC LIMIT 1

-- name: release
-- Let things leave again; of two who do so at once, one finds nothing. Plan: a handful of rows.
UPDATE kit_quarantine SET released_at = %(now)s WHERE released_at IS NULL RETURNING id::text
