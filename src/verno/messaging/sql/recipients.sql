-- name: recipients
-- A program's members in the order of their ids, from one on: everybody gets a statement or a reason why not.
-- Plan: range of the index by program and id, stops at the limit.
SELECT id::text, locale FROM members_member
WHERE program_id = %(program)s AND (%(after)s::uuid IS NULL OR id > %(after)s::uuid)
ORDER BY id
LIMIT %(limit)s
