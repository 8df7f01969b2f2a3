-- name: add_upload
-- Plan: insert.
INSERT INTO imports_upload (id, program_id, name, size, sealed, columns, state, rows, uploaded_by, created_at, changed_at)
VALUES (%(id)s, %(program)s, %(name)s, %(size)s, %(sealed)s, %(columns)s, 'to-check', 0, %(by)s, %(now)s, %(now)s)

-- name: uploads
-- The newest. Plan: the index of the story.
SELECT id::text, name, size, columns, state, rows, total, report, problem, errors IS NOT NULL, changes IS NOT NULL,
       created_at
FROM imports_upload WHERE program_id = %(program)s AND (%(id)s::uuid IS NULL OR id = %(id)s)
ORDER BY created_at DESC, id DESC LIMIT 20

-- name: upload_file
-- A sealed part of an upload. Plan: primary key.
SELECT CASE %(part)s WHEN 'errors' THEN errors WHEN 'changes' THEN changes ELSE sealed END
FROM imports_upload WHERE id = %(id)s AND program_id = %(program)s

-- name: start_upload
-- What the check refused is told anew. Plan: primary key.
UPDATE imports_upload SET state = 'to-import', rows = 0, claims = 0, errors = NULL, changed_at = %(now)s
WHERE id = %(id)s AND program_id = %(program)s AND state = 'checked'

-- name: cancel_upload
-- What is being imported goes on: half of it is there. Plan: primary key.
UPDATE imports_upload SET state = 'cancelled', sealed = NULL, changes = NULL, errors = NULL, report = NULL, changed_at = %(now)s
WHERE id = %(id)s AND program_id = %(program)s AND state IN ('to-check', 'checked', 'to-import')

-- name: claim_upload
-- The next file to look at, or one whose worker is gone. Plan: a scan of a few rows.
UPDATE imports_upload u SET state = CASE WHEN u.state IN ('to-check', 'checking') THEN 'checking' ELSE 'importing' END,
       claimed_until = %(until)s, claims = u.claims + 1, changed_at = %(now)s
WHERE u.id = (
    SELECT id FROM imports_upload
    WHERE program_id = %(program)s
      AND (state IN ('to-check', 'to-import') OR state IN ('checking', 'importing') AND claimed_until < %(now)s)
    ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING u.id::text, u.name, u.columns, u.state, u.sealed, u.errors, u.claims

-- name: move_upload
-- How far it is; the lease goes on with it. Plan: primary key.
UPDATE imports_upload SET rows = %(rows)s, total = coalesce(%(total)s, total), claimed_until = %(until)s WHERE id = %(id)s

-- name: finish_upload
-- The file itself goes once it is imported or cannot be. Plan: primary key.
UPDATE imports_upload
SET state = %(state)s, report = %(report)s, problem = %(problem)s, errors = %(errors)s,
    changes = CASE WHEN %(state)s = 'checked' THEN %(changes)s::bytea ELSE NULL END,
    sealed = CASE WHEN %(state)s::text = 'checked' THEN sealed ELSE NULL END,
    claimed_until = NULL, changed_at = %(now)s
WHERE id = %(id)s

-- name: keep_errors
-- What was refused so far, before it is noted how far the file is. Plan: primary key.
UPDATE imports_upload SET errors = %(errors)s WHERE id = %(id)s

-- name: give_back_upload
-- A worker that is stopped lets the next one go on; that was no try. Plan: primary key.
UPDATE imports_upload SET claimed_until = %(now)s, claims = claims - 1 WHERE id = %(id)s

-- name: forget_uploads
-- Files that nobody started, and what is told of old ones, go after a while. Plan: a scan of a few rows.
DELETE FROM imports_upload
WHERE program_id = %(program)s AND (changed_at < %(old)s OR state IN ('checked', 'cancelled') AND changed_at < %(idle)s)
