-- name: rulebooks
-- All rulebooks of a program, newest moment first, without the bodies of those that are known. Plan: small table.
SELECT id::text, version, CASE WHEN id = ANY (%(known)s::uuid[]) THEN NULL ELSE body END, effective_from, title,
       published_at, withdrawn_at
FROM promotions_rulebook
WHERE program_id = %(program)s
ORDER BY effective_from DESC, version DESC

-- name: versions
-- The versions of a program's rulebooks, and whether they were not taken back. Plan: small table.
SELECT version, withdrawn_at IS NULL FROM promotions_rulebook WHERE program_id = %(program)s

-- name: publish
-- Plan: insert; the version's unique index refuses two at once.
INSERT INTO promotions_rulebook (id, program_id, version, body, effective_from, published_at, title)
SELECT %(id)s, %(program)s, coalesce(max(version), 0) + 1, %(body)s, %(effective_from)s, %(now)s, %(title)s
FROM promotions_rulebook WHERE program_id = %(program)s
RETURNING version

-- name: withdraw
-- Take back a version that does not hold yet. Plan: the version's unique index.
UPDATE promotions_rulebook SET withdrawn_at = %(now)s
WHERE program_id = %(program)s AND version = %(version)s AND withdrawn_at IS NULL AND effective_from > %(now)s
RETURNING id::text

-- name: pauses
-- What is paused now. Plan: the partial index of what is.
SELECT kind, code, paused_at, paused_by FROM promotions_pause
WHERE program_id = %(program)s AND resumed_at IS NULL
ORDER BY paused_at, id

-- name: pause
-- Plan: insert; the partial unique index has one pause of a thing at a time.
INSERT INTO promotions_pause (id, program_id, kind, code, paused_at, paused_by)
VALUES (%(id)s, %(program)s, %(kind)s, %(code)s, %(now)s, %(by)s)
ON CONFLICT DO NOTHING
RETURNING id::text

-- name: resume
-- Plan: the partial unique index.
UPDATE promotions_pause SET resumed_at = %(now)s, resumed_by = %(by)s
WHERE program_id = %(program)s AND kind = %(kind)s AND code = %(code)s AND resumed_at IS NULL
RETURNING id::text
