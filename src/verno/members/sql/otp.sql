-- name: lock_otp
-- The live code of a member's address, locked until the new one is there; the member's row keeps two first ones apart.
-- Plan: primary keys, lock.
WITH member AS MATERIALIZED (SELECT id FROM members_member WHERE id = %(holder)s FOR UPDATE)
SELECT o.sent_at FROM member m
JOIN members_otp o ON o.holder_id = m.id AND o.kind = %(kind)s AND o.purpose = %(purpose)s

-- name: put_otp
-- One live code for a purpose: the new one takes the old one's row. Plan: insert that meets its row.
INSERT INTO members_otp (holder_id, kind, purpose, program_id, code_hash, address_hash, sent_at, expires_at, tries)
VALUES (%(holder)s, %(kind)s, %(purpose)s, %(program)s, %(code)s, decode(%(address)s, 'hex'), %(now)s, %(until)s, 0)
ON CONFLICT (holder_id, kind, purpose) DO UPDATE
SET code_hash = excluded.code_hash, address_hash = excluded.address_hash, sent_at = excluded.sent_at,
    expires_at = excluded.expires_at, tries = 0

-- name: try_otp
-- Count a try before the code is looked at; no row comes back when none is left, its time is over, or the address is
-- another by now. Plan: primary key.
UPDATE members_otp SET tries = tries + 1
WHERE holder_id = %(holder)s AND kind = %(kind)s AND purpose = %(purpose)s AND expires_at > %(now)s
  AND tries < %(most)s AND address_hash = decode(%(address)s, 'hex')
RETURNING code_hash, tries

-- name: use_otp
-- A code is good once; the row stays for the minute between two. Plan: primary key.
UPDATE members_otp SET expires_at = %(now)s
WHERE holder_id = %(holder)s AND kind = %(kind)s AND purpose = %(purpose)s

-- name: count_otp
-- Count one use of each. Rows come sorted. What is over a week old goes. Plan: range of the primary key, function scan,
-- insert that meets its row.
WITH gone AS (DELETE FROM members_otp_count WHERE program_id = %(program)s AND hour < %(old)s)
INSERT INTO members_otp_count AS c (program_id, hour, what_hash, used)
SELECT %(program)s, %(hour)s, decode(r.what, 'hex'), 1
FROM json_to_recordset(%(rows)s) AS r (what text)
ORDER BY r.what
ON CONFLICT (program_id, hour, what_hash) DO UPDATE SET used = c.used + 1

-- name: otp_counts
-- How often each was used since its moment, and since when. Plan: function scan, nested loop on the hours' primary key.
SELECT r.what, sum(c.used)::integer, min(c.hour)
FROM json_to_recordset(%(rows)s) AS r (what text, since timestamptz)
JOIN members_otp_count c
  ON c.program_id = %(program)s AND c.what_hash = decode(r.what, 'hex') AND c.hour >= r.since AND c.hour <= %(hour)s
GROUP BY r.what
