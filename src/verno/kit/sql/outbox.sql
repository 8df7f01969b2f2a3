-- name: append_events
-- Write events in the transaction that made them true. Plan: function scan, insert.
INSERT INTO kit_event (program_id, holder_id, type, body, at)
SELECT program_id, holder_id, type, body, at
FROM json_to_recordset(%(rows)s) AS r (program_id uuid, holder_id uuid, type text, body json, at timestamptz)

-- name: add_cursor
-- Make the reader's cursor on its first visit. Plan: one-row insert.
INSERT INTO kit_cursor (reader, xid, position) VALUES (%(reader)s, '0', 0) ON CONFLICT DO NOTHING

-- name: lock_cursor
-- One reader of a name at a time; a second one finds the row locked and leaves. Plan: primary key.
SELECT xid::text, position FROM kit_cursor WHERE reader = %(reader)s FOR UPDATE SKIP LOCKED

-- name: read_events
-- The next events below the oldest running transaction: a plain sequence cursor would skip transactions
-- that commit late. Plan: primary key range from the cursor on, stops at the limit.
SELECT e.xid::text, e.id, e.program_id::text, e.holder_id::text, e.type, e.body, e.at
FROM kit_event e
WHERE (e.xid, e.id) > (%(xid)s::xid8, %(position)s)
  AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY e.xid, e.id  -- qualified: the bare name would be the text above, in whose order 1000 comes before 999
LIMIT %(limit)s

-- name: move_cursor
-- Plan: primary key.
UPDATE kit_cursor SET xid = %(xid)s::xid8, position = %(position)s, moved_at = %(now)s WHERE reader = %(reader)s

-- name: behind
-- When what each reader has not read yet began. Plan: a handful of readers, one probe of the primary key each.
SELECT c.reader, e.at FROM kit_cursor c
CROSS JOIN LATERAL (
    SELECT at FROM kit_event WHERE (xid, id) > (c.xid, c.position) ORDER BY xid, id LIMIT 1
) e
ORDER BY c.reader

-- name: beat
-- Say that a part is alive. Plan: primary key.
INSERT INTO kit_heartbeat (part, at) VALUES (%(part)s, %(now)s) ON CONFLICT (part) DO UPDATE SET at = excluded.at

-- name: last_beat
-- Plan: primary key.
SELECT at FROM kit_heartbeat WHERE part = %(part)s

-- name: skip_lost
-- Number the next events far above all that were ever written. Plan: one row.
SELECT setval(pg_get_serial_sequence('kit_event', 'id'), nextval(pg_get_serial_sequence('kit_event', 'id')) + %(lost)s)
