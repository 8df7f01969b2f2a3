-- name: add_key
-- Plan: insert.
INSERT INTO workspace_api_key (id, program_id, name, prefix, secret_hash, scopes, places, rate, created_at, expires_at)
VALUES (%(id)s, %(program)s, %(name)s, %(prefix)s, %(secret_hash)s, %(scopes)s, %(places)s, %(rate)s, %(now)s,
        %(expires_at)s)

-- name: find_key
-- Plan: unique index on the prefix.
SELECT id::text, program_id::text, name, scopes, expires_at, places, rate, secret_hash, last_used_at
FROM workspace_api_key WHERE prefix = %(prefix)s AND revoked_at IS NULL

-- name: use_key
-- Say that a key is in use, at most once a minute whatever the number of processes: a second one waits for the first
-- one's row and then finds nothing to do. Plan: primary key.
UPDATE workspace_api_key SET last_used_at = %(now)s
WHERE id = %(id)s AND (last_used_at IS NULL OR last_used_at <= %(now)s - %(step)s::interval)

-- name: keys
-- A program's keys, the newest first. Plan: small table.
SELECT id::text, name, prefix, scopes, places, rate, created_at, expires_at, revoked_at, last_used_at
FROM workspace_api_key WHERE program_id = %(program)s
ORDER BY created_at DESC, id DESC

-- name: revoke_key
-- Plan: primary key.
UPDATE workspace_api_key SET revoked_at = %(now)s
WHERE program_id = %(program)s AND id = %(id)s AND revoked_at IS NULL

-- name: end_key
-- A key ends at a moment, or at its own end when that comes first. Plan: primary key.
UPDATE workspace_api_key SET expires_at = least(expires_at, %(at)s)
WHERE program_id = %(program)s AND id = %(id)s

-- name: take_token
-- Count one request of a key: its allowance is full again one step later than it would have been. No row comes back
-- when that would be further away than the window, and nothing changes then. A moment that lies two windows ahead was
-- written by a clock that has run back since: it is not believed. Plan: primary key.
INSERT INTO workspace_key_meter AS m (key_id, full_at)
VALUES (%(key)s, %(now)s + %(step)s::interval)
ON CONFLICT (key_id) DO UPDATE
SET full_at = %(step)s::interval + CASE
    WHEN m.full_at > %(now)s + 2 * %(window)s::interval THEN %(now)s ELSE greatest(m.full_at, %(now)s) END
WHERE m.full_at > %(now)s + 2 * %(window)s::interval
   OR greatest(m.full_at, %(now)s) + %(step)s::interval <= %(now)s + %(window)s::interval
RETURNING full_at

-- name: meter
-- When a key's allowance is full again. Plan: primary key.
SELECT full_at FROM workspace_key_meter WHERE key_id = %(key)s
