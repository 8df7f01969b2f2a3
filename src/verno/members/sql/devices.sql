-- name: add_devices
-- A device belongs to whoever was seen with it last. Rows come sorted. Plan: function scan, insert.
INSERT INTO members_device (program_id, kind, value_hash, holder_id, sealed, added_at)
SELECT %(program)s, kind, decode(value, 'hex'), holder_id, decode(sealed, 'hex'), %(now)s
FROM json_to_recordset(%(rows)s) AS r (kind text, value text, holder_id uuid, sealed text)
ON CONFLICT (program_id, kind, value_hash) DO UPDATE
SET holder_id = excluded.holder_id, sealed = excluded.sealed, added_at = excluded.added_at

-- name: trim_devices
-- Of more devices of a kind than a member keeps the oldest go. Plan: nested loop on (holder, kind), window, delete by
-- primary key.
DELETE FROM members_device d
USING (
    SELECT o.program_id, o.kind, o.value_hash,
           row_number() OVER (PARTITION BY o.holder_id ORDER BY o.added_at DESC, o.value_hash) AS n
    FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
    JOIN members_device o ON o.holder_id = r.id AND o.kind = %(kind)s
) o
WHERE o.n > %(most)s AND d.program_id = o.program_id AND d.kind = o.kind AND d.value_hash = o.value_hash

-- name: devices_of
-- Devices of members and of those merged into them, the newest first, with the key to each.
-- Plan: function scan, the redirects' index by survivor, nested loops on (holder, kind) and the primary key, sort.
SELECT r.id::text, d.holder_id::text, d.kind, encode(d.value_hash, 'hex'), d.sealed, k.wrapped, d.added_at
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
CROSS JOIN LATERAL (
    SELECT r.id AS holder_id
    UNION ALL
    SELECT m.holder_id FROM members_redirect m WHERE m.survivor_id = r.id
) h
JOIN members_device d ON d.holder_id = h.holder_id AND (%(kind)s::text IS NULL OR d.kind = %(kind)s)
JOIN members_key k ON k.holder_id = d.holder_id
ORDER BY d.added_at DESC, d.value_hash

-- name: device_holders
-- Whose devices these are, by keyed hash. Plan: function scan, nested loop on the primary key, the redirect's look-up.
SELECT encode(d.value_hash, 'hex'),
       coalesce((SELECT survivor_id FROM members_redirect WHERE holder_id = d.holder_id), d.holder_id)::text
FROM (
    SELECT kind, decode(value, 'hex') AS hash
    FROM json_to_recordset(%(rows)s) AS h (kind text, value text) OFFSET 0
) r
JOIN members_device d ON d.program_id = %(program)s AND d.kind = r.kind AND d.value_hash = r.hash

-- name: remove_devices
-- Plan: function scan, nested loop on the primary key, delete.
DELETE FROM members_device d
USING (
    SELECT kind, decode(value, 'hex') AS hash
    FROM json_to_recordset(%(rows)s) AS h (kind text, value text) OFFSET 0
) r
WHERE d.program_id = %(program)s AND d.kind = r.kind AND d.value_hash = r.hash

-- name: use_link
-- Plan: insert.
INSERT INTO members_used_link (program_id, token_hash, until) VALUES (%(program)s, %(token)s, %(until)s)
ON CONFLICT DO NOTHING

-- name: forget_links
-- Links whose time is over need no note. Plan: scan of a small table.
DELETE FROM members_used_link WHERE program_id = %(program)s AND until < %(now)s

-- name: add_words
-- Plan: function scan, insert.
INSERT INTO members_word (holder_id, id, program_id, channel, sealed, at)
SELECT holder_id, id, %(program)s, channel, decode(sealed, 'hex'), at
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, id uuid, channel text, sealed text, at timestamptz)

-- name: words
-- What members wrote, the newest first. Plan: the index by program and time, or the holders' ranges; primary key; limit.
SELECT w.holder_id::text, w.id::text, w.channel, w.sealed, w.at, k.wrapped
FROM members_word w
JOIN members_key k ON k.holder_id = w.holder_id
WHERE w.program_id = %(program)s
  AND (%(ids)s::json IS NULL OR w.holder_id IN (SELECT value::uuid FROM json_array_elements_text(%(ids)s)))
ORDER BY w.at DESC, w.id DESC
LIMIT %(limit)s
