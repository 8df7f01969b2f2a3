-- name: add_audit
-- One line a change, in the transaction of the changes that they tell. Plan: function scan, insert.
INSERT INTO workspace_audit (id, program_id, at, actor_kind, actor_id, address, action, object_kind, object_id, detail,
                             before_hash, after_hash)
SELECT r.id, %(program)s, %(at)s, %(actor_kind)s, %(actor_id)s, %(address)s, r.action, r.kind, r.about, r.detail,
       decode(r.before, 'hex'), decode(r.after, 'hex')
FROM json_to_recordset(%(rows)s) AS r (
    id uuid, action text, kind text, about text, detail text, before text, after text
)

-- name: add_readings
-- One line a member whose personal data somebody was shown. Plan: function scan, insert.
INSERT INTO workspace_audit (id, program_id, at, actor_kind, actor_id, address, action, object_kind, object_id, detail)
SELECT r.id, %(program)s, %(at)s, %(actor_kind)s, %(actor_id)s, %(address)s, 'member.read', 'member', r.member, %(detail)s
FROM json_to_recordset(%(rows)s) AS r (id uuid, member text)

-- name: audit_last
-- When something was last done to things of a kind. Plan: range of the index by object, few rows.
SELECT max(at) FROM workspace_audit
WHERE program_id = %(program)s AND object_kind = %(kind)s AND action = %(action)s

-- name: audit_page
-- A page, newest first; of one object when it is named, readings or all but them when one of the two is asked for.
-- Plan: backward range of the index by program and time, stops at the limit; it passes over what is not asked for.
SELECT a.id::text, a.at, a.actor_kind, a.actor_id, host(a.address), a.action, a.object_kind, a.object_id, a.detail,
       encode(a.before_hash, 'hex'), encode(a.after_hash, 'hex')
FROM workspace_audit a
WHERE a.program_id = %(program)s
  AND (%(before_at)s::timestamptz IS NULL OR (a.at, a.id) < (%(before_at)s, %(before_id)s::uuid))
  AND (%(object_kind)s::text IS NULL OR (a.object_kind = %(object_kind)s AND a.object_id = %(object_id)s))
  AND (%(reading)s::boolean IS NULL OR (a.action = 'member.read') = %(reading)s)
ORDER BY a.at DESC, a.id DESC
LIMIT %(limit)s
