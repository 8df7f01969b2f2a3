-- name: known_corrections
-- Which keys of the batch have been used before, and what was answered last. LIMIT keeps the plan (see docs/adr/0009).
-- Plan: function scan, nested loop on the unique index.
SELECT r.position, c.id::text, c.fingerprint, c.answer
FROM json_to_recordset(%(rows)s) AS r (position integer, key text)
CROSS JOIN LATERAL (
    SELECT id, encode(fingerprint, 'hex') AS fingerprint, answer FROM corrections_correction
    WHERE program_id = %(program)s AND kind = %(kind)s AND key = r.key
    LIMIT 1
) c

-- name: add_corrections
-- A key that another transaction used meanwhile is a unique violation: the whole is tried again and finds the winner.
-- Plan: function scan, insert.
INSERT INTO corrections_correction (holder_id, id, program_id, kind, key, fingerprint, unit_id, points, reason, to_id,
                                    expires_at, status, author_kind, author_id, asked_at, answer)
SELECT holder_id, id, %(program)s, %(kind)s, key, decode(fingerprint, 'hex'), unit_id, points, reason, to_id,
       expires_at, status, author_kind, author_id, %(now)s, decode(answer, 'hex')
FROM json_to_recordset(%(rows)s) AS r (
    holder_id uuid, id uuid, key text, fingerprint text, unit_id uuid, points bigint, reason text, to_id uuid,
    expires_at timestamptz, status text, author_kind text, author_id text, answer text
)

-- name: lock_corrections
-- Corrections that somebody decides about, locked in the order of their ids, as they are after the wait.
-- Plan: function scan, nested loop on the unique index of ids, sort, lock.
SELECT c.id::text, c.holder_id::text, c.status, c.key, encode(c.fingerprint, 'hex'), c.unit_id::text, c.points, c.reason,
       c.expires_at, c.author_kind, c.author_id, c.answer
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN corrections_correction c ON c.id = r.id AND c.program_id = %(program)s AND c.kind = 'adjustment'
ORDER BY c.id
FOR UPDATE OF c

-- name: decide_corrections
-- Plan: function scan, nested loop on the unique index of ids, update of rows locked before.
UPDATE corrections_correction c
SET status = r.status, decided_by = r.decided_by, decided_at = %(now)s, answer = decode(r.answer, 'hex')
FROM json_to_recordset(%(rows)s) AS r (id uuid, status text, decided_by text, answer text)
WHERE c.id = r.id

-- name: waiting_corrections
-- What waits for a second person, the oldest first, from some place on. Plan: the partial index of waiting ones, limit.
SELECT c.id::text, c.holder_id::text, c.kind, c.unit_id::text, c.points, c.reason, c.expires_at, c.status, c.author_kind,
       c.author_id, c.asked_at, c.decided_by, c.decided_at
FROM corrections_correction c
WHERE c.program_id = %(program)s AND c.status = 'waiting'
  AND (%(after_at)s::timestamptz IS NULL OR (c.asked_at, c.id) > (%(after_at)s, %(after_id)s::uuid))
ORDER BY c.asked_at, c.id
LIMIT %(limit)s

-- name: decision_of
-- What somebody has decided. Plan: the unique index of ids.
SELECT c.status, c.decided_by, c.answer FROM corrections_correction c
WHERE c.id = %(id)s AND c.program_id = %(program)s AND c.decided_by IS NOT NULL

-- name: count_waiting
-- Plan: index-only scan of the partial index.
SELECT count(*) FROM corrections_correction WHERE program_id = %(program)s AND status = 'waiting'

-- name: corrections_of
-- A member's newest corrections. Plan: the holder's range of the primary key, backwards.
SELECT c.id::text, c.holder_id::text, c.kind, c.unit_id::text, c.points, c.reason, c.expires_at, c.status, c.author_kind,
       c.author_id, c.asked_at, c.decided_by, c.decided_at
FROM corrections_correction c
WHERE c.holder_id = %(holder)s AND c.program_id = %(program)s
ORDER BY c.id DESC
LIMIT %(limit)s

-- name: staff_emails
-- Plan: primary key.
SELECT s.id::text, s.email FROM workspace_staff s
WHERE s.id = ANY (%(ids)s::uuid[]) AND s.program_id = %(program)s

-- name: staff_names
-- Who is behind ids of staff, former ones too. Plan: primary key.
SELECT s.id::text, s.name FROM workspace_staff s
WHERE s.id = ANY (%(ids)s::uuid[]) AND s.program_id = %(program)s

-- name: own_accounts
-- Accounts declared as those of somebody of the staff. Plan: primary key range.
SELECT o.staff_id::text, o.holder_id::text FROM corrections_own_account o
WHERE o.staff_id = ANY (%(ids)s::uuid[]) AND o.program_id = %(program)s

-- name: declare_own
-- Plan: insert.
INSERT INTO corrections_own_account (staff_id, holder_id, program_id, declared_at)
VALUES (%(staff)s, %(holder)s, %(program)s, %(now)s)
ON CONFLICT DO NOTHING

-- name: owners_of
-- Whose of the staff a member's account was declared to be. Plan: small table.
SELECT o.staff_id::text FROM corrections_own_account o
WHERE o.holder_id = %(holder)s AND o.program_id = %(program)s
