-- name: add_erasure
-- A request, or, in a replay, one that the journal knows. Plan: insert.
INSERT INTO privacy_erasure (id, program_id, holder_id, holders, state, requested_at, requested_by, due_at)
VALUES (%(id)s, %(program)s, %(holder)s, %(holders)s::uuid[], 'requested', %(at)s, %(by)s, %(due)s)
ON CONFLICT DO NOTHING
RETURNING id::text

-- name: lock_erasure
-- A request, locked until its step is done. Plan: primary key.
SELECT id::text, holder_id::text, state, requested_at, requested_by, due_at, done_at, done_by, certificate
FROM privacy_erasure WHERE id = %(id)s AND program_id = %(program)s
FOR UPDATE

-- name: erasure
-- Plan: primary key.
SELECT id::text, holder_id::text, state, requested_at, requested_by, due_at, done_at, done_by, certificate
FROM privacy_erasure WHERE id = %(id)s AND program_id = %(program)s

-- name: erasures
-- The newest requests, open ones first. Plan: the index of the story, a page.
SELECT id::text, holder_id::text, state, requested_at, requested_by, due_at, done_at, done_by, certificate
FROM privacy_erasure WHERE program_id = %(program)s
ORDER BY state = 'requested' DESC, requested_at DESC, id DESC
LIMIT %(limit)s

-- name: erasures_of
-- What was asked for a member. Plan: the index of the story, filtered: a few rows a program.
SELECT id::text, holder_id::text, state, requested_at, requested_by, due_at, done_at, done_by, certificate
FROM privacy_erasure WHERE program_id = %(program)s AND holder_id = %(holder)s
ORDER BY requested_at DESC, id DESC

-- name: cancel_erasure
-- Plan: primary key.
UPDATE privacy_erasure SET state = 'cancelled', done_at = %(now)s, done_by = %(by)s
WHERE id = %(id)s AND state = 'requested'

-- name: cancel_others
-- In a replay: requests of the same members that are open at the restored moment; those with a line of their own have
-- their turn. Plan: the index of open ones.
UPDATE privacy_erasure SET state = 'cancelled', done_at = %(now)s, done_by = 'system:verno'
WHERE program_id = %(program)s AND holder_id = ANY (%(holders)s::uuid[]) AND state = 'requested'
  AND id NOT IN (SELECT value::uuid FROM json_array_elements_text(%(ids)s))

-- name: name_holders
-- Whom an erasure is about, told just before it is done. Plan: primary key.
UPDATE privacy_erasure SET holders = %(holders)s::uuid[] WHERE id = %(id)s AND state = 'requested'

-- name: forget
-- The one door through which history is emptied of a person. Plan: a function.
SELECT privacy_forget(%(id)s)

-- name: finish_erasure
-- Plan: primary key.
UPDATE privacy_erasure SET state = 'done', done_at = %(now)s, done_by = %(by)s, certificate = %(certificate)s
WHERE id = %(id)s AND state = 'requested'

-- name: finish_others
-- What was asked for whoever was merged into a member is done with theirs. Plan: the index of open ones.
UPDATE privacy_erasure SET state = 'done', done_at = %(now)s, done_by = %(by)s, certificate = %(certificate)s
WHERE program_id = %(program)s AND holder_id = ANY (%(holders)s::uuid[]) AND id <> %(id)s AND state = 'requested'

-- name: closed_erasures
-- Which of some erasures are done here or called off. Plan: function scan, primary key.
SELECT e.id::text, e.state FROM json_array_elements_text(%(ids)s) AS r (value)
JOIN privacy_erasure e ON e.id = r.value::uuid AND e.state <> 'requested' AND e.program_id = %(program)s

-- name: kin
-- Whoever was merged into a member. Plan: the index of survivors.
SELECT holder_id::text FROM members_redirect WHERE survivor_id = %(holder)s ORDER BY 1

-- name: waiting
-- Messages of members that have not left. Plan: the members' own rows.
SELECT count(*) FROM messaging_message
WHERE holder_id = ANY (%(holders)s::uuid[]) AND state IN ('queued', 'claimed', 'deferred')

-- name: points
-- What members have, by unit. Plan: the holder's unique index.
SELECT u.code, sum(a.available + a.pending + a.held)::bigint FROM ledger_account a
JOIN workspace_unit u ON u.id = a.unit_id
WHERE a.holder_id = ANY (%(holders)s::uuid[]) AND a.kind = 'member'
GROUP BY u.code HAVING sum(a.available + a.pending + a.held) <> 0 ORDER BY u.code
