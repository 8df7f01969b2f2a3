-- name: find_holders
-- Whom a batch of keys names: contacts and cards by keyed hash, members by id and by external id. On the path of
-- every receipt. Plan: three function scans, each with a nested loop on a unique index.
SELECT r.kind, r.value, i.holder_id::text
FROM json_to_recordset(%(hashed)s) AS r (kind text, value text)
JOIN members_identity i
  ON i.program_id = %(program)s AND i.kind = r.kind AND i.value_hash = decode(r.value, 'hex')
UNION ALL
SELECT 'external_id', r.value, m.id::text
FROM json_array_elements_text(%(external_ids)s) AS r (value)
JOIN members_member m ON m.program_id = %(program)s AND m.external_id = r.value
UNION ALL
SELECT 'id', r.value, m.id::text
FROM json_array_elements_text(%(ids)s) AS r (value)
JOIN members_member m ON m.program_id = %(program)s AND m.id = r.value::uuid
