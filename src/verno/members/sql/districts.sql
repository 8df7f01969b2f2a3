-- name: districts
-- Plan: primary key range, at most a few hundred rows.
SELECT code, kind, names, polygon, entries, archived_at
FROM members_district WHERE program_id = %(program)s ORDER BY code

-- name: share_districts
-- Whoever sorts members into districts sees them as they are until the end; nobody changes one meanwhile. Plan: lock.
SELECT pg_advisory_xact_lock_shared(hashtext('members_district'), hashtext(%(program)s))

-- name: own_districts
-- One changer of a program's districts at a time, after all who sort by the old ones. Plan: lock.
SELECT pg_advisory_xact_lock(hashtext('members_district'), hashtext(%(program)s))

-- name: put_district
-- It changes after all that was sorted before, whatever the clocks say. Plan: insert that meets its row; end of the index
-- by program and moment.
INSERT INTO members_district (program_id, code, kind, names, polygon, entries, archived_at, changed_at)
VALUES (%(program)s, %(code)s, %(kind)s, %(names)s, %(polygon)s, %(entries)s, %(archived_at)s,
        greatest(%(now)s, (SELECT max(sorted_at) + interval '1 microsecond' FROM members_location
                           WHERE program_id = %(program)s)))
ON CONFLICT (program_id, code) DO UPDATE
SET kind = excluded.kind, names = excluded.names, polygon = excluded.polygon, entries = excluded.entries,
    archived_at = excluded.archived_at, changed_at = excluded.changed_at

-- name: locations
-- Where members are, with the key to each. Plan: function scan, nested loops on primary keys.
SELECT l.holder_id::text, l.kind, l.sealed, k.wrapped, l.districts
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN members_location l ON l.holder_id = r.id
JOIN members_key k ON k.holder_id = l.holder_id

-- name: districts_of
-- Plan: function scan, nested loop on the primary key.
SELECT l.holder_id::text, l.kind, l.districts
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN members_location l ON l.holder_id = r.id
ORDER BY l.holder_id, l.kind

-- name: put_locations
-- Rows come sorted. Plan: function scan, insert that meets its row.
INSERT INTO members_location (holder_id, kind, program_id, sealed, districts, sorted_at)
SELECT r.holder_id, r.kind, %(program)s, decode(r.sealed, 'hex'), ARRAY(SELECT json_array_elements_text(r.districts)),
       greatest(%(now)s, (SELECT max(changed_at) FROM members_district WHERE program_id = %(program)s))
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, kind text, sealed text, districts json)
ON CONFLICT (holder_id, kind) DO UPDATE
SET sealed = excluded.sealed, districts = excluded.districts, sorted_at = excluded.sorted_at

-- name: forget_locations
-- Plan: function scan, nested loop on the primary key, delete.
DELETE FROM members_location l
USING (SELECT * FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, kind text) OFFSET 0) r
WHERE l.holder_id = r.holder_id AND l.kind = r.kind

-- name: stale_locations
-- The next locations that were sorted before a district's last change, locked; those that somebody writes right now are
-- sorted by what they write. Plan: range of the index by program and moment, limit; primary key of keys.
SELECT l.holder_id::text, l.kind, l.sealed, k.wrapped, l.districts
FROM (
    SELECT * FROM members_location
    WHERE program_id = %(program)s
      AND sorted_at < (SELECT max(changed_at) FROM members_district WHERE program_id = %(program)s)
    ORDER BY sorted_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
) l
JOIN members_key k ON k.holder_id = l.holder_id

-- name: sort_locations
-- Plan: function scan, nested loop on the primary key, update of rows locked before.
UPDATE members_location l
SET districts = ARRAY(SELECT json_array_elements_text(r.districts)), sorted_at = greatest(%(now)s, (SELECT max(changed_at) FROM members_district WHERE program_id = %(program)s))
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, kind text, districts json)
WHERE l.holder_id = r.holder_id AND l.kind = r.kind

-- name: set_home_places
-- Plan: function scan, nested loop on the primary key, update of rows locked before.
UPDATE members_member m SET home_place = r.home_place
FROM json_to_recordset(%(rows)s) AS r (id uuid, home_place text)
WHERE m.id = r.id

-- name: district_sizes
-- How many members are in each district, whichever way. Plan: one scan of the program's locations; on the page that shows
-- it alone.
SELECT c.code, count(DISTINCT l.holder_id)
FROM members_location l CROSS JOIN LATERAL unnest(l.districts) AS c (code)
WHERE l.program_id = %(program)s
GROUP BY c.code

-- name: home_zones
-- The zone of each member's home store. Plan: function scan, nested loops on the primary key and the places' code.
SELECT m.id::text, coalesce(p.timezone, g.timezone)
FROM (SELECT value AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN members_member m ON m.id = r.id::uuid
JOIN workspace_place p ON p.program_id = m.program_id AND p.kind = 'store' AND p.code = m.home_place
JOIN workspace_program g ON g.id = p.program_id
