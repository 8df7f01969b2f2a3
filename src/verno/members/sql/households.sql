-- name: households_of
-- The open households of members, and of whom was merged into them: (member now, household).
-- Plan: function scan, the index of redirects by survivor, primary keys.
SELECT DISTINCT r.id::text, h.id::text, h.created_at
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
CROSS JOIN LATERAL (
    SELECT r.id AS holder_id
    UNION ALL
    SELECT d.holder_id FROM members_redirect d WHERE d.survivor_id = r.id
) w
JOIN members_housemate m ON m.holder_id = w.holder_id AND m.left_at IS NULL
JOIN members_household h ON h.id = m.household_id AND h.program_id = %(program)s AND h.closed_at IS NULL

-- name: households
-- Plan: function scan, primary key.
SELECT h.id::text, h.created_at
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN members_household h ON h.id = r.id AND h.program_id = %(program)s AND h.closed_at IS NULL

-- name: housemates
-- Who is in households, as who they are now, each once; the head first.
-- Plan: function scan, the partial index by household, primary key of the redirects.
SELECT f.household_id::text, f.holder::text, f.role, f.joined_at
FROM (
    SELECT DISTINCT ON (m.household_id, coalesce(d.survivor_id, m.holder_id))
           m.household_id, coalesce(d.survivor_id, m.holder_id) AS holder, m.role, m.joined_at
    FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
    JOIN members_housemate m ON m.household_id = r.id AND m.left_at IS NULL
    LEFT JOIN members_redirect d ON d.holder_id = m.holder_id
    ORDER BY m.household_id, coalesce(d.survivor_id, m.holder_id),
             array_position(ARRAY['head', 'adult', 'child'], m.role), m.joined_at
) f
ORDER BY f.household_id, array_position(ARRAY['head', 'adult', 'child'], f.role), f.joined_at, f.holder

-- name: lock_household
-- Plan: primary key, lock.
SELECT h.id::text FROM members_household h
WHERE h.id = %(household)s AND h.program_id = %(program)s AND h.closed_at IS NULL
FOR UPDATE

-- name: free_from
-- From when on a member, or whom was merged into them, may join. Plan: primary key, the index of redirects by survivor.
SELECT max(m.free_at) FROM members_housemate m
WHERE m.left_at IS NOT NULL
  AND (m.holder_id = %(holder)s OR m.holder_id IN (
      SELECT d.holder_id FROM members_redirect d WHERE d.survivor_id = %(holder)s
  ))

-- name: add_household
-- Plan: insert.
INSERT INTO members_household (id, program_id, created_at) VALUES (%(household)s, %(program)s, %(now)s)

-- name: add_housemate
-- Plan: insert; who was in one before is changed by the primary key.
INSERT INTO members_housemate (holder_id, program_id, household_id, role, joined_at)
VALUES (%(holder)s, %(program)s, %(household)s, %(role)s, %(now)s)
ON CONFLICT (holder_id) DO UPDATE
SET household_id = excluded.household_id, role = excluded.role, joined_at = excluded.joined_at, left_at = NULL,
    free_at = NULL

-- name: leave_household
-- A member leaves, and so does whom was merged into them; without a member, all do.
-- Plan: the partial index by household, the index of redirects by survivor.
UPDATE members_housemate m SET left_at = %(now)s, free_at = %(free)s
WHERE m.household_id = %(household)s AND m.program_id = %(program)s AND m.left_at IS NULL
  AND (%(holder)s::uuid IS NULL OR m.holder_id = %(holder)s::uuid OR m.holder_id IN (
      SELECT d.holder_id FROM members_redirect d WHERE d.survivor_id = %(holder)s::uuid
  ))

-- name: set_housemate
-- Plan: the partial index by household, the index of redirects by survivor.
UPDATE members_housemate m SET role = %(role)s
WHERE m.household_id = %(household)s AND m.program_id = %(program)s AND m.left_at IS NULL
  AND (m.holder_id = %(holder)s OR m.holder_id IN (
      SELECT d.holder_id FROM members_redirect d WHERE d.survivor_id = %(holder)s
  ))

-- name: close_household
-- Plan: primary key.
UPDATE members_household SET closed_at = %(now)s WHERE id = %(household)s AND program_id = %(program)s

-- name: invitations_of
-- Open codes. Plan: the index by household.
SELECT count(*) FROM members_household_invitation i
WHERE i.household_id = %(household)s AND i.program_id = %(program)s AND i.expires_at > %(now)s

-- name: add_invitation
-- Those that are over go. Plan: the index by household, delete; insert.
WITH over AS (
    DELETE FROM members_household_invitation i
    WHERE i.household_id = %(household)s AND i.program_id = %(program)s AND i.expires_at <= %(now)s
)
INSERT INTO members_household_invitation (program_id, code_hash, household_id, role, made_at, expires_at)
VALUES (%(program)s, decode(%(code)s, 'hex'), %(household)s, %(role)s, %(now)s, %(until)s)

-- name: take_invitation
-- A code lets one in: whoever deletes it. Plan: primary key, delete.
DELETE FROM members_household_invitation i
WHERE i.program_id = %(program)s AND i.code_hash = decode(%(code)s, 'hex') AND i.expires_at > %(now)s
RETURNING i.household_id::text, i.role

-- name: forget_invitations
-- Plan: the index by household, delete.
DELETE FROM members_household_invitation i WHERE i.household_id = %(household)s AND i.program_id = %(program)s
