-- name: rulebooks
-- All rulebooks of a program, newest moment first, without the bodies of those that are known. Plan: small table.
SELECT id::text, version, CASE WHEN id = ANY (%(known)s::uuid[]) THEN NULL ELSE body END, effective_from
FROM promotions_rulebook
WHERE program_id = %(program)s
ORDER BY effective_from DESC, version DESC

-- name: publish
-- Plan: insert; the version's unique index refuses two at once.
INSERT INTO promotions_rulebook (id, program_id, version, body, effective_from, published_at)
SELECT %(id)s, %(program)s, coalesce(max(version), 0) + 1, %(body)s, %(effective_from)s, %(now)s
FROM promotions_rulebook WHERE program_id = %(program)s
RETURNING version
