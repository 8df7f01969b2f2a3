-- name: add_run
-- Plan: insert.
INSERT INTO replay_run (id, program_id, draft, revision, title, body, since, until, state, done, started_by, created_at,
                        kept, as_sold)
VALUES (%(id)s, %(program)s, %(draft)s, %(revision)s, %(title)s, %(body)s, %(since)s, %(until)s, 'waiting', 0,
        %(by)s, %(now)s, false, %(as_sold)s)

-- name: runs
-- The newest runs of a program, without what came out. Plan: the index of the story, backwards.
SELECT id::text, draft, revision, title, since, until, state, done, total, started_by, created_at, seen_at, finished_at,
       problems, kept, as_sold
FROM replay_run
WHERE program_id = %(program)s AND (%(draft)s::integer IS NULL OR draft = %(draft)s)
ORDER BY created_at DESC, id DESC
LIMIT %(limit)s

-- name: run
-- Plan: primary key.
SELECT id::text, draft, revision, title, since, until, state, done, total, started_by, created_at, seen_at, finished_at,
       problems, kept, as_sold
FROM replay_run
WHERE program_id = %(program)s AND id = %(id)s

-- name: run_result
-- Plan: primary key.
SELECT result FROM replay_run WHERE program_id = %(program)s AND id = %(id)s

-- name: run_body
-- Plan: primary key.
SELECT body FROM replay_run WHERE program_id = %(program)s AND id = %(id)s

-- name: count_open_runs
-- Plan: small table.
SELECT count(*) FROM replay_run
WHERE program_id = %(program)s AND (state = 'waiting' OR state = 'running' AND seen_at >= %(alive)s)

-- name: claim_run
-- Take a run, the oldest that waits unless one is named; what another takes at this moment is left to it.
-- Plan: small table.
UPDATE replay_run SET state = 'running', worker = %(worker)s, seen_at = %(now)s, done = 0, total = NULL
WHERE id = (
    SELECT id FROM replay_run
    WHERE program_id = %(program)s AND state = 'waiting' AND (%(id)s::uuid IS NULL OR id = %(id)s)
    ORDER BY created_at, id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING id::text

-- name: tell_run
-- How far a run is; no row when it is not this worker's any more. Plan: primary key.
UPDATE replay_run SET done = %(done)s, total = %(total)s, seen_at = %(now)s
WHERE id = %(id)s AND worker = %(worker)s AND state = 'running'
RETURNING id::text

-- name: finish_run
-- Plan: primary key.
UPDATE replay_run
SET state = %(state)s, done = %(done)s, problems = %(problems)s, result = %(result)s, kept = %(kept)s,
    seen_at = %(now)s, finished_at = %(now)s
WHERE id = %(id)s AND worker = %(worker)s AND state = 'running'
RETURNING id::text

-- name: release_run
-- A worker that stops gives its run back: to begin anew, or as interrupted. Plan: primary key.
UPDATE replay_run SET state = %(state)s, worker = NULL, done = 0, total = NULL, finished_at = %(finished_at)s
WHERE id = %(id)s AND worker = %(worker)s AND state = 'running'

-- name: cancel_run
-- Plan: primary key.
UPDATE replay_run SET state = 'cancelled', finished_at = %(now)s
WHERE program_id = %(program)s AND id = %(id)s AND state IN ('waiting', 'running')
RETURNING id::text

-- name: mark_interrupted
-- Runs whose worker has not been heard of. Plan: small table.
UPDATE replay_run SET state = 'interrupted', finished_at = %(now)s
WHERE program_id = %(program)s AND state = 'running' AND seen_at < %(alive)s

-- name: forget_runs
-- Only the newest are kept; what is under way goes with nobody. Plan: small table.
DELETE FROM replay_run
WHERE program_id = %(program)s AND state NOT IN ('waiting', 'running') AND id NOT IN (
    SELECT id FROM replay_run WHERE program_id = %(program)s ORDER BY created_at DESC, id DESC LIMIT %(keep)s
)

-- name: add_losses
-- Plan: function scan, insert.
INSERT INTO replay_loss (run_id, place, program_id, holder_id, spent, current, draft)
SELECT %(run)s, %(before)s + position, %(program)s, (one ->> 'member')::uuid, (one ->> 'spent')::bigint,
       (one ->> 'current')::bigint, (one ->> 'draft')::bigint
FROM json_array_elements(%(rows)s) WITH ORDINALITY AS r (one, position)

-- name: losses
-- A page of a run's losses, the hardest first. Plan: range of the primary key.
SELECT place, holder_id::text, spent, current, draft FROM replay_loss
WHERE program_id = %(program)s AND run_id = %(run)s AND place > %(after)s
ORDER BY place
LIMIT %(limit)s
