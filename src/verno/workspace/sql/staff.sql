-- name: lock_program
-- One change of a program's keys or staff at a time, so that two rotations cannot both find one live key, nor two
-- owners leave at once. Plan: primary key.
SELECT 1 FROM workspace_program WHERE id = %(program)s FOR NO KEY UPDATE

-- name: add_staff
-- Plan: insert; e-mail and number are unique.
INSERT INTO workspace_staff (id, program_id, email, name, role, places, external_id, locale, is_active, password,
                             created_at)
VALUES (%(id)s, %(program)s, %(email)s, %(name)s, %(role)s, %(places)s, %(external_id)s, %(locale)s, true,
        %(password)s, %(now)s)
ON CONFLICT DO NOTHING

-- name: staff
-- A program's staff by name, or one of them by id, e-mail or number at the tills. Plan: small table.
SELECT s.id::text, s.program_id::text, s.email, s.name, s.role, s.places, s.external_id, s.locale, s.is_active,
       s.pin_hash IS NOT NULL, s.last_login, s.created_at
FROM workspace_staff s
WHERE s.program_id = %(program)s
  AND (%(which)s::text IS NULL OR %(which)s IN (s.id::text, s.external_id) OR lower(%(which)s) = s.email)
ORDER BY s.is_active DESC, lower(s.name), s.id

-- name: count_owners
-- Active owners but one. Plan: small table.
SELECT count(*) FROM workspace_staff
WHERE program_id = %(program)s AND role = 'owner' AND is_active AND id <> %(but)s

-- name: number_taken
-- Plan: unique index.
SELECT 1 FROM workspace_staff WHERE program_id = %(program)s AND external_id = %(external_id)s

-- name: set_role
-- Plan: primary key.
UPDATE workspace_staff SET role = %(role)s, places = %(places)s WHERE program_id = %(program)s AND id = %(id)s

-- name: set_active
-- Plan: primary key.
UPDATE workspace_staff SET is_active = %(active)s WHERE program_id = %(program)s AND id = %(id)s

-- name: set_pin
-- Plan: primary key.
UPDATE workspace_staff SET pin_hash = %(pin)s WHERE program_id = %(program)s AND id = %(id)s

-- name: pin_of
-- Plan: primary key.
SELECT pin_hash FROM workspace_staff WHERE id = %(id)s

-- name: set_password
-- Plan: primary key.
UPDATE workspace_staff SET password = %(password)s, locale = %(locale)s WHERE id = %(id)s

-- name: add_setup_token
-- Plan: insert.
INSERT INTO workspace_setup_token (token_hash, program_id, expires_at)
VALUES (%(token_hash)s, %(program)s, %(expires_at)s)

-- name: find_setup_token
-- Plan: primary key.
SELECT program_id::text FROM workspace_setup_token
WHERE token_hash = %(token_hash)s AND used_at IS NULL AND expires_at > %(now)s

-- name: use_setup_token
-- One winner: the row is changed only while it is unused. Plan: primary key.
UPDATE workspace_setup_token SET used_at = %(now)s
WHERE token_hash = %(token_hash)s AND used_at IS NULL AND expires_at > %(now)s
RETURNING program_id::text

-- name: add_invitation
-- Plan: insert.
INSERT INTO workspace_invitation (token_hash, staff_id, expires_at) VALUES (%(token_hash)s, %(staff)s, %(expires_at)s)

-- name: end_invitations
-- Only the newest link of a person opens. Plan: small table.
UPDATE workspace_invitation SET used_at = %(now)s WHERE staff_id = %(staff)s AND used_at IS NULL

-- name: find_invitation
-- Plan: primary keys.
SELECT s.id::text, s.email
FROM workspace_invitation i JOIN workspace_staff s ON s.id = i.staff_id AND s.is_active
WHERE i.token_hash = %(token_hash)s AND i.used_at IS NULL AND i.expires_at > %(now)s

-- name: use_invitation
-- One winner: the row is changed only while it is unused. Plan: primary keys.
UPDATE workspace_invitation i SET used_at = %(now)s
FROM workspace_staff s
WHERE i.token_hash = %(token_hash)s AND i.used_at IS NULL AND i.expires_at > %(now)s
  AND s.id = i.staff_id AND s.is_active
RETURNING s.id::text, s.program_id::text
