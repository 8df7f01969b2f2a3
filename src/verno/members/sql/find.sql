-- name: find_holders
-- Whom a batch of keys names: contacts and cards by keyed hash, members by id and by external id. On the path of
-- every receipt. Who was merged into another is that one: the redirects are asked by their primary key, row by row,
-- which costs next to nothing while there are none. LIMIT keeps the plan (see docs/adr/0009).
-- Plan: three function scans, each with a nested loop on a unique index, and a look-up of the redirect.
SELECT r.kind, r.value,
       coalesce((SELECT survivor_id FROM members_redirect WHERE holder_id = i.holder_id), i.holder_id)::text
FROM json_to_recordset(%(hashed)s) AS r (kind text, value text)
CROSS JOIN LATERAL (
    SELECT holder_id FROM members_identity
    WHERE program_id = %(program)s AND kind = r.kind AND value_hash = decode(r.value, 'hex')
    LIMIT 1
) i
UNION ALL
SELECT 'external_id', r.value,
       coalesce((SELECT survivor_id FROM members_redirect WHERE holder_id = m.id), m.id)::text
FROM json_array_elements_text(%(external_ids)s) AS r (value)
CROSS JOIN LATERAL (
    SELECT id FROM members_member WHERE program_id = %(program)s AND external_id = r.value LIMIT 1
) m
UNION ALL
SELECT 'id', r.value,
       coalesce((SELECT survivor_id FROM members_redirect WHERE holder_id = m.id), m.id)::text
FROM json_array_elements_text(%(ids)s) AS r (value)
CROSS JOIN LATERAL (
    SELECT id FROM members_member WHERE program_id = %(program)s AND id = r.value::uuid LIMIT 1
) m
