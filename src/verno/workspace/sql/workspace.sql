-- name: programs
-- Plan: small table.
SELECT id::text, name, currency, timezone, country, locale FROM workspace_program ORDER BY created_at, id

-- name: add_program
-- Plan: insert.
INSERT INTO workspace_program (id, name, currency, timezone, country, locale, created_at)
VALUES (%(id)s, %(name)s, %(currency)s, %(timezone)s, %(country)s, %(locale)s, %(now)s)

-- name: lock_programs
-- One maker of programs at a time. Plan: advisory lock.
SELECT pg_advisory_xact_lock(hashtext('workspace_program'))

-- name: units
-- A program's units, the oldest first, each with what is set for it; life_days is how releases before 0003 said the
-- expiry, and counts until something else is set. Plan: small table; few settings of each unit by the primary key.
SELECT u.id::text, u.code, u.scale, coalesce((
    SELECT jsonb_object_agg(s.key, s.value) FROM workspace_setting s
    WHERE s.program_id = u.program_id AND s.scope = 'unit=' || u.code AND s.value <> 'null'
), '{}'), u.life_days
FROM workspace_unit u WHERE u.program_id = %(program)s ORDER BY u.created_at, u.id

-- name: lock_units
-- One adder of units to a program at a time. Plan: advisory lock.
SELECT pg_advisory_xact_lock(hashtext('workspace_unit'), hashtext(%(program)s::text))

-- name: add_unit
-- Units keep the order they are made in, whatever the clock says: the first one is the program's own. Plan: insert.
INSERT INTO workspace_unit (id, program_id, code, scale, life_days, created_at)
SELECT %(id)s, %(program)s, %(code)s, %(scale)s, %(life_days)s, greatest(%(now)s, (
    SELECT max(created_at) + interval '1 microsecond' FROM workspace_unit WHERE program_id = %(program)s
))

-- name: stores
-- All stores of a program, or those with the codes given. Plan: the index of store codes.
SELECT p.id::text, p.code, p.name, coalesce(p.timezone, g.timezone), p.anonymous_holder_id::text,
       (SELECT code FROM workspace_place WHERE id = p.parent_id AND kind = 'region')
FROM workspace_place p JOIN workspace_program g ON g.id = p.program_id
WHERE p.program_id = %(program)s AND p.kind = 'store' AND (%(codes)s::text[] IS NULL OR p.code = ANY (%(codes)s))
ORDER BY p.code

-- name: add_places
-- Add places that are not there yet. Plan: function scan, insert; the unique indexes settle races.
INSERT INTO workspace_place (id, program_id, parent_id, kind, code, name, timezone, anonymous_holder_id, created_at)
SELECT id, %(program)s, parent_id, kind, code, name, timezone, anonymous_holder_id, %(now)s
FROM json_to_recordset(%(rows)s) AS r (
    id uuid, parent_id uuid, kind text, code text, name text, timezone text, anonymous_holder_id uuid
)
ON CONFLICT DO NOTHING

-- name: change_stores
-- What stores are called and which region they are in; out of all regions they stand under the network. A region that
-- is named is there. Plan: function scan, nested loops on the indexes of places.
UPDATE workspace_place p
SET name = coalesce(r.name, p.name), parent_id = CASE WHEN r.moves THEN above.id ELSE p.parent_id END
FROM json_to_recordset(%(rows)s) AS r (code text, name text, moves boolean, region text)
JOIN workspace_place above ON above.program_id = %(program)s
  AND (above.kind, above.code) = (CASE WHEN r.region IS NULL THEN 'network' ELSE 'region' END,
                                  coalesce(r.region, 'network'))
WHERE p.program_id = %(program)s AND p.kind = 'store' AND p.code = r.code

-- name: network
-- The root of the places tree. Plan: small table.
SELECT id::text FROM workspace_place WHERE program_id = %(program)s AND kind = 'network'

-- name: tills
-- Tills of stores by (store, code). Plan: function scan, nested loop on the unique index.
SELECT p.parent_id::text, p.code, p.id::text
FROM json_to_recordset(%(rows)s) AS r (store_id uuid, code text)
JOIN workspace_place p
  ON p.program_id = %(program)s AND p.kind = 'till' AND p.parent_id = r.store_id AND p.code = r.code
