-- name: leaving_hashes
-- The addresses of members who are about to be erased, those of before a merge too. Plan: function scan, nested loops on
-- (holder, kind).
SELECT DISTINCT encode(i.value_hash, 'hex')
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
CROSS JOIN LATERAL (
    SELECT value_hash, kind FROM members_identity WHERE holder_id = r.id
    UNION ALL SELECT value_hash, kind FROM members_moved_identity WHERE holder_id = r.id
) i
WHERE i.kind = ANY (%(kinds)s::text[])

-- name: remember_gone
-- Plan: function scan, insert that meets its row.
INSERT INTO members_tombstone AS t (program_id, value_hash, until)
SELECT %(program)s, decode(r.hash, 'hex'), %(until)s FROM json_to_recordset(%(rows)s) AS r (hash text)
ORDER BY r.hash
ON CONFLICT (program_id, value_hash) DO UPDATE SET until = greatest(t.until, excluded.until)

-- name: mark_returned
-- Members who have an address of somebody erased wear the badge as long as that is remembered.
-- Plan: function scan, nested loop on the primary key (as a rule of an empty table), insert that meets its row.
INSERT INTO members_badge AS b (holder_id, code, source, program_id, given_at, until)
SELECT DISTINCT ON (r.holder_id) r.holder_id, 'returned', 'erasure', %(program)s, %(now)s, t.until
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, hash text)
JOIN members_tombstone t
  ON t.program_id = %(program)s AND t.value_hash = decode(r.hash, 'hex') AND t.until > %(now)s
ORDER BY r.holder_id, t.until DESC
ON CONFLICT (holder_id, code, source) DO UPDATE SET until = greatest(b.until, excluded.until)

-- name: forget_gone
-- Plan: one scan of a small table.
DELETE FROM members_tombstone WHERE until <= %(now)s
