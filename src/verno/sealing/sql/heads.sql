-- name: one_moment
-- Chain, balances and ledger are read as they are at one moment. Plan: none.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ

-- name: balances
-- Every member's booked points, 50 bytes an account: holder, the unit's place in the list, available, pending, held,
-- debt. Plan: one scan of the accounts, sort.
SELECT uuid_send(holder_id) || int2send(array_position(%(units)s::uuid[], unit_id)::int2 - 1::int2)
       || int8send(available) || int8send(pending) || int8send(held) || int8send(debt)
FROM ledger_account
WHERE program_id = %(program)s AND kind = 'member' AND unit_id = ANY (%(units)s::uuid[])
ORDER BY holder_id, unit_id

-- name: ledger_totals
-- What the program's own accounts received less what they gave, from the transfers.
-- Plan: two scans of the transfers, hash joins with a handful of accounts.
WITH ours AS (
    SELECT id, unit_id, kind FROM ledger_account WHERE program_id = %(program)s AND kind <> 'member'
), moved AS (
    SELECT credit_account_id AS id, sum(amount) AS points FROM ledger_transfer
    WHERE program_id = %(program)s AND credit_account_id IN (SELECT id FROM ours) GROUP BY 1
    UNION ALL
    SELECT debit_account_id, -sum(amount) FROM ledger_transfer
    WHERE program_id = %(program)s AND debit_account_id IN (SELECT id FROM ours) GROUP BY 1
)
SELECT o.unit_id::text, o.kind, sum(m.points)::text
FROM ours o JOIN moved m ON m.id = o.id
GROUP BY o.unit_id, o.kind

-- name: next_head
-- Plan: primary key, backwards, one row.
SELECT coalesce(max(number), 0) + 1 FROM sealing_head WHERE program_id = %(program)s

-- name: add_head
-- Nothing is written where the day has been closed already. Plan: insert.
INSERT INTO sealing_head (program_id, number, date, closes, sealed_at, document)
VALUES (%(program)s, %(number)s, %(date)s, %(closes)s, %(sealed_at)s, %(document)s)
ON CONFLICT (program_id, date) WHERE closes DO NOTHING

-- name: add_snapshot
-- Plan: insert.
INSERT INTO sealing_snapshot (program_id, number, accounts) VALUES (%(program)s, %(number)s, %(accounts)s)

-- name: drop_snapshots
-- Keep what proofs of the newest heads need. Plan: primary key.
DELETE FROM sealing_snapshot WHERE program_id = %(program)s AND number <= %(number)s

-- name: snapshot
-- Plan: primary key.
SELECT accounts FROM sealing_snapshot WHERE program_id = %(program)s AND number = %(number)s

-- name: head
-- A head by its number, or the newest. Plan: primary key.
SELECT document FROM sealing_head
WHERE program_id = %(program)s AND (%(number)s::bigint IS NULL OR number = %(number)s)
ORDER BY number DESC LIMIT 1

-- name: closable
-- Whether a day may be closed: the program was there, and nobody has closed it. Plan: two look-ups by key.
SELECT true FROM workspace_program p
WHERE p.id = %(program)s AND (p.created_at AT TIME ZONE p.timezone)::date <= %(date)s
  AND NOT EXISTS (SELECT FROM sealing_head h WHERE h.program_id = p.id AND h.date = %(date)s AND h.closes)

-- name: untold
-- The newest closing head with the owners who were not sent it yet. Plan: primary key, small tables.
SELECT h.number, h.document, s.id::text, s.email, s.locale
FROM (
    SELECT number, document FROM sealing_head
    WHERE program_id = %(program)s AND closes AND sealed_at > %(since)s ORDER BY number DESC LIMIT 1
) h
JOIN workspace_staff s ON s.program_id = %(program)s AND s.role = 'owner' AND s.is_active
WHERE NOT EXISTS (
    SELECT FROM sealing_notice n
    WHERE n.program_id = %(program)s AND n.number = h.number AND n.staff_id = s.id
)
ORDER BY s.id

-- name: closing_head
-- The newest head that closed a day. Plan: primary key, backwards.
SELECT document FROM sealing_head WHERE program_id = %(program)s AND closes ORDER BY number DESC LIMIT 1

-- name: add_notice
-- Plan: insert.
INSERT INTO sealing_notice (program_id, number, staff_id, at, response)
VALUES (%(program)s, %(number)s, %(staff)s, %(at)s, %(response)s)
ON CONFLICT DO NOTHING
