-- name: lock_templates
-- Whoever saves, publishes or retires templates of a program does so one after the other. Plan: one advisory lock.
SELECT pg_advisory_xact_lock(hashtextextended('messaging_template/' || %(program)s::text, 0))

-- name: templates
-- The newest version of each code, its draft before all. Plan: ranges of two primary keys, sort; some hundreds of rows.
SELECT DISTINCT ON (code) body, version, published_at, created_at, created_by, retired_at
FROM (
    SELECT code, version, body, published_at, created_at, created_by, retired_at
    FROM messaging_template WHERE program_id = %(program)s
    UNION ALL
    SELECT code, version, body, NULL, created_at, created_by, NULL
    FROM messaging_template_draft WHERE program_id = %(program)s
) t
ORDER BY code, version DESC

-- name: template
-- A published version, the newest one when none is named. Plan: the code's range of the primary key, backwards.
SELECT body, version, published_at, created_at, created_by, retired_at
FROM messaging_template
WHERE program_id = %(program)s AND code = %(code)s AND version = coalesce(%(version)s, version)
ORDER BY version DESC
LIMIT 1

-- name: template_draft
-- Plan: primary key.
SELECT body, version, NULL::timestamptz, created_at, created_by, NULL::timestamptz
FROM messaging_template_draft WHERE program_id = %(program)s AND code = %(code)s

-- name: versions
-- The published versions of a code, the newest first. Plan: the code's range of the primary key, backwards.
SELECT version, published_at, published_by, because, retired_at
FROM messaging_template WHERE program_id = %(program)s AND code = %(code)s
ORDER BY version DESC LIMIT %(limit)s

-- name: compiled_templates
-- Versions as they are sent from; of a draft, which has the next version's number, what it is now.
-- Plan: function scan, nested loops on two primary keys.
SELECT r.code, r.version, coalesce(t.compiled, d.compiled)
FROM (SELECT code, version FROM json_to_recordset(%(rows)s) AS r (code text, version integer) OFFSET 0) r
LEFT JOIN messaging_template t ON t.program_id = %(program)s AND t.code = r.code AND t.version = r.version
LEFT JOIN messaging_template_draft d ON d.program_id = %(program)s AND d.code = r.code AND d.version = r.version
WHERE t.code IS NOT NULL OR d.code IS NOT NULL

-- name: next_version
-- The number that a code's draft will be published as, and how many other codes there are. Plan: ranges of two primary keys.
SELECT coalesce((SELECT max(version) FROM messaging_template WHERE program_id = %(program)s AND code = %(code)s), 0) + 1,
       (SELECT count(*) FROM (
           SELECT code FROM messaging_template WHERE program_id = %(program)s AND code <> %(code)s
           UNION SELECT code FROM messaging_template_draft WHERE program_id = %(program)s AND code <> %(code)s
       ) c)

-- name: save_template
-- The draft of a code, or what takes its place. Plan: insert.
INSERT INTO messaging_template_draft AS d
    (program_id, code, version, body, compiled, created_at, created_by, changed_at)
VALUES (%(program)s, %(code)s, %(version)s, %(body)s, %(compiled)s, %(now)s, %(by)s, %(now)s)
ON CONFLICT (program_id, code) DO UPDATE
SET version = excluded.version, body = excluded.body, compiled = excluded.compiled, created_by = excluded.created_by,
    changed_at = excluded.changed_at

-- name: publish_template
-- The draft becomes a version, for good. Plan: primary key, insert.
WITH draft AS (
    DELETE FROM messaging_template_draft WHERE program_id = %(program)s AND code = %(code)s
    RETURNING program_id, code, version, body, compiled, created_at, created_by
)
INSERT INTO messaging_template
    (program_id, code, version, body, compiled, because, published_at, published_by, created_at, created_by)
SELECT program_id, code, version, body, compiled, %(because)s, %(now)s, %(by)s, created_at, created_by
FROM draft
RETURNING version

-- name: drop_draft
-- Plan: primary key.
DELETE FROM messaging_template_draft WHERE program_id = %(program)s AND code = %(code)s

-- name: retire_template
-- Plan: the code's range of the primary key.
UPDATE messaging_template SET retired_at = %(now)s
WHERE program_id = %(program)s AND code = %(code)s AND retired_at IS NULL
