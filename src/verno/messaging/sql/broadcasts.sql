-- name: add_broadcast
-- Plan: insert.
INSERT INTO messaging_broadcast (id, program_id, name, state, version, wanted, priority, created_at, created_by, changed_at)
VALUES (%(id)s, %(program)s, %(name)s, 'draft', 1, %(wanted)s, %(priority)s, %(now)s, %(by)s, %(now)s)

-- name: add_broadcast_version
-- Plan: insert.
INSERT INTO messaging_broadcast_version (broadcast_id, version, program_id, wanted, at, by)
VALUES (%(id)s, %(version)s, %(program)s, %(wanted)s, %(now)s, %(by)s)

-- name: edit_broadcast
-- A draft's next version; whoever approved the one before has not seen this one. Plan: primary key.
UPDATE messaging_broadcast
SET name = %(name)s, wanted = %(wanted)s, priority = %(priority)s, version = version + 1, changed_at = %(now)s,
    approved_at = NULL, approved_by = NULL
WHERE id = %(id)s AND program_id = %(program)s AND state = 'draft' AND version = %(based_on)s
RETURNING version

-- name: broadcast
-- Plan: primary key.
SELECT id::text, program_id::text, state, version, wanted, created_at, created_by, changed_at, approved_at,
       approved_by, launched_at, launched_by, starts_at, frozen_at, ended_at, reason, audience, unknown, winner, cost
FROM messaging_broadcast WHERE id = %(id)s AND program_id = %(program)s

-- name: broadcast_locked
-- One broadcast, and nobody changes it until the commit. Plan: primary key.
SELECT id::text, program_id::text, state, version, wanted, created_at, created_by, changed_at, approved_at,
       approved_by, launched_at, launched_by, starts_at, frozen_at, ended_at, reason, audience, unknown, winner, cost
FROM messaging_broadcast WHERE id = %(id)s AND program_id = %(program)s
FOR NO KEY UPDATE

-- name: broadcasts
-- A program's broadcasts, the newest first. Plan: the index by program and state, sort of some hundred rows, limit.
SELECT id::text, program_id::text, state, version, wanted, created_at, created_by, changed_at, approved_at,
       approved_by, launched_at, launched_by, starts_at, frozen_at, ended_at, reason, audience, unknown, winner, cost
FROM messaging_broadcast
WHERE program_id = %(program)s AND (%(state)s::text IS NULL OR state = %(state)s)
  AND (%(before_at)s::timestamptz IS NULL OR (created_at, id) < (%(before_at)s, %(before_id)s::uuid))
ORDER BY created_at DESC, id DESC
LIMIT %(limit)s

-- name: broadcast_versions
-- Plan: primary key range.
SELECT version, wanted, at, by FROM messaging_broadcast_version
WHERE broadcast_id = %(id)s AND program_id = %(program)s
ORDER BY version DESC

-- name: broadcast_author
-- Who wrote a version. Plan: primary key.
SELECT by FROM messaging_broadcast_version
WHERE broadcast_id = %(id)s AND version = %(version)s AND program_id = %(program)s

-- name: approve_broadcast
-- Plan: primary key.
UPDATE messaging_broadcast SET approved_at = %(now)s, approved_by = %(by)s, changed_at = %(now)s WHERE id = %(id)s

-- name: launch_broadcast
-- Plan: primary key.
UPDATE messaging_broadcast
SET state = 'scheduled', launched_at = %(now)s, launched_by = %(by)s, starts_at = %(starts_at)s,
    open_wave = %(open_wave)s, changed_at = %(now)s
WHERE id = %(id)s

-- name: pause_broadcast
-- Plan: primary key.
UPDATE messaging_broadcast SET state = 'paused', reason = %(reason)s, changed_at = %(now)s
WHERE id = %(id)s AND state IN ('scheduled', 'running')
RETURNING id::text

-- name: resume_broadcast
-- What was found before counts no more: a person has looked. Plan: primary key.
UPDATE messaging_broadcast
SET state = CASE WHEN frozen_at IS NULL THEN 'scheduled' ELSE 'running' END, reason = NULL, released_at = %(now)s,
    changed_at = %(now)s
WHERE id = %(id)s

-- name: cancel_broadcast
-- Plan: primary key.
UPDATE messaging_broadcast
SET state = 'cancelled', reason = NULL, changed_at = %(now)s, ended_at = CASE WHEN frozen_at IS NULL THEN %(now)s END
WHERE id = %(id)s

-- name: recipient_counts
-- The frozen audience by state; of those who wait, apart, whom a cheaper channel has a message for already.
-- Plan: range of the primary key, hash.
SELECT state, CASE WHEN state = 'withheld' THEN reason END, state = 'waiting' AND messages > 0, count(*)
FROM messaging_recipient WHERE broadcast_id = %(id)s AND program_id = %(program)s
GROUP BY 1, 2, 3
