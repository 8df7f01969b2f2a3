-- name: lock_members
-- The members that a batch names, locked in the order of their ids, as they are after the wait.
-- Plan: function scan, nested loop on (program, external id), sort, lock.
SELECT m.id::text, m.external_id, m.name, m.birth_date, m.locale, m.kind, m.buying_group, m.attributes
FROM json_array_elements_text(%(external_ids)s) AS r (value)
JOIN members_member m ON m.program_id = %(program)s AND m.external_id = r.value
ORDER BY m.id
FOR UPDATE OF m

-- name: held_identities
-- What those members hold now. Plan: as above, then nested loop on (holder, kind).
SELECT i.holder_id::text, i.kind, encode(i.value_hash, 'hex')
FROM json_array_elements_text(%(external_ids)s) AS r (value)
JOIN members_member m ON m.program_id = %(program)s AND m.external_id = r.value
JOIN members_identity i ON i.holder_id = m.id

-- name: taken_identities
-- Who holds the identities that the batch asks for, and whether they have confirmed them.
-- Plan: function scan, nested loop on the primary key.
SELECT i.holder_id::text, i.kind, encode(i.value_hash, 'hex'), i.verified_at
FROM (
    SELECT kind, decode(value, 'hex') AS hash
    FROM json_to_recordset(%(hashed)s) AS h (kind text, value text) OFFSET 0
) r
JOIN members_identity i
  ON i.program_id = %(program)s AND i.kind = r.kind AND i.value_hash = r.hash

-- name: merged_members
-- Whom the batch's members, and the owners of the identities it asks for, were merged into: as a rule nobody.
-- Plan: as the two above, with the redirects' primary key at the end.
SELECT d.holder_id::text, d.survivor_id::text
FROM json_array_elements_text(%(external_ids)s) AS r (value)
JOIN members_member m ON m.program_id = %(program)s AND m.external_id = r.value
JOIN members_redirect d ON d.holder_id = m.id
UNION
SELECT d.holder_id::text, d.survivor_id::text
FROM (
    SELECT kind, decode(value, 'hex') AS hash
    FROM json_to_recordset(%(hashed)s) AS h (kind text, value text) OFFSET 0
) r
JOIN members_identity i
  ON i.program_id = %(program)s AND i.kind = r.kind AND i.value_hash = r.hash
JOIN members_redirect d ON d.holder_id = i.holder_id

-- name: wrapped_keys
-- Their data keys, wrapped. Plan: nested loops on (program, external id) and the primary key.
SELECT k.holder_id::text, k.wrapped
FROM json_array_elements_text(%(external_ids)s) AS r (value)
JOIN members_member m ON m.program_id = %(program)s AND m.external_id = r.value
JOIN members_key k ON k.holder_id = m.id

-- name: add_members
-- Rows come sorted by external id, so that two batches never wait for each other in a circle.
-- An import says of all its batches when it began, hours ago: its members come after those at whom the finder of
-- duplicates has looked meanwhile, and the finder waits for them. Who has just read the clock waits for nobody.
-- Plan: function scan, insert; an insert or update by the primary key.
WITH finder AS (
    INSERT INTO members_compared AS c (program_id, changed_at, id)
    SELECT %(program)s, to_timestamp(0), '00000000-0000-0000-0000-000000000000'
    WHERE clock_timestamp() - %(now)s::timestamptz >= interval '1 minute'
    ON CONFLICT (program_id) DO UPDATE SET id = c.id
    RETURNING c.changed_at
)
INSERT INTO members_member (id, program_id, external_id, name, birth_date, locale, kind, buying_group, attributes,
                            created_at, changed_at)
SELECT id, %(program)s, external_id, name, birth_date, locale, kind, buying_group, attributes, %(now)s,
       greatest(%(now)s::timestamptz, (SELECT changed_at + interval '1 microsecond' FROM finder))
FROM json_to_recordset(%(rows)s) AS r (
    id uuid, external_id text, name text, birth_date date, locale text, kind text, buying_group text, attributes jsonb
)

-- name: change_members
-- With the finder of duplicates as above.
-- Plan: function scan, nested loop on the primary key, update of rows locked before.
WITH finder AS (
    INSERT INTO members_compared AS c (program_id, changed_at, id)
    SELECT %(program)s, to_timestamp(0), '00000000-0000-0000-0000-000000000000'
    WHERE clock_timestamp() - %(now)s::timestamptz >= interval '1 minute'
    ON CONFLICT (program_id) DO UPDATE SET id = c.id
    RETURNING c.changed_at
)
UPDATE members_member m
SET name = r.name, birth_date = r.birth_date, locale = r.locale, kind = r.kind, buying_group = r.buying_group,
    attributes = r.attributes,
    changed_at = greatest(%(now)s::timestamptz, (SELECT changed_at + interval '1 microsecond' FROM finder))
FROM json_to_recordset(%(rows)s) AS r (
    id uuid, name text, birth_date date, locale text, kind text, buying_group text, attributes jsonb
)
WHERE m.id = r.id

-- name: free_identities
-- Plan: function scan, nested loop on the primary key, delete.
DELETE FROM members_identity i
USING (
    SELECT kind, decode(value, 'hex') AS hash
    FROM json_to_recordset(%(rows)s) AS h (kind text, value text) OFFSET 0
) r
WHERE i.program_id = %(program)s AND i.kind = r.kind AND i.value_hash = r.hash

-- name: claim_identities
-- Rows come sorted; an identity that another transaction claimed first is a unique violation. What a merge moves may be
-- confirmed already.
-- Plan: function scan, insert.
INSERT INTO members_identity (program_id, kind, value_hash, holder_id, sealed, created_at, fold_hash, verified_at,
                              verified_by)
SELECT %(program)s, kind, decode(value, 'hex'), holder_id, decode(sealed, 'hex'), %(now)s, decode(fold, 'hex'),
       verified_at, verified_by
FROM json_to_recordset(%(rows)s) AS r (
    kind text, value text, holder_id uuid, sealed text, fold text, verified_at timestamptz, verified_by text
)

-- name: add_keys
-- Plan: function scan, insert.
INSERT INTO members_key (holder_id, wrapped)
SELECT holder_id, decode(wrapped, 'hex') FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, wrapped text)
