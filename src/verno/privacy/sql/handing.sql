-- name: add_handout
-- Plan: insert.
INSERT INTO privacy_handout (id, program_id, holder_id, created_at, created_by, until, sent_to, code_to)
VALUES (%(id)s, %(program)s, %(holder_id)s, %(now)s, %(by)s, %(until)s, %(sent_to)s, %(code_to)s)

-- name: end_handouts
-- Earlier links of a member end now. Plan: the index by member, a few rows.
UPDATE privacy_handout SET until = %(now)s
WHERE program_id = %(program)s AND holder_id = %(holder_id)s AND used_at IS NULL AND until > %(now)s

-- name: handout
-- Plan: primary key.
SELECT id::text, holder_id::text, until, sent_to, code_to, used_at FROM privacy_handout
WHERE id = %(id)s AND program_id = %(program)s

-- name: newest_handout
-- Plan: the index by member, a few rows.
SELECT id::text, holder_id::text, until, sent_to, code_to, used_at FROM privacy_handout
WHERE program_id = %(program)s AND holder_id = %(holder)s ORDER BY created_at DESC, id DESC LIMIT 1

-- name: use_handout
-- A link works once, whoever is first. Plan: primary key.
UPDATE privacy_handout SET used_at = %(now)s
WHERE id = %(id)s AND program_id = %(program)s AND used_at IS NULL AND until > %(now)s
RETURNING id
